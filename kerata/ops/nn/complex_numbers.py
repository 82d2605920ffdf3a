"""Complex numbers from their polar form."""

from __future__ import annotations

from kerata.core.primitive import Tensor
from kerata.ops.elementwise import cos, multiply, sin, view_as_complex
from kerata.ops.joining import stack


def polar(abs_: Tensor, angle: Tensor) -> Tensor:
    """Complex numbers of given size and direction, `abs_ * (cos(angle) + i sin(angle))`.

    Args:
        abs_: real tensor, the distances from 0.
        angle: real tensor of the same shape, in radians.

    Returns:
        Complex tensor of that shape.

    >>> import kerata
    >>> kerata.ops.polar([2.0], [0.0]).tolist()
    [(2+0j)]
    """
    parts = [multiply(abs_, cos(angle)), multiply(abs_, sin(angle))]
    return view_as_complex(stack(parts, axis=-1))
