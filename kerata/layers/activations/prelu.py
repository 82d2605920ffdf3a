"""PReLU: a leaky ReLU whose slopes are trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kerata import constraints, initializers, ops, regularizers
from kerata.core.registry import register
from kerata.layers.arguments import Named, Shape
from kerata.layers.input_spec import InputSpec
from kerata.layers.layer import Layer
from kerata.layers.shapes import known_size


@register("layers")
class PReLU(Layer):
    """Returns `x` where it is positive and `alpha * x` where it is not, with trained `alpha`.

    Args:
        alpha_initializer: First slopes.
        alpha_regularizer: Penalty on the slopes.
        alpha_constraint: Projection applied after each update.
        shared_axes: Axes (from 1, the batch being 0) along which all positions have the same
            slope: `[1, 2]` gives images one slope per channel.

    Raises:
        ValueError: If an axis that is not shared has no known size.

    Reference: He, Zhang, Ren and Sun, "Delving deep into rectifiers", 2015.

    >>> import kerata
    >>> layer = kerata.layers.PReLU("ones", shared_axes=[1])
    >>> layer(kerata.ops.array([[[-1.0, 2.0]]])).tolist(), layer.alpha.shape
    ([[[-1.0, 2.0]]], (1, 2))
    """

    def __init__(
        self,
        alpha_initializer: Named = "Zeros",
        alpha_regularizer: Named = None,
        alpha_constraint: Named = None,
        shared_axes: int | Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        axes = [shared_axes] if isinstance(shared_axes, int) else shared_axes
        self.shared_axes = None if axes is None else list(axes)
        self.supports_masking = True

    def build(self, input_shape: Shape) -> None:
        """Make `alpha`: the shape of one input, with 1 along shared axes."""
        ndim = len(input_shape)
        shared = {axis % ndim for axis in self.shared_axes or ()}
        sizes = {
            axis: known_size(self, input_shape, axis)
            for axis in range(1, ndim)
            if axis not in shared
        }
        self.alpha = self.add_weight(
            name="alpha",
            shape=tuple(sizes.get(axis, 1) for axis in range(1, ndim)),
            initializer=self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
        )
        self.input_spec = InputSpec(ndim=ndim, axes=sizes)

    def call(self, inputs: Any) -> Any:
        """Return `max(inputs, 0) + alpha * min(inputs, 0)`."""
        negative = ops.multiply(self.alpha, ops.minimum(inputs, 0))
        return ops.add(ops.relu(inputs), negative)
