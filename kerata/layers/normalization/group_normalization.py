"""GroupNormalization: each sample is normalized over groups of its channels."""

from __future__ import annotations

from typing import Any

from kerata import ops
from kerata.core.registry import register
from kerata.core.spec import shape_of
from kerata.layers.arguments import Named, Shape
from kerata.layers.input_spec import InputSpec
from kerata.layers.normalization.affine import Affine
from kerata.layers.shapes import known_size


@register("layers")
class GroupNormalization(Affine):
    """Normalizes each sample over groups of channels and over all positions.

    `outputs = gamma * (inputs - mean) / sqrt(variance + epsilon) + beta`, with the mean and
    variance of the group that a channel belongs to.

    Args:
        groups: Number of groups; -1 for one group per channel (instance normalization).
        axis: The axis of the channels.
        epsilon: Added to the variance.
        center, scale: Whether `beta` is added, whether `gamma` multiplies.
        beta_initializer, gamma_initializer: First values of the variables.
        beta_regularizer, gamma_regularizer: Penalties on the variables.
        beta_constraint, gamma_constraint: Projections applied after each update.

    Raises:
        ValueError: If the groups do not divide the channels, or their number is unknown.

    Reference: Wu and He, "Group normalization", 2018.

    >>> import kerata
    >>> layer = kerata.layers.GroupNormalization(groups=2, epsilon=0.0)
    >>> layer(kerata.ops.array([[1.0, 3.0, 4.0, 8.0]])).tolist()
    [[-1.0, 1.0, -1.0, 1.0]]
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Named = "zeros",
        gamma_initializer: Named = "ones",
        beta_regularizer: Named = None,
        gamma_regularizer: Named = None,
        beta_constraint: Named = None,
        gamma_constraint: Named = None,
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
        self.groups = groups
        self.axis = axis
        self.epsilon = epsilon

    def build(self, input_shape: Shape) -> None:
        """Make `gamma` and `beta`, one value per channel."""
        channels = known_size(self, input_shape, self.axis)
        if self.groups == -1:
            self.groups = channels
        if channels % self.groups:
            raise ValueError(
                f"{self.path}: {self.groups} groups do not divide the {channels} channels of an "
                f"input of shape {input_shape}. Choose a divisor, as groups={_divisor(channels)}."
            )
        self.make_affine((channels,))
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: channels})
        axis = self.axis % len(input_shape)
        self._positions = tuple(i for i in range(1, len(input_shape)) if i != axis)
        self._per_channel = tuple(channels if i == axis else 1 for i in range(1, len(input_shape)))

    def call(self, inputs: Any) -> Any:
        """Return `gamma * (inputs - mean) / sqrt(variance + epsilon) + beta`."""
        inputs = self.to_full_precision(inputs)
        centered = ops.subtract(inputs, self._group_mean(inputs))
        scale = ops.rsqrt(self._group_mean(ops.square(centered)) + self.epsilon)
        if self.gamma is not None:
            scale = ops.multiply(scale, ops.reshape(self.gamma, self._per_channel))
        outputs = ops.multiply(centered, scale)
        if self.beta is not None:
            outputs = ops.add(outputs, ops.reshape(self.beta, self._per_channel))
        return self.to_compute_dtype(outputs)

    def _group_mean(self, inputs: Any) -> Any:
        """Return for each sample and channel the mean of its group over all positions."""
        means = ops.mean(inputs, self._positions) if self._positions else inputs
        channels = shape_of(means)[1]
        grouped = ops.reshape(means, (-1, self.groups, channels // self.groups))
        group_means = ops.mean(grouped, axis=-1)
        per_channel = ops.repeat(group_means, channels // self.groups, axis=-1)
        return ops.reshape(per_channel, (-1, *self._per_channel))


def _divisor(channels: int) -> int:
    """Return the largest divisor up to 32."""
    return max(n for n in range(1, min(channels, 32) + 1) if channels % n == 0)
