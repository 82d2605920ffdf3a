"""What attention layers have in common: the engine's kernel."""

from __future__ import annotations

from typing import Any

from kerata import ops

Tensor = Any


def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None,
    causal: bool,
    scale: float | None = None,
) -> Tensor:
    """Return what each query gathers, by the engine's kernel; zeros where its mask hides all keys.

    Args:
        query: `(batch, T, heads, features)`.
        key: `(batch, S, heads, features)`; its heads may be shared by several of the query.
        value: `(batch, S, heads, features of the value)`, with the heads of the key.
        mask: Bool, broadcastable to `(batch, heads, T, S)`; `False` hides a key.
        causal: Whether position t sees only positions up to t; quicker than such a mask, but not to
            be combined with one.
        scale: Factor of the scores; `1 / sqrt(features)` if `None`.
    """
    outputs = ops.dot_product_attention(query, key, value, mask=mask, scale=scale, is_causal=causal)
    if mask is None:
        return outputs
    sees_something = ops.transpose(ops.any(mask, axis=-1, keepdims=True), (0, 2, 1, 3))
    return ops.where(sees_something, outputs, 0.0)
