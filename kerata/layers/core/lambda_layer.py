"""Lambda: any function of the input as a layer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from kerata.core.registry import register
from kerata.layers.layer import Layer


@register("layers")
class Lambda(Layer):
    """Applies a function. Its variables, if it uses any, are not tracked or saved.

    Args:
        function: What to apply: `function(inputs, **arguments)`. If it has parameters `mask`
            or `training`, they are filled in. To be saved it must have a name and be
            registered with `@kerata.saving.register_keras_serializable()`.
        output_shape: Accepted for Keras' signature. Shapes are found by running the function
            on symbolic tensors.
        mask: The mask of the output, or a function `(inputs, mask)` that returns it.
        arguments: Further keyword arguments of the function.

    >>> import kerata
    >>> kerata.layers.Lambda(lambda x: x * 2)(kerata.ops.array([1.0, 2.0])).tolist()
    [2.0, 4.0]
    """

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if not callable(function):
            raise ValueError(
                f"`function` is a {type(function).__name__}; expected a function, such as "
                "Lambda(lambda x: x * 2)."
            )
        super().__init__(**kwargs)
        self.function = function
        self.output_shape = output_shape
        self.mask = mask
        self.arguments = dict(arguments or {})
        self.supports_masking = mask is not None
        self._takes = _parameter_names(function) & {"mask", "training"}

    def call(self, inputs: Any, mask: Any = None, training: bool | None = None) -> Any:
        """Return `function(inputs, **arguments)`."""
        context = {"mask": mask, "training": training}
        taken = {name: context[name] for name in self._takes}
        return self.function(inputs, **{**taken, **self.arguments})

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the mask given to the constructor, or what it computes."""
        return self.mask(inputs, mask) if callable(self.mask) else self.mask

    def get_config(self) -> dict[str, Any]:
        """Return the arguments; the function stays itself until it is written to a file."""
        config = {**super().get_config(), "function": self.function}
        absent = [name for name in ("output_shape", "mask") if config[name] is None]
        return {name: value for name, value in config.items() if name not in absent}


def _parameter_names(function: Callable[..., Any]) -> set[str]:
    try:
        return set(inspect.signature(function).parameters)
    except ValueError:  # functions written in C may have no signature to read
        return set()
