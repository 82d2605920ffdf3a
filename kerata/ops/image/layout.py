"""Images as batches with the channels last, which is how all computations here take them."""

from __future__ import annotations

from collections.abc import Callable

from kerata.core.config import data_format_or_default
from kerata.core.primitive import Tensor
from kerata.core.spec import ndim_of, shape_of
from kerata.ops.shape import expand_dims, moveaxis, squeeze


def over_batch(
    name: str,
    images: Tensor,
    data_format: str | None,
    function: Callable[[Tensor], Tensor],
    rank: int = 2,
) -> Tensor:
    """Apply a function of (batch, height, width, channels) to one image or a batch of any layout.

    Args:
        name: of the op, for errors.
        images: with one dimension more than `rank`, or two if there is a batch.
        data_format: where the channels are; `None` for the default of the process.
        function: what is done; its result has the same dimensions in the same order.
        rank: number of spatial dimensions.

    Raises:
        ValueError: if the number of dimensions is another.
    """
    single = check_rank(name, images, rank) == rank + 1
    first = data_format_or_default(data_format) == "channels_first"
    batch = expand_dims(images, 0) if single else images
    batch = moveaxis(batch, 1, -1) if first else batch
    result = function(batch)
    result = moveaxis(result, -1, 1) if first else result
    return squeeze(result, 0) if single else result


def check_rank(name: str, images: Tensor, rank: int = 2) -> int:
    """Return the number of dimensions of one image or a batch of images.

    Raises:
        ValueError: if it is neither.
    """
    ndim = ndim_of(images)
    if ndim not in (rank + 1, rank + 2):
        kind = ("height", "width") if rank == 2 else ("depth", "height", "width")
        raise ValueError(
            f"`{name}` got images of shape {shape_of(images)}; expected ({', '.join(kind)}, "
            f"channels) or (batch, {', '.join(kind)}, channels), or the channels before the sizes "
            "with data_format='channels_first'."
        )
    return ndim
