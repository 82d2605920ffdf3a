"""Output specs of a layer, found by running its `call` without values.

First on symbolic tensors, by the shape rules of the ops: no engine is needed. A `call` that
goes around `kerata.ops` cannot run on those; then the engine's abstract evaluation runs it,
twice, with two sizes for each unknown dimension, which tells the unknown ones of the output.
A `call` that looks at values (`float(x)`, `if x.sum() > 0`) is run on zeros in the end.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from kerata.core import tree
from kerata.core.context import CallContext, current, set_current
from kerata.core.scope import Scope, SymbolicScope
from kerata.core.spec import TensorSpec, spec_of
from kerata.core.symbolic import SymbolicTensor

# Two sizes that stand for an unknown dimension; where outputs differ, they are unknown too.
_SIZES = (2, 3)


def infer_output_spec(layer: Any, args: tuple, kwargs: dict) -> Any:
    """Return the structure of TensorSpecs that `layer.call(*args, **kwargs)` gives.

    Raises:
        Exception: whatever `call` raises for inputs of these shapes.
    """
    given = _given_shape(layer, args, kwargs)
    if given is not None:
        return given
    try:
        return _run_symbolically(layer, args, kwargs)
    except (TypeError, AttributeError) as error:
        with contextlib.suppress(Exception):
            return infer_on_engine(layer, args, kwargs)
        raise error


def infer_on_engine(layer: Any, args: tuple, kwargs: dict) -> Any:
    """Return what `infer_output_spec` does, by the engine alone: for code that is not ours.

    Raises:
        Exception: whatever `call` raises on tensors of zeros.
    """
    with contextlib.suppress(Exception):
        return _run_on_engine(layer.backend.abstract_call, layer, args, kwargs)
    return _run_on_engine(layer.backend.call_on_zeros, layer, args, kwargs)


def _given_shape(layer: Any, args: tuple, kwargs: dict) -> Any:
    """Use a `compute_output_shape` that the user's class defines."""
    method = type(layer).compute_output_shape
    if method.__module__.startswith("kerata.") or not args:
        return None
    shapes = tree.map_structure(lambda leaf: leaf.shape, args[0])
    result = layer.compute_output_shape(shapes)
    if isinstance(result, (tuple, list)) and all(n is None or isinstance(n, int) for n in result):
        return TensorSpec(tuple(result), layer.compute_dtype)
    return [TensorSpec(tuple(shape), layer.compute_dtype) for shape in result]


def _run_symbolically(layer: Any, args: tuple, kwargs: dict) -> Any:
    context = current.call or CallContext(kwargs.get("training"))
    with set_current(scope=SymbolicScope(), call=context, autocast=_autocast(layer)):
        losses = len(context.losses)
        output = layer.call(*_fresh(args), **_fresh(kwargs))
        del context.losses[losses:]
    return _specs(output)


def _autocast(layer: Any) -> str | None:
    return layer.compute_dtype if layer.compute_dtype != layer.variable_dtype else None


def _fresh(structure: Any) -> Any:
    """Replace symbolic tensors by new ones, which remember no graph."""
    return tree.map_structure(
        lambda leaf: SymbolicTensor(leaf.shape, leaf.dtype)
        if isinstance(leaf, SymbolicTensor)
        else leaf,
        structure,
    )


def _specs(output: Any) -> Any:
    return tree.map_structure(lambda leaf: None if leaf is None else spec_of(leaf), output)


def _run_on_engine(evaluate: Callable, layer: Any, args: tuple, kwargs: dict) -> Any:
    results = [_specs_for_size(evaluate, layer, args, kwargs, size) for size in _SIZES]
    return tree.map_structure(_merge, *results)


def _merge(a: TensorSpec, b: TensorSpec) -> TensorSpec:
    return TensorSpec(
        tuple(m if m == n else None for m, n in zip(a.shape, b.shape, strict=True)), a.dtype
    )


def _specs_for_size(
    evaluate: Callable, layer: Any, args: tuple, kwargs: dict, size: int
) -> Any:
    leaves = tree.flatten((args, kwargs))
    places = [i for i, leaf in enumerate(leaves) if isinstance(leaf, SymbolicTensor)]
    specs = [
        (tuple(size if n is None else n for n in leaves[i].shape), leaves[i].dtype) for i in places
    ]

    def run(*tensors: Any) -> Any:
        values = list(leaves)
        for place, tensor in zip(places, tensors, strict=True):
            values[place] = tensor
        inner_args, inner_kwargs = tree.pack((args, kwargs), values)
        context = {"call": CallContext(), "autocast": _autocast(layer), "numerics": None}
        with set_current(scope=None, **context), Scope():
            return layer.call(*inner_args, **inner_kwargs)

    engine = layer.backend
    return tree.map_structure(
        lambda leaf: TensorSpec(tuple(leaf.shape), engine.dtype_name(leaf)), evaluate(run, specs)
    )
