"""TensorBoard: metrics, distributions and pictures of weights for TensorBoard to show."""

from __future__ import annotations

import os
import time
import warnings
from typing import Any

import numpy as np

from kerata.callbacks import learning_rate
from kerata.callbacks.callback import Callback, Logs
from kerata.callbacks.event_log import EventLog
from kerata.core.errors import KerataWarning


class TensorBoard(Callback):
    """Write what happens in training to a folder; `tensorboard --logdir logs` shows it.

    Args:
        log_dir: The folder; it gets the folders `train` and `validation`.
        histogram_freq: Every how many epochs the distribution of each weight is written.
        write_graph: Whether the architecture is written.
        write_images: Whether matrices and filters are also written as pictures, with the
            histograms.
        write_steps_per_second: Whether the speed is written.
        update_freq: `"epoch"`, `"batch"`, or a number of batches: how often metrics are written.
        profile_batch: 0. The engines have their own profilers, such as `jax.profiler`.
        embeddings_freq: Every how many epochs the tables of embedding layers are written.
        embeddings_metadata: A file of labels of the rows, or a dict of such by name of layer.

    Raises:
        ValueError: If an argument is out of its range.
        ImportError: If TensorBoard is not installed.

    >>> import kerata
    >>> kerata.callbacks.TensorBoard("logs", update_freq=100).update_freq
    100
    """

    # Metrics are only looked at where they are due: steps may be computed several at once.
    fusable = True
    takes_lazy_logs = True
    state_names = ("_step",)

    def __init__(
        self,
        log_dir: str | os.PathLike[str] = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: str | int = "epoch",
        profile_batch: Any = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: Any = None,
    ):
        super().__init__()
        if profile_batch:
            raise ValueError(
                "TensorBoard: `profile_batch` must be 0; use the profiler of the engine, such as "
                "`jax.profiler.trace(log_dir)` or `torch.profiler.profile()`."
            )
        if update_freq not in ("epoch", "batch") and (
            not isinstance(update_freq, int) or update_freq < 1
        ):
            raise ValueError(
                f"TensorBoard: `update_freq` is {update_freq!r}; expected 'epoch', 'batch' or a "
                "number of batches."
            )
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq = histogram_freq
        self.write_graph = write_graph
        self.write_images = write_images
        self.write_steps_per_second = write_steps_per_second
        self.update_freq = 1 if update_freq == "batch" else update_freq
        self.embeddings_freq = embeddings_freq
        self.embeddings_metadata = embeddings_metadata
        self._logs: dict[str, EventLog] = {}
        self._step = 0
        self._begun = (0.0, 0)
        self._training = False

    def _log(self, part: str) -> EventLog:
        if part not in self._logs:
            self._logs[part] = EventLog(os.path.join(self.log_dir, part))
        return self._logs[part]

    @property
    def summary(self) -> EventLog:
        """What writes more to the folder of training: numbers, histograms and pictures.

        Its methods are `scalar(name, data, step)`, `histogram(name, data, step)` and
        `image(name, data, step)`, as those of `tf.summary`.
        """
        return self._log("train")

    # -- training --------------------------------------------------------------------------

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Open the folder, and write the architecture."""
        self._training = True
        log = self._log("train")
        if self.write_graph:
            try:
                log.model(self.model.to_json())
            except (TypeError, ValueError, NotImplementedError) as error:
                warnings.warn(
                    f"The model has no configuration for TensorBoard to show: {error}",
                    KerataWarning,
                    stacklevel=2,
                )

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Close the files."""
        self._training = False
        self._close()

    def _close(self) -> None:
        for log in self._logs.values():
            log.close()
        self._logs = {}

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Begin to measure the speed."""
        self._begun = (time.perf_counter(), self._step)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Write metrics, if that is done by batches."""
        self._step += 1
        if self.update_freq == "epoch" or self._step % self.update_freq:  # type: ignore[operator]
            return
        values = logs() if callable(logs) else logs
        for name, value in (values or {}).items():
            self._log("train").scalar(f"batch_{name}", _number(value), self._step)
        if self.write_steps_per_second:
            self._log("train").scalar("batch_steps_per_second", self._speed(), self._step)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write metrics and learning rate, and the weights where they are due."""
        for name, value in (logs or {}).items():
            part = "validation" if name.startswith("val_") else "train"
            tag = f"epoch_{name.removeprefix('val_')}"
            self._log(part).scalar(tag, _number(value), epoch)
        if hasattr(self.model.optimizer, "learning_rate"):
            rate = learning_rate.get(self.model, "TensorBoard")
            self._log("train").scalar("epoch_learning_rate", rate, epoch)
        if self.write_steps_per_second:
            self._log("train").scalar("epoch_steps_per_second", self._speed(), epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._write_weights(epoch)
        if self.embeddings_freq and epoch % self.embeddings_freq == 0:
            self._write_embeddings()
        for log in self._logs.values():
            log.flush()

    def _speed(self) -> float:
        begun, step = self._begun
        return (self._step - step) / max(time.perf_counter() - begun, 1e-9)

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Write the metrics of an evaluation, by the number of training steps before it."""
        for name, value in (logs or {}).items():
            tag = f"evaluation_{name}_vs_iterations"
            self._log("validation").scalar(tag, _number(value), self._step)
        if not self._training:
            self._close()

    # -- weights ---------------------------------------------------------------------------

    def _write_weights(self, epoch: int) -> None:
        log = self._log("train")
        for weight in self.model.weights:
            values = weight.numpy().astype("float32")
            log.histogram(f"{weight.path}/histogram", values, epoch)
            images = _as_images(values) if self.write_images else None
            if images is not None:
                log.image(f"{weight.path}/image", images, epoch)

    def _write_embeddings(self) -> None:
        """Write the tables as text, and what TensorBoard's projector needs to find them."""
        entries = []
        for layer in self.model._flatten_layers():
            table = getattr(layer, "embeddings", None)
            if table is None:
                continue
            file = f"{layer.path.replace('/', '_')}.tsv"
            folder = os.path.join(self.log_dir, "train")
            np.savetxt(os.path.join(folder, file), np.asarray(table), fmt="%.6g", delimiter="\t")
            entries.append(_projector_entry(layer.name, file, self._labels_of(layer.name)))
        path = os.path.join(self.log_dir, "train", "projector_config.pbtxt")
        with open(path, "w", encoding="utf-8") as stream:
            stream.write("\n".join(entries))

    def _labels_of(self, layer: str) -> str | None:
        labels = self.embeddings_metadata
        return labels.get(layer) if isinstance(labels, dict) else labels


def _number(value: Any) -> float:
    return float(np.mean(np.asarray(value)))


def _projector_entry(name: str, file: str, labels: str | None) -> str:
    lines = [f'tensor_name: "{name}"', f'tensor_path: "{file}"']
    if labels is not None:
        lines.append(f'metadata_path: "{os.path.abspath(labels)}"')
    return "embeddings {\n  " + "\n  ".join(lines) + "\n}\n"


def _as_images(values: np.ndarray) -> np.ndarray | None:
    """Return a matrix as one picture and the filters of a convolution as one each, else `None`."""
    if values.ndim == 2:
        return values[None, :, :, None]
    if values.ndim == 4 and values.shape[2] in (1, 3):
        return np.moveaxis(values, -1, 0)
    return None
