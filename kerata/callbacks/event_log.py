"""EventLog: numbers, histograms and pictures in a folder that TensorBoard shows."""

from __future__ import annotations

import io
import time
from typing import Any

import numpy as np

#: how many bars a histogram has
_BARS = 30


class EventLog:
    """Writes events with TensorBoard's own writer, which needs no TensorFlow.

    Args:
        folder: Where to; it is made.

    Raises:
        ImportError: If TensorBoard is not installed.
    """

    def __init__(self, folder: str) -> None:
        try:
            from tensorboard.summary.writer.event_file_writer import EventFileWriter
        except ImportError as error:
            raise ImportError(
                "The TensorBoard callback needs tensorboard: pip install 'kerata[tensorboard]'"
            ) from error
        self._writer = EventFileWriter(folder)

    def scalar(self, name: str, data: Any, step: int) -> None:
        """Write a number."""
        self._write(name, np.float32(data), step, "scalars")

    def histogram(self, name: str, data: Any, step: int) -> None:
        """Write how values are distributed: the left edge, right edge and count of each bar."""
        counts, edges = np.histogram(np.asarray(data).astype("float64"), bins=_BARS)
        bars = np.stack([edges[:-1], edges[1:], counts.astype("float64")], axis=1)
        self._write(name, bars, step, "histograms")

    def image(self, name: str, data: Any, step: int) -> None:
        """Write pictures of shape (number, height, width, channels), each from black to white."""
        images = np.asarray(data)
        height, width = images.shape[1:3]
        sizes = [str(width).encode(), str(height).encode()]
        found = np.array([*sizes, *(_png(image) for image in images)], dtype=object)
        self._write(name, found, step, "images")

    def model(self, json: str) -> None:
        """Write the architecture of a model."""
        self._write("keras", np.array(json.encode(), dtype=object), 0, "graph_keras_model", b"1")

    def flush(self) -> None:
        """Let readers see what has been written."""
        self._writer.flush()

    def close(self) -> None:
        """Write the rest, and close the file."""
        self._writer.close()

    def _write(self, tag: str, value: Any, step: int, plugin: str, content: bytes = b"") -> None:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
        from tensorboard.util.tensor_util import make_tensor_proto

        data = SummaryMetadata.PluginData(plugin_name=plugin, content=content)
        entry = Summary.Value(
            tag=tag,
            tensor=make_tensor_proto(value),
            metadata=SummaryMetadata(plugin_data=data),
        )
        event = Event(wall_time=time.time(), step=step, summary=Summary(value=[entry]))
        self._writer.add_event(event)


def _png(image: np.ndarray) -> bytes:
    """Return a picture, whatever its values, as a PNG file."""
    from PIL import Image  # comes with TensorBoard

    low, high = float(image.min()), float(image.max())
    scaled = (image.astype("float64") - low) / ((high - low) or 1.0)
    pixels = (255 * scaled).round().astype("uint8")
    file = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(file, "png")
    return file.getvalue()
