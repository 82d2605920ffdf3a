"""The table that `model.summary()` prints: layers, output shapes, numbers of parameters."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from kerata.core import tree
from kerata.core.variable import Variable, numpy_dtype

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

_NARROWEST = 60
_WIDEST = 110


class Row(NamedTuple):
    """One line of the table."""

    depth: int
    name: str
    kind: str
    shape: str
    params: str
    sources: str
    trainable: str


def summary(
    model: Any,
    line_length: int | None = None,
    positions: Sequence[float] | None = None,
    print_fn: Callable[[str], Any] | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Sequence[str] | None = None,
) -> None:
    """Print a table of a model's layers, then its numbers of parameters and their sizes.

    Args:
        model: the model.
        line_length: width in characters; by default that of the terminal, within bounds.
        positions: where the columns end, as parts of the width or in characters.
        print_fn: called with each line instead of printing to the terminal.
        expand_nested: whether to show the layers inside nested models.
        show_trainable: whether to show which layers are trained.
        layer_range: names, or patterns, of the first and the last layer to show.

    Raises:
        ValueError: when no layer matches `layer_range`.

    >>> import kerata
    >>> model = kerata.Sequential([kerata.Input((3,)), kerata.layers.Dense(2)])
    >>> lines = []
    >>> kerata.models.summary.summary(model, print_fn=lines.append)
    >>> [line.strip() for line in lines if "Total" in line]
    ['Total params: 8 (32 B)']
    """
    rows = list(_rows(model, 0, expand_nested))
    if layer_range is not None:
        rows = _within(rows, layer_range)
    console = _console(line_length, print_fn is not None)
    table = _table(rows, _branches(model), show_trainable, positions, console.width)
    title = f'[bold]Model: "{_escaped(model.name)}"[/bold]'
    parts: list[RenderableType] = [title, table, *_totals(model)]
    if print_fn is None:
        for part in parts:
            console.print(part)
    else:
        for line in _captured(console, parts).splitlines():
            print_fn(line)


# --- rows ---------------------------------------------------------------------------------


def _rows(model: Any, depth: int, expand: bool) -> Iterator[Row]:
    graph = getattr(model, "_graph", None)
    uses = _uses(graph) if graph is not None else {}
    for operation in _operations(model):
        yield _row(operation, graph, uses, depth)
        if expand and getattr(operation, "layers", None):
            yield from _rows(operation, depth + 1, expand)


def _operations(model: Any) -> list[Any]:
    """The layers of a model, and the ops between them that a functional graph has."""
    graph = getattr(model, "_graph", None)
    shown = {id(layer) for layer in model.layers}
    if graph is None or any(id(layer) not in shown for layer in graph.layers):
        return list(model.layers)
    return list(graph.operations)


def _is_layer(operation: Any) -> bool:
    return hasattr(operation, "count_params")


def _row(operation: Any, graph: Any, uses: dict[int, str], depth: int) -> Row:
    nodes = _nodes(operation, graph)
    sources = ", ".join(uses.get(id(t), "?") for node in nodes for t in node.inputs)
    if not _is_layer(operation):
        kind, name = operation.operation.__name__, graph.name_of(operation)
        return Row(depth, name, kind, _output_shape(operation, nodes), "0", sources or "-", "-")
    return Row(
        depth,
        operation.name,
        type(operation).__name__,
        _output_shape(operation, nodes),
        f"{operation.count_params():,}" if operation.built else "0 (unbuilt)",
        sources or "-",
        ("yes" if operation.trainable else "no") if operation.weights else "-",
    )


def _nodes(operation: Any, graph: Any) -> list[Any]:
    """The uses of an operation in a graph; without a graph its first use."""
    if not _is_layer(operation):
        return [operation]
    if graph is None:
        return operation._nodes[:1]
    return graph.nodes_of(operation) or operation._nodes[:1]


def _output_shape(operation: Any, nodes: list[Any]) -> str:
    shapes = [tree.map_structure(lambda tensor: tensor.shape, node.structure) for node in nodes]
    if not shapes:
        shapes = _shapes_as_built(operation)
    return ", ".join(dict.fromkeys(str(shape) for shape in shapes)) or "?"


def _shapes_as_built(layer: Any) -> list[Any]:
    """The output shape for the input shape that a layer was built with, if it is known."""
    built_with = layer._build_shapes
    if not built_with:
        return []
    try:
        return [layer.compute_output_shape(*built_with.values())]
    except (TypeError, ValueError):  # the layer takes more than its first input's shape tells
        return []


def _uses(graph: Any) -> dict[int, str]:
    """Symbolic tensor -> which operation made it, in which use, as which output."""
    found = {}
    for operation in graph.operations:
        for use, node in enumerate(_nodes(operation, graph)):
            for index, tensor in enumerate(node.outputs):
                found[id(tensor)] = f"{graph.name_of(node)}[{use}][{index}]"
    return found


def _branches(model: Any) -> bool:
    """Whether a model is more than a chain, so that it must be said what follows what."""
    graph = getattr(model, "_graph", None)
    if graph is None or _operations(model) != list(graph.operations):
        return False
    taken = Counter(id(tensor) for node in graph.nodes for tensor in node.inputs)
    return any(len(node.inputs) != 1 for node in graph.nodes) or max(taken.values(), default=0) > 1


def _within(rows: list[Row], layer_range: Sequence[str]) -> list[Row]:
    if len(layer_range) != 2:
        raise ValueError("layer_range takes two names: the first and the last layer to show.")
    first, last = layer_range
    starts = [i for i, row in enumerate(rows) if re.fullmatch(first, row.name)]
    ends = [i for i, row in enumerate(rows) if re.fullmatch(last, row.name)]
    if not starts or not ends:
        raise ValueError(
            f"No layer is called {(last if starts else first)!r}. The layers are "
            f"{', '.join(row.name for row in rows)[:300]}."
        )
    return rows[min(starts[0], ends[-1]) : max(starts[0], ends[-1]) + 1]


# --- table --------------------------------------------------------------------------------


def _table(
    rows: list[Row],
    connected: bool,
    trainable: bool,
    positions: Sequence[float] | None,
    width: int,
) -> Table:
    from rich.table import Table

    table = Table(width=width, header_style="bold", show_lines=connected)
    headings = ["Layer (type)", "Output Shape", "Param #"]
    headings += ["Connected to"] if connected else []
    headings += ["Trainable"] if trainable else []
    for heading, size in zip(headings, _widths(headings, positions, width), strict=True):
        number = heading == "Param #"
        table.add_column(
            heading,
            justify="right" if number else "left",
            overflow="fold",
            no_wrap=number,
            **size,
        )
    for row in rows:
        cells = [_label(row), f"[cyan]{_escaped(row.shape)}[/cyan]", f"[green]{row.params}[/green]"]
        cells += [_escaped(row.sources)] if connected else []
        cells += [row.trainable] if trainable else []
        table.add_row(*cells)
    return table


def _widths(
    headings: list[str], positions: Sequence[float] | None, width: int
) -> list[dict[str, Any]]:
    """What decides the width of each column: ends given by the user, else shares."""
    if positions is None:
        shares = {"Layer (type)": 4, "Output Shape": 3, "Param #": 2, "Connected to": 4}
        return [{"ratio": shares.get(h, 1), "min_width": min(len(h), 9)} for h in headings]
    if len(positions) < len(headings):
        raise ValueError(f"positions needs {len(headings)} numbers, one per column.")
    scale = width if positions[-1] <= 1 else 1
    ends = [round(end * scale) for end in positions]
    starts = [0, *ends[:-1]]
    frame = 3  # a column's two blanks and its line
    sizes = [max(end - start - frame, 5) for start, end in zip(starts, ends, strict=True)]
    return [{"width": size} for size in sizes[: len(headings)]]


def _label(row: Row) -> str:
    indent = "   " * (row.depth - 1) + "└─ " if row.depth else ""
    return f"{indent}{_escaped(row.name)} [dim]({_escaped(row.kind)})[/dim]"


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)


# --- totals -------------------------------------------------------------------------------


def _totals(model: Any) -> list[str]:
    optimizer = getattr(model, "optimizer", None)
    if not getattr(optimizer, "built", False):
        optimizer = None  # its slots are made when training begins
    groups = {
        "Trainable": _unique(model.trainable_weights),
        "Non-trainable": _unique(model.non_trainable_weights),
        "Optimizer": _unique(optimizer.variables) if optimizer is not None else [],
    }
    total = [variable for group in groups.values() for variable in group]
    lines = [_total_line("Total", total)]
    return lines + [_total_line(n, g) for n, g in groups.items() if g or n != "Optimizer"]


def _total_line(name: str, variables: list[Variable]) -> str:
    sizes = [math.prod(n or 0 for n in v.shape) for v in variables]
    count = sum(sizes)
    size = sum(n * numpy_dtype(v.dtype).itemsize for n, v in zip(sizes, variables, strict=True))
    return f"[bold] {name} params:[/bold] [green]{count:,}[/green] ({_readable(size)})"


def _unique(variables: Iterable[Variable]) -> list[Variable]:
    return list({id(variable): variable for variable in variables}.values())


def _readable(size: float) -> str:
    """A number of bytes in the unit that suits it.

    >>> _readable(32), _readable(1536)
    ('32 B', '1.50 KB')
    """
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1024:
            return f"{size:.0f} B" if unit == "B" else f"{size:.2f} {unit}"
        size /= 1024
    return f"{size:.2f} TB"


# --- printing -----------------------------------------------------------------------------


def _console(line_length: int | None, plain: bool) -> Console:
    from rich.console import Console

    options: dict[str, Any] = {"color_system": None, "force_jupyter": False} if plain else {}
    console = Console(highlight=False, **options)
    console.width = line_length or min(max(console.width, _NARROWEST), _WIDEST)
    return console


def _captured(console: Console, parts: Sequence[RenderableType]) -> str:
    with console.capture() as capture:
        for part in parts:
            console.print(part)
    return capture.get()
