"""Pictures in files and as arrays, by Pillow (imported when used)."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kerata.backend import sampling
from kerata.backend.select import use_backend
from kerata.core import config
from kerata.core.errors import KerataWarning, closest
from kerata.core.primitive import convert_to_numpy
from kerata.data.opencv import decoded, opencv, resized
from kerata.data.stages import UnreadableFile
from kerata.ops.image import resize

if TYPE_CHECKING:
    from PIL.Image import Image

COLOR_MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}

#: what Pillow keeps as it is where grey pictures are asked for: more than 8 bits per point
_DEEP_GREY = ("L", "I;16", "I")

_RESAMPLING = ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos")
_DATA_FORMATS = ("channels_first", "channels_last")


def _pillow() -> Any:
    try:
        import PIL.Image
    except ImportError as error:
        raise ImportError("Pictures need Pillow: pip install 'kerata[data]'") from error
    return PIL.Image


def load_img(
    path: str | os.PathLike[str] | io.BytesIO,
    color_mode: str = "rgb",
    target_size: int | Sequence[int] | None = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> Image:
    """Read a picture from a file.

    Args:
        path: a file, or an open `io.BytesIO`.
        color_mode: "rgb", "rgba" or "grayscale"; grey pictures of 16 bits keep their depth.
        target_size: `(height, width)` in pixels that it is resized to.
        interpolation: how: "nearest", "bilinear", "bicubic", "lanczos", "box" or "hamming".
        keep_aspect_ratio: whether to cut off what is too much in one direction, instead of
            stretching the picture.

    Returns:
        A picture of Pillow's; `img_to_array` makes an array of it.

    Raises:
        ImportError: if Pillow is missing.
        FileNotFoundError: if there is no such file.
        ValueError: for unknown options, or a file that is no sound picture: its text names it.

    >>> import io, kerata, numpy as np
    >>> file = io.BytesIO()
    >>> kerata.utils.save_img(file, np.zeros((2, 3, 1)), file_format="png")
    >>> kerata.utils.load_img(file, target_size=(4, 5)).size
    (5, 4)
    """
    if color_mode not in COLOR_MODES:
        raise ValueError(f"color_mode={color_mode!r}; expected one of {tuple(COLOR_MODES)}.")
    if not isinstance(path, (str, bytes, os.PathLike, io.BytesIO)):
        raise TypeError(f"path is a {type(path).__name__}; expected a path or an io.BytesIO.")
    picture = _read(path)
    if color_mode != "grayscale" or picture.mode not in _DEEP_GREY:
        picture = picture.convert(COLOR_MODES[color_mode])
    if target_size is None:
        return picture
    size = sizes_of("target_size", target_size)
    if interpolation not in _RESAMPLING:
        raise ValueError(f"interpolation={interpolation!r}; expected one of {_RESAMPLING}.")
    box = _proportional_box(picture.size, size) if keep_aspect_ratio else None
    resampling = getattr(_pillow().Resampling, interpolation.upper())
    return picture.resize(size[::-1], resampling, box)


def _read(path: Any) -> Image:
    """Read and decode a picture; whatever is wrong with the file, the error names it."""
    pillow = _pillow()
    name = path if isinstance(path, (str, os.PathLike)) else "<bytes>"
    try:
        with pillow.open(path) as picture:
            picture.load()
            return picture
    except FileNotFoundError:
        raise
    except (OSError, SyntaxError, ValueError, EOFError, pillow.DecompressionBombError) as error:
        raise UnreadableFile(name, _reason(error)) from error


def _reason(error: BaseException) -> str:
    if type(error).__name__ == "UnidentifiedImageError":
        return "it is not a picture, or of an unknown kind"
    return str(error)


def sizes_of(name: str, size: Any) -> tuple[int, int]:
    """Return a size given as `(height, width)`, or as one integer for a square."""
    sizes = (size, size) if isinstance(size, int) else tuple(size)
    if len(sizes) != 2 or not all(hasattr(n, "__index__") and n > 0 for n in sizes):
        raise ValueError(f"{name}={size!r}; expected (height, width), two positive integers.")
    return int(sizes[0]), int(sizes[1])


def _proportional_box(
    size: tuple[int, int], target: tuple[int, int]
) -> tuple[int, int, int, int]:
    """The largest part in the middle with the proportions of `target`: its left, upper, right
    and lower border."""
    width, height = size
    part_height = max(min(height, int(width * target[0] / target[1])), 1)
    part_width = max(min(width, int(height * target[1] / target[0])), 1)
    left, upper = (width - part_width) // 2, (height - part_height) // 2
    return left, upper, left + part_width, upper + part_height


def _checked_format(data_format: str | None) -> str:
    data_format = data_format or config.image_data_format()
    if data_format not in _DATA_FORMATS:
        raise ValueError(
            f"data_format={data_format!r}; expected one of {_DATA_FORMATS}."
            f"{closest(data_format, _DATA_FORMATS)}"
        )
    return data_format


def img_to_array(img: Any, data_format: str | None = None, dtype: Any = None) -> np.ndarray:
    """Return a picture as an array.

    Args:
        img: a picture of Pillow's, or an array `(height, width)` or `(height, width, channels)`.
        data_format: "channels_last" or "channels_first", the layout of the result; by default
            the configured one.
        dtype: of the result; floatx by default.

    Returns:
        Array `(height, width, channels)` or `(channels, height, width)`; values as they were.

    Raises:
        ValueError: for an array of another rank, or an unknown layout.

    >>> import kerata, numpy as np
    >>> kerata.utils.img_to_array(np.zeros((2, 3))).shape
    (2, 3, 1)
    """
    from kerata.training.data.rows import numpy_floatx

    data_format = _checked_format(data_format)
    array = np.asarray(img, dtype=numpy_floatx() if dtype is None else dtype)
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3:
        raise ValueError(
            f"A picture has 2 or 3 dimensions, got an array of shape {array.shape}."
        )
    return array.transpose(2, 0, 1) if data_format == "channels_first" else array


def array_to_img(
    x: Any, data_format: str | None = None, scale: bool = True, dtype: Any = None
) -> Image:
    """Return an array as a picture.

    Args:
        x: array or tensor `(height, width, channels)` with 1, 3 or 4 channels, or with the
            channels first.
        data_format: "channels_last" or "channels_first"; by default the configured one.
        scale: whether to stretch the values so that the least is 0 and the largest 255. If not,
            they should lie between 0 and 255; fractions are cut off and what lies outside
            becomes 0 or 255. Grey values above 255 make a picture of 32 bits per point.
        dtype: in which to compute; floatx by default.

    Returns:
        A picture of Pillow's, in mode "L", "I", "RGB" or "RGBA".

    Raises:
        ImportError: if Pillow is missing.
        ValueError: for another shape, an unknown layout, or NaN among the values.

    >>> import kerata, numpy as np
    >>> kerata.utils.array_to_img(np.array([[[0.0], [0.5], [1.0]]])).tobytes()
    b'\\x00\\x7f\\xff'
    """
    from kerata.training.data.rows import numpy_floatx

    data_format = _checked_format(data_format)
    array = np.asarray(convert_to_numpy(x), dtype=numpy_floatx() if dtype is None else dtype)
    if array.ndim != 3:
        raise ValueError(
            f"A picture is an array (height, width, channels), got shape {array.shape}."
            + (" Grey pictures need a last dimension of 1: x[..., None]." * (array.ndim == 2))
        )
    if data_format == "channels_first":
        array = array.transpose(1, 2, 0)
    if array.shape[2] not in (1, 3, 4):
        raise ValueError(
            f"A picture has 1, 3 or 4 channels, got {array.shape[2]} (shape {array.shape} with "
            "channels last)."
        )
    if np.isnan(array).any():
        raise ValueError("The array has NaN among its values, which no picture can show.")
    if scale:
        array = array - array.min()
        largest = array.max()
        array = array / largest * 255 if largest else array
    pillow = _pillow()
    if array.shape[2] == 1 and array.max(initial=0) > 255:
        return pillow.fromarray(array[..., 0].astype("int32"))
    whole = np.clip(array, 0, 255).astype("uint8")
    return pillow.fromarray(whole[..., 0] if array.shape[2] == 1 else whole)


def save_img(
    path: str | os.PathLike[str] | io.BytesIO,
    x: Any,
    data_format: str | None = None,
    file_format: str | None = None,
    scale: bool = True,
    **kwargs: Any,
) -> None:
    """Write an array to a file as a picture.

    Args:
        path: the file, or an open `io.BytesIO`.
        x: array or tensor, as for `array_to_img`.
        data_format: "channels_last" or "channels_first"; by default the configured one.
        file_format: "png", "jpeg", ...; by default as the name of the file says.
        scale: as for `array_to_img`.
        **kwargs: what Pillow's `Image.save` takes for that format, such as `quality`.

    Raises:
        ImportError: if Pillow is missing.
        ValueError: as `array_to_img`, or for an unknown format.

    >>> import io, kerata, numpy as np
    >>> file = io.BytesIO()
    >>> kerata.utils.save_img(file, np.zeros((4, 4, 3)), file_format="png")
    >>> kerata.utils.img_to_array(kerata.utils.load_img(file)).shape
    (4, 4, 3)
    """
    picture = array_to_img(x, data_format=data_format, scale=scale)
    kind = "jpeg" if (file_format or "").lower() == "jpg" else file_format
    named = "" if isinstance(path, io.BytesIO) else os.fspath(path).lower()
    is_jpeg = kind.lower() == "jpeg" if kind else named.endswith((".jpg", ".jpeg"))
    if picture.mode == "RGBA" and is_jpeg:
        warnings.warn(
            "JPEG has no transparency: the fourth channel is left out. Use a .png file to keep it.",
            KerataWarning,
            stacklevel=2,
        )
        picture = picture.convert("RGB")
    picture.save(path, format=kind, **kwargs)


def read_resized(
    path: str | os.PathLike[str], color_mode: str, sizes: tuple[int, int]
) -> np.ndarray:
    """Return a picture of a file resized by linear interpolation: what `load_img` and
    `ops.image.resize` give, in less time.

    Args:
        path: the file.
        color_mode: "rgb" or "rgba".
        sizes: height and width in pixels.

    Returns:
        Array `(*sizes, channels)` of float32, 0 to 255.

    Raises:
        ImportError, FileNotFoundError, ValueError: as `load_img`.
    """
    if opencv() is None:
        return _resized(load_img(path, color_mode), sizes)
    points = decoded(path, _pillow().MAX_IMAGE_PIXELS) if color_mode == "rgb" else None
    return resized(np.asarray(load_img(path, color_mode)) if points is None else points, sizes)


def _resized(picture: Image, sizes: tuple[int, int]) -> np.ndarray:
    """Resize a coloured picture in NumPy; a point's four bytes are moved as one number."""
    channels = len(picture.mode)
    # Pillow keeps three channels in four bytes, and gives them away like that at no cost.
    points = np.asarray(picture if channels == 4 else picture.convert("RGBX"))
    points = points.view("uint32")[..., 0]
    (rows, down), (columns, across) = (
        sampling.taps(have, want, "bilinear", False)
        for have, want in zip(points.shape, sizes, strict=True)
    )
    wide = _blended(
        [points.take(places, axis=1).view("uint8").astype("float32") for places in columns],
        np.repeat(across[-1], 4),
    )
    result = _blended([wide.take(places, axis=0) for places in rows], down[-1][:, None])
    return result.reshape(*sizes, 4)[..., :channels]


def _blended(neighbours: list[np.ndarray], share: np.ndarray) -> np.ndarray:
    """Go from the first to the second by a share of the way, in place; one alone stays."""
    first, *others = neighbours
    for second in others:
        second -= first
        second *= share.astype("float32")
        first += second
    return first


def smart_resize(
    x: Any,
    size: int | Sequence[int],
    interpolation: str = "bilinear",
    data_format: str = "channels_last",
    **kwargs: Any,
) -> Any:
    """Resize pictures without distorting them: what is too much in one direction is cut off.

    The largest part in the middle that has the proportions of `size` is resized.

    Args:
        x: one picture `(height, width, channels)` or a batch of them; array or tensor.
        size: `(height, width)` of the result, in pixels.
        interpolation: "bilinear", "nearest", "bicubic", "lanczos3" or "lanczos5".
        data_format: "channels_last" or "channels_first".
        **kwargs: only `backend_module`, which is accepted for Keras' sake and ignored.

    Returns:
        Pictures of the new size, as floats, or by "nearest" in the old dtype: an array for an
        array, else a tensor of the same engine.

    Raises:
        ValueError: for another rank, size or option.

    >>> import kerata, numpy as np
    >>> kerata.preprocessing.image.smart_resize(np.ones((10, 20, 3)), (4, 4)).shape
    (4, 4, 3)
    """
    unknown = set(kwargs) - {"backend_module"}
    if unknown:
        raise TypeError(f"smart_resize() got an unexpected argument {sorted(unknown)[0]!r}.")
    if np.ndim(x) not in (3, 4):
        raise ValueError(
            "`smart_resize` takes a picture (height, width, channels) or a batch of them, got "
            f"shape {np.shape(x)}."
        )
    sizes = sizes_of("size", size)
    data_format = _checked_format(data_format)
    if isinstance(x, np.ndarray):
        with use_backend("numpy"):
            return np.asarray(_cut_and_resized(x, sizes, interpolation, data_format))
    return _cut_and_resized(x, sizes, interpolation, data_format)


def _cut_and_resized(x: Any, sizes: tuple[int, int], interpolation: str, data_format: str) -> Any:
    from kerata.ops import cast

    rows = np.ndim(x) - (3 if data_format == "channels_last" else 2)
    height, width = np.shape(x)[rows : rows + 2]
    left, upper, right, lower = _proportional_box((width, height), sizes)
    part = [slice(None)] * np.ndim(x)
    part[rows], part[rows + 1] = slice(upper, lower), slice(left, right)
    inner = x[tuple(part)]
    if interpolation != "nearest":
        inner = cast(inner, config.floatx())
    return resize(inner, sizes, interpolation, data_format=data_format)
