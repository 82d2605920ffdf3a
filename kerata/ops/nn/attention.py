"""Attention: mixing values by how well queries fit keys."""

from __future__ import annotations

import math

import ml_dtypes

from kerata.core import config
from kerata.core.dtypes import promote
from kerata.core.primitive import Tensor, any_symbolic, primitive
from kerata.core.spec import TensorSpec, dtype_of, ndim_of, shape_of
from kerata.ops.cast import cast, in_dtype
from kerata.ops.creation import tri
from kerata.ops.elementwise import tanh
from kerata.ops.joining import repeat
from kerata.ops.linalg import einsum
from kerata.ops.logic import logical_and, where
from kerata.ops.nn.activations import softmax


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
        flash_attention: `False` to compute it by the formula, without the engine's fused
            kernels, which keep no table of logits; otherwise the engine chooses its fastest one.
            By default what `config.enable_flash_attention` and its opposite have set.
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
    arguments = (query, key, value, bias, mask, float(scale), bool(is_causal), attn_logits_soft_cap)
    if flash_attention is None:
        flash_attention = config.is_flash_attention_enabled()
    if flash_attention is False and not any_symbolic(arguments):
        return _by_formula(*arguments)
    return scaled_dot_product_attention(*arguments)


def _by_formula(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    bias: Tensor | None,
    mask: Tensor | None,
    scale: float,
    is_causal: bool,
    cap: float | None,
) -> Tensor:
    """Compute attention step by step; the logits are at least as wide as float32."""
    repeats = shape_of(query)[2] // shape_of(key)[2]
    if repeats > 1:
        key, value = repeat(key, repeats, axis=2), repeat(value, repeats, axis=2)
    wide = promote(dtype_of(query), "float32")
    logits = cast(einsum("btnh,bsnh->bnts", query, key), wide) * scale
    if cap is not None:
        logits = tanh(logits / cap) * cap
    if bias is not None:
        logits = logits + cast(bias, wide)
    if is_causal:
        causal = tri(shape_of(logits)[-2], shape_of(logits)[-1], dtype="bool")
        mask = causal if mask is None else logical_and(mask, causal)
    if mask is not None:  # a large number instead of -inf, which makes NaN
        logits = where(mask, logits, 0.7 * float(ml_dtypes.finfo(wide).min))
    return einsum("bnts,bsnh->btnh", cast(softmax(logits), dtype_of(value)), value)
