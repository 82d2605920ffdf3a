"""Attention by its formula gives what the engines' fused kernels give."""

import numpy as np
import pytest

import kerata
from kerata import config, ops

RNG = np.random.default_rng(0)
QUERY = RNG.normal(size=(2, 3, 4, 8)).astype("float32")
KEY, VALUE = RNG.normal(size=(2, 2, 5, 2, 8)).astype("float32")
MASK = RNG.random((2, 1, 3, 5)) < 0.7
BIAS = RNG.normal(size=(1, 4, 3, 5)).astype("float32")


@pytest.fixture
def flash():
    yield
    kerata.core.config._settings["flash_attention"] = None


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"is_causal": True},
        {"mask": MASK, "bias": BIAS},
        {"mask": MASK, "is_causal": True, "scale": 2.0, "attn_logits_soft_cap": 3.0},
    ],
    ids=["plain", "causal", "mask", "all"],
)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_both_ways_give_the_same(backend, options, dtype):
    arrays = [ops.cast(ops.array(x), dtype) for x in (QUERY, KEY, VALUE)]
    results = [
        ops.dot_product_attention(*arrays, flash_attention=flash, **options)
        for flash in (None, False)
    ]
    assert [ops.dtype(result) for result in results] == [dtype, dtype]
    one, other = (ops.convert_to_numpy(result).astype("float32") for result in results)
    tolerance = 1e-5 if dtype == "float32" else 3e-2
    np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


def test_the_setting_decides_for_all(flash):
    assert config.is_flash_attention_enabled() is None
    config.disable_flash_attention()
    assert config.is_flash_attention_enabled() is False
    used = []
    kernels = kerata.backend.select.load("jax").kernels
    kernel = kernels["scaled_dot_product_attention"]

    def noted(*args, **kwargs):
        used.append(True)
        return kernel(*args, **kwargs)

    kernels["scaled_dot_product_attention"] = noted
    try:
        with kerata.use_backend("jax"):
            layer = kerata.layers.MultiHeadAttention(2, 4)
            layer(QUERY[:, :, 0], KEY[:, :, 0])
            assert not used
            config.enable_flash_attention()
            assert config.is_flash_attention_enabled() is True
            layer(QUERY[:, :, 0], KEY[:, :, 0])
            assert used
    finally:
        kernels["scaled_dot_product_attention"] = kernel
