"""Into tensors, out of them, and between dtypes; what a tensor's dtype and size are.

`x` is anything tensor-like: tensor, variable, array, nested list or number.
"""

from __future__ import annotations

import math
from typing import Any

import ml_dtypes
import numpy as np

from kerata.backend import select
from kerata.core import dtypes
from kerata.core import primitive as core
from kerata.core.primitive import Tensor, primitive
from kerata.core.spec import TensorSpec, dtype_of, ndim_of, shape_of
from kerata.core.symbolic import SymbolicTensor
from kerata.core.variable import Variable, numpy_dtype

# -- between dtypes ------------------------------------------------------------------------


@primitive(promote="keep", elementwise=True)
def astype(x: Tensor, dtype: str) -> Tensor:
    """Return a tensor in another dtype, given by its name. See `cast`."""
    return x.with_dtype(dtype)


def cast(x: Tensor, dtype: Any) -> Tensor:
    """Return a tensor in another dtype.

    Floats become integers by rounding towards zero, numbers become bool by `x != 0`.

    Args:
        x: tensor of any shape.
        dtype: the wanted dtype, such as `"float32"`, `np.int64` or `bool`.

    Raises:
        ValueError: if `dtype` names no known dtype.

    >>> import kerata
    >>> kerata.ops.cast([0.0, 1.9, -1.9], "int32").tolist()
    [0, 1, -1]
    """
    name = dtypes.canonical(dtype)
    engine = select.engine_of(x)
    if engine is not None:
        return x if engine.dtype_name(x) == name else astype(x, name)
    if isinstance(x, SymbolicTensor) and x.dtype == name:
        return x
    return astype(x, name)


def in_dtype(x: Any, dtype: str) -> Any:
    """Return `x` in another dtype; what belongs to no engine becomes an array, which is neutral.

    Ops need this for arguments that must not choose the engine: numbers beside tensors.
    """
    engine = select.engine_of(x)
    if engine is not None:
        return x if engine.dtype_name(x) == dtype else astype(x, dtype)
    if isinstance(x, SymbolicTensor | Variable):
        return cast(x, dtype)
    return np.asarray(x).astype(numpy_dtype(dtype), copy=False)


def saturate_cast(x: Tensor, dtype: Any) -> Tensor:
    """Return a tensor in another dtype; numbers outside its range become its nearest limit.

    Args:
        x: tensor of any shape.
        dtype: the wanted dtype.

    Raises:
        ValueError: if `dtype` names no known dtype.

    >>> import kerata
    >>> kerata.ops.saturate_cast([-5.0, 300.0], "uint8").tolist()
    [0, 255]
    """
    from kerata.ops.elementwise import clip

    source, target = dtype_of(x), dtypes.canonical(dtype)
    if "bool" in (source, target):
        return cast(x, target)
    return cast(clip(x, *_range_within(source, target)), target)


def _range_within(source: str, target: str) -> tuple[float, float]:
    """Return the smallest and largest number of `source` that `target` can hold."""
    kind = numpy_dtype(source).type
    bounds = []
    for own, limit in zip(_limits(source), _limits(target), strict=True):
        bound = kind(own) if abs(own) < abs(limit) else kind(limit)
        if abs(bound.item()) > abs(limit):
            bound = np.nextafter(bound, kind(0))  # 2**31 - 1 is no float32; 2**31 is too much
        bounds.append(bound.item())
    return bounds[0], bounds[1]


def _limits(dtype: str) -> tuple[Any, Any]:
    if dtypes.is_integer(dtype):
        whole = np.iinfo(dtype)
        return int(whole.min), int(whole.max)
    real = ml_dtypes.finfo(numpy_dtype(dtype))
    return float(real.min), float(real.max)


@primitive(promote="keep")
def bitcast(x: Tensor, dtype: str) -> Tensor:
    """Read the bytes of a tensor as another dtype of the same or another size. See `view`."""
    old, new = numpy_dtype(x.dtype).itemsize, numpy_dtype(dtype).itemsize
    if old == new:
        return x.with_dtype(dtype)
    last = x.shape[-1] if x.ndim else 1
    if x.ndim == 0 or (last is not None and last * old % new):
        raise ValueError(
            f"`view` cannot read shape {x.shape} of {x.dtype} as {dtype}: the last dimension "
            f"takes no whole number of {new}-byte elements. Choose a dtype of {old} bytes."
        )
    return TensorSpec((*x.shape[:-1], None if last is None else last * old // new), dtype)


def view(x: Tensor, dtype: Any = None) -> Tensor:
    """Read the bytes of a tensor as another dtype; a dtype of another size changes the last axis.

    Args:
        x: tensor of any shape.
        dtype: how to read it; by default as it is.

    Raises:
        ValueError: if the last axis does not hold a whole number of the new elements.

    >>> import kerata
    >>> kerata.ops.view(kerata.ops.cast([1.0], "float32"), "int32").tolist()
    [1065353216]
    """
    return convert_to_tensor(x) if dtype is None else bitcast(x, dtypes.canonical(dtype))


# -- into and out of tensors ---------------------------------------------------------------


def convert_to_tensor(
    x: Any, dtype: Any = None, sparse: bool | None = None, ragged: bool | None = None
) -> Tensor:
    """Return anything tensor-like as a tensor.

    Engine tensors stay on their engine; arrays, lists and numbers go to the default backend.

    Args:
        x: tensor, variable, array, nested list or number.
        dtype: the wanted dtype; by default that of `x`, floatx for Python floats and int32 for
            Python integers.
        sparse, ragged: must not be true: tensors are dense.

    Raises:
        ValueError: if a sparse or ragged tensor is asked for, or the rows of a list differ.
        TypeError: if `x` is nothing that a tensor can be made of.

    >>> import kerata
    >>> kerata.ops.convert_to_tensor([1, 2]).shape
    (2,)
    """
    if sparse or ragged:
        raise ValueError("Tensors are dense here: leave out `sparse` and `ragged`.")
    return core.convert(x, dtype)


def array(x: Any, dtype: Any = None) -> Tensor:
    """Return anything tensor-like as a tensor of its own memory. See `convert_to_tensor`.

    >>> import kerata
    >>> kerata.ops.array([1.0, 2.0]).tolist()
    [1.0, 2.0]
    """
    return copy(core.convert(x, dtype))


def convert_to_numpy(x: Any) -> np.ndarray:
    """Return anything tensor-like as a NumPy array on the host.

    >>> import kerata
    >>> kerata.ops.convert_to_numpy(kerata.ops.ones((2,))).tolist()
    [1.0, 1.0]
    """
    return core.convert_to_numpy(x)


def is_tensor(x: Any) -> bool:
    """Tell whether `x` is a tensor of an engine (a NumPy array is one on the numpy backend).

    >>> import kerata
    >>> kerata.ops.is_tensor(kerata.ops.ones((2,))), kerata.ops.is_tensor([1.0])
    (True, False)
    """
    if select.engine_of(x) is not None:
        return True
    return isinstance(x, np.ndarray) and select.default().name == "numpy"


@primitive(promote="keep", elementwise=True)
def copy(x: Tensor) -> Tensor:
    """Return an equal tensor with memory of its own.

    >>> import kerata
    >>> kerata.ops.copy([1, 2]).tolist()
    [1, 2]
    """
    return x


@primitive(promote="keep", elementwise=True)
def stop_gradient(variable: Tensor) -> Tensor:
    """Return a tensor as a constant: gradients do not flow back through it.

    Args:
        variable: anything tensor-like.

    >>> import kerata
    >>> kerata.ops.stop_gradient([1.0]).tolist()
    [1.0]
    """
    return variable


# -- dtype and size -----------------------------------------------------------------------


def dtype(x: Any) -> str:
    """Return the name of the dtype.

    >>> import kerata
    >>> kerata.ops.dtype([1.0])
    'float32'
    """
    return dtype_of(x)


def ndim(x: Any) -> int:
    """Return the number of dimensions.

    >>> import kerata
    >>> kerata.ops.ndim([[1, 2, 3]])
    2
    """
    return ndim_of(x)


def size(x: Any) -> int | Tensor:
    """Return the number of elements: an integer, or a symbolic int32 scalar if not known yet.

    >>> import kerata
    >>> kerata.ops.size([[1, 2, 3]])
    3
    """
    sizes = shape_of(x)
    if None not in sizes:
        return math.prod(sizes)
    from kerata.ops.creation import ones_like
    from kerata.ops.reduce import sum

    return sum(ones_like(x, "int32"))
