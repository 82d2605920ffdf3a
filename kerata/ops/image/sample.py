"""Reading images between their pixels: what resizing to windows and all warps are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kerata.core import dtypes
from kerata.core.primitive import Tensor, Tensors, primitive
from kerata.core.rules import broadcast_shapes
from kerata.core.spec import TensorSpec, dtype_of
from kerata.ops.cast import cast, saturate_cast
from kerata.ops.elementwise import round

_ORDERS = {"nearest": 0, "bilinear": 1}


@primitive(promote="keep")
def sampled(
    inputs: Tensor, coordinates: Tensors, order: int, fill_mode: str, fill_value: float
) -> Tensor:
    """Return pixels at fractional positions.

    Args:
        inputs: (batch, *sizes, channels).
        coordinates: float positions along each of the sizes, as tensors of one shape
            (batch, *points); where one batch is 1, it serves all.
        order: 0 for the nearest pixel, 1 for linear interpolation.
        fill_mode, fill_value: see `map_coordinates`.

    Returns:
        (batch, *points, channels) in the dtype of the inputs.
    """
    if len(coordinates) != inputs.ndim - 2:
        raise ValueError(
            f"Sampling needs one tensor of positions for each of the {inputs.ndim - 2} "
            f"dimensions of shape {inputs.shape} between batch and channels; got "
            f"{len(coordinates)}."
        )
    points = broadcast_shapes(*(position.shape for position in coordinates))
    batch = broadcast_shapes((inputs.shape[0],), points[:1])
    return TensorSpec((*batch, *points[1:], inputs.shape[-1]), inputs.dtype)


def sample(
    batch: Tensor, coordinates: Sequence[Tensor], order: int, fill_mode: str, fill_value: float
) -> Tensor:
    """Sample images of any dtype; see `sampled`."""
    if order == 0:
        return sampled(batch, coordinates, order, fill_mode, float(fill_value))
    return over_floats(
        batch, lambda x: sampled(x, coordinates, order, fill_mode, float(fill_value))
    )


def over_floats(images: Tensor, function: Any) -> Tensor:
    """Apply a function of floats; for integers the result is rounded and kept in their range."""
    dtype = dtype_of(images)
    if dtypes.is_inexact(dtype):
        return function(images)
    return saturate_cast(round(function(cast(images, "float32"))), dtype)


def order_of(name: str, interpolation: str) -> int:
    """Return the order of "nearest" or "bilinear" interpolation.

    Raises:
        ValueError: for anything else.
    """
    if interpolation not in _ORDERS:
        raise ValueError(
            f"`{name}` got interpolation={interpolation!r}; expected 'nearest' or 'bilinear'."
        )
    return _ORDERS[interpolation]
