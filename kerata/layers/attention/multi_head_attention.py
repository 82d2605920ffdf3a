"""MultiHeadAttention: several attentions side by side, each on a projection of its own."""

from __future__ import annotations

import functools
import string
from collections.abc import Sequence
from typing import Any

from kerata import constraints, initializers, ops, regularizers
from kerata.core.registry import register
from kerata.core.rules import canonical_axes
from kerata.core.spec import ndim_of
from kerata.layers.activations.softmax import Softmax
from kerata.layers.arguments import Named, Shape, fraction, positive_integer
from kerata.layers.attention.kernel import attend
from kerata.layers.core.einsum_dense import EinsumDense
from kerata.layers.layer import Layer
from kerata.layers.regularization.dropout import Dropout
from kerata.ops.creation import positions_along

Tensor = Any


@register("layers")
class MultiHeadAttention(Layer):
    """Lets each position of a query gather what it needs from the positions of a value.

    Each head projects query, key and value, and returns `softmax(q k^T / sqrt(key_dim)) v`; a
    last projection mixes the heads.

    Args:
        num_heads: Number of heads.
        key_dim: Features of query and key in each head.
        value_dim: Features of the value in each head; `key_dim` by default.
        dropout: Fraction of the attention weights that is dropped in training.
        use_bias: Whether the projections add a bias.
        output_shape: Sizes of the output after the positions; the query's features by default.
        attention_axes: Axes of positions that attend to each other; by default all between
            the batch and the features.
        sliding_window: If given, position t sees only positions nearer than that many steps.
        flash_attention: Kept for Keras' signature: the engine chooses its fastest kernel.
        kernel_initializer, bias_initializer: First values of the projections.
        kernel_regularizer, bias_regularizer: Penalties on their variables.
        activity_regularizer: Penalty on the output of each projection.
        kernel_constraint, bias_constraint: Projections applied after each update.
        use_gate: Whether what the heads found is multiplied by a sigmoid of the query (Qiu et
            al., "Gated attention for large language models", 2025).
        seed: Makes the dropout reproducible.

    Call arguments:
        query: `(batch, T, features)`, or with more axes of positions.
        value: `(batch, S, features)`.
        key: `(batch, S, features)`; the value by default.
        query_mask, value_mask, key_mask: Bool, which positions are real; taken from the tensors.
            Nothing is gathered from masked ones, and the output has the query's mask.
        attention_mask: Bool `(batch, T, S)` or `(batch, heads, T, S)`; where it is False, the
            query does not see the key.
        return_attention_scores: Whether the attention weights are returned as well.
        training: Whether to drop.
        use_causal_mask: Whether position t sees only positions up to t.

    Returns:
        `(batch, T, *output_shape)`; with `return_attention_scores` a pair of this and the
        attention weights `(batch, heads, T, S)`. Queries that may see nothing gather zeros.

    Raises:
        ValueError: If a size is not positive, or shapes or axes do not fit.

    Reference: Vaswani et al., "Attention is all you need", 2017.

    >>> import kerata
    >>> layer = kerata.layers.MultiHeadAttention(num_heads=2, key_dim=8)
    >>> words = kerata.ops.ones((3, 10, 16))
    >>> layer(words, words, use_causal_mask=True).shape
    (3, 10, 16)
    """

    _parameter_attributes = {
        **Layer._parameter_attributes,
        "activity_regularizer": "projection_regularizer",
    }

    #: the projections, `None` until the layer is built
    query_dense: Any = None
    key_dense: Any = None
    value_dense: Any = None
    output_dense: Any = None

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: int | Sequence[int] | None = None,
        attention_axes: int | Sequence[int] | None = None,
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
        super().__init__(**kwargs)
        self._num_heads = positive_integer(num_heads, "num_heads")
        self._key_dim = positive_integer(key_dim, "key_dim")
        self._value_dim = positive_integer(value_dim or key_dim, "value_dim")
        self._dropout = fraction(dropout, "dropout")
        self._use_bias = use_bias
        self.output_shape = _as_tuple(output_shape)
        self._attention_axes = _as_tuple(attention_axes)
        if sliding_window is not None:
            sliding_window = positive_integer(sliding_window, "sliding_window")
        self.sliding_window = sliding_window
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        # An `activity_regularizer` of this layer would be applied to its output once more.
        self.projection_regularizer = regularizers.get(activity_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.use_gate = use_gate
        self.seed = seed
        self.supports_masking = True

    # -- what was asked for ----------------------------------------------------------------

    @property
    def num_heads(self) -> int:
        """Number of heads."""
        return self._num_heads

    @property
    def key_dim(self) -> int:
        """Features of a head of query and key."""
        return self._key_dim

    @property
    def value_dim(self) -> int:
        """Features of a head of the value."""
        return self._value_dim

    @property
    def dropout(self) -> float:
        """Which part of the attention weights is dropped in training."""
        return self._dropout

    @property
    def use_bias(self) -> bool:
        """Whether the projections add a bias."""
        return self._use_bias

    @property
    def attention_axes(self) -> tuple[int, ...] | None:
        """The axes of positions that attend to each other, all if `None`."""
        return self._attention_axes

    # -- building --------------------------------------------------------------------------

    def build(self, query_shape: Shape, value_shape: Shape, key_shape: Shape | None = None) -> None:
        """Make the projections `query`, `key`, `value`, `attention_output`, perhaps `gate`."""
        key_shape = value_shape if key_shape is None else key_shape
        self._check_shapes(query_shape, value_shape, key_shape)
        self._rank = len(query_shape)
        self._attended = self._attended_axes()
        self.query_dense = self._into_heads("query", query_shape, self.key_dim)
        self.key_dense = self._into_heads("key", key_shape, self.key_dim)
        self._gate_dense = None
        if self.use_gate:
            self._gate_dense = self._into_heads("gate", query_shape, self.value_dim, "sigmoid")
        self.value_dense = self._into_heads("value", value_shape, self.value_dim)
        self._softmax = Softmax(axis=tuple(range(-len(self._attended), 0)), dtype=self.dtype_policy)
        self._dropout_layer = Dropout(self.dropout, seed=self.seed, dtype=self.dtype_policy)
        self.output_dense = self._out_of_heads(query_shape)

    def _attended_axes(self) -> tuple[int, ...]:
        """Return the axes of positions that attend to each other, counted from the front."""
        last = self._rank - 1
        if self.attention_axes is None:
            return tuple(range(1, last))
        found = canonical_axes(self.attention_axes, self._rank, "attention_axes")
        if 0 in found or last in found:
            raise ValueError(
                f"{self.path}: `attention_axes` {self.attention_axes} holds the axis of the batch "
                f"or of the features; expected axes from 1 to {last - 1}."
            )
        return found

    def _heads(self, name: str) -> int:
        """Return how many heads a projection makes."""
        return self.num_heads

    def _into_heads(
        self, name: str, shape: Shape, features: int, activation: Named = None
    ) -> EinsumDense:
        """Return a built projection of the features to (heads, features of a head)."""
        axes = string.ascii_lowercase[: len(shape)]
        sizes = (*shape[1:-1], self._heads(name), features)
        equation = f"{axes},{axes[-1]}YZ->{axes[:-1]}YZ"
        return self._projection(name, equation, sizes, "YZ", shape, activation)

    def _out_of_heads(self, query_shape: Shape) -> EinsumDense:
        """Return the built projection of all heads to the output."""
        axes = string.ascii_lowercase[: len(query_shape) - 1]
        features = self.output_shape or query_shape[-1:]
        outputs = string.ascii_lowercase[len(axes) :][: len(features)]
        sizes = (*query_shape[1:-1], *features)
        shape = (*query_shape[:-1], self.num_heads, self.value_dim)
        equation = f"{axes}YZ,YZ{outputs}->{axes}{outputs}"
        return self._projection("attention_output", equation, sizes, outputs, shape)

    def _projection(
        self,
        name: str,
        equation: str,
        sizes: tuple,
        bias_axes: str,
        shape: Shape,
        activation: Named = None,
    ) -> EinsumDense:
        layer = EinsumDense(
            equation,
            output_shape=sizes,
            activation=activation,
            bias_axes=bias_axes if self.use_bias else None,
            kernel_initializer=_another(self.kernel_initializer),
            bias_initializer=_another(self.bias_initializer),
            kernel_regularizer=self.kernel_regularizer,
            bias_regularizer=self.bias_regularizer,
            activity_regularizer=self.projection_regularizer,
            kernel_constraint=self.kernel_constraint,
            bias_constraint=self.bias_constraint,
            trainable=self.trainable,
            dtype=self.dtype_policy,
            name=name,
        )
        layer.supports_masking = True  # it works per position
        layer.build_from_config({"input_shape": shape})
        return layer

    def _check_shapes(self, query: Shape, value: Shape, key: Shape) -> None:
        if not len(query) == len(value) == len(key) >= 3:
            raise ValueError(
                f"{self.path}: query {query}, value {value} and key {key} must have the same "
                "number of axes, at least 3: (batch, positions, features)."
            )
        if any(a != b and None not in (a, b) for a, b in zip(value[:-1], key[:-1], strict=True)):
            raise ValueError(
                f"{self.path}: value {value} and key {key} must have the same positions: all "
                "sizes but the last must be equal."
            )

    # -- calling ---------------------------------------------------------------------------

    def call(
        self,
        query: Tensor,
        value: Tensor,
        key: Tensor | None = None,
        query_mask: Tensor | None = None,
        value_mask: Tensor | None = None,
        key_mask: Tensor | None = None,
        attention_mask: Tensor | None = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """Return what the heads gather, mixed; with the attention weights if asked for."""
        key = value if key is None else key
        drops = training and self.dropout > 0
        fast = self._rank == 3 and not drops and not return_attention_scores
        masks = [self._over_scores(mask) for mask in (value_mask, key_mask) if mask is not None]
        if attention_mask is not None:
            masks.append(self._with_all_axes(ops.cast(attention_mask, "bool")))
        # The kernel's own causal mask is the quickest, but it must be the only one.
        causal_kernel = fast and use_causal_mask and not masks and self.sliding_window is None
        if self.sliding_window is not None or (use_causal_mask and not causal_kernel):
            masks.append(self._near(query, key, use_causal_mask))
        mask = functools.reduce(ops.logical_and, masks) if masks else None

        projected = self.query_dense(query), self.key_dense(key), self.value_dense(value)
        if fast:
            outputs, scores = attend(*projected, mask, causal_kernel), None
        else:
            outputs, scores = self._gather(*projected, mask, training)
        if self._gate_dense is not None:
            outputs = ops.multiply(outputs, self._gate_dense(query))
        outputs = self.output_dense(outputs)
        return (outputs, scores) if return_attention_scores else outputs

    def _gather(
        self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, training: bool | None
    ) -> tuple[Tensor, Tensor]:
        """Return what is gathered, in the query's shape, and the attention weights."""
        queries, keys, scores = self._letters()
        logits = ops.einsum(f"{queries}YZ,{keys}YZ->{scores}", query, key) * self.key_dim**-0.5
        weights = self._softmax(logits, mask=mask)
        kept = self._dropout_layer(weights, training=training)
        return ops.einsum(f"{scores},{keys}YZ->{queries}YZ", kept, value), weights

    # -- masks -----------------------------------------------------------------------------

    def _letters(self) -> tuple[str, str, str]:
        """Return the axes of queries and keys (upper case where attended), and of the scores."""
        queries = string.ascii_lowercase[: self._rank - 1]
        attended = "".join(queries[axis] for axis in self._attended)
        rest = "".join(letter for letter in queries if letter not in attended)
        keys = "".join(each.upper() if each in attended else each for each in queries)
        return queries, keys, f"{rest}Y{attended}{attended.upper()}"

    def _over_scores(self, mask: Tensor) -> Tensor:
        """Return a mask of the keys' positions with the axes of the scores."""
        rank = self._rank - 1
        mask = ops.expand_dims(mask, tuple(range(ndim_of(mask), rank)))
        rest = [axis for axis in range(rank) if axis not in self._attended]
        mask = ops.transpose(mask, (*rest, *self._attended))
        between = range(len(rest), len(rest) + 1 + len(self._attended))
        return ops.expand_dims(mask, tuple(between))

    def _with_all_axes(self, mask: Tensor) -> Tensor:
        """Return an `attention_mask` with axes for the heads and whatever else it lacks."""
        missing = self._rank + len(self._attended) - ndim_of(mask)
        for _ in range(missing):
            mask = ops.expand_dims(mask, -2 * len(self._attended) - 1)
        return mask

    def _near(self, query: Tensor, key: Tensor, causal: bool) -> Tensor:
        """Return which keys stand not after the query (if causal) and within the window."""
        if len(self._attended) > 1:
            raise ValueError(
                f"{self.path}: `use_causal_mask` and `sliding_window` need one axis of positions, "
                f"but attention runs over the axes {self._attended}. Name one in `attention_axes`."
            )
        steps = ops.expand_dims(positions_along(query, self._attended[0]), 1)
        steps = ops.subtract(steps, positions_along(key, self._attended[0]))
        near = ops.greater_equal(steps, 0) if causal else None
        if self.sliding_window is not None:
            within = ops.less(ops.absolute(steps), self.sliding_window)
            near = within if near is None else ops.logical_and(near, within)
        return self._with_all_axes(near)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments, without the choice of a kernel."""
        config = super().get_config()
        del config["flash_attention"]
        return config


def _as_tuple(value: int | Sequence[int] | None) -> tuple[int, ...] | None:
    if value is None:
        return None
    return (value,) if isinstance(value, int) else tuple(value)


def _another(initializer: Any) -> Any:
    """Return a copy, which draws values of its own unless it has a seed."""
    return initializer.clone() if hasattr(initializer, "clone") else initializer
