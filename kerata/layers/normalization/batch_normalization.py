"""BatchNormalization: each feature is normalized over the samples of a batch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from kerata import initializers, ops
from kerata.core.registry import register
from kerata.core.spec import dtype_of, shape_of
from kerata.core.variable import Variable, assign_all
from kerata.layers.arguments import Named, Shape, axes
from kerata.layers.input_spec import InputSpec
from kerata.layers.normalization.affine import Affine
from kerata.layers.shapes import known_size


@register("layers")
class BatchNormalization(Affine):
    """Normalizes each feature over the batch in training, by moving averages in inference.

    `outputs = gamma * (inputs - mean) / sqrt(variance + epsilon) + beta`

    Args:
        axis: The axis of the features.
        momentum: How much of the moving averages each training step keeps.
        epsilon: Added to the variance.
        center, scale: Whether `beta` is added, whether `gamma` multiplies.
        beta_initializer, gamma_initializer: First values of the variables.
        moving_mean_initializer, moving_variance_initializer: First values of the averages.
        beta_regularizer, gamma_regularizer: Penalties on the variables.
        beta_constraint, gamma_constraint: Projections applied after each update.
        renorm: Whether training uses the moving averages too, as corrected by Ioffe, 2017.
        renorm_clipping: Limits `"rmin"`, `"rmax"` and `"dmax"` of that correction.
        renorm_momentum: As `momentum`, for the averages that the correction uses.
        synchronized: Whether statistics are those of all devices together.

    Call arguments:
        inputs: Any shape.
        training: Whether to normalize by the batch and update the averages. If `trainable` is
            `False`, the averages are used and kept.
        mask: Booleans, a prefix of the inputs' shape; positions that are `False` do not count
            in the statistics.

    Raises:
        ValueError: If the number of features is unknown when the layer is built.

    Reference: Ioffe and Szegedy, "Batch normalization: accelerating deep network training by
    reducing internal covariate shift", 2015.

    >>> import kerata
    >>> layer = kerata.layers.BatchNormalization(epsilon=0.0)
    >>> layer(kerata.ops.array([[1.0], [3.0]]), training=True).tolist()
    [[-1.0], [1.0]]
    """

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Named = "zeros",
        gamma_initializer: Named = "ones",
        moving_mean_initializer: Named = "zeros",
        moving_variance_initializer: Named = "ones",
        beta_regularizer: Named = None,
        gamma_regularizer: Named = None,
        beta_constraint: Named = None,
        gamma_constraint: Named = None,
        renorm: bool = False,
        renorm_clipping: Mapping[str, float] | None = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
            beta_constraint,
            gamma_constraint,
            **kwargs,
        )
        self.axis = _single_axis(axis)
        self.momentum = momentum
        self.epsilon = epsilon
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.renorm = renorm
        clipping = _checked_clipping(renorm_clipping)
        self.renorm_clipping = clipping or {} if renorm else clipping
        self.renorm_momentum = renorm_momentum
        self.synchronized = synchronized

    def build(self, input_shape: Shape) -> None:
        """Make `gamma`, `beta`, `moving_mean` and `moving_variance`, one value per feature."""
        features = known_size(self, input_shape, self.axis)
        self.make_affine((features,))
        self.moving_mean = self._average("moving_mean", features, self.moving_mean_initializer)
        self.moving_variance = self._average(
            "moving_variance", features, self.moving_variance_initializer
        )
        if self.renorm:
            ones = initializers.get("ones")
            self.moving_stddev = self._average("moving_stddev", features, ones)
            self.renorm_mean = self._average("renorm_mean", features, initializers.get("zeros"))
            self.renorm_stddev = self._average("renorm_stddev", features, ones)
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: features})
        axis = self.axis % len(input_shape)
        self._reduced_axes = tuple(i for i in range(len(input_shape)) if i != axis)

    def _average(self, name: str, features: int, initializer: Any) -> Variable:
        return self.add_weight(
            name=name,
            shape=(features,),
            initializer=initializer,
            trainable=False,
            autocast=False,
        )

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Return `gamma * (inputs - mean) / sqrt(variance + epsilon) + beta`."""
        inputs = self.to_full_precision(inputs)
        if not training or not self.trainable:
            outputs = self._normalize(inputs, self.moving_mean, self.moving_variance)
        elif self.renorm:
            outputs = self._call_renormalized(inputs, mask)
        else:
            outputs = self._call_training(inputs, mask)
        return self.to_compute_dtype(outputs)

    def _call_training(self, inputs: Any, mask: Any) -> Any:
        """Return the inputs normalized by their own moments, and move the averages."""
        if mask is None:
            outputs, mean, variance = ops.nn.normalize_batch(
                inputs, self.beta, self.gamma, self.axis, self.epsilon
            )
        else:
            mean, variance = self._moments(inputs, mask)
            outputs = self._normalize(inputs, mean, variance)
        averages = [self.moving_mean, self.moving_variance]
        self._update(self.momentum, averages, [mean, variance])
        return outputs

    def _call_renormalized(self, inputs: Any, mask: Any) -> Any:
        """Return the inputs normalized as in Ioffe, 2017, and move the averages.

        `gamma * ((inputs - mean) / stddev * r + d) + beta`, `r = stddev / average stddev` and
        `d = (mean - average mean) / average stddev`, both clipped and without gradients.
        """
        mean, variance = self._moments(inputs, mask)
        stddev = ops.sqrt(variance + self.epsilon)
        limits = {"rmin": 0.0, "rmax": math.inf, "dmax": math.inf, **(self.renorm_clipping or {})}
        r = ops.divide(stddev, self.renorm_stddev)
        r = ops.stop_gradient(ops.clip(r, limits["rmin"], limits["rmax"]))
        d = ops.divide(ops.subtract(mean, self.renorm_mean), self.renorm_stddev)
        d = ops.stop_gradient(ops.clip(d, -limits["dmax"], limits["dmax"]))
        normalized = ops.batch_normalization(
            inputs, mean, variance, self.axis, offset=d, scale=r, epsilon=self.epsilon
        )
        self._update_renorm(mean, stddev)
        return self._scale_and_center(normalized)

    def _normalize(self, inputs: Any, mean: Any, variance: Any) -> Any:
        return ops.batch_normalization(
            inputs,
            mean,
            variance,
            self.axis,
            offset=self.beta,
            scale=self.gamma,
            epsilon=self.epsilon,
        )

    def _moments(self, inputs: Any, mask: Any) -> tuple[Any, Any]:
        """Return mean and variance of each feature over the positions that count."""
        if mask is None:
            return ops.moments(inputs, axes=self._reduced_axes, synchronized=self.synchronized)
        missing = len(shape_of(inputs)) - len(shape_of(mask))
        mask = ops.expand_dims(mask, tuple(range(-missing, 0))) if missing else mask
        weights = ops.broadcast_to(ops.cast(mask, dtype_of(inputs)), ops.shape(inputs))
        total = ops.maximum(ops.sum(weights, self._reduced_axes, keepdims=True), 1)
        mean = ops.sum(weights * inputs, self._reduced_axes, keepdims=True) / total
        squares = weights * ops.square(inputs - mean)
        variance = ops.sum(squares, self._reduced_axes, keepdims=True) / total
        return ops.squeeze(mean, self._reduced_axes), ops.squeeze(variance, self._reduced_axes)

    def _scale_and_center(self, normalized: Any) -> Any:
        shape = [1] * len(shape_of(normalized))
        shape[self.axis] = -1
        if self.gamma is not None:
            normalized = ops.multiply(normalized, ops.reshape(self.gamma, shape))
        if self.beta is not None:
            normalized = ops.add(normalized, ops.reshape(self.beta, shape))
        return normalized

    def _update_renorm(self, mean: Any, stddev: Any) -> None:
        """Move the averages of batch renormalization, of standard deviations, not variances."""
        self._update(self.renorm_momentum, [self.renorm_mean, self.renorm_stddev], [mean, stddev])
        self._update(self.momentum, [self.moving_mean, self.moving_stddev], [mean, stddev])
        variance = ops.subtract(ops.square(self.moving_stddev), self.epsilon)
        self.moving_variance.assign(variance)

    def _update(self, momentum: float, averages: list[Variable], values: list[Any]) -> None:
        """Move averages towards the values of this batch."""
        new = [
            average.value * momentum + value * (1.0 - momentum)
            for average, value in zip(averages, values, strict=True)
        ]
        assign_all(averages, new)


def _single_axis(axis: Any) -> int:
    checked = axes(axis)
    if isinstance(checked, int):
        return checked
    if len(checked) == 1:
        return checked[0]
    raise ValueError(f"`axis` is {axis}; batch normalization has one axis of features: give one.")


def _checked_clipping(clipping: Mapping[str, float] | None) -> dict[str, float] | None:
    unknown = sorted(set(clipping or {}) - {"rmin", "rmax", "dmax"})
    if unknown:
        raise ValueError(
            f"`renorm_clipping` has the keys {unknown}; expected some of 'rmin', 'rmax', 'dmax'."
        )
    return None if clipping is None else dict(clipping)
