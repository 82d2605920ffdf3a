"""The PyTorch engine: tensors, state and gradients. Autograd records by itself."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.checkpoint import checkpoint

import kerata.backend.torch as package
from kerata.backend.interface import Backend, Tensor, collect_kernels
from kerata.backend.torch import placement
from kerata.backend.torch.gradient import (
    Recording,
    Remembered,
    WithGradient,
    differentiable_again,
    inside_transform,
    outside_transforms,
)
from kerata.backend.torch.module import LayerModule

_NAME = {
    getattr(torch, name): name
    for name in (
        "bool uint8 uint16 uint32 uint64 int8 int16 int32 int64 bfloat16 float16 float32 float64 "
        "complex64 complex128 float8_e4m3fn float8_e5m2"
    ).split()
}
_DTYPE = {name: dtype for dtype, name in _NAME.items()}


class TorchBackend(Backend):
    """Tensors on the default torch device, or on the GPU when there is one."""

    name = "torch"
    gradients = "native"
    tensor_types = (torch.Tensor,)
    inexact_dtypes = frozenset(d for d in _NAME if d.is_floating_point or d.is_complex)
    native_scalars = frozenset(("add", "subtract", "multiply", "true_divide", "divide", "power"))
    native_later_scalars = frozenset(
        ("equal", "not_equal", "greater", "greater_equal", "less", "less_equal", "clip")
    )

    def __init__(self) -> None:
        self.kernels = collect_kernels(self.name, package, torch)
        self._on_gpu = torch.cuda.is_available()

    @property
    def device(self) -> torch.device:
        """Where new tensors are made."""
        return placement.device() or torch.get_default_device()

    def devices(self) -> dict[str, Any]:
        gpus = {f"gpu:{i}": torch.device("cuda", i) for i in range(torch.cuda.device_count())}
        return {"cpu:0": torch.device("cpu"), **gpus}

    def placing(self, device: Any) -> contextlib.AbstractContextManager:
        return placement.on(device)

    def from_numpy(self, array: np.ndarray) -> Tensor:
        return self.view_numpy(np.array(array, order="C"))

    def view_numpy(self, array: np.ndarray) -> Tensor:
        # The name of a dtype is slow to read, and this is done to each batch.
        if array.dtype.kind == "V" and array.dtype.name == "bfloat16":
            tensor = torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
        else:
            if not array.flags.writeable or not array.dtype.isnative or _has_negative_stride(array):
                array = np.array(array, dtype=array.dtype.newbyteorder("="))
            tensor = torch.from_numpy(array)
        device = placement.device()
        return tensor if device is None else tensor.to(device)

    def to_numpy(self, tensor: Tensor) -> np.ndarray:
        tensor = tensor.detach().cpu()
        if tensor.dtype == torch.bfloat16:
            import ml_dtypes

            return tensor.contiguous().view(torch.int16).numpy().view(ml_dtypes.bfloat16)
        return tensor.numpy()

    def dtype_name(self, tensor: Tensor) -> str:
        return _NAME[tensor.dtype]

    def cast(self, tensor: Tensor, dtype: str) -> Tensor:
        return tensor.to(_DTYPE[dtype])

    def scalar(self, value: float | int | bool, dtype: str) -> Tensor:
        return _constant(value, type(value), dtype, str(self.device))

    def stop_gradient(self, tensor: Tensor) -> Tensor:
        return tensor.detach()

    def on_one_device(self, values: list) -> list | None:
        """Tensors on the CPU follow those on a GPU, where variables and constants are made."""
        tensors = [x for x in values if isinstance(x, torch.Tensor)]
        if len({x.device for x in tensors}) < 2:
            return None
        device = next(x.device for x in tensors if x.device.type != "cpu")
        return [x.to(device) if isinstance(x, torch.Tensor) else x for x in values]

    # -- state -----------------------------------------------------------------------------

    def make_state(self, array: np.ndarray, trainable: bool) -> Tensor:
        with outside_transforms():
            state = self.from_numpy(array)
            return torch.nn.Parameter(state) if trainable and _differentiable(state) else state

    def replace_state(self, old: Tensor, new: Tensor, trainable: bool) -> Tensor:
        return self.replace_states([old], [new], [trainable])[0]

    def replace_states(self, old: list, new: list, trainable: list[bool]) -> list:
        """Copy into parameters, which others may hold; exchange the rest."""
        kept = [index for index, x in enumerate(old) if isinstance(x, torch.nn.Parameter)]
        result = [tensor.detach() for tensor in new]
        if self._on_gpu:  # values of a user's may lie on the CPU
            result = [tensor.to(x.device) for tensor, x in zip(result, old, strict=True)]
        if kept:
            targets = [old[index] for index in kept]
            with torch.no_grad():
                torch._foreach_copy_(targets, [result[index] for index in kept])
            for index in kept:
                result[index] = old[index]
        for index, tensor in enumerate(result):
            if trainable[index] and not tensor.requires_grad and _differentiable(tensor):
                result[index] = torch.nn.Parameter(tensor.clone())
        return result

    def set_trainable(self, tensor: Tensor, trainable: bool) -> Tensor:
        if isinstance(tensor, torch.nn.Parameter):
            return tensor.requires_grad_(trainable)
        return torch.nn.Parameter(tensor) if trainable and _differentiable(tensor) else tensor

    def copy_state(self, tensor: Tensor) -> Tensor:
        return tensor.detach().clone()

    @property
    def operator_types(self) -> tuple[type, ...]:
        return (torch.Tensor,)

    # -- gradients -------------------------------------------------------------------------

    def gradient(
        self,
        target: Tensor,
        sources: Sequence[Tensor],
        output_gradients: Tensor | None,
        retain: bool,
        create_graph: bool,
    ) -> list[Tensor | None]:
        """Return the gradients of a target with respect to tensors; `None` if unconnected."""
        if not target.requires_grad:
            return [None] * len(sources)
        usable = [source for source in sources if source.requires_grad]
        if output_gradients is None and target.ndim:
            output_gradients = torch.ones_like(target)
        found = torch.autograd.grad(
            target,
            usable,
            grad_outputs=output_gradients,
            retain_graph=retain or create_graph,
            create_graph=create_graph,
            allow_unused=True,
        )
        if target.grad_fn is not None and not (retain or create_graph or target._is_view()):
            target.detach_()  # its graph is spent: from now on it is a value, to print or plot
        each = iter(found)
        return [next(each) if source.requires_grad else None for source in sources]

    def vjp(self, function: Callable, primals: Sequence[Tensor]) -> tuple[list, Callable, Any]:
        with differentiable_again() if inside_transform() else contextlib.nullcontext():
            return torch.func.vjp(function, *primals, has_aux=True)

    def jvp(
        self, function: Callable, primals: Sequence[Tensor], tangents: Sequence[Tensor]
    ) -> tuple[list, list, Any]:
        with differentiable_again():
            return torch.func.jvp(function, tuple(primals), tuple(tangents), has_aux=True)

    def with_gradient(self, function: Callable, tensors: Sequence[Tensor]) -> list:
        return list(WithGradient.apply(Remembered(function), *tensors))

    def remat(self, function: Callable) -> Callable:
        if inside_transform():  # which has no hooks for what is kept
            return function
        return functools.partial(checkpoint, function, use_reentrant=False)

    def as_module(self, layer: Callable, variables: dict[tuple[str, ...], Any]) -> LayerModule:
        return LayerModule(layer, variables)

    def recording(self) -> contextlib.AbstractContextManager:
        """Return a context in which autograd records.

        Raises:
            RuntimeError: inside a transformation, whose tensors autograd does not see through.
        """
        if inside_transform():
            raise RuntimeError(
                "On torch a GradientTape cannot be opened inside `kerata.grad`, `vjp`, `jvp` or "
                "`vectorized_map`. Nest `kerata.grad` there instead."
            )
        return Recording()

    # -- running ---------------------------------------------------------------------------

    def inference(self) -> contextlib.AbstractContextManager:
        return torch.no_grad()

    def set_random_seed(self, seed: int) -> None:
        torch.manual_seed(seed)

    def prepare_training(self) -> None:
        # Denormal numbers slow over-fitted networks on CPUs by a third; XLA flushes them too.
        torch.set_flush_denormal(True)

    @property
    def captures(self) -> bool:
        return not self._on_gpu  # measured on CPUs only

    def compile_loop(self, pure: Callable, thoroughly: bool) -> Any:
        """Capture a pure step `(constant, state, batch) -> (result, state)` to run many times."""
        from kerata.backend.torch import compile as capture

        return capture.Loop(pure)


@functools.lru_cache(maxsize=256)
def _constant(value: float | int | bool, _kind: type, dtype: str, device: str) -> torch.Tensor:
    """Return a scalar tensor; the same few constants are asked for at every step."""
    return torch.tensor(value, dtype=_DTYPE[dtype], device=device)


def _differentiable(tensor: torch.Tensor) -> bool:
    return tensor.dtype.is_floating_point or tensor.dtype.is_complex


def _has_negative_stride(array: np.ndarray) -> bool:
    return any(stride < 0 for stride in array.strides)


def make_engine() -> TorchBackend:
    """Return the engine; called once."""
    return TorchBackend()
