"""Embedding: a trained vector for every integer."""

from __future__ import annotations

from typing import Any

from kerata import constraints, initializers, ops, regularizers
from kerata.core import dtypes
from kerata.core.registry import register
from kerata.core.spec import dtype_of
from kerata.layers.arguments import Named, Shape, positive_integer, refuse_transformations
from kerata.layers.core.lora import Adaptable, AdaptableLayer


@register("layers")
class Embedding(AdaptableLayer):
    """Replaces each integer by its row of a trained table.

    `outputs[..., :] = embeddings[inputs[...]]`

    Args:
        input_dim: Number of rows; inputs run from 0 to `input_dim - 1`.
        output_dim: Number of features of a row.
        embeddings_initializer: First values of the table.
        embeddings_regularizer: Penalty on the table.
        embeddings_constraint: Projection applied after each update.
        mask_zero: Whether 0 means padding, to be left out by the layers that follow.
        weights: An array of shape (input_dim, output_dim) to start from.
        lora_rank, lora_alpha: If given, `enable_lora(lora_rank, lora_alpha)` as soon as built.
        quantization_config: `None`; quantization is a transformation of a layer from outside.

    Input: integers of any shape. Output: `(*input shape, output_dim)`.

    Raises:
        ValueError: If a size is not a positive integer, or an input is too large. (On JAX, and on
            torch with a GPU, the row becomes NaN instead.)

    >>> import kerata
    >>> layer = kerata.layers.Embedding(100, 4)
    >>> layer(kerata.ops.array([[1, 2, 3]])).shape
    (1, 3, 4)
    """

    adaptable = "embeddings"
    embeddings = Adaptable()

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Named = "uniform",
        embeddings_regularizer: Named = None,
        embeddings_constraint: Named = None,
        mask_zero: bool = False,
        weights: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        refuse_transformations("Embedding", quantization_config=quantization_config)
        super().__init__(**kwargs)
        self.input_dim = positive_integer(input_dim, "input_dim")
        self.output_dim = positive_integer(output_dim, "output_dim")
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        self.mask_zero = mask_zero
        self.lora_rank = lora_rank
        self.lora_alpha = lora_alpha
        self.quantization_config = None
        self.supports_masking = mask_zero
        self.autocast = False
        if weights is not None:
            self.build()
            self.built = True
            self.set_weights(weights if isinstance(weights, (list, tuple)) else [weights])

    def build(self, input_shape: Shape | None = None) -> None:
        """Make `embeddings` (input_dim, output_dim)."""
        self.embeddings = self.add_weight(
            name="embeddings",
            shape=(self.input_dim, self.output_dim),
            initializer=self.embeddings_initializer,
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
        )
        self._adapt_if_asked()

    def call(self, inputs: Any) -> Any:
        """Return the rows that the integers name."""
        if not dtypes.is_integer(dtype_of(inputs)):
            inputs = ops.cast(inputs, "int32")
        try:
            rows = ops.take(self.embeddings, inputs, axis=0)
        except IndexError:
            raise ValueError(self._out_of_range(inputs)) from None
        return ops.cast(rows, self.compute_dtype)

    def _out_of_range(self, inputs: Any) -> str:
        largest = int(ops.convert_to_numpy(inputs).max())
        return (
            f"{self.path}: the largest input is {largest}, but the table has rows 0 to "
            f"{self.input_dim - 1}. Set input_dim={largest + 1} or more."
        )

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return where the inputs are not 0, if 0 means padding."""
        return ops.not_equal(inputs, 0) if self.mask_zero else None

    def get_config(self) -> dict[str, Any]:
        """Return the arguments; first values and transformations are left out."""
        config = super().get_config()
        config.pop("weights", None)  # a subclass may not have it
        config["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        return config
