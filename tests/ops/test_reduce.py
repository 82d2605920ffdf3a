"""Composed reductions and statistics against Keras."""

import numpy as np
import pytest

import kerata
from kerata import ops
from tests.conformance.cases import bools, integers, normal, positive
from tests.ops.keras_rows import Row

X, INT = normal(3, 4), integers(9, 3, 4, low=-9)
NAN = X.copy()
NAN[0, 1] = NAN[2] = np.nan

ROWS = [
    *(Row(name, (X,), kw) for name in ("std", "amax", "amin", "ptp", "median", "logsumexp")
      for kw in ({}, {"axis": 1}, {"axis": (0, 1), "keepdims": True})),
    Row("max", (X,), {"initial": 3.0}),
    Row("prod", (INT.astype("int8"),), {"axis": 0}),
    Row("prod", (X,), {"dtype": "float16", "axis": 1}, atol=1e-2),
    Row("cumsum", (bools(4),)),
    Row("cumsum", (INT,), {"axis": 0, "dtype": "float32"}),
    Row("cumprod", (X,), {"axis": 1}),
    Row("count_nonzero", (INT,), {"axis": 1}),
    Row("average", (INT,), {"axis": 1, "weights": positive(4)}),
    Row("average", (X,), {"weights": positive(3, 4)}),
    Row("average", (X,), {"axis": 0}),
    *(Row("quantile", (X, np.array([0.1, 0.6], "float32")), {"axis": 1, "method": method})
      for method in ("linear", "lower", "higher", "midpoint", "nearest")),
    Row("quantile", (normal(2, 3, 4), 0.3), {"axis": (0, 2), "keepdims": True}),
    Row("percentile", (X, 30.0), {"axis": 0}),
    *(Row(name, (NAN,), kw) for name in (
        "nansum", "nanmean", "nanvar", "nanstd", "nanmax", "nanmin", "nanprod", "nanmedian")
      for kw in ({}, {"axis": 1}, {"axis": 0, "keepdims": True})),
    *(Row(name, (NAN,), {"axis": 1}) for name in ("nanargmax", "nanargmin", "nancumsum")),
    Row("nancumprod", (NAN,)),
    Row("nanquantile", (NAN, 0.4), {"axis": 0}),
    Row("nanpercentile", (NAN, 40.0), {"axis": 1}),
    Row("median", (NAN,), {"axis": 1}),
    Row("diff", (INT,), {"n": 2, "axis": 1}),
    Row("diff", (X,), {"axis": 0}),
    Row("trapezoid", (X,), {"dx": 0.5, "axis": 0}),
    Row("trapezoid", (X, positive(4))),
    Row("corrcoef", (X,)),
    Row("corrcoef", (X[0],)),
    *(Row("correlate", (normal(6), normal(n)), {"mode": mode})
      for mode in ("valid", "same", "full") for n in (3, 4, 9)),
    Row("bincount", (np.array([1, 1, 4], "int32"),), {"minlength": 3}),
    Row("bincount", (np.array([1, 1, 4], "int32"),), {"weights": positive(3)}),
    Row("bincount", (np.array([[1, 2, 2], [0, 0, 3]], "int32"),), {"minlength": 6}),
    Row("histogram", (X[0],), {"bins": 4}),
    Row("histogram", (INT[0],), {"bins": 3, "range": (-2.0, 5.0)}),
    Row("digitize", (X, np.array([-1.0, 0.0, 1.0], "float32"))),
    Row("searchsorted", (np.array([0, 2, 4], "int32"), INT), {"side": "right"}),
    Row("isin", (INT, np.array([1, -3], "int32"))),
    Row("isin", (INT, np.array([1, -3], "int32")), {"invert": True}),
    Row("in_top_k", (np.array([0, 3, 2], "int32"), X, 2)),
    Row("top_k", (INT, 2)),
    Row("argpartition", (X[0], 2)),
    Row("unique", (INT,), {"return_inverse": True, "return_counts": True, "return_index": True}),
    Row("unique", (INT % 2,), {"axis": 0}),
    *(Row("unique", (INT,), {"size": size, "fill_value": -1, "return_counts": True})
      for size in (3, 20)),
    Row("segment_sum", (X, np.array([0, 2, 0], "int32"), 4)),
    Row("segment_max", (INT, np.array([1, 0, 1], "int32"), 2)),
    Row("bartlett", (5,)),
    Row("blackman", (5,)),
    Row("hamming", (5,)),
    Row("hanning", (5,)),
    Row("kaiser", (5, 3.0)),
    Row("fft", ((X, X + 1),)),
    Row("fft2", ((X, X + 1),)),
    Row("ifft2", ((X, X + 1),)),
    Row("rfft", (X,)),
    Row("rfft", (X, 6)),
    Row("irfft", ((X, X + 1),)),
    Row("irfft", ((X, X + 1), 5)),
    Row("extract_sequences", (normal(2, 20), 6, 3)),
    Row("stft", (normal(2, 50), 8, 3, 16)),
    Row("stft", (normal(50), 16, 4, 16), {"window": "hamming", "center": False}),
    Row("istft", ((normal(2, 7, 9), normal(2, 7, 9)), 16, 4, 16), {"length": 30}),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_agrees_with_keras(row, backend):
    row.check()


def test_quantiles_of_several_dimensions(backend):
    q = np.array([[0.0, 0.2], [0.5, 1.0]])
    found = ops.convert_to_numpy(ops.quantile(X, q, axis=0))
    np.testing.assert_allclose(found, np.quantile(X, q, axis=0), atol=1e-6)


def test_sum_keeps_64_bits():
    with kerata.use_backend("torch"):
        assert ops.dtype(ops.sum(ops.ones((2,), "int64"))) == "int64"


def test_median_of_an_unknown_batch():
    assert ops.median(kerata.KerasTensor((None, 3)), axis=1).shape == (None,)
    assert ops.quantile(kerata.KerasTensor((None, 3)), [0.1, 0.2], axis=0).shape == (2, 3)


def test_stft_and_back(backend):
    signal = normal(2, 64)
    frames = ops.stft(signal, 16, 4, 16)
    back = ops.istft(frames, 16, 4, 16, length=64)
    np.testing.assert_allclose(ops.convert_to_numpy(back), signal, atol=1e-5)


def test_bincount_of_nothing(backend):
    assert ops.convert_to_numpy(ops.bincount(np.zeros((0,), "int32"), minlength=2)).tolist() == [
        0,
        0,
    ]


REFUSALS = [
    (lambda: ops.quantile(X, 0.5, method="cubic"), "`method` is 'cubic'"),
    (lambda: ops.average(X, weights=positive(2)), "`average` got weights of shape"),
    (lambda: ops.correlate(X, X), "expected two vectors"),
    (lambda: ops.histogram(X, bins=0), "`histogram` got bins=0"),
    (lambda: ops.bincount(normal(1, 1, 1)), "one or two dimensions"),
    (lambda: ops.top_k(X, 9), "`top_k` got k=9"),
    (lambda: ops.argpartition(X, 9), "`argpartition` got kth=9"),
    (lambda: ops.searchsorted(X, X), "expected a vector"),
    (lambda: ops.sum(X, axis=2), "`axis` is 2, but the tensor has 2 dimensions"),
    (lambda: ops.segment_sum(X, np.zeros(2, "int32"), 3), "3 rows and 2 ids"),
    (lambda: ops.segment_sum(X, np.zeros(3, "float32"), 3), "one integer id per row"),
    (lambda: ops.stft(X, 8, 2, 4), "`stft` got sequence_length=8"),
    (lambda: ops.stft(X, 4, 2, 4, window="box"), "`window` is 'box'"),
    (lambda: ops.stft(X, 4, 2, 4, window=normal(3)), r"expected \(4,\), the sequence length"),
    (lambda: ops.fft(X), "expects a pair of tensors"),
    (lambda: ops.fft((X, X[:1])), "expected equal shapes"),
]


@pytest.mark.parametrize(("call", "message"), REFUSALS)
def test_refusals_say_what_is_wrong(call, message, backend):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_transforms_of_half_precision(dtype, backend):
    """Engines transform from 32 bits on; the result has the dtype of the signal."""
    signal = np.random.default_rng(0).normal(size=(2, 16)).astype("float32")
    halves = kerata.ops.cast(signal, dtype)
    for transform in (lambda x: kerata.ops.stft(x, 8, 4, 8), lambda x: kerata.ops.fft((x, x))):
        for part, full in zip(transform(halves), transform(signal), strict=True):
            assert kerata.ops.dtype(part) == dtype
            part = kerata.ops.convert_to_numpy(kerata.ops.cast(part, "float32"))
            np.testing.assert_allclose(part, kerata.ops.convert_to_numpy(full), atol=0.1)
    back = kerata.ops.irfft(kerata.ops.rfft(halves))
    assert kerata.ops.dtype(back) == dtype
    np.testing.assert_allclose(
        kerata.ops.convert_to_numpy(kerata.ops.cast(back, "float32")), signal, atol=0.05
    )
