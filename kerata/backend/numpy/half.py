"""Half precision in NumPy: computed in float32.

bfloat16 comes from ml_dtypes, which knows no weak Python numbers and few of NumPy's functions.
"""

import functools

import numpy as np

_HALVES = ("float16", "bfloat16")


def _in_float32(kernel):
    """Let a kernel compute half precision in float32, and give its results in half precision."""

    @functools.wraps(kernel)
    def run(*arguments, **settings):
        halves = [each.dtype for each in arguments if _is_half(each)]
        if not halves:
            return kernel(*arguments, **settings)
        wide = [each.astype("float32") if _is_half(each) else each for each in arguments]
        results = kernel(*wide, **settings)
        if isinstance(results, tuple):
            return tuple(result.astype(halves[0]) for result in results)
        return results.astype(halves[0])

    return run


def _is_half(value):
    return isinstance(value, np.ndarray | np.generic) and value.dtype.name in _HALVES
