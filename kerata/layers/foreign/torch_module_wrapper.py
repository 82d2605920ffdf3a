"""TorchModuleWrapper: a module of PyTorch as a layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from kerata.core.context import current
from kerata.core.registry import register
from kerata.core.spec import TensorSpec
from kerata.core.variable import Variable, assign_all
from kerata.layers.foreign.engine import ForeignLayer

Tensor = Any


@register("layers")
class TorchModuleWrapper(ForeignLayer):
    """Calls a `torch.nn.Module`. It computes on torch, whatever the default backend is.

    The module's parameters are the layer's weights, and share their memory, so that each sees
    what the other changes; so are its buffers, as weights that are not trained. Arguments are
    passed on to the module as they are; `training` sets its mode.

    Args:
        module: The module; lazy ones must have been called once.
        name: The layer's name.
        output_shape: Shape of the output, with the batch. If it is not given, the module is run
            on zeros when a model is built.

    Raises:
        TypeError: If `module` is no module, or the layer is called on tensors of another engine.
        ValueError: If the module is lazy and has not been called.

    >>> import kerata
    >>> import torch
    >>> layer = kerata.layers.TorchModuleWrapper(torch.nn.Linear(4, 3))
    >>> [weight.name for weight in layer.weights], tuple(layer(torch.ones(2, 4)).shape)
    (['weight', 'bias'], (2, 3))
    """

    def __init__(
        self,
        module: Any,
        name: str | None = None,
        output_shape: Sequence[int | None] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__("torch", name=name, autocast=False, **kwargs)
        _check_module(module)
        self.output_shape = None if output_shape is None else tuple(output_shape)
        self._module = module.to(self.backend.device)
        parameters, buffers = dict(module.named_parameters()), dict(module.named_buffers())
        self._parameters = {key: self._variable(key, x) for key, x in parameters.items()}
        self._buffers = {key: self._variable(key, x) for key, x in buffers.items()}
        self.built = True

    def _variable(self, name: str, tensor: Tensor) -> Variable:
        """Return a weight that holds a tensor of the module itself."""
        variable = self.add_weight(
            shape=tuple(tensor.shape),
            initializer="zeros",
            dtype=self.backend.dtype_name(tensor),
            trainable=tensor.requires_grad,
            autocast=False,
            name=name,
        )
        variable.store(tensor)
        return variable

    @property
    def module(self) -> Any:
        """The module, with the present values of the weights."""
        for names, variables in (("_parameters", self._parameters), ("_buffers", self._buffers)):
            for path, variable in variables.items():
                place, _, name = path.rpartition(".")
                owner = self._module.get_submodule(place)
                getattr(owner, names)[name] = variable.stored_value()
        return self._module

    def parameters(self, recurse: bool = True) -> Iterator[Any]:
        """Yield the module's parameters, for an optimizer of `torch.optim`.

        Args:
            recurse: Whether to yield those of the modules inside as well.
        """
        return self.module.parameters(recurse)

    def call(self, *args: Any, training: bool | None = None, **kwargs: Any) -> Any:
        """Return what the module gives."""
        self.check_engine((args, kwargs))
        if self._module.training != bool(training):
            self._module.train(bool(training))
        if current.scope is None:
            return self.module(*args, **kwargs)
        return self._call_purely(args, kwargs)

    def _call_purely(self, args: tuple, kwargs: dict) -> Any:
        """Call the module with the values that stand in for its weights, and assign the buffers."""
        from torch.func import functional_call

        parameters = {name: variable.value for name, variable in self._parameters.items()}
        # Modules change their buffers in place, which must not reach whoever gave the values.
        buffers = {name: variable.value.clone() for name, variable in self._buffers.items()}
        outputs = functional_call(self._module, {**parameters, **buffers}, args, kwargs)
        if self._module.training:
            assign_all(list(self._buffers.values()), list(buffers.values()))
        return outputs

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Return the specs of the output: those given, or found by running the module on zeros."""
        if self.output_shape is None:
            return super().compute_output_spec(*args, **kwargs)
        return TensorSpec(self.output_shape, self.compute_dtype)

    # -- saving ----------------------------------------------------------------------------

    def save_own_variables(self, store: Any) -> None:
        """Write the weights into a mapping of arrays, by the names that the module has for them."""
        for name, variable in self._by_name().items():
            store[name] = variable.numpy()

    def load_own_variables(self, store: Any) -> None:
        """Set the weights from a mapping written by `save_own_variables`, or by Keras."""
        own = self._by_name()
        if set(store.keys()) != set(own):
            raise ValueError(
                f"Layer {self.path!r} has the variables {sorted(own)}, the file has "
                f"{sorted(store.keys())}."
            )
        for name, variable in own.items():
            variable.assign(store[name][()])

    def _by_name(self) -> dict[str, Variable]:
        return {**self._parameters, **self._buffers}


def _check_module(module: Any) -> None:
    from torch import nn

    if isinstance(module, str):
        raise TypeError(
            "`module` is text: Keras writes modules into its files as programs, which are never "
            "run here. Make the model in code, and load its weights."
        )
    if not isinstance(module, nn.Module):
        raise TypeError(
            f"`module` is a {type(module).__name__}; expected a torch.nn.Module, such as "
            "torch.nn.Linear(4, 3)."
        )
    if any(nn.parameter.is_lazy(each) for each in module.parameters()):
        raise ValueError(
            "The module is lazy and does not know its sizes yet: call it once on torch tensors."
        )
