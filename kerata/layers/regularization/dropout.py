"""Dropout and its spatial forms: random features are set to 0 in training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from kerata import random
from kerata.core.dtype_policy import DTypePolicyMap
from kerata.core.registry import register
from kerata.core.spec import shape_of
from kerata.layers.arguments import data_format as checked_data_format
from kerata.layers.arguments import fraction
from kerata.layers.input_spec import InputSpec
from kerata.layers.layer import Layer
from kerata.layers.shapes import channel_axis


@register("layers")
class Dropout(Layer):
    """Sets random inputs to 0 in training, and scales the others by `1 / (1 - rate)`.

    Args:
        rate: Fraction of the inputs that is dropped, between 0 and 1.
        noise_shape: Shape of the random choice, broadcast to the inputs; `None` in it means
            the size of the inputs. `(None, 1, None)` drops whole time series of a feature.
        seed: Makes the choice reproducible.

    Call arguments:
        inputs: Any shape.
        training: Whether to drop; nothing happens in inference.

    Raises:
        ValueError: If `rate` is not between 0 and 1.

    Reference: Srivastava et al., "Dropout: a simple way to prevent neural networks from
    overfitting", 2014.

    >>> import kerata
    >>> outputs = kerata.layers.Dropout(0.5, seed=1)(kerata.ops.ones((1000,)), training=True)
    >>> sorted(set(outputs.tolist()))
    [0.0, 2.0]
    """

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.rate = fraction(rate, "rate")
        self.noise_shape = None if noise_shape is None else tuple(noise_shape)
        self.seed = seed
        if self.rate > 0:
            self.seed_generator = random.SeedGenerator(seed)
        self.supports_masking = True

    def call(self, inputs: Any, training: bool | None = False) -> Any:
        """Return the inputs, with some set to 0 in training."""
        if not training or self.rate == 0:
            return inputs
        return random.dropout(
            inputs, self.rate, noise_shape=self.noise_shape, seed=self.seed_generator
        )


class SpatialDropout(Dropout):
    """Base of the dropouts that keep or drop whole feature maps."""

    rank: ClassVar[int]

    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: Any = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(rate, seed=seed, name=name, dtype=dtype)
        self.data_format = checked_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs: Any, training: bool | None = False) -> Any:
        """Return the inputs, with whole feature maps set to 0 in training."""
        if not training or self.rate == 0:
            return inputs
        return random.dropout(
            inputs, self.rate, noise_shape=self._noise_shape(inputs), seed=self.seed_generator
        )

    def _noise_shape(self, inputs: Any) -> tuple[int | None, ...]:
        """Return one choice per sample and channel."""
        shape = shape_of(inputs)
        sizes: list[int | None] = [1] * len(shape)
        sizes[0] = shape[0]
        sizes[channel_axis(self.data_format)] = shape[channel_axis(self.data_format)]
        return tuple(sizes)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        config = super().get_config()
        policy = self.dtype_policy
        # Files give the dtype of this layer by name; a map of policies has none that says all.
        return config if isinstance(policy, DTypePolicyMap) else {**config, "dtype": policy.name}


@register("layers")
class SpatialDropout1D(SpatialDropout):
    """Drops whole features of a sequence, the same ones at every step.

    Args:
        rate: Fraction of the features that is dropped.
        seed: Makes the choice reproducible.
        name, dtype: As in every layer.

    Input and output: `(batch, time, features)`.

    >>> import kerata
    >>> layer = kerata.layers.SpatialDropout1D(0.5, seed=1)
    >>> layer(kerata.ops.ones((2, 3, 4)), training=True).shape
    (2, 3, 4)
    """

    rank = 1

    def __init__(
        self, rate: float, seed: Any = None, name: str | None = None, dtype: Any = None
    ) -> None:
        super().__init__(rate, "channels_last", seed=seed, name=name, dtype=dtype)


@register("layers")
class SpatialDropout2D(SpatialDropout):
    """Drops whole feature maps of images.

    Args:
        rate: Fraction of the feature maps that is dropped.
        data_format: Where the channels are; the configured default if `None`.
        seed: Makes the choice reproducible.
        name, dtype: As in every layer.

    Reference: Tompson et al., "Efficient object localization using convolutional networks",
    2015.

    >>> import kerata
    >>> layer = kerata.layers.SpatialDropout2D(0.5, seed=1)
    >>> layer(kerata.ops.ones((2, 3, 3, 4)), training=True).shape
    (2, 3, 3, 4)
    """

    rank = 2


@register("layers")
class SpatialDropout3D(SpatialDropout):
    """Drops whole feature maps of volumes.

    Args:
        rate: Fraction of the feature maps that is dropped.
        data_format: Where the channels are; the configured default if `None`.
        seed: Makes the choice reproducible.
        name, dtype: As in every layer.

    >>> import kerata
    >>> layer = kerata.layers.SpatialDropout3D(0.5, seed=1)
    >>> layer(kerata.ops.ones((2, 3, 3, 3, 4)), training=True).shape
    (2, 3, 3, 3, 4)
    """

    rank = 3
