"""AlphaDropout: dropout for networks that normalize themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kerata import ops, random
from kerata.core.registry import register
from kerata.core.spec import dtype_of, shape_of
from kerata.layers.arguments import fraction
from kerata.layers.layer import Layer

#: What SELU approaches for large negative inputs: -scale * alpha of Klambauer et al.
SATURATION = -1.0507009873554805 * 1.6732632423543772


@register("layers")
class AlphaDropout(Layer):
    """Drops to the lower limit of SELU in training, keeping mean 0 and variance 1.

    With `s` the limit and `q = 1 - rate`: dropped inputs become `s`, and all are then mapped
    by `a * x + b`, `a = (q + q * rate * s**2) ** -0.5`, `b = -a * rate * s`.

    Args:
        rate: Fraction of the inputs that is dropped; less than 1.
        noise_shape: Shape of the random choice, broadcast to the inputs; `None` in it means
            the size of the inputs.
        seed: Makes the choice reproducible.

    Call arguments:
        inputs: Any shape.
        training: Whether to drop; nothing happens in inference.

    Raises:
        ValueError: If `rate` is not between 0 and 1, or is 1.

    Reference: Klambauer, Unterthiner, Mayr and Hochreiter, "Self-normalizing neural networks",
    2017, section 2.

    >>> import kerata
    >>> kerata.layers.AlphaDropout(0.5)(kerata.ops.ones((1, 2))).tolist()
    [[1.0, 1.0]]
    """

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.rate = fraction(rate, "rate", one=False)
        self.noise_shape = None if noise_shape is None else tuple(noise_shape)
        self.seed = seed
        if self.rate > 0:
            self.seed_generator = random.SeedGenerator(seed)
        self.supports_masking = True

    def call(self, inputs: Any, training: bool | None = False) -> Any:
        """Return the inputs, with some saturated and all rescaled in training."""
        if not training or self.rate == 0:
            return inputs
        keep = 1.0 - self.rate
        chance = random.uniform(
            self._concrete_noise_shape(shape_of(inputs)),
            dtype=dtype_of(inputs),
            seed=self.seed_generator,
        )
        scale = (keep + keep * self.rate * SATURATION**2) ** -0.5
        kept = ops.where(ops.greater_equal(chance, self.rate), inputs, SATURATION)
        return ops.add(ops.multiply(kept, scale), -scale * self.rate * SATURATION)

    def _concrete_noise_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        if self.noise_shape is None:
            return shape
        return tuple(
            size if size is not None else full
            for size, full in zip(self.noise_shape, shape, strict=True)
        )
