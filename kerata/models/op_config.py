"""Ops between layers as plain data and back: as Keras writes them, so that files are exchanged.

In such a file an op is a class of `keras.src.ops` with options, `ExpandDims(axis=1)`, called on
tensors. Classes are found by their names in kerata's own vocabulary of ops; nothing is imported.
What kerata computes by a primitive that Keras does not have is written by the primitive's name,
`{"module": "kerata.ops", ...}`, which Keras refuses to read.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from kerata import ops
from kerata.core import tree
from kerata.core.dtypes import floatx, is_float
from kerata.core.primitive import PRIMITIVES, any_symbolic
from kerata.core.symbolic import Node
from kerata.core.variable import numpy_dtype
from kerata.ops.indexing import key_with_tensors

_OURS = "kerata.ops"
_THEIRS = ("keras.src.ops.", "keras.ops")

#: primitives that have a class of the same name and arguments in Keras, by its module
_ALIKE = {
    "core": "stop_gradient unstack",
    "linalg": "cholesky det eig eigh inv lu_factor qr",
    "math": (
        "erf erfc erfinv logsumexp rsqrt segment_max segment_min segment_prod segment_sum top_k "
        "view_as_complex view_as_real"
    ),
    "nn": (
        "celu elu gelu hard_shrink hard_sigmoid hard_silu hard_tanh leaky_relu log_sigmoid "
        "log_softmax relu relu6 selu sigmoid silu soft_shrink softmax softplus softsign threshold"
    ),
    "numpy": (
        "abs add all angle any arccos arccosh arcsin arcsinh arctan arctan2 arctanh argmax argmin "
        "argsort bitwise_and bitwise_not bitwise_or bitwise_xor broadcast_to cbrt ceil concatenate "
        "conj copy cos cosh diag diagonal divide equal exp exp2 expand_dims expm1 flip floor "
        "floor_divide fmax fmin fmod gcd greater greater_equal heaviside hypot i0 imag isfinite "
        "isinf isnan isneginf isposinf isreal lcm left_shift less less_equal log log10 log1p log2 "
        "logaddexp logaddexp2 logical_and logical_not logical_or logical_xor matmul max maximum "
        "mean min minimum mod multiply nan_to_num negative nextafter nonzero not_equal power real "
        "reciprocal right_shift roll round sign signbit sin sinc sinh slogdet sort split sqrt "
        "square squeeze stack subtract sum take take_along_axis tan tanh tile transpose tril triu "
        "trunc var"
    ),
}
_MODULE_OF = {name: module for module, names in _ALIKE.items() for name in names.split()}

#: classes of Keras that have other names than its functions
_FUNCTION_OF = {
    "batchnorm": "batch_normalization",
    "layernorm": "layer_normalization",
    "rmsnorm": "rms_normalization",
}


class OpConfig(NamedTuple):
    """An op of Keras: its class, what makes it, and what it is called on."""

    module: str
    class_name: str
    options: dict[str, Any]
    inputs: list[Any]


# -- writing ---------------------------------------------------------------------------------


def op_config(node: Node) -> OpConfig:
    """Return how Keras would write the use of a primitive."""
    name = node.operation.__name__
    bound = inspect.signature(node.operation).bind(*node.args, **node.kwargs)
    bound.apply_defaults()
    # JSON has no NaN, and a file with one is refused; an array may be spelled.
    spell = functools.partial(_spelled, dtype=tree.flatten(node.outputs)[0].dtype)
    given = {key: tree.map_structure(spell, value) for key, value in bound.arguments.items()}
    rewritten = _REWRITTEN[name](**given) if name in _REWRITTEN else None
    if rewritten is not None and not any_symbolic(tree.flatten(rewritten.options)):
        return rewritten._replace(module=f"keras.src.ops.{rewritten.module}")
    if name not in _MODULE_OF:
        return OpConfig(_OURS, name, {}, list(given.values()))
    primitive = PRIMITIVES[name]
    tensors = {list(given)[place] for place in (*primitive.single, *primitive.many)}
    options = {key: value for key, value in given.items() if key not in tensors}
    inputs = [value for key, value in given.items() if key in tensors]
    class_name = "".join(word.capitalize() for word in name.split("_"))
    return OpConfig(f"keras.src.ops.{_MODULE_OF[name]}", class_name, options, inputs)


def _spelled(value: Any, dtype: str) -> Any:
    if isinstance(value, (float, np.floating)) and math.isnan(value):
        return np.array(value, numpy_dtype(dtype if is_float(dtype) else floatx()))
    return value


def _alike(sizes: Any) -> Any:
    """One number in place of equal ones: some classes of Keras do not take the lists of a file."""
    return sizes[0] if isinstance(sizes, (list, tuple)) and len(set(sizes)) == 1 else sizes


def _pooled(class_name: str) -> Callable[..., OpConfig]:
    def write(inputs: Any, pool_size: Any, strides: Any, **options: Any) -> OpConfig:
        options |= {"pool_size": _alike(pool_size), "strides": _alike(strides)}
        return OpConfig("nn", class_name, options, [inputs])

    return write


def _filled_like(x: Any, value: Any, dtype: str, shape: Any) -> OpConfig | None:
    if shape is not None:
        return None
    return OpConfig("numpy", "FullLike", {"dtype": dtype}, [x, value])


def _fourier(real: Any, imag: Any, rank: int, inverse: bool) -> OpConfig | None:
    class_name = {(1, False): "FFT", (2, False): "FFT2", (2, True): "IFFT2"}.get((rank, inverse))
    return None if class_name is None else OpConfig("math", class_name, {}, [(real, imag)])


def _as(module: str, class_name: str, tensors: int = 1) -> Callable[..., OpConfig]:
    """The same arguments, of which the first ones are what the op is called on."""

    def write(**given: Any) -> OpConfig:
        options = dict(list(given.items())[tensors:])
        return OpConfig(module, class_name, options, list(given.values())[:tensors])

    return write


#: primitives that Keras has under another name, or with other arguments
_REWRITTEN: dict[str, Callable[..., OpConfig | None]] = {
    "astype": _as("core", "Cast"),
    "bitcast": _as("numpy", "View"),
    "clip": _as("numpy", "Clip"),
    "contract": lambda operands, subscripts: OpConfig(
        "numpy", "Einsum", {"subscripts": subscripts}, list(operands)
    ),
    "convolution": _as("nn", "Conv", tensors=2),
    "cumulative_product": _as("numpy", "Cumprod"),
    "cumulative_sum": _as("numpy", "Cumsum"),
    "depthwise_convolution": _as("nn", "DepthwiseConv", tensors=2),
    "filled_like": _filled_like,
    "fourier": _fourier,
    "inverse_real_fourier": lambda real, imag, length: OpConfig(
        "math", "IRFFT", {"fft_length": length}, [(real, imag)]
    ),
    "isclose": lambda equal_nan, **inputs: OpConfig(
        "numpy", "Isclose", {"equal_nan": equal_nan}, list(inputs.values())
    ),
    "item": lambda x, indices, key: OpConfig(
        "numpy", "GetItem", {}, [x, key_with_tensors(key, indices)]
    ),
    "mean_and_variance": _as("nn", "Moments"),
    "one_hot_encoding": _as("nn", "OneHot"),
    "padded": lambda x, widths, mode, value: OpConfig(
        "numpy", "Pad", {"pad_width": widths, "mode": mode},
        [x, value] if mode == "constant" else [x],
    ),
    "product": _as("numpy", "Prod"),
    "real_fourier": lambda x, length: OpConfig("math", "RFFT", {"fft_length": length}, [x]),
    "repeated": _as("numpy", "Repeat"),
    "scattered": _as("core", "ScatterUpdate", tensors=3),
    "searchsorted": _as("numpy", "SearchSorted", tensors=2),
    "select_elements": _as("numpy", "Where", tensors=3),
    "singular_values": lambda x: OpConfig("linalg", "SVD", {"compute_uv": False}, [x]),
    "singular_vectors": _as("linalg", "SVD"),
    "slice_at": _as("core", "Slice", tensors=2),
    "solve_matrix": _as("linalg", "Solve", tensors=2),
    "solve_triangular_matrix": _as("linalg", "SolveTriangular", tensors=2),
    "windowed_max": _pooled("MaxPool"),
    "windowed_mean": _pooled("AveragePool"),
    "with_shape": _as("numpy", "Reshape"),
    "with_slice_at": _as("core", "SliceUpdate", tensors=3),
}


# -- reading ---------------------------------------------------------------------------------


def is_op(module: Any) -> bool:
    """Tell whether the module that a file names is one of ops."""
    return isinstance(module, str) and (module == _OURS or module.startswith(_THEIRS))


def op_from_config(entry: Mapping[str, Any], options: Mapping[str, Any]) -> Callable:
    """Return the op that an entry of a file names, to be called on symbolic tensors.

    Args:
        entry: with its `module` and `class_name`.
        options: what the file says of how the op is made.

    Raises:
        ValueError: if kerata has no such op.
    """
    name = entry["class_name"]
    if entry["module"] == _OURS:
        op = PRIMITIVES[name].op if name in PRIMITIVES else None
    else:
        op = _vocabulary().get(str(name).lower())
    if op is None:
        raise ValueError(f"The file uses an op {name!r}, which kerata does not have.")
    options = {key: value for key, value in options.items() if key != "name"}

    def call(*args: Any, **kwargs: Any) -> Any:
        if not any_symbolic(tree.flatten((args, kwargs))):  # else a file could compute at will
            raise ValueError(f"The file uses the op {name!r} without any tensor of the model.")
        return op(*args, **options, **kwargs)

    return call


@functools.cache
def _vocabulary() -> dict[str, Callable]:
    """The public ops by what the names of Keras' classes are in lower case."""
    found: dict[str, Callable] = {}
    for place in (ops.image, ops.nn, ops):
        found |= {name.replace("_", ""): getattr(place, name) for name in place.__all__}
    found |= {name: getattr(ops, function) for name, function in _FUNCTION_OF.items()}
    return found | {"einsum": _einsum, "getitem": _get_item, "pad": _pad}


def _einsum(*operands: Any, subscripts: str) -> Any:
    return ops.einsum(subscripts, *operands)


def _get_item(x: Any, key: Any) -> Any:
    """A file has a list where a tuple was."""
    return ops.get_item(x, tuple(key) if isinstance(key, list) else key)


def _pad(x: Any, constant_values: Any = None, **options: Any) -> Any:
    return ops.pad(x, constant_values=constant_values, **options)
