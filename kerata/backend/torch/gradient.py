"""Functional derivatives on PyTorch: what its kernels serve, and what lies outside of them.

The fastest kernels of attention and of recurrent layers know their first derivative in reverse
and no other. Inside `differentiable_again` torch takes the formulations that it can
differentiate as often as wanted, either way.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch._C._functorch import TransformType, get_interpreter_stack
from torch._functorch.pyfunctorch import temporarily_clear_interpreter_stack
from torch.nn.attention import SDPBackend, sdpa_kernel

_tapes = threading.local()


class Recording(torch.enable_grad):
    """A context in which autograd records for a tape; counts the tapes that are open."""

    def __enter__(self) -> None:
        super().__enter__()
        _tapes.open = getattr(_tapes, "open", 0) + 1

    def __exit__(self, *exception: object) -> None:
        _tapes.open -= 1
        super().__exit__(*exception)


@contextlib.contextmanager
def differentiable_again() -> Iterator[None]:
    """Let kernels be differentiated twice and in forward mode, at the price of speed."""
    before = torch.backends.mkldnn.enabled
    torch.backends.mkldnn.set_flags(_enabled=False)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mkldnn.set_flags(_enabled=before)


def inside_transform() -> bool:
    """Tell whether the code runs inside `torch.func.grad`, `vmap`, or another transformation."""
    return get_interpreter_stack() is not None


def beyond_first_gradients() -> bool:
    """Tell whether more may be asked for than one gradient in reverse.

    That is so inside a transformation, and where a tape watches what another one does.
    """
    return inside_transform() or getattr(_tapes, "open", 0) > 1


def inside_vmap() -> bool:
    """Tell whether the code runs for many elements at once, inside `torch.vmap`."""
    stack = get_interpreter_stack()
    return stack is not None and any(level.key() == TransformType.Vmap for level in stack)


class Remembered:
    """A function of tensors that gives `(outputs, pullback)`, and its last pullback."""

    def __init__(self, function: Callable):
        self._function = function
        self.pullback: Callable | None = None

    def __call__(self, *tensors: torch.Tensor) -> tuple:
        """Return the outputs."""
        outputs, self.pullback = self._function(*tensors)
        return tuple(outputs)


class WithGradient(torch.autograd.Function):
    """Runs a function whose gradients are what its own pullback gives."""

    generate_vmap_rule = True

    @staticmethod
    def forward(function: Remembered, *tensors: torch.Tensor) -> tuple:
        """Return the outputs."""
        return function(*tensors)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: tuple) -> None:
        """Keep what the gradients need."""
        ctx.function, *tensors = inputs
        ctx.save_for_backward(*tensors)

    @staticmethod
    def backward(ctx: Any, *cotangents: torch.Tensor) -> tuple:
        """Return the gradients of the arguments."""
        if torch.is_grad_enabled():
            # The gradient will be differentiated, so what it is made of must be recorded.
            ctx.function(*ctx.saved_tensors)
        return (None, *ctx.function.pullback(list(cotangents)))


def outside_transforms() -> contextlib.AbstractContextManager:
    """Return a context that lies outside of all transformations, for tensors that outlive them."""
    return temporarily_clear_interpreter_stack()
