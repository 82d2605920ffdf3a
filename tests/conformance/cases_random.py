"""Rows of random primitives: here shape, dtype and gradient; values in tests/ops/test_random.py."""

import numpy as np

from tests.conformance.cases import Case, normal, positive, uniform

KEY = np.array([7, 3], "uint32")


def any_value(*args):
    return 0.0


def drawn(name, *args):
    return Case(name, (KEY, *args), oracle=any_value, gradient=False, atol=1e30)


def advanced(key):
    return np.array([key[0], key[1] + 1])


CASES = [
    Case("advance_key", (KEY,), oracle=advanced, batch=False),
    *(
        drawn(name, shape, dtype)
        for name in ("uniform_samples", "normal_samples", "truncated_normal_samples")
        for shape in ((), (2, 3))
        for dtype in ("float32", "bfloat16", "float16")
    ),
    *(drawn("integer_samples", (2, 3), -3, 9, dtype) for dtype in ("int32", "uint8")),
    drawn("categorical_samples", normal(2, 3), 5, "int32"),
    *(drawn("gamma_samples", alpha, (2, 3), "float32") for alpha in (positive(3), positive())),
    drawn("beta_samples", positive(3), positive(2, 1), (2, 3), "float32"),
    drawn("binomial_samples", np.float32([5, 6, 7]), uniform(0.1, 0.9, 3), (2, 3), "float32"),
    drawn("permuted", normal(3, 4), 1),
    Case("dropped_out", (normal(2, 3), KEY, 1.0, (2, 3)), oracle=lambda x, *_: 0 * x),
    *(
        Case("dropped_out", (normal(2, 3), KEY, 0.3, shape), oracle=any_value, atol=1e30)
        for shape in ((2, 3), (2, 1), (3,))
    ),
]
