"""InputSpec: what a layer expects of an input, and the error when it gets something else."""

from __future__ import annotations

from typing import Any

from kerata.core import tree
from kerata.core.serialization import Configurable
from kerata.core.spec import TensorSpec


class InputSpec(Configurable):
    """Expected rank, dtype and sizes of one input of a layer.

    Args:
        dtype: expected dtype name.
        shape: expected shape; `None` for any size.
        ndim: expected number of dimensions.
        max_ndim, min_ndim: bounds on the number of dimensions.
        axes: axis -> expected size, `None` for any.
        allow_last_axis_squeeze: whether a last axis of size 1 may be missing or extra.
        name: name of the input, for models with several.
        optional: whether the input may be `None`.

    >>> InputSpec(ndim=2, axes={-1: 8}).problem((32, 10))
    'it has 10 features (last axis), expected 8'
    """

    _shared_parameters = ()

    def __init__(
        self,
        dtype: str | None = None,
        shape: Any = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: dict[int, int | None] | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ):
        self.dtype = dtype
        self.shape = tuple(shape) if shape is not None else None
        self.ndim = len(self.shape) if self.shape is not None else ndim
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.axes = {int(axis): size for axis, size in (axes or {}).items()}
        self.allow_last_axis_squeeze = allow_last_axis_squeeze
        self.name = name
        self.optional = optional

    def problem(self, shape: tuple) -> str | None:
        """Say what is wrong with an input of this shape; `None` if nothing is."""
        return self._wrong_rank(shape) or self._wrong_axes(shape) or self._wrong_shape(shape)

    def _wrong_rank(self, shape: tuple) -> str | None:
        rank = len(shape)
        if self.ndim is not None and rank != self.ndim and not self._squeezable(shape):
            return f"it has {rank} dimensions, expected {self.ndim}"
        if self.max_ndim is not None and rank > self.max_ndim:
            return f"it has {rank} dimensions, expected at most {self.max_ndim}"
        if self.min_ndim is not None and rank < self.min_ndim:
            return f"it has {rank} dimensions, expected at least {self.min_ndim}"
        return None

    def _squeezable(self, shape: tuple) -> bool:
        if not self.allow_last_axis_squeeze or self.ndim is None:
            return False
        if len(shape) == self.ndim + 1:
            return shape[-1] == 1
        return len(shape) == self.ndim - 1 and self.shape is not None and self.shape[-1] == 1

    def _wrong_axes(self, shape: tuple) -> str | None:
        for axis, size in self.axes.items():
            if size is None or not -len(shape) <= axis < len(shape):
                continue
            if shape[axis] not in (size, None):
                last = axis in (-1, len(shape) - 1)
                what = "features (last axis)" if last else f"entries along axis {axis}"
                return f"it has {shape[axis]} {what}, expected {size}"
        return None

    def _wrong_shape(self, shape: tuple) -> str | None:
        if self.shape is None or len(shape) != len(self.shape):
            return None
        pairs = zip(shape, self.shape, strict=True)
        if any(None not in (a, b) and a != b for a, b in pairs):
            return f"expected {self.shape}"
        return None


def check_inputs(layer: Any, specs: Any) -> None:
    """Raise ValueError unless the inputs of a layer are what its `input_spec` says.

    Args:
        layer: a layer with `input_spec` (an InputSpec, a list of them, or `None`).
        specs: a TensorSpec or a structure of them.
    """
    expected = layer.input_spec
    if expected is None:
        return
    found = tree.flatten(specs)
    wanted = tree.flatten(expected)
    if len(wanted) == 1 and len(found) != 1:
        wanted = wanted * len(found) if not isinstance(expected, list) else wanted
    if len(found) != len(wanted):
        raise ValueError(
            f"Layer {layer.path!r} takes {len(wanted)} inputs and was given {len(found)}."
        )
    for index, (spec, each) in enumerate(zip(found, wanted, strict=True)):
        problem = each.problem(spec.shape) if isinstance(spec, TensorSpec) else None
        if problem:
            which = f"input {index} " if len(found) > 1 else "input "
            raise ValueError(
                f"The {which}of layer {layer.path!r} ({type(layer).__name__}) has shape "
                f"{spec.shape}: {problem}.{layer.shape_advice(spec.shape)}"
            )
