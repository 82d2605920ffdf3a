"""plot_model and model_to_dot: a model as a picture of its layers."""

from __future__ import annotations

import html
import os
import shutil
import sys
from typing import Any, NamedTuple

from kerata.visualization.canvas import finish, new_figure
from kerata.visualization.diagram import Box, Diagram, Shown, diagram_of
from kerata.visualization.layout import Layout, Place, layout_of

RANKDIRS = ("TB", "BT", "LR", "RL")

#: colours of heads, frames, arrows, and what is trained or not
_HEAD, _FRAME, _ARROW, _TRAINED, _FIXED = "#2b2b2b", "#888888", "#444444", "#1a7f37", "#b3261e"

#: points: sizes of letters, mean width of a letter by its size, heights of lines, margins
_GAP = (24.0, 34.0)  # between boxes, across and along the flow, without frames
_TITLE, _TEXT, _LETTER, _LINE, _MARGIN = 11.0, 9.0, 0.60, 15.0, 9.0

#: matplotlib draws no larger pictures
_LARGEST = 2**15


def model_to_dot(
    model: Any,
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: float = 200,
    subgraph: bool = False,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
    **kwargs: Any,
) -> Any:
    """Return a model as a graph of pydot's, for Graphviz.

    Args:
        model: the model.
        show_shapes: whether to show the shapes that go into a layer and come out.
        show_dtype: whether to show the dtype that comes out.
        show_layer_names: whether to show the names of layers beside their classes.
        rankdir: where the flow goes: "TB" (top to bottom), "BT", "LR" or "RL".
        expand_nested: whether to show the layers of models inside the model.
        dpi: points of the picture per inch.
        subgraph: whether to return a `pydot.Cluster`, to be put into another graph.
        show_layer_activations: whether to show the activations of layers.
        show_trainable: whether to show which layers are trained.
        splines: how Graphviz draws arrows: "ortho", "curved", "polyline", "spline", "line".
        **kwargs: none is known.

    Returns:
        `pydot.Dot`, or `pydot.Cluster`.

    Raises:
        ImportError: if pydot is missing.
        ValueError: for an unknown direction.

    >>> import kerata
    >>> model = kerata.Sequential([kerata.layers.Dense(2, name="last")])
    >>> dot = kerata.utils.model_to_dot(model)  # doctest: +SKIP
    """
    _refuse_unknown("model_to_dot", kwargs)
    shown = Shown(
        show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable,
        expand_nested,
    )  # fmt: skip
    _check_direction(rankdir)
    return _in_pydot(diagram_of(model, shown), model.name, rankdir, dpi, subgraph, splines)


def plot_model(
    model: Any,
    to_file: str | os.PathLike[str] = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: float = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
    **kwargs: Any,
) -> Any:
    """Draw a model into a file: a box per layer, and arrows.

    It is drawn by Graphviz, if its program `dot` and pydot are installed. If not, .svg files need
    nothing, and others need matplotlib.

    Args:
        model: the model. One that is neither `Sequential` nor functional is a single box.
        to_file: the file; its ending says what it is: .png, .svg, .pdf, .jpg; .dot with pydot.
        show_shapes: whether to show the shapes that go into a layer and come out.
        show_dtype: whether to show the dtype that comes out.
        show_layer_names: whether to show the names of layers beside their classes.
        rankdir: where the flow goes: "TB" (top to bottom), "BT", "LR" or "RL".
        expand_nested: whether to show the layers of models inside the model.
        dpi: points of the picture per inch.
        show_layer_activations: whether to show the activations of layers.
        show_trainable: whether to show which layers are trained.
        splines: how Graphviz draws arrows: "ortho", "curved", "polyline", "spline", "line".
        **kwargs: none is known.

    Returns:
        In a notebook the picture, to be shown; elsewhere `None`.

    Raises:
        ImportError: if matplotlib is needed and missing.
        ValueError: for an unknown direction.

    >>> import kerata, os, tempfile
    >>> model = kerata.Sequential([kerata.Input((3,)), kerata.layers.Dense(2)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     kerata.utils.plot_model(model, f"{folder}/model.svg", show_shapes=True)
    ...     os.listdir(folder)
    ['model.svg']
    """
    _refuse_unknown("plot_model", kwargs)
    _check_direction(rankdir)
    shown = Shown(
        show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable,
        expand_nested,
    )  # fmt: skip
    diagram = diagram_of(model, shown)
    path = os.fspath(to_file)
    kind = os.path.splitext(path)[1].lstrip(".").lower() or "png"
    if kind == "dot" or _has_graphviz():
        dot = _in_pydot(diagram, model.name, rankdir, dpi, False, splines)
        dot.write(path, format="raw" if kind == "dot" else kind)
    elif kind == "svg":
        _write_svg(_Drawing(diagram, rankdir), path)
    else:
        _write_by_matplotlib(_Drawing(diagram, rankdir), path, dpi)
    return _in_notebook(path, kind)


def _refuse_unknown(function: str, kwargs: dict[str, Any]) -> None:
    if kwargs:
        raise ValueError(f"`{function}` got an unknown argument {sorted(kwargs)[0]!r}.")


def _check_direction(rankdir: str) -> None:
    if rankdir not in RANKDIRS:
        raise ValueError(f"rankdir={rankdir!r}; expected one of {RANKDIRS}.")


def _has_graphviz() -> bool:
    if shutil.which("dot") is None:
        return False
    try:
        import pydot  # noqa: F401
    except ImportError:
        return False
    return True


def _in_notebook(path: str, kind: str) -> Any:
    """The picture for the cell of a notebook; IPython is asked only where it is running."""
    ipython = sys.modules.get("IPython")
    if ipython is None or ipython.get_ipython() is None or kind not in ("png", "svg", "jpg"):
        return None
    from IPython import display

    return display.SVG(filename=path) if kind == "svg" else display.Image(filename=path)


# -- Graphviz ------------------------------------------------------------------------------------


def _in_pydot(
    diagram: Diagram, name: str, rankdir: str, dpi: float, subgraph: bool, splines: str
) -> Any:
    try:
        import pydot
    except ImportError as error:
        raise ImportError(
            "Graphs for Graphviz need pydot: pip install 'kerata[plot]'. `plot_model` draws .png "
            "and .svg files without it."
        ) from error
    if subgraph:
        whole = pydot.Cluster(graph_name=name, label=name, style="dashed", labeljust="l")
    else:
        whole = pydot.Dot(rankdir=rankdir, concentrate="true", dpi=str(dpi), splines=splines)
    whole.set_node_defaults(shape="plaintext", fontname="Helvetica", margin="0")
    clusters: dict[tuple[str, ...], Any] = {(): whole}
    for key, box in diagram.boxes.items():
        _cluster(pydot, clusters, box.frames).add_node(pydot.Node(key, label=_table(box)))
    for frames, cluster in clusters.items():
        if frames:
            clusters[frames[:-1]].add_subgraph(cluster)
    for source, target in diagram.arrows:
        whole.add_edge(pydot.Edge(source, target, penwidth="2"))
    return whole


def _cluster(pydot: Any, clusters: dict[tuple[str, ...], Any], frames: tuple[str, ...]) -> Any:
    for depth in range(1, len(frames) + 1):
        inner = frames[:depth]
        if inner not in clusters:
            number = f"frame{len(clusters)}"
            clusters[inner] = pydot.Cluster(
                graph_name=number, label=_quoted(inner[-1]), style="dashed", labeljust="l"
            )
    return clusters[frames]


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _table(box: Box) -> str:
    """The label of a box, in the HTML that Graphviz knows."""
    head = f'<font color="white" point-size="16">{_title(box)}</font>'
    rows = [f'<tr><td bgcolor="{_HEAD}">{head}</td></tr>']
    rows += [f"<tr><td>{html.escape(fact)}</td></tr>" for fact in box.facts]
    if box.trainable is not None:
        colour, text = _training(box)
        rows.append(f'<tr><td bgcolor="{colour}"><font color="white">{text}</font></td></tr>')
    inside = "".join(rows)
    return f'<<table border="0" cellborder="1" cellspacing="0" cellpadding="8">{inside}</table>>'


def _title(box: Box) -> str:
    if not box.name:
        return f"<b>{html.escape(box.kind)}</b>"
    return f"<b>{html.escape(box.name)}</b> ({html.escape(box.kind)})"


def _training(box: Box) -> tuple[str, str]:
    return (_TRAINED, "Trainable") if box.trainable else (_FIXED, "Non-trainable")


# -- drawn by ourselves --------------------------------------------------------------------------


class Line(NamedTuple):
    """One line of a box: its text, and what it looks like."""

    text: str
    background: str
    colour: str
    bold: bool
    size: float


def _lines(box: Box) -> list[Line]:
    head = f"{box.name} ({box.kind})" if box.name else box.kind
    lines = [Line(head, _HEAD, "white", True, _TITLE)]
    lines += [Line(fact, "white", "black", False, _TEXT) for fact in box.facts]
    if box.trainable is not None:
        colour, text = _training(box)
        lines.append(Line(text, colour, "white", False, _TEXT))
    return lines


class _Drawing:
    """A diagram with a place for everything; lengths in points, y grows downward."""

    def __init__(self, diagram: Diagram, rankdir: str):
        self.lines = {key: _lines(box) for key, box in diagram.boxes.items()}
        sizes = {key: _size(lines) for key, lines in self.lines.items()}
        room = 16.0 * max((len(box.frames) for box in diagram.boxes.values()), default=0)
        self.sideways = rankdir in ("LR", "RL")
        layout = layout_of(
            sizes, list(diagram.arrows), (_GAP[0] + room, _GAP[1] + room), self.sideways
        )
        frames = _frames(diagram, layout)
        margin = _MARGIN + max((depth for *_, depth in frames), default=0)
        self.width = layout.width + 2 * margin
        self.height = layout.height + 2 * margin

        def turned(x: float, y: float) -> tuple[float, float]:
            x, y = x + margin, y + margin
            return (
                self.width - x if rankdir == "RL" else x,
                self.height - y if rankdir == "BT" else y,
            )

        def place_of(place: Place) -> Place:
            return Place(*turned(place.x, place.y), place.width, place.height)

        self.places = {key: place_of(place) for key, place in layout.places.items()}
        self.ways = [[turned(*point) for point in way] for way in layout.ways.values()]
        self.frames = [(name, place_of(place)) for name, place, _ in frames]


def _size(lines: list[Line]) -> tuple[float, float]:
    width = max(len(line.text) * line.size * _LETTER for line in lines) + 2 * _MARGIN
    return width, len(lines) * _LINE + 3


def _frames(diagram: Diagram, layout: Layout) -> list[tuple[str, Place, float]]:
    """Name, place and margin of the frame around each inner model, the outermost first."""
    inside: dict[tuple[str, ...], list[Place]] = {}
    for key, box in diagram.boxes.items():
        for depth in range(1, len(box.frames) + 1):
            inside.setdefault(box.frames[:depth], []).append(layout.places[key])
    deepest = max(map(len, inside), default=0)
    found = []
    for frames in sorted(inside, key=len):
        margin = 7.0 * (deepest - len(frames) + 1)
        places = inside[frames]
        left = min(p.x - p.width / 2 for p in places) - margin
        right = max(p.x + p.width / 2 for p in places) + margin
        top = min(p.y - p.height / 2 for p in places) - margin - 6
        bottom = max(p.y + p.height / 2 for p in places) + margin
        place = Place((left + right) / 2, (top + bottom) / 2, right - left, bottom - top)
        found.append((frames[-1], place, margin + 6))
    return found


def _curve(way: list[tuple[float, float]], sideways: bool) -> list[tuple[float, float]]:
    """A way as cubic curves that begin and end along the flow: a point, then three for each."""
    points = [way[0]]
    for (x0, y0), (x1, y1) in zip(way, way[1:], strict=False):
        if sideways:
            points += [((x0 + x1) / 2, y0), ((x0 + x1) / 2, y1), (x1, y1)]
        else:
            points += [(x0, (y0 + y1) / 2), (x1, (y0 + y1) / 2), (x1, y1)]
    return points


def _write_by_matplotlib(drawing: _Drawing, path: str, dpi: float) -> None:
    figure = new_figure(drawing.width / 72, drawing.height / 72)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set(xlim=(0, drawing.width), ylim=(drawing.height, 0))
    from matplotlib.patches import FancyArrowPatch, Rectangle
    from matplotlib.path import Path

    for name, place in drawing.frames:
        corner = place.x - place.width / 2, place.y - place.height / 2
        axes.add_patch(
            Rectangle(corner, place.width, place.height, fill=False, ls="--", lw=0.8, ec=_FRAME)
        )
        axes.text(corner[0] + 4, corner[1] + 2, name, fontsize=7, color=_FRAME, va="top")
    for way in drawing.ways:
        points = _curve(way, drawing.sideways)
        shape = Path(points, [Path.MOVETO] + [Path.CURVE4] * (len(points) - 1))
        axes.add_patch(
            FancyArrowPatch(
                path=shape, arrowstyle="-|>", mutation_scale=9, lw=1.1, color=_ARROW,
                shrinkA=0, shrinkB=0,
            )  # fmt: skip
        )
    for key, place in drawing.places.items():
        left, top = place.x - place.width / 2, place.y - place.height / 2
        height = place.height / len(drawing.lines[key])
        for i, line in enumerate(drawing.lines[key]):
            axes.add_patch(
                Rectangle((left, top + i * height), place.width, height, fc=line.background,
                          ec="black", lw=0.6)
            )  # fmt: skip
            axes.text(
                place.x, top + (i + 0.5) * height, line.text, ha="center", va="center",
                fontsize=line.size, color=line.colour, weight="bold" if line.bold else "normal",
                parse_math=False,
            )  # fmt: skip
    largest = max(drawing.width, drawing.height) / 72
    finish(figure, path, dpi=min(dpi, _LARGEST / largest))


def _write_svg(drawing: _Drawing, path: str) -> None:
    width, height = round(drawing.width, 1), round(drawing.height, 1)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="Helvetica, Arial, sans-serif">',
        f'<defs><marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" '
        f'markerHeight="7" orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="{_ARROW}"/>'
        "</marker></defs>",
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for name, place in drawing.frames:
        x, y = place.x - place.width / 2, place.y - place.height / 2
        parts.append(
            _rect(x, y, place.width, place.height, f'fill="none" stroke="{_FRAME}" '
                  'stroke-dasharray="4 3"')
        )  # fmt: skip
        parts.append(
            f'<text x="{x + 4:.1f}" y="{y + 9:.1f}" font-size="7" fill="{_FRAME}">'
            f"{html.escape(name)}</text>"
        )
    for way in drawing.ways:
        first, *others = _curve(way, drawing.sideways)
        curve = " ".join(f"{x:.1f},{y:.1f}" for x, y in others)
        parts.append(
            f'<path d="M{first[0]:.1f},{first[1]:.1f} C{curve}" fill="none" stroke="{_ARROW}" '
            'stroke-width="1.2" marker-end="url(#head)"/>'
        )
    for key, place in drawing.places.items():
        left, top = place.x - place.width / 2, place.y - place.height / 2
        height = place.height / len(drawing.lines[key])
        for i, line in enumerate(drawing.lines[key]):
            style = f'fill="{line.background}" stroke="black" stroke-width="0.6"'
            parts.append(_rect(left, top + i * height, place.width, height, style))
            weight = ' font-weight="bold"' if line.bold else ""
            parts.append(
                f'<text x="{place.x:.1f}" y="{top + (i + 0.5) * height:.1f}" '
                f'font-size="{line.size:g}"{weight} fill="{line.colour}" text-anchor="middle" '
                f'dominant-baseline="central">{html.escape(line.text)}</text>'
            )
    parts.append("</svg>\n")
    from kerata.saving.atomic import write_file

    write_file(path, lambda file: file.write("\n".join(parts).encode("utf-8")))


def _rect(x: float, y: float, width: float, height: float, style: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" {style}/>'
