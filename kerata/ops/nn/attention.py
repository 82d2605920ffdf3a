"""Attention: mixing values by how well queries fit keys."""

from __future__ import annotations

import math

from kerata.core.primitive import Tensor, primitive
from kerata.core.spec import TensorSpec, dtype_of, ndim_of, shape_of
from kerata.ops.cast import in_dtype


@primitive(promote="keep")
def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    bias: Tensor | None,
    mask: Tensor | None,
    scale: float,
    is_causal: bool,
    attn_logits_soft_cap: float | None,
) -> Tensor:
    """Return softmax(query key^T scale + bias) value; see `dot_product_attention`."""
    _check(query, key, value)
    return TensorSpec((*query.shape[:-1], value.shape[-1]), query.dtype)


def _check(query: TensorSpec, key: TensorSpec, value: TensorSpec) -> None:
    batch, _, heads, features = query.shape
    fits = (
        _same(key.shape[0], batch)
        and _same(key.shape[3], features)
        and all(_same(*pair) for pair in zip(key.shape[:3], value.shape[:3], strict=True))
        and (None in (heads, key.shape[2]) or heads % key.shape[2] == 0)
    )
    if not fits:
        raise ValueError(
            f"`dot_product_attention` got query {query.shape}, key {key.shape} and value "
            f"{value.shape}; expected (batch, T, heads, features), (batch, S, key heads, "
            "features) and (batch, S, key heads, *), with heads a multiple of key heads."
        )


def _same(first: int | None, second: int | None) -> bool:
    return None in (first, second) or first == second


def dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    bias: Tensor | None = None,
    mask: Tensor | None = None,
    scale: float | None = None,
    is_causal: bool = False,
    flash_attention: bool | None = None,
    attn_logits_soft_cap: float | None = None,
) -> Tensor:
    """Scaled dot-product attention, `softmax(query key^T * scale + bias) value`.

    Vaswani et al. (2017), "Attention Is All You Need". Fewer heads of keys than of queries
    make it grouped-query attention (Ainslie et al., 2023).

    Args:
        query: tensor (batch, T, heads, features).
        key: tensor (batch, S, key heads, features); heads is a multiple of key heads.
        value: tensor (batch, S, key heads, features).
        bias: tensor that broadcasts to (batch, heads, T, S) and is added to the logits.
        mask: bool tensor that broadcasts to (batch, heads, T, S): False hides a key.
        scale: factor of the logits; `1 / sqrt(features)` by default.
        is_causal: whether position t sees only keys up to t.
        flash_attention: kept for Keras' signature: the engine chooses its fastest kernel.
        attn_logits_soft_cap: limit of the logits' size, by `cap * tanh(logits / cap)`.

    Returns:
        Tensor (batch, T, heads, features of value).

    Raises:
        ValueError: if the shapes do not fit.

    >>> import kerata
    >>> x = kerata.ops.ones((2, 5, 4, 8))
    >>> kerata.ops.dot_product_attention(x, x, x, is_causal=True).shape
    (2, 5, 4, 8)
    """
    if not ndim_of(query) == ndim_of(key) == ndim_of(value) == 4:
        raise ValueError(
            "`dot_product_attention` got shapes "
            f"{shape_of(query)}, {shape_of(key)} and {shape_of(value)}; expected query, key and "
            "value with four dimensions, (batch, positions, heads, features)."
        )
    if scale is None:
        scale = 1.0 / math.sqrt(shape_of(query)[-1])
    if mask is not None and dtype_of(mask) != "bool":
        mask = in_dtype(mask, "bool")
    dtype = dtype_of(query)
    key, value = in_dtype(key, dtype), in_dtype(value, dtype)
    bias = None if bias is None else in_dtype(bias, dtype)
    return scaled_dot_product_attention(
        query, key, value, bias, mask, float(scale), bool(is_causal), attn_logits_soft_cap
    )
