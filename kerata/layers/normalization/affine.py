"""Affine: what normalizations share, a trained scale `gamma` and offset `beta`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kerata import constraints, initializers, ops, regularizers
from kerata.layers.arguments import Named
from kerata.layers.layer import Layer

_HALF_PRECISION = ("float16", "bfloat16")


class Affine(Layer):
    """Base of the normalizations that end with `gamma * x + beta`."""

    def __init__(
        self,
        center: bool,
        scale: bool,
        beta_initializer: Named,
        gamma_initializer: Named,
        beta_regularizer: Named,
        gamma_regularizer: Named,
        beta_constraint: Named,
        gamma_constraint: Named,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.center = center
        self.scale = scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.supports_masking = True

    def make_affine(self, shape: Sequence[int]) -> None:
        """Make `gamma` and `beta`, `None` for the one that is not wanted."""
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self.add_weight(
                name="gamma",
                shape=shape,
                initializer=self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
                autocast=False,
            )
        if self.center:
            self.beta = self.add_weight(
                name="beta",
                shape=shape,
                initializer=self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
                autocast=False,
            )

    def to_full_precision(self, inputs: Any) -> Any:
        """Return the inputs in float32 at least: in 16 bits, variances overflow or vanish."""
        if self.compute_dtype in _HALF_PRECISION:
            return ops.cast(inputs, "float32")
        return inputs

    def to_compute_dtype(self, outputs: Any) -> Any:
        """Return the outputs in the layer's compute dtype again."""
        if self.compute_dtype in _HALF_PRECISION:
            return ops.cast(outputs, self.compute_dtype)
        return outputs
