"""Functions of single elements, or of small tensors, applied to whole tensors."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Collection
from typing import Any

from kerata.core import tree
from kerata.core.primitive import Tensor, convert
from kerata.core.rules import broadcast_shapes
from kerata.core.spec import Shape, shape_of
from kerata.ops.control import vectorized_map
from kerata.ops.shape import broadcast_to, reshape

_SIGNATURE = re.compile(r"\([\w,]*\)(,\([\w,]*\))*->\([\w,]*\)(,\([\w,]*\))*")


def vectorize(
    pyfunc: Callable, *, excluded: Collection[int] | None = None, signature: str | None = None
) -> Callable:
    """Make a function that applies another to all elements of tensors that broadcast.

    Args:
        pyfunc: function of scalars, or of tensors with the axes that the signature names. Keyword
            arguments are handed on as they are.
        excluded: positions of the arguments that are handed on as they are.
        signature: axes that belong to one call, such as `"(m,n),(n)->(m)"`; none by default.

    Returns:
        A function of tensors. All axes before those of the signature are broadcast.

    Raises:
        ValueError: if the signature cannot be read, or the arguments do not fit it.

    Source: NumPy's generalized universal functions,
    https://numpy.org/doc/stable/reference/c-api/generalized-ufuncs.html

    >>> import kerata
    >>> from kerata import ops
    >>> product = ops.vectorize(ops.dot, signature="(n),(n)->()")
    >>> product(ops.ones((4, 3)), ops.ones((3,))).tolist()
    [3.0, 3.0, 3.0, 3.0]
    """
    left_out = frozenset(excluded or ())
    axes = None if signature is None else _input_axes(signature)

    @functools.wraps(pyfunc)
    def vectorized(*args: Any, **kwargs: Any) -> Any:
        places = [i for i in range(len(args)) if i not in left_out]
        tensors = [convert(args[i]) for i in places]
        ranks = _ranks(axes, [shape_of(tensor) for tensor in tensors])
        loops = [
            shape_of(t)[: len(shape_of(t)) - rank] for t, rank in zip(tensors, ranks, strict=True)
        ]
        loop = broadcast_shapes(*loops)

        def once(elements: tuple) -> Any:
            given = list(args)
            for place, element in zip(places, elements, strict=True):
                given[place] = element
            return pyfunc(*given, **kwargs)

        if not loop:
            return once(tuple(tensors))
        rows = [_as_rows(t, loop, rank) for t, rank in zip(tensors, ranks, strict=True)]
        results = vectorized_map(once, tuple(rows))
        return tree.map_structure(lambda result: _unfolded(result, loop), results)

    return vectorized


def _input_axes(signature: str) -> list[list[str]]:
    """Return the names of the axes of each input."""
    text = signature.replace(" ", "")
    if not _SIGNATURE.fullmatch(text):
        raise ValueError(
            f"`signature` is {signature!r}; expected axes like '(m,n),(n)->(m)', with '()' for a "
            "scalar."
        )
    inputs = re.findall(r"\(([\w,]*)\)", text.split("->")[0])
    return [[name for name in group.split(",") if name] for group in inputs]


def _ranks(axes: list[list[str]] | None, shapes: list[Shape]) -> list[int]:
    """Return how many last axes of each tensor belong to one call; check their sizes."""
    if axes is None:
        return [0] * len(shapes)
    if len(axes) != len(shapes):
        raise ValueError(
            f"vectorize: the signature is one of {len(axes)} tensors, got {len(shapes)}."
        )
    sizes: dict[str, int | None] = {}
    for names, shape in zip(axes, shapes, strict=True):
        if len(names) > len(shape):
            raise ValueError(
                f"vectorize: the signature names the axes ({', '.join(names)}) of a tensor of "
                f"shape {shape}, which has not as many."
            )
        for name, size in zip(names, shape[len(shape) - len(names) :], strict=True):
            if None not in (size, sizes.setdefault(name, size)) and sizes[name] != size:
                raise ValueError(
                    f"vectorize: the axis {name!r} of the signature has size {sizes[name]} in one "
                    f"tensor and {size} in another."
                )
    return [len(names) for names in axes]


def _as_rows(tensor: Tensor, loop: Shape, rank: int) -> Tensor:
    """Return a tensor broadcast along the loop's axes, with these as one."""
    shape = shape_of(tensor)
    core = shape[len(shape) - rank :]
    if shape[: len(shape) - rank] != loop:
        tensor = broadcast_to(tensor, (*loop, *core))
    return reshape(tensor, (_length(loop), *core))


def _length(loop: Shape) -> int:
    return -1 if None in loop else math.prod(loop)  # type: ignore[arg-type]


def _unfolded(result: Tensor, loop: Shape) -> Tensor:
    """Return a result with the loop's axes in place of the first one."""
    return reshape(result, (*(-1 if n is None else n for n in loop), *shape_of(result)[1:]))
