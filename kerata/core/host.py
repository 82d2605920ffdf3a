"""Computing with NumPy in the middle of anything: what engines have no operation for.

Text is no tensor (but for TensorFlow), and some integer work, such as hashing, has no place in
engines. `on_host` runs it on NumPy arrays, wherever the values come from.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from kerata.backend import select
from kerata.core.primitive import any_symbolic, backend_of, convert, convert_to_numpy
from kerata.core.spec import TensorSpec
from kerata.core.symbolic import SymbolicTensor
from kerata.core.variable import numpy_dtype

Tensor = Any


def on_host(function: Callable[..., np.ndarray], values: list, spec: TensorSpec) -> Tensor:
    """Return `function(*arrays)` as a tensor of the engine that the values belong to.

    Args:
        function: takes NumPy arrays and returns one. Ops in it are NumPy's.
        values: tensors, NumPy arrays (of text as well) or symbolic tensors.
        spec: spec of the result, `None` for sizes that are not known.

    Returns:
        A tensor; text is returned as a NumPy array. A symbolic tensor for symbolic values.

    Raises:
        TypeError: if an engine that compiles cannot call Python at this place.

    >>> import kerata
    >>> text = np.array(["a", "bcd"])
    >>> on_host(np.char.str_len, [text], TensorSpec((2,), "int32")).tolist()
    [1, 3]
    """
    if any_symbolic(values):
        return SymbolicTensor(spec.shape, spec.dtype)
    engine = backend_of(*values)

    def run(*arrays: np.ndarray) -> np.ndarray:
        with select.use_backend("numpy"):
            return function(*arrays)

    if any(select.engine_of(value) is engine and engine.is_traced(value) for value in values):
        return engine.call_on_host(run, values, spec.shape, spec.dtype)
    result = np.asarray(run(*(convert_to_numpy(value) for value in values)))
    if spec.dtype == "string":
        return result
    with select.use_backend(engine):
        return convert(result.astype(numpy_dtype(spec.dtype), copy=False))
