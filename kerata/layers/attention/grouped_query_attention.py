"""GroupedQueryAttention: several heads of the query share one head of key and value."""

from __future__ import annotations

from typing import Any

from kerata import ops
from kerata.core.registry import register
from kerata.layers.arguments import Named, Shape, positive_integer
from kerata.layers.attention.multi_head_attention import MultiHeadAttention

Tensor = Any


@register("layers", name="GroupQueryAttention")
class GroupedQueryAttention(MultiHeadAttention):
    """Multi-head attention with fewer heads of keys and values than of queries.

    Each head of keys and values serves `num_query_heads / num_key_value_heads` heads of queries:
    with one it is multi-query attention, with all of them multi-head attention.

    Args:
        head_dim: Features of query, key and value in each head.
        num_query_heads: Number of heads of the query.
        num_key_value_heads: Number of heads of key and value; it divides `num_query_heads`.
        dropout: Fraction of the attention weights that is dropped in training.
        use_bias: Whether the projections add a bias.
        sliding_window: If given, position t sees only positions nearer than that many steps.
        flash_attention: Kept for Keras' signature: the engine chooses its fastest kernel.
        kernel_initializer, bias_initializer: First values of the projections.
        kernel_regularizer, bias_regularizer: Penalties on their variables.
        activity_regularizer: Penalty on the output of each projection.
        kernel_constraint, bias_constraint: Projections applied after each update.
        use_gate: Whether what the heads found is multiplied by a sigmoid of the query.
        seed: Makes the dropout reproducible.

    Call arguments and result: as those of `MultiHeadAttention`, for tensors
    `(batch, positions, features)`.

    Raises:
        ValueError: If a size is not positive, the heads do not divide, or shapes do not fit.

    Reference: Ainslie et al., "GQA: Training generalized multi-query transformer models from
    multi-head checkpoints", 2023.

    >>> import kerata
    >>> layer = kerata.layers.GroupQueryAttention(8, num_query_heads=4, num_key_value_heads=2)
    >>> words = kerata.ops.ones((3, 10, 16))
    >>> layer(words, words, use_causal_mask=True).shape
    (3, 10, 16)
    """

    _names_in_files = {
        f"{name}_dense": f"_{name}_dense" for name in ("query", "key", "value", "output")
    }

    def __init__(
        self,
        head_dim: int,
        num_query_heads: int,
        num_key_value_heads: int,
        dropout: float = 0.0,
        use_bias: bool = True,
        sliding_window: int | None = None,
        flash_attention: bool | None = None,
        kernel_initializer: Named = "glorot_uniform",
        bias_initializer: Named = "zeros",
        kernel_regularizer: Named = None,
        bias_regularizer: Named = None,
        activity_regularizer: Named = None,
        kernel_constraint: Named = None,
        bias_constraint: Named = None,
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        self.head_dim = positive_integer(head_dim, "head_dim")
        self.num_query_heads = positive_integer(num_query_heads, "num_query_heads")
        self.num_key_value_heads = positive_integer(num_key_value_heads, "num_key_value_heads")
        if self.num_query_heads % self.num_key_value_heads:
            raise ValueError(
                f"`num_query_heads` is {num_query_heads} and `num_key_value_heads` is "
                f"{num_key_value_heads}; the latter must divide the former."
            )
        super().__init__(
            self.num_query_heads,
            self.head_dim,
            dropout=dropout,
            use_bias=use_bias,
            sliding_window=sliding_window,
            flash_attention=flash_attention,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
            use_gate=use_gate,
            seed=seed,
            **kwargs,
        )

    def _heads(self, name: str) -> int:
        return self.num_key_value_heads if name in ("key", "value") else self.num_query_heads

    def _check_shapes(self, query: Shape, value: Shape, key: Shape) -> None:
        super()._check_shapes(query, value, key)
        if len(query) != 3:
            raise ValueError(
                f"{self.path}: the query has shape {query}; expected (batch, positions, features)."
            )

    def _gather(
        self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, training: bool | None
    ) -> tuple[Tensor, Tensor]:
        """Return what is gathered, in the query's shape, and the attention weights."""
        shared = self.num_query_heads // self.num_key_value_heads
        key, value = (ops.repeat(x, shared, axis=2) for x in (key, value))
        return super()._gather(query, key, value, mask, training)


GroupQueryAttention = GroupedQueryAttention
