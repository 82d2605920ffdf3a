"""ReversibleEmbedding: a table that also turns vectors back into scores of its rows."""

from __future__ import annotations

from typing import Any

from kerata import ops
from kerata.core import dtypes
from kerata.core.registry import register
from kerata.core.spec import dtype_of
from kerata.layers.arguments import Named, Shape
from kerata.layers.core.embedding import Embedding


@register("layers")
class ReversibleEmbedding(Embedding):
    """An embedding that language models also use backwards, from features to logits of words.

    `outputs[..., :] = embeddings[inputs[...]]`; called with `reverse=True`,
    `outputs = inputs embeddings^T`.

    Args:
        input_dim: Number of rows; inputs run from 0 to `input_dim - 1`.
        output_dim: Number of features of a row.
        tie_weights: Whether both directions share one table.
        embeddings_initializer: First values of the tables.
        embeddings_regularizer: Penalty on the tables.
        embeddings_constraint: Projection applied after each update.
        mask_zero: Whether 0 means padding, to be left out by the layers that follow.
        reverse_dtype: In which dtype the logits are computed; the layer's by default.
        logit_soft_cap: Limit of the logits' size, by `cap * tanh(logits / cap)`.

    Call arguments:
        inputs: Integers of any shape; with `reverse` floats `(..., output_dim)`.
        reverse: Whether to return logits `(..., input_dim)` for features.

    Raises:
        ValueError: If a size is not a positive integer.

    Reference: Press and Wolf, "Using the output embedding to improve language models", 2016.

    >>> import kerata
    >>> layer = kerata.layers.ReversibleEmbedding(100, 4)
    >>> words = layer(kerata.ops.array([[1, 2, 3]]))
    >>> layer(words, reverse=True).shape
    (1, 3, 100)
    """

    _shared_parameters = (*Embedding._shared_parameters, "quantization_config")

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        tie_weights: bool = True,
        embeddings_initializer: Named = "uniform",
        embeddings_regularizer: Named = None,
        embeddings_constraint: Named = None,
        mask_zero: bool = False,
        reverse_dtype: str | None = None,
        logit_soft_cap: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            input_dim,
            output_dim,
            embeddings_initializer,
            embeddings_regularizer,
            embeddings_constraint,
            mask_zero,
            **kwargs,
        )
        self.tie_weights = tie_weights
        self.reverse_dtype = None if reverse_dtype is None else dtypes.canonical(reverse_dtype)
        self.logit_soft_cap = logit_soft_cap

    def build(self, input_shape: Shape | None = None) -> None:
        """Make `embeddings` (input_dim, output_dim), and the other direction if it is not tied."""
        super().build(input_shape)
        if not self.tie_weights:
            self.reverse_embeddings = self.add_weight(
                name="reverse_embeddings",
                shape=(self.output_dim, self.input_dim),
                initializer=self.embeddings_initializer,
                regularizer=self.embeddings_regularizer,
                constraint=self.embeddings_constraint,
            )

    def call(self, inputs: Any, reverse: bool = False) -> Any:
        """Return the rows that the integers name, or logits for features."""
        if not reverse:
            return super().call(inputs)
        tied = self.tie_weights
        kernel = ops.transpose(self.embeddings) if tied else self.reverse_embeddings
        dtype = self.reverse_dtype or self.compute_dtype
        logits = ops.matmul(ops.cast(inputs, dtype), ops.cast(kernel, dtype))
        if self.logit_soft_cap is None:
            return logits
        return ops.multiply(ops.tanh(logits / self.logit_soft_cap), self.logit_soft_cap)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return where the inputs are not 0, if 0 means padding; features keep their mask."""
        if dtypes.is_float(dtype_of(inputs)) and mask is not None:
            return mask
        return super().compute_mask(inputs, mask)
