"""Small steps captured as a graph of kernels and replayed, without Python between the kernels.

Training a small network eagerly, most of the time goes into Python and autograd's bookkeeping.
A captured step holds the kernels of its forward pass, its gradients and its update in the order
in which they ran, and TorchScript's interpreter calls them one after the other: the same
kernels, a third of the time. Networks whose kernels take long gain nothing.
"""

from __future__ import annotations

import gc
import math
import pathlib
import sys
import warnings
from collections.abc import Callable
from types import FrameType
from typing import Any

import torch
from torch.fx.experimental.proxy_tensor import make_fx
from torch.utils import _pytree as pytree

_aten = torch.ops.aten

# What these do, copying and cutting off from autograd, means nothing in a captured graph.
_IDLE = (_aten.detach.default, _aten.lift_fresh_copy.default)
_PRODUCTS = {
    _aten.mm.default: (0, 1), _aten.bmm.default: (0, 1), _aten.addmm.default: (1, 2),
    _aten.baddbmm.default: (1, 2),
}  # fmt: skip


# Where installed packages and kerata lie; a function from elsewhere is the user's.
_INSTALLED = (sys.prefix, sys.base_prefix, str(pathlib.Path(__file__).parents[2]), "<frozen ")


class NotCapturable(Exception):
    """A step runs code that may do more than compute, so that it must run as it is."""


class Loop:
    """A pure step captured as a graph, to be replayed over stacked batches.

    Args:
        pure: `(constant, state, batch) -> (result, state)`: the first two and what it returns
            are lists of tensors, the batch is any structure of them.
    """

    def __init__(self, pure: Callable):
        self._pure = pure
        self._captured: dict[Any, _Captured] = {}

    def run(self, constant: list, state: list, batches: Any, n: int) -> tuple[list, list]:
        """Run `n` steps; `batches` are stacked along a first axis of length >= n."""
        stacked = _leaves(batches)
        step = self._step(constant, state, _first(batches))
        constant = [x.detach() for x in constant]
        state = [x.detach() for x in state]
        results = []
        with torch.no_grad():
            for i in range(n):
                result, state = step(constant, state, [x[i] for x in stacked])
                results.append(result)
        return [torch.stack(each) for each in zip(*results, strict=True)], state

    def one(self, constant: list, state: list, batch: Any) -> tuple[list, list]:
        """Run one step on one batch."""
        batch = _tensors(batch)
        step = self._step(constant, state, batch)
        with torch.no_grad():
            constant, state = [x.detach() for x in constant], [x.detach() for x in state]
            return step(constant, state, _leaves(batch))

    def flops(self, constant: list, state: list, batch: Any) -> float:
        """Return the multiply-adds times two of one step's matrix products and convolutions.

        Raises:
            NotCapturable: if a user's code runs in the step.
            Exception: of any other kind, if the step asks for values.
        """
        batch = _tensors(batch)
        return self._step(constant, state, batch).flops

    def _step(self, constant: list, state: list, batch: Any) -> _Captured:
        leaves = [x for x in pytree.tree_leaves(batch) if x is not None]
        key = tuple((x.shape, x.dtype) for x in leaves)
        if key not in self._captured:
            self._captured[key] = _Captured(self._pure, constant, state, batch)
        return self._captured[key]


def _leaves(batch: Any) -> list[torch.Tensor]:
    return [torch.as_tensor(x) for x in pytree.tree_leaves(batch) if x is not None]


def _first(batches: Any) -> Any:
    return _tensors(pytree.tree_map(lambda x: None if x is None else x[0], batches))


def _tensors(batch: Any) -> Any:
    return pytree.tree_map(lambda x: None if x is None else torch.as_tensor(x), batch)


class _Captured:
    """A step for one signature, captured by running it once on tensors without values."""

    def __init__(self, pure: Callable, constant: list, state: list, batch: Any):
        leaves, structure = pytree.tree_flatten(batch)
        constants, states = len(constant), len(state)
        trained = [x.requires_grad for x in (*constant, *state)]

        def flat(*tensors: torch.Tensor) -> list[torch.Tensor]:
            variables = [
                x.detach().requires_grad_(wanted)
                for x, wanted in zip(tensors, trained, strict=False)
            ]
            each = iter(tensors[constants + states :])
            values = [None if leaf is None else next(each) for leaf in leaves]
            given = pytree.tree_unflatten(values, structure)
            result, new_state = pure(variables[:constants], variables[constants:], given)
            self._results = len(result)
            return [x.detach() for x in (*result, *new_state)]

        present = [leaf for leaf in leaves if leaf is not None]
        examples = [x.detach() for x in (*constant, *state, *present)]
        with _OnlyOurCode():
            captured = make_fx(flat, tracing_mode="fake", _allow_non_fake_inputs=True)(*examples)
        graph = _without_idle_kernels(captured)
        self.flops = _flops(graph)
        self._run = _interpreted(graph, examples)

    def __call__(self, constant: list, state: list, batch: list) -> tuple[list, list]:
        found = self._run(*constant, *state, *batch)
        return found[: self._results], found[self._results :]


class _OnlyOurCode:
    """A block in which no function of a user's may run: it may print, count, or keep a tensor."""

    def __enter__(self) -> None:
        self._foreign: str | None = None
        self._before = sys.getprofile(), gc.isenabled()
        gc.disable()  # what it ends, such as a user's generator, would run in here
        sys.setprofile(self._note)

    def _note(self, frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and self._foreign is None and _is_users(frame):
            self._foreign = frame.f_code.co_qualname

    def __exit__(self, kind: type | None, *_: object) -> None:
        profile, collected = self._before
        sys.setprofile(profile)
        if collected:
            gc.enable()
        if kind is None and self._foreign is not None:
            raise NotCapturable(f"the step calls {self._foreign}")


def _is_users(frame: FrameType) -> bool:
    filename = frame.f_code.co_filename
    if filename.startswith("<"):  # generated, or typed in
        return frame.f_globals.get("__name__") == "__main__" or filename.startswith("<ipython")
    return not filename.startswith(_INSTALLED)


def _without_idle_kernels(module: torch.fx.GraphModule) -> torch.fx.GraphModule:
    for node in list(module.graph.nodes):
        if node.target in _IDLE:
            node.replace_all_uses_with(node.args[0])
            module.graph.erase_node(node)
    module.recompile()
    return module


def _interpreted(module: torch.fx.GraphModule, examples: list) -> Callable:
    """Return the graph for TorchScript's interpreter; as Python code where that is missing."""
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.jit.trace(module, examples, check_trace=False)
    except (RuntimeError, AttributeError, NotImplementedError):
        return module


def _flops(module: torch.fx.GraphModule) -> float:
    total = 0.0
    for node in module.graph.nodes:
        if node.target in _PRODUCTS:
            first = node.args[_PRODUCTS[node.target][0]].meta["val"].shape
            total += 2.0 * math.prod(node.meta["val"].shape) * first[-1]
        elif node.target is _aten.convolution.default:
            kernel = node.args[1].meta["val"].shape
            # Its two gradients take as long again, each.
            total += 6.0 * math.prod(node.meta["val"].shape) * math.prod(kernel[1:])
    return total
