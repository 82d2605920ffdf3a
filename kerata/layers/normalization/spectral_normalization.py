"""SpectralNormalization: a layer whose kernel is kept at spectral norm 1."""

from __future__ import annotations

from typing import Any

from kerata import ops
from kerata.core.context import set_current
from kerata.core.registry import register
from kerata.core.scope import Scope
from kerata.core.variable import Variable, assign_all
from kerata.initializers import TruncatedNormal
from kerata.layers.arguments import Shape, positive_integer
from kerata.layers.core.wrapper import Wrapper
from kerata.layers.layer import Layer

Tensor = Any


@register("layers")
class SpectralNormalization(Wrapper):
    """Divides the kernel of a layer by its largest singular value, in every training step.

    The kernel is seen as a matrix (inputs, last axis). Its largest singular value is estimated
    by power iteration, which goes on from step to step. The layer then changes distances by no
    more than a factor 1, which steadies the training of GANs. Outside of training the kernel
    is used as the last step has left it.

    Args:
        layer: A layer with `kernel` (as `Dense` and the convolutions) or `embeddings`.
        power_iterations: Number of iterations in each step.

    Raises:
        TypeError: If `layer` is no layer.
        ValueError: If `power_iterations` is not positive, or the layer has no such variable.

    Reference: Miyato et al., "Spectral normalization for generative adversarial networks", 2018.

    >>> import kerata
    >>> import numpy as np
    >>> layer = kerata.layers.SpectralNormalization(kerata.layers.Dense(4), power_iterations=50)
    >>> _ = layer(kerata.ops.ones((2, 8)), training=True)
    >>> round(float(np.linalg.norm(layer.kernel.numpy(), 2)), 3)
    1.0
    """

    def __init__(self, layer: Layer, power_iterations: int = 1, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        self.power_iterations = positive_integer(power_iterations, "power_iterations")
        self.supports_masking = layer.supports_masking

    def build(self, input_shape: Shape | None = None) -> None:
        """Build the layer, and make `vector_u` (1, last axis of the kernel)."""
        super().build(input_shape)
        self.kernel = _kernel_of(self.layer)
        self._weights.append(self.kernel)  # Keras counts it among the weights of both
        self.vector_u = self.add_weight(
            shape=(1, self.kernel.shape[-1]),
            initializer=TruncatedNormal(stddev=0.02),
            trainable=False,
            name="vector_u",
        )

    def call(self, inputs: Any, training: bool | None = False) -> Any:
        """Return what the layer gives, in training with a kernel that is normalized first."""
        if not training:
            return self.layer(inputs)
        with set_current(autocast=None):
            normalized, vector = self.normalized_weights()
        # The gradient goes through the division, so the layer sees a tensor for its variable.
        with Scope({self.kernel: normalized}) as scope:
            outputs = self.layer(inputs)
        changed = [v for v in scope.assigned.values() if v is not self.kernel]
        assign_all(
            [self.kernel, self.vector_u, *changed],
            [normalized, vector, *(scope[v] for v in changed)],
        )
        return outputs

    def normalized_weights(self) -> tuple[Tensor, Tensor]:
        """Return the kernel divided by its largest singular value, and the vector that goes on."""
        # Of a copy, for the variable itself will be changed before gradients are computed.
        kernel = ops.copy(self.kernel)
        matrix = ops.reshape(kernel, (-1, self.kernel.shape[-1]))
        constant, u = ops.stop_gradient(matrix), self.vector_u.value
        for _ in range(self.power_iterations):
            v = ops.normalize(ops.matmul(u, ops.transpose(constant)), axis=-1)
            u = ops.normalize(ops.matmul(v, constant), axis=-1)
        norm = ops.sum(ops.multiply(ops.matmul(v, matrix), u))
        is_zero = ops.equal(norm, 0)
        kernel = ops.divide(kernel, ops.where(is_zero, ops.ones_like(norm), norm))
        return kernel, ops.where(is_zero, self.vector_u.value, u)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the mask that the layer gives."""
        return self.layer.compute_mask(inputs, mask)


def _kernel_of(layer: Layer) -> Variable:
    for name in ("kernel", "embeddings"):
        if isinstance(getattr(layer, name, None), Variable):
            return getattr(layer, name)
    raise ValueError(
        f"{layer.path}: a {type(layer).__name__} has neither `kernel` nor `embeddings` to be "
        "normalized. Wrap a layer such as Dense, Conv2D or Embedding."
    )
