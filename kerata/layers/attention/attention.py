"""Attention and AdditiveAttention: one head, without projections."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from kerata import ops
from kerata.core.registry import register
from kerata.core.spec import shape_of
from kerata.layers.activations.softmax import Softmax
from kerata.layers.arguments import Shape, fraction, one_of
from kerata.layers.attention.kernel import attend
from kerata.layers.layer import Layer
from kerata.layers.regularization.dropout import Dropout
from kerata.layers.shapes import known_size
from kerata.ops.creation import positions_along

Tensor = Any


@register("layers")
class Attention(Layer):
    """Lets each position of a query gather what it needs from the positions of a value.

    `outputs = softmax(scores) value` with `scores = query key^T` (Luong et al., 2015), or, in the
    mode "concat", `scores = w sum(tanh(query + key))` over the features.

    Args:
        use_scale: Whether the scores are multiplied by a trained number (in the mode "concat",
            what the tanh is taken of).
        score_mode: `"dot"` or `"concat"`.
        dropout: Fraction of the attention weights that is dropped in training.
        seed: Makes the dropout reproducible.

    Call arguments:
        inputs: List of the query `(batch, T, features)`, the value `(batch, S, features)` and
            perhaps the key `(batch, S, features)`, which is the value otherwise.
        mask: List of the masks of query `(batch, T)` and value `(batch, S)`, or `None` for
            either; taken from the tensors. Nothing is gathered from masked positions, and the
            output is 0 where the query is masked.
        training: Whether to drop.
        return_attention_scores: Whether the attention weights are returned as well.
        use_causal_mask: Whether position t sees only positions up to t.

    Returns:
        `(batch, T, features of the value)`; with `return_attention_scores` a pair of this and
        the attention weights `(batch, T, S)`. Queries that may see nothing gather zeros.

    Raises:
        ValueError: If an argument is out of its range, or the inputs are no such list.

    Reference: Luong et al., "Effective approaches to attention-based neural machine
    translation", 2015.

    >>> import kerata
    >>> query, value = kerata.ops.ones((2, 3, 8)), kerata.ops.ones((2, 5, 8))
    >>> kerata.layers.Attention()([query, value]).shape
    (2, 3, 8)
    """

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.use_scale = use_scale
        self.score_mode = one_of(score_mode, ("dot", "concat"), "score_mode")
        self.dropout = fraction(dropout, "dropout")
        self.seed = seed
        self.supports_masking = True
        self.scale: Any = None
        self.concat_score_weight: Any = None
        self._softmax = Softmax(dtype=self.dtype_policy)
        self._dropout_layer = Dropout(self.dropout, seed=seed, dtype=self.dtype_policy)

    def build(self, input_shape: Sequence[Shape]) -> None:
        """Make `scale` () and, in the mode "concat", `concat_score_weight` ()."""
        self._check_shapes(input_shape)
        if self.use_scale:
            self.scale = self.add_weight(shape=(), initializer="ones", name="scale")
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight(
                shape=(), initializer="ones", name="concat_score_weight"
            )

    def call(
        self,
        inputs: Sequence[Tensor],
        mask: Sequence[Tensor | None] | None = None,
        training: bool | None = False,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        """Return what is gathered; with the attention weights if asked for."""
        query, value, key = inputs if len(inputs) == 3 else (*inputs, inputs[1])
        query_mask, value_mask = self._checked_masks(mask)
        drops = training and self.dropout > 0
        fast = self.score_mode == "dot" and not drops and not return_attention_scores
        causal_kernel = fast and use_causal_mask and value_mask is None
        seen = self._visible(query, key, value_mask, use_causal_mask and not causal_kernel)
        if fast:
            outputs, weights = self._gather_at_once(query, key, value, seen, causal_kernel), None
        else:
            weights = self._softmax(self._scores(query, key), mask=seen)
            outputs = ops.matmul(self._dropout_layer(weights, training=training), value)
        if query_mask is not None:
            outputs = ops.where(ops.expand_dims(query_mask, -1), outputs, 0.0)
        return (outputs, weights) if return_attention_scores else outputs

    def _gather_at_once(
        self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, causal: bool
    ) -> Tensor:
        """Return what is gathered, by the engine's kernel, which knows heads: here one."""
        scaled = query if self.scale is None else ops.multiply(query, self.scale)
        mask = None if mask is None else ops.expand_dims(mask, 1)
        query, key, value = (ops.expand_dims(x, 2) for x in (scaled, key, value))
        return ops.squeeze(attend(query, key, value, mask, causal, scale=1.0), 2)

    def _scores(self, query: Tensor, key: Tensor) -> Tensor:
        """Return how well each query fits each key, `(batch, T, S)`."""
        if self.score_mode == "dot":
            scores = ops.matmul(query, ops.swapaxes(key, 1, 2))
            return scores if self.scale is None else ops.multiply(scores, self.scale)
        sums = _sums(query, key)
        sums = sums if self.scale is None else ops.multiply(sums, self.scale)
        return ops.multiply(ops.sum(ops.tanh(sums), axis=-1), self.concat_score_weight)

    def _visible(
        self, query: Tensor, key: Tensor, value_mask: Tensor | None, causal: bool
    ) -> Tensor | None:
        """Return which key each query may see, broadcastable to the scores."""
        masks = []
        if value_mask is not None:
            masks.append(ops.expand_dims(value_mask, 1))
        if causal:
            steps = ops.expand_dims(positions_along(query, 1), 1)
            masks.append(ops.expand_dims(ops.greater_equal(steps, positions_along(key, 1)), 0))
        return functools.reduce(ops.logical_and, masks) if masks else None

    def compute_mask(self, inputs: Any, mask: Any = None) -> Tensor | None:
        """Return the mask of the query."""
        return self._checked_masks(mask)[0]

    # -- checks ----------------------------------------------------------------------------

    def _check_shapes(self, shapes: Any) -> None:
        several = isinstance(shapes, (list, tuple)) and all(
            isinstance(shape, (list, tuple)) and len(shape) == 3 for shape in shapes
        )
        if not several or len(shapes) not in (2, 3):
            raise ValueError(
                f"{self.path}: the inputs are a list [query, value] or [query, value, key] of "
                f"tensors (batch, positions, features); got shape {shapes}."
            )

    def _checked_masks(self, mask: Any) -> list[Tensor | None]:
        """Return the masks of query and value as bool."""
        if mask is None:
            return [None, None]
        if not isinstance(mask, (list, tuple)) or len(mask) not in (2, 3):
            raise ValueError(
                f"{self.path}: `mask` is a list [query mask, value mask], with None for either; "
                f"got {shape_of(mask) if hasattr(mask, 'shape') else mask!r}."
            )
        return [None if each is None else ops.cast(each, "bool") for each in mask[:2]]


def _sums(query: Tensor, key: Tensor) -> Tensor:
    """Return the sum of each query and each key, `(batch, T, S, features)`."""
    return ops.add(ops.expand_dims(query, 2), ops.expand_dims(key, 1))


@register("layers")
class AdditiveAttention(Attention):
    """Attention whose scores are a weighted sum, `sum(scale * tanh(query + key))`.

    Args:
        use_scale: Whether `scale`, one number for each feature, is trained; 1 otherwise.
        dropout: Fraction of the attention weights that is dropped in training.
        seed: Makes the dropout reproducible.

    Call arguments and result: as those of `Attention`.

    Raises:
        ValueError: If an argument is out of its range, or the inputs are no such list.

    Reference: Bahdanau et al., "Neural machine translation by jointly learning to align and
    translate", 2015.

    >>> import kerata
    >>> query, value = kerata.ops.ones((2, 3, 8)), kerata.ops.ones((2, 5, 8))
    >>> kerata.layers.AdditiveAttention()([query, value]).shape
    (2, 3, 8)
    """

    def __init__(
        self, use_scale: bool = True, dropout: float = 0.0, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(use_scale, "concat", dropout, seed, **kwargs)

    def build(self, input_shape: Sequence[Shape]) -> None:
        """Make `scale` (features,)."""
        self._check_shapes(input_shape)
        if self.use_scale:
            features = known_size(self, input_shape[0], -1)
            self.scale = self.add_weight(
                shape=(features,), initializer="glorot_uniform", name="scale"
            )

    def _scores(self, query: Tensor, key: Tensor) -> Tensor:
        fits = ops.tanh(_sums(query, key))
        fits = fits if self.scale is None else ops.multiply(fits, self.scale)
        return ops.sum(fits, axis=-1)
