"""Normalization: numbers with mean 0 and variance 1, by the statistics of a data set."""

from __future__ import annotations

from typing import Any

import numpy as np

from kerata import ops
from kerata.backend import select
from kerata.core import config
from kerata.core.registry import register
from kerata.core.rules import canonical_axes
from kerata.core.spec import shape_of
from kerata.core.variable import numpy_dtype
from kerata.layers.layer import Layer
from kerata.layers.preprocessing.adaptation import batches_of
from kerata.layers.preprocessing.text_arrays import as_array


@register("layers")
class Normalization(Layer):
    """Returns `(inputs - mean) / sqrt(variance)`, with statistics given or learned by `adapt`.

    Args:
        axis: the axes that have statistics for each position, such as that of the features; the
            statistics are over all other axes. `None`: one mean and one variance.
        mean: a number, or an array of the sizes of `axis`. Without it, `adapt` learns both.
        variance: likewise.
        invert: whether to return `inputs * sqrt(variance) + mean` instead.

    Input and output: any shape.

    Statistics are exact: batches are merged by the formula of Chan, Golub and LeVeque (1979) in
    64 bits. A standard deviation below `config.epsilon()` counts as `config.epsilon()`.

    >>> import kerata
    >>> layer = kerata.layers.Normalization()
    >>> layer.adapt([[1.0, 10.0], [3.0, 30.0]])
    >>> layer([[2.0, 10.0]]).tolist()
    [[0.0, -1.0]]
    """

    def __init__(
        self,
        axis: Any = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if (mean is None) != (variance is None):
            raise ValueError("Normalization takes `mean` and `variance` together, or none of them.")
        self.axis = () if axis is None else tuple(axis) if hasattr(axis, "__iter__") else (axis,)
        self.mean_given = _plain(mean)
        self.variance_given = _plain(variance)
        if np.ndim(self.mean_given or 0.0) > max(1, len(self.axis)):
            raise ValueError(
                f"`mean` has shape {np.shape(mean)}; expected one number for each position along "
                f"the axes {self.axis}."
            )
        self.invert = invert
        self.supports_masking = True
        self.mean: Any = None
        self.variance: Any = None
        self.count: Any = None
        self._axes: tuple[int, ...] = ()
        self.reset_state()

    def build(self, input_shape: tuple) -> None:
        """Make the statistics for an input shape; mean 0 and variance 1 until they are learned."""
        axes = canonical_axes(self.axis, len(input_shape)) if self.axis else ()
        self._axes = tuple(sorted(axes))
        sizes = tuple(input_shape[axis] for axis in self._axes)
        if None in sizes and (self.mean_given is None or np.ndim(self.mean_given)):
            raise ValueError(
                f"Layer {self.path!r} normalizes along the axes {self.axis} of an input of shape "
                f"{tuple(input_shape)}: their sizes must be known."
            )
        if self.mean_given is not None:
            return

        def statistic(name: str, initializer: str, shape: tuple, dtype: str | None = None) -> Any:
            return self.add_weight(
                shape, initializer, dtype=dtype, trainable=False, autocast=False, name=name
            )

        self.mean = statistic("mean", "zeros", sizes)
        self.variance = statistic("variance", "ones", sizes)
        # Nothing is counted here: files of Keras have the place.
        self.count = statistic("count", "zeros", (), "int32")

    # -- learning --------------------------------------------------------------------------

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Learn mean and variance.

        Args:
            data: an array, a list, a column of a data frame, or a source of batches.
            steps: how many batches to take of a source; all by default.

        Raises:
            ValueError: if they were given, or there are no data.
        """
        if self.mean_given is not None:
            raise ValueError(
                f"Layer {self.name!r} was given its mean and variance, so it cannot learn them: "
                "make a layer without."
            )
        self.reset_state()
        for batch in batches_of(data, steps):
            self.update_state(batch)
        self.finalize_state()

    def reset_state(self) -> None:
        """Forget the statistics of `update_state`."""
        self._seen_values = 0
        self._running_mean: Any = 0.0
        self._squares: Any = 0.0

    def update_state(self, data: Any) -> None:
        """Take the values of a batch into account."""
        values = np.asarray(as_array(data))
        values = values.astype(np.float64)
        if not self.built:
            self.build(values.shape)
        others = tuple(i for i in range(values.ndim) if i not in self._axes)
        count = int(np.prod([values.shape[i] for i in others]))
        if not count:
            return
        mean = values.mean(axis=others, keepdims=True)
        squares = np.square(values - mean).sum(axis=others)
        mean = mean.reshape(squares.shape)
        total = self._seen_values + count
        shift = mean - self._running_mean
        self._squares = self._squares + squares + shift**2 * (self._seen_values * count / total)
        self._running_mean = self._running_mean + shift * (count / total)
        self._seen_values = total

    def finalize_state(self) -> None:
        """Set mean and variance by all values so far.

        Raises:
            ValueError: if there are none.
        """
        if not self._seen_values:
            raise ValueError(f"The data given to {self.name!r} are empty: nothing to learn.")
        self.mean.assign(np.asarray(self._running_mean))
        self.variance.assign(np.asarray(self._squares) / self._seen_values)

    # -- computing -------------------------------------------------------------------------

    def call(self, inputs: Any) -> Any:
        """Return the normalized inputs, or the original ones of normalized inputs."""
        inputs = ops.cast(inputs, self.compute_dtype)
        mean, deviation = self._mean_and_deviation(inputs)
        if self.invert:
            return ops.add(ops.multiply(inputs, deviation), mean)
        return ops.true_divide(ops.subtract(inputs, mean), deviation)

    def _mean_and_deviation(self, inputs: Any) -> tuple[Any, Any]:
        """Return the statistics with the axes and the dtype of the inputs."""
        shape = shape_of(inputs)
        sizes = [shape[i] if i in self._axes else 1 for i in range(len(shape))]
        constants = self._constants(inputs)
        if constants is None:
            deviation = ops.maximum(ops.sqrt(self.variance), config.epsilon())
            statistics = (self.mean, deviation)
            return tuple(  # type: ignore[return-value]
                ops.reshape(ops.cast(each, self.compute_dtype), sizes) for each in statistics
            )
        mean, variance = constants
        kept, dtype = [shape[i] for i in self._axes], numpy_dtype(self.compute_dtype)
        deviation = np.maximum(np.sqrt(variance), config.epsilon())

        def aligned(values: np.ndarray) -> np.ndarray:
            spread = np.broadcast_to(values, kept).reshape(sizes) if values.ndim else values
            return np.asarray(spread, dtype)

        return aligned(mean), aligned(deviation)

    def _constants(self, inputs: Any) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the statistics as arrays, if they were given or inputs are of another engine.

        The pipelines of `tf.data` call layers on tensors of TensorFlow, whatever their backend.
        """
        if self.mean_given is not None:
            return np.asarray(self.mean_given), np.asarray(self.variance_given)
        engine = select.engine_of(inputs)
        if engine is not None and engine is not self.backend:
            return self.mean.numpy(), self.variance.numpy()
        return None

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments; learned statistics are weights."""
        return {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": self.dtype_policy,
            "axis": self.axis,
            "invert": self.invert,
            "mean": self.mean_given,
            "variance": self.variance_given,
        }


def _plain(value: Any) -> Any:
    """Return numbers and arrays as what a file can hold."""
    return value if value is None else np.asarray(value, np.float64).tolist()
