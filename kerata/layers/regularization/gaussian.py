"""Gaussian noise, added to the inputs or multiplied with them in training."""

from __future__ import annotations

from typing import Any

from kerata import ops, random
from kerata.core.registry import register
from kerata.core.spec import dtype_of, shape_of
from kerata.layers.arguments import fraction
from kerata.layers.layer import Layer


@register("layers")
class GaussianNoise(Layer):
    """Adds normal noise of mean 0 in training.

    Args:
        stddev: Standard deviation of the noise, between 0 and 1.
        seed: Makes the noise reproducible.

    Call arguments:
        inputs: Any shape.
        training: Whether to add noise; nothing happens in inference.

    Raises:
        ValueError: If `stddev` is not between 0 and 1.

    >>> import kerata
    >>> kerata.layers.GaussianNoise(0.1)(kerata.ops.ones((2, 3))).tolist()
    [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
    """

    def __init__(self, stddev: float, seed: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stddev = fraction(stddev, "stddev")
        self.seed = seed
        if self.stddev > 0:
            self.seed_generator = random.SeedGenerator(seed)
        self.supports_masking = True

    def call(self, inputs: Any, training: bool | None = False) -> Any:
        """Return the inputs, plus noise in training."""
        if not training or self.stddev == 0:
            return inputs
        noise = random.normal(
            shape_of(inputs),
            stddev=self.stddev,
            dtype=dtype_of(inputs),
            seed=self.seed_generator,
        )
        return ops.add(inputs, noise)


@register("layers")
class GaussianDropout(Layer):
    """Multiplies by normal noise of mean 1 in training.

    Args:
        rate: As in `Dropout`: the noise has the variance `rate / (1 - rate)` that dropping
            this fraction would have. Less than 1.
        seed: Makes the noise reproducible.

    Call arguments:
        inputs: Any shape.
        training: Whether to multiply; nothing happens in inference.

    Raises:
        ValueError: If `rate` is not between 0 and 1, or is 1.

    Reference: Srivastava et al., "Dropout: a simple way to prevent neural networks from
    overfitting", 2014, section 10.

    >>> import kerata
    >>> kerata.layers.GaussianDropout(0.5)(kerata.ops.ones((1, 2))).tolist()
    [[1.0, 1.0]]
    """

    def __init__(self, rate: float, seed: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = fraction(rate, "rate", one=False)
        self.seed = seed
        if self.rate > 0:
            self.seed_generator = random.SeedGenerator(seed)
        self.supports_masking = True

    def call(self, inputs: Any, training: bool | None = False) -> Any:
        """Return the inputs, times noise in training."""
        if not training or self.rate == 0:
            return inputs
        noise = random.normal(
            shape_of(inputs),
            mean=1.0,
            stddev=(self.rate / (1.0 - self.rate)) ** 0.5,
            dtype=dtype_of(inputs),
            seed=self.seed_generator,
        )
        return ops.multiply(inputs, noise)
