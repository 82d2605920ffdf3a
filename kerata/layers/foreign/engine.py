"""What layers of other frameworks have in common: they compute on one engine, come what may."""

from __future__ import annotations

from typing import Any

from kerata.backend import select
from kerata.core import tree
from kerata.core.symbolic import SymbolicTensor
from kerata.layers.inference import infer_on_engine
from kerata.layers.layer import Layer


class ForeignLayer(Layer):
    """Base: a layer that computes on the engine of the framework that it wraps.

    Args:
        engine: Name of the engine; it is loaded, and need not be the default.

    Raises:
        ImportError: If the engine is not installed; says how to install it.
    """

    def __init__(self, engine: str, **kwargs: Any) -> None:
        with select.use_backend(engine):
            super().__init__(**kwargs)

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Return the specs of the output, found by the engine: other libraries know no ours."""
        return infer_on_engine(self, args, kwargs)

    def check_engine(self, inputs: Any) -> None:
        """Raise if the inputs are tensors of another engine."""
        for leaf in tree.flatten(inputs):
            engine = select.engine_of(leaf)
            if engine not in (None, self.backend) and not isinstance(leaf, SymbolicTensor):
                raise TypeError(
                    f"{self.path}: a {type(self).__name__} computes on {self.backend.name} and was "
                    f"given a tensor of {engine.name}. Make the model inside "
                    f"`with kerata.use_backend({self.backend.name!r}):`."
                )
