"""LayerNormalization: each sample is normalized over its own features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kerata import ops
from kerata.core.registry import register
from kerata.layers.arguments import Named, Shape, axes
from kerata.layers.normalization.affine import Affine
from kerata.layers.shapes import known_size


@register("layers")
class LayerNormalization(Affine):
    """Normalizes each sample over its features.

    `outputs = gamma * (inputs - mean) / sqrt(variance + epsilon) + beta`

    Args:
        axis: The axis, or axes, of the features.
        epsilon: Added to the variance.
        center, scale: Whether `beta` is added, whether `gamma` multiplies.
        beta_initializer, gamma_initializer: First values of the variables.
        beta_regularizer, gamma_regularizer: Penalties on the variables.
        beta_constraint, gamma_constraint: Projections applied after each update.

    Raises:
        ValueError: If the size of an axis is unknown when the layer is built.

    Reference: Ba, Kiros and Hinton, "Layer normalization", 2016.

    >>> import kerata
    >>> layer = kerata.layers.LayerNormalization(epsilon=0.0)
    >>> layer(kerata.ops.array([[1.0, 3.0]])).tolist()
    [[-1.0, 1.0]]
    """

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
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
        if kwargs.pop("rms_scaling", False):
            raise ValueError(
                "`rms_scaling` divides by the variance, not by the root mean square. Use "
                "kerata.layers.RMSNormalization()."
            )
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
        self.axis = axes(axis)
        self.epsilon = epsilon

    def build(self, input_shape: Shape) -> None:
        """Make `gamma` and `beta`, of the sizes of the axes."""
        listed = [self.axis] if isinstance(self.axis, int) else self.axis
        sizes = [known_size(self, input_shape, axis) for axis in listed]
        self.make_affine(sizes)

    def call(self, inputs: Any) -> Any:
        """Return `gamma * (inputs - mean) / sqrt(variance + epsilon) + beta`."""
        inputs = self.to_full_precision(inputs)
        outputs = ops.layer_normalization(
            inputs,
            gamma=self.gamma,
            beta=self.beta,
            axis=self.axis,
            epsilon=self.epsilon,
        )
        return self.to_compute_dtype(outputs)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments, and that the deprecated option of Keras is off."""
        return {**super().get_config(), "rms_scaling": False}
