"""Rows of reductions, accumulations and segments."""

import numpy as np
import scipy.special

from tests.conformance.cases import Case, bools, integers, normal, positive

X, INT = normal(2, 3, 4), integers(9, 2, 3, low=-9)
SMALL = INT.astype("int8")
IDS = np.array([0, 0, 3, -1, 9, 1], "int32")

_AXES = ({}, {"axis": 1}, {"axis": (0, -1)}, {"axis": -1, "keepdims": True})


def segments(ufunc, empty):
    def oracle(data, segment_ids, num_segments):
        rows = [data[segment_ids == number] for number in range(num_segments)]
        return np.stack([ufunc.reduce(row) if len(row) else np.full(2, empty) for row in rows])

    return oracle


CASES = [
    *(Case(name, (X,), axes) for name in ("sum", "mean", "var", "max", "min") for axes in _AXES),
    *(Case("product", (X,), axes, oracle=np.prod) for axes in _AXES),
    *(Case("logsumexp", (X,), axes, oracle=scipy.special.logsumexp) for axes in _AXES),
    *(Case(name, (bools(2, 3, 4),), axes) for name in ("any", "all") for axes in _AXES),
    *(Case(name, (INT,), {"axis": 0}) for name in ("sum", "mean", "var", "max", "min", "any")),
    *(Case(name, (SMALL,), {"axis": 0}) for name in ("sum", "mean", "max")),
    *(Case("sum", (INT.astype(dtype),)) for dtype in ("uint8", "uint16", "bool")),
    *(Case("product", (integers(3, 4, low=1).astype(dtype),), oracle=np.prod)
      for dtype in ("int8", "uint8", "int32")),
    *(Case(name, (INT,), axis) for name in ("argmax", "argmin")
      for axis in ({}, {"axis": 1}, {"axis": 0, "keepdims": True})),
    *(Case(name, (bools(2, 3),), {"axis": 1}) for name in ("argmax", "argmin", "max", "min")),
    Case("max", (X,), {"axis": 1, "initial": 0.75}),
    Case("min", (INT,), {"initial": -20}),
    Case("logsumexp", (np.array([[-np.inf, -np.inf], [1e4, 1e4]], "float32"),), {"axis": 1},
         oracle=scipy.special.logsumexp, gradient=False),
    *(Case("cumulative_sum", (x,), axis, oracle=np.cumsum) for x in (X, INT)
      for axis in ({}, {"axis": 1}, {"axis": -1})),
    *(Case("cumulative_product", (x,), axis, oracle=np.cumprod) for x in (positive(2, 3), INT)
      for axis in ({}, {"axis": 1})),
    *(Case(f"segment_{name}", (normal(6, 2), IDS), {"num_segments": 4},
           oracle=segments(ufunc, empty), gradient=empty == 0.0)
      for name, ufunc, empty in (("sum", np.add, 0.0), ("prod", np.multiply, 1.0),
                                 ("max", np.maximum, -np.inf), ("min", np.minimum, np.inf))),
]  # fmt: skip
