"""A layer as a `torch.nn.Module`, for PyTorch's own optimizers, loops and wrappers.

A trainable variable holds a `torch.nn.Parameter`, which is changed in place. The tensors of
other variables are exchanged when they are assigned, so a module asks the variables for their
tensors each time, and hands them what it is given.
"""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Mapping, ValuesView
from typing import Any

import torch

Path = tuple[str, ...]


class _Tensors(dict):
    """Variables by name, seen as their present tensors.

    Seeds are seen as int32, since torch's collectives know no uint32.
    """

    def __getitem__(self, name: str) -> Any:
        held = super().__getitem__(name)
        if held is None or isinstance(held, torch.Tensor):  # what a user has registered
            return held
        tensor = held.stored_value()
        return tensor.view(torch.int32) if tensor.dtype == torch.uint32 else tensor

    def __setitem__(self, name: str, tensor: Any) -> None:
        held = super().get(name)
        if held is None or isinstance(held, torch.Tensor):
            super().__setitem__(name, tensor)
        else:
            held.store(tensor.view(torch.uint32) if held.dtype == "uint32" else tensor)

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if name in self else default

    def items(self) -> ItemsView:  # type: ignore[override]
        return {name: self[name] for name in self}.items()

    def values(self) -> ValuesView:  # type: ignore[override]
        return {name: self[name] for name in self}.values()


class _Part(torch.nn.Module):
    """The variables at one place in the tree of names, and the parts below it."""

    def __init__(self, variables: Mapping[Path, Any]):
        super().__init__()
        self._parameters, self._buffers = _Tensors(), _Tensors()
        below: dict[str, dict[Path, Any]] = {}
        for (name, *rest), variable in variables.items():
            if rest:
                below.setdefault(name, {})[tuple(rest)] = variable
            else:
                held = isinstance(variable.stored_value(), torch.nn.Parameter)
                (self._parameters if held else self._buffers)[name] = variable
        for name, inner in below.items():
            self.add_module(name.replace(".", "_"), _Part(inner))


class LayerModule(_Part):
    """A layer as a module.

    Args:
        layer: what `forward` calls.
        variables: its variables, by the names on the way to each.
    """

    def __init__(self, layer: Callable, variables: Mapping[Path, Any]):
        super().__init__(variables)
        self._layer = layer

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Call the layer, for training or not as the mode of the module says."""
        kwargs.setdefault("training", self.training)
        return self._layer(*args, **kwargs)

    def extra_repr(self) -> str:
        """Return what `print(module)` shows beside the parts."""
        return repr(self._layer)

    def _apply(self, fn: Callable, recurse: bool = True) -> LayerModule:
        """Move all tensors, as `to` and `cuda` do; refuse another dtype, as `half` asks for."""
        for tensor in (*self.parameters(), *self.buffers()):
            wanted = fn(torch.empty(0, dtype=tensor.dtype, device=tensor.device)).dtype
            if wanted != tensor.dtype:
                raise TypeError(
                    f"A module cannot make {wanted} of a layer's {tensor.dtype}: the dtype is set "
                    "when the layer is made, by `dtype=...`."
                )
        return super()._apply(fn, recurse)
