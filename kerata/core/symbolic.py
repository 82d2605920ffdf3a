"""Symbolic tensors: specs that remember how they were made, for building graphs of layers.

`SymbolicTensor` is public as `KerasTensor`. It has the operators and methods of a tensor;
each records a node.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from kerata.core import names, tree
from kerata.core.spec import Shape, TensorSpec


class Node:
    """One application of an operation (a layer or an op) to symbolic tensors.

    Attributes:
        operation: the layer or op that was called.
        args, kwargs: its arguments, symbolic tensors among them.
        outputs: the symbolic tensors it gave, flat.
    """

    __slots__ = ("operation", "args", "kwargs", "outputs", "structure")

    def __init__(self, operation: Callable, args: tuple, kwargs: dict):
        self.operation = operation
        self.args = args
        self.kwargs = kwargs
        self.outputs: list[SymbolicTensor] = []
        self.structure: Any = None

    @property
    def inputs(self) -> list[SymbolicTensor]:
        """The symbolic tensors among the arguments, from left to right."""
        leaves = tree.flatten((self.args, self.kwargs))
        return [leaf for leaf in leaves if isinstance(leaf, SymbolicTensor)]


def record(operation: Callable, args: tuple, kwargs: dict, specs: Any) -> Any:
    """Make the symbolic outputs of an operation from their specs and link them to a node."""
    node = Node(operation, args, kwargs)

    def make(spec: TensorSpec) -> SymbolicTensor:
        tensor = SymbolicTensor(spec.shape, spec.dtype, node=node, index=len(node.outputs))
        node.outputs.append(tensor)
        return tensor

    if isinstance(specs, TensorSpec):
        node.structure = make(specs)
    else:
        node.structure = tree.map_structure(make, specs)
    return node.structure


def get_source_inputs(tensor: Any) -> Any:
    """Return the inputs that a symbolic tensor is computed from.

    Args:
        tensor: a symbolic tensor; anything else is returned as it is.

    Returns:
        A list of symbolic tensors, in the order in which they are first used.

    >>> import kerata
    >>> a, b = kerata.Input((2,)), kerata.Input((2,))
    >>> [source is a for source in kerata.utils.get_source_inputs(a * 2)]
    [True]
    """
    if not isinstance(tensor, SymbolicTensor):
        return tensor
    sources: dict[int, SymbolicTensor] = {}
    seen: set[int] = set()
    waiting = [tensor]
    while waiting:
        found = waiting.pop()
        if id(found) in seen:
            continue
        seen.add(id(found))
        inputs = found.node.inputs if found.node is not None else []
        if not inputs:
            sources[id(found)] = found
        waiting += reversed(inputs)
    return list(sources.values())


class SymbolicTensor:
    """A tensor without a value: shape, dtype, and the operation that makes it.

    Args:
        shape: tuple of ints; `None` for dimensions not known yet.
        dtype: dtype name.
        sparse, ragged, record_history: kept for Keras' signature; tensors are dense, and recorded.
        name: shown in summaries and errors.
        node, index: the call that makes it, and its place among the outputs of that call.

    >>> import kerata
    >>> x = kerata.Input((3,))
    >>> (x * 2).shape
    (None, 3)
    """

    __slots__ = ("spec", "node", "index", "_name", "sparse", "ragged", "__weakref__")

    # NumPy arrays must leave operators with a symbolic tensor to us.
    __array_ufunc__ = None

    def __init__(
        self,
        shape: Any,
        dtype: str = "float32",
        sparse: bool = False,
        ragged: bool = False,
        record_history: bool = True,
        name: str | None = None,
        *,
        node: Node | None = None,
        index: int = 0,
    ):
        self.spec = TensorSpec(tuple(shape), dtype)
        self.sparse = sparse
        self.ragged = ragged
        self.node = node
        self.index = index
        self._name = name

    @property
    def name(self) -> str:
        """A name, made up when none was given."""
        if self._name is None:
            self._name = names.unique("keras_tensor")
        return self._name

    @property
    def shape(self) -> Shape:
        """Shape with `None` for unknown dimensions."""
        return self.spec.shape

    @property
    def dtype(self) -> str:
        """Dtype name."""
        return self.spec.dtype

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.spec.shape)

    @property
    def ragged_rank(self) -> None:
        """`None`: there are no ragged tensors, every row of a tensor is equally long."""
        return None

    @property
    def row_splits_dtype(self) -> None:
        """`None`, as `ragged_rank`."""
        return None

    @property
    def T(self) -> Any:
        """The tensor with its dimensions reversed."""
        return _op("transpose")(self)

    def reshape(self, *new_shape: Any) -> Any:
        """Return the tensor in another shape."""
        shape = new_shape[0] if len(new_shape) == 1 else new_shape
        return _op("reshape")(self, shape)

    def squeeze(self, axis: Any = None) -> Any:
        """Return the tensor without dimensions of size 1."""
        return _op("squeeze")(self, axis)

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"

    def __len__(self) -> int:
        if not self.shape or self.shape[0] is None:
            raise TypeError(f"{self!r} has no known length.")
        return self.shape[0]

    def __bool__(self) -> bool:
        raise TypeError(
            f"{self!r} is a symbolic tensor: it has no value while a model is being built, so "
            "it cannot decide an `if`. Use `kerata.ops.where` or `kerata.ops.cond`."
        )

    __hash__ = object.__hash__

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(
            f"{self!r} is a symbolic tensor: it has no value while a model is being built. "
            "Use functions of `kerata.ops` on it, or compute in a layer's `call`."
        )

    def __float__(self) -> Any:
        return self.__array__()

    def __int__(self) -> Any:
        return self.__array__()


@functools.cache
def _op(name: str) -> Callable:
    """Return a public op by name; ops are above core, so they are looked up when called."""
    from kerata import ops

    return getattr(ops, name)


def _binary(name: str) -> Callable:
    return lambda self, other: _op(name)(self, other)


def _reflected(name: str) -> Callable:
    return lambda self, other: _op(name)(other, self)


def _unary(name: str) -> Callable:
    return lambda self: _op(name)(self)


_ARITHMETIC = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "true_divide",
    "floordiv": "floor_divide",
    "mod": "mod",
    "pow": "power",
    "matmul": "matmul",
    "and": "logical_and",
    "or": "logical_or",
    "xor": "logical_xor",
}
_COMPARISONS = {
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
}


def define_operators(cls: type) -> None:
    """Give a class the operators of a tensor, each calling the op of that name."""
    for short, name in _ARITHMETIC.items():
        setattr(cls, f"__{short}__", _binary(name))
        setattr(cls, f"__r{short}__", _reflected(name))
    for short, name in _COMPARISONS.items():
        setattr(cls, f"__{short}__", _binary(name))
    cls.__neg__ = _unary("negative")
    cls.__abs__ = _unary("abs")
    cls.__invert__ = _unary("logical_not")
    cls.__getitem__ = _binary("get_item")


define_operators(SymbolicTensor)
# Comparing for equality makes a tensor, as in NumPy; identity is `is`.
SymbolicTensor.__eq__ = _binary("equal")  # type: ignore[method-assign, assignment]
SymbolicTensor.__ne__ = _binary("not_equal")  # type: ignore[method-assign, assignment]
