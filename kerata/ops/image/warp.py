"""Images bent, turned and shifted: pixels read at computed positions between pixels."""

from __future__ import annotations

import math
from typing import Any

from kerata.backend.sampling import FILL_MODES
from kerata.core.primitive import Tensor
from kerata.core.seeds import draw_key
from kerata.core.spec import dtype_of, ndim_of, shape_of, sizes_of
from kerata.ops import random
from kerata.ops.cast import cast, in_dtype
from kerata.ops.creation import filled_like, ones_like, positions_along, zeros_like
from kerata.ops.elementwise import (
    add,
    divide,
    exp,
    maximum,
    multiply,
    negative,
    square,
    subtract,
)
from kerata.ops.image.layout import over_batch
from kerata.ops.image.sample import order_of, sample
from kerata.ops.indexing import get_item
from kerata.ops.joining import concatenate, stack, unstack
from kerata.ops.linalg import matmul, solve
from kerata.ops.shape import expand_dims, reshape, squeeze


def _check_fill_mode(name: str, fill_mode: str) -> None:
    if fill_mode not in FILL_MODES:
        raise ValueError(f"`{name}` got fill_mode={fill_mode!r}; expected one of {FILL_MODES}.")


def _precise(x: Any, images: Tensor) -> Tensor:
    """Return numbers that positions are computed from in at least single precision."""
    return in_dtype(x, "float64" if "float64" in (dtype_of(images), dtype_of(x)) else "float32")


# -- positions given one by one ----------------------------------------------------------------


def map_coordinates(
    inputs: Tensor,
    coordinates: Any,
    order: int,
    fill_mode: str = "constant",
    fill_value: float = 0.0,
) -> Tensor:
    """Return the values of a tensor at fractional positions.

    Args:
        inputs: tensor of any rank n.
        coordinates: (n, *points), the positions along each dimension; position i is the centre
            of element i.
        order: 0 for the nearest element, 1 for linear interpolation.
        fill_mode: what lies outside of a, b, c, d: "constant" `k k|a b c d|k k`, "nearest"
            `a a|a b c d|d d`, "wrap" `c d|a b c d|a b`, "mirror" `c b|a b c d|c b` or "reflect"
            `b a|a b c d|d c`.
        fill_value: the k of "constant".

    Returns:
        Tensor of shape `points` and the dtype of the inputs; integers are rounded.

    Raises:
        ValueError: for another order or mode, or if there is not one coordinate per dimension.

    >>> import kerata
    >>> kerata.ops.image.map_coordinates([0.0, 10.0, 20.0], [[0.5, 1.25]], order=1).tolist()
    [5.0, 12.5]
    """
    if order not in (0, 1):
        raise ValueError(f"`map_coordinates` got order={order!r}; expected 0 or 1.")
    _check_fill_mode("map_coordinates", fill_mode)
    rank, found = ndim_of(inputs), shape_of(coordinates)
    if not found or found[0] != rank:
        raise ValueError(
            f"`map_coordinates` got coordinates of shape {found} for inputs of {rank} dimensions; "
            f"expected ({rank}, ...): one position along each."
        )
    positions = unstack(expand_dims(_precise(coordinates, inputs), 1), rank)
    pixels = sample(expand_dims(inputs, (0, -1)), positions, order, fill_mode, fill_value)
    return squeeze(pixels, (0, -1))


# -- straight lines stay straight --------------------------------------------------------------


def affine_transform(
    images: Tensor,
    transform: Any,
    interpolation: str = "bilinear",
    fill_mode: str = "constant",
    fill_value: float = 0,
    data_format: str | None = None,
) -> Tensor:
    """Move pixels along straight lines: rotation, scaling, shearing, shifting, perspective.

    The pixel of the output at column x and row y is that of the input at column
    `(a0 x + a1 y + a2) / k` and row `(b0 x + b1 y + b2) / k`, where `k = c0 x + c1 y + 1`.

    Args:
        images: (height, width, channels) or (batch, height, width, channels), or with the
            channels before the sizes.
        transform: `[a0, a1, a2, b0, b1, b2, c0, c1]`: (8,) for all images alike, or (batch, 8).
            Without the last two there is no perspective.
        interpolation: "nearest" or "bilinear".
        fill_mode: what lies outside of the image; see `map_coordinates`.
        fill_value: the value outside for "constant".
        data_format: "channels_last" or "channels_first"; by default that of the process.

    Returns:
        Tensor of the shape and dtype of the images; integers are rounded.

    Raises:
        ValueError: for unknown options, or shapes that do not fit.

    >>> import kerata
    >>> image = [[[1.0], [2.0], [3.0]]]
    >>> moved = kerata.ops.image.affine_transform(image, [1.0, 0, 1, 0, 1, 0, 0, 0])
    >>> moved[0, :, 0].tolist()
    [2.0, 3.0, 0.0]
    """
    order = order_of("affine_transform", interpolation)
    _check_fill_mode("affine_transform", fill_mode)
    if shape_of(transform)[-1:] not in ((6,), (8,)) or ndim_of(transform) not in (1, 2):
        raise ValueError(
            f"`affine_transform` got a transform of shape {shape_of(transform)}; expected (8,) or "
            "(batch, 8)."
        )
    numbers = _precise(transform, images)

    def warp(batch: Tensor) -> Tensor:
        return sample(batch, _lines(batch, numbers), order, fill_mode, fill_value)

    return over_batch("affine_transform", images, data_format, warp)


def _lines(batch: Tensor, transform: Tensor) -> list[Tensor]:
    """Return the row and the column that each pixel comes from, by transforms (n, 6) or (n, 8)."""
    count = shape_of(transform)[-1]
    a0, a1, a2, b0, b1, b2, *c = (
        reshape(get_item(transform, (..., place)), (-1, 1, 1)) for place in range(count)
    )
    dtype = dtype_of(transform)
    y = cast(expand_dims(positions_along(batch, 1), (0, 2)), dtype)
    x = cast(expand_dims(positions_along(batch, 2), (0, 1)), dtype)

    def plane(across: Tensor, down: Tensor, first: Tensor | float) -> Tensor:
        # whole images are computed in the last step only
        return add(multiply(across, x), add(multiply(down, y), first))

    row, column = plane(b0, b1, b2), plane(a0, a1, a2)
    if not c:
        return [row, column]
    depth = plane(c[0], c[1], 1.0)
    return [divide(row, depth), divide(column, depth)]


def perspective_transform(
    images: Tensor,
    start_points: Any,
    end_points: Any,
    interpolation: str = "bilinear",
    fill_value: float = 0,
    data_format: str | None = None,
) -> Tensor:
    """Move four points of images to four others; straight lines stay straight.

    Args:
        images: (height, width, channels) or (batch, height, width, channels), or with the
            channels before the sizes.
        start_points: (4, 2) or (batch, 4, 2): column and row of four points, no three of which
            lie on a line.
        end_points: where they go, of the same shape.
        interpolation: "nearest" or "bilinear".
        fill_value: the value outside of the images.
        data_format: "channels_last" or "channels_first"; by default that of the process.

    Returns:
        Tensor of the shape and dtype of the images; integers are rounded.

    Raises:
        ValueError: for unknown options, or shapes that do not fit.

    >>> import kerata
    >>> image = [[[1.0], [2.0]], [[3.0], [4.0]]]
    >>> corners = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
    >>> mirrored = [[1.0, 0.0], [0.0, 0.0], [1.0, 1.0], [0.0, 1.0]]
    >>> turned = kerata.ops.image.perspective_transform(image, corners, mirrored)
    >>> kerata.ops.round(turned[:, :, 0]).tolist()
    [[2.0, 1.0], [4.0, 3.0]]
    """
    order = order_of("perspective_transform", interpolation)
    for points in (start_points, end_points):
        if shape_of(points)[-2:] != (4, 2) or ndim_of(points) not in (2, 3):
            raise ValueError(
                f"`perspective_transform` got points of shape {shape_of(points)}; expected (4, 2) "
                "or (batch, 4, 2)."
            )
    start, end = _precise(start_points, images), _precise(end_points, images)
    transform = homography(end, start)

    def warp(batch: Tensor) -> Tensor:
        return sample(batch, _lines(batch, transform), order, "constant", fill_value)

    return over_batch("perspective_transform", images, data_format, warp)


def homography(source: Tensor, target: Tensor) -> Tensor:
    """Return the transform (..., 8) that takes four points to four others.

    It solves `a0 x + a1 y + a2 - c0 x u - c1 y u = u` and the like for v, for each (x, y) that
    goes to (u, v): Hartley & Zisserman (2004), "Multiple View Geometry in Computer Vision", 4.1.
    """
    x, y = get_item(source, (..., 0)), get_item(source, (..., 1))
    u, v = get_item(target, (..., 0)), get_item(target, (..., 1))
    one, zero = ones_like(x), zeros_like(x)
    columns = [x, y, one, zero, zero, zero, negative(multiply(x, u)), negative(multiply(y, u))]
    rows = [zero, zero, zero, x, y, one, negative(multiply(x, v)), negative(multiply(y, v))]
    matrix = concatenate([stack(columns, -1), stack(rows, -1)], -2)
    return solve(matrix, concatenate([u, v], -1))


# -- elastic -----------------------------------------------------------------------------------


def elastic_transform(
    images: Tensor,
    alpha: Any = 20.0,
    sigma: Any = 5.0,
    interpolation: str = "bilinear",
    fill_mode: str = "reflect",
    fill_value: float = 0.0,
    seed: Any = None,
    data_format: str | None = None,
) -> Tensor:
    """Distort images as if they were printed on rubber: a smooth random field moves the pixels.

    Simard et al. (2003), "Best Practices for Convolutional Neural Networks Applied to Visual
    Document Analysis".

    Args:
        images: (height, width, channels) or (batch, height, width, channels), or with the
            channels before the sizes. Each image has a field of its own.
        alpha: strength: pixels move by alpha times normal numbers of variance 1 / (4 pi). A
            number, or (batch, 1, 1).
        sigma: standard deviation of the Gaussian that has smoothed these, in pixels; likewise.
        interpolation: "nearest" or "bilinear".
        fill_mode: what lies outside of the image; see `map_coordinates`.
        fill_value: the value outside for "constant".
        seed: integer or `SeedGenerator`; by default another field in each call.
        data_format: "channels_last" or "channels_first"; by default that of the process.

    Returns:
        Tensor of the shape and dtype of the images; integers are rounded.

    Raises:
        ValueError: for unknown options, or images of another rank.

    >>> import kerata
    >>> kerata.ops.image.elastic_transform(kerata.ops.ones((8, 8, 3)), seed=1).shape
    (8, 8, 3)
    """
    order = order_of("elastic_transform", interpolation)
    _check_fill_mode("elastic_transform", fill_mode)

    def warp(batch: Tensor) -> Tensor:
        return sample(batch, rubber(batch, alpha, sigma, seed), order, fill_mode, fill_value)

    return over_batch("elastic_transform", images, data_format, warp)


def rubber(batch: Tensor, alpha: Any, sigma: Any, seed: Any) -> list[Tensor]:
    """Return the row and the column that each pixel of an elastic image comes from."""
    dtype = "float64" if dtype_of(batch) == "float64" else "float32"
    zero = filled_like(batch, 0.0, dtype, ())
    alpha, sigma = add(zero, alpha), add(zero, sigma)  # now on the engine of the images
    y, x = (cast(positions_along(batch, axis), dtype) for axis in (1, 2))
    down, right = _gaussian(y, sigma), _gaussian(x, sigma)
    shape = (2, *sizes_of(batch)[:3])
    noise = random.normal_samples(draw_key(seed, batch), shape, dtype)
    fields = (matmul(down, matmul(each, right)) for each in unstack(noise, 2))
    moves = (multiply(field, multiply(alpha, sigma)) for field in fields)
    return [add(move, at) for move, at in zip(moves, (expand_dims(y, 1), x), strict=True)]


def _gaussian(positions: Tensor, sigma: Any) -> Tensor:
    """Return the symmetric matrix, or (batch, n, n), whose product smooths n neighbours."""
    distance = subtract(expand_dims(positions, 1), positions)
    weights = exp(multiply(square(distance), divide(-0.5, square(sigma))))
    return divide(weights, maximum(multiply(sigma, math.sqrt(2 * math.pi)), 1.0))
