"""Pictures by OpenCV, where it is installed: what Pillow and `ops.image.resize` give, faster."""

from __future__ import annotations

import functools
import os
from typing import Any

import numpy as np

from kerata.core.threads import is_forked

#: markers of JPEG files (ITU-T T.81, table B.1): start and end of a picture, and of its parts
_START, _END = b"\xff\xd8", b"\xff\xd9"
_MARK = 0xFF
#: those of the part that says how large the picture is and how many colours it has
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_COLOURS = 3


def opencv() -> Any:
    """Return the module `cv2`; `None` where it is missing, or would wait for lost threads."""
    return None if is_forked() else _imported()


@functools.cache
def _imported() -> Any:
    try:
        import cv2
    except ImportError:
        return None
    return cv2


def decoded(path: str | os.PathLike[str], most: int | None) -> np.ndarray | None:
    """Return the points of a coloured JPEG file, or `None` if Pillow shall read it: another kind of
    file, or one that may be damaged. OpenCV, which must be there, reads on where data are missing.

    Args:
        path: the file.
        most: how many points the picture may have; `None` for any number.

    Returns:
        Array `(height, width, 3)` of uint8: red, green, blue.
    """
    cv2 = opencv()
    with open(path, "rb") as file:
        start = file.read(len(_START))
        data = start + file.read() if start == _START else start
    height, width, colours = _frame(data)
    if colours != _COLOURS or not data.endswith(_END):
        return None
    if most is not None and height * width > most:
        return None
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    points = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    if points is None or points.shape[:2] != (height, width):
        return None
    return cv2.cvtColor(points, cv2.COLOR_BGR2RGB, dst=points)


def _frame(data: bytes) -> tuple[int, int, int]:
    """Return height, width and number of colours of a JPEG file; zeros if it is none."""
    place = len(_START) if data.startswith(_START) else len(data)
    while place + 10 <= len(data) and data[place] == _MARK:
        if data[place + 1] in _FRAMES:
            height, width = data[place + 5 : place + 7], data[place + 7 : place + 9]
            return int.from_bytes(height), int.from_bytes(width), data[place + 9]
        place += 2 + int.from_bytes(data[place + 2 : place + 4])
    return 0, 0, 0


def resized(points: np.ndarray, sizes: tuple[int, int]) -> np.ndarray:
    """Return points `(height, width, channels)` of bytes at other sizes, by linear interpolation.

    Returns:
        Array `(*sizes, channels)` of float32, 0 to 255.
    """
    return opencv().resize(points.astype("float32"), sizes[::-1])
