"""TFSMLayer: a SavedModel of TensorFlow as a layer."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from kerata import ops
from kerata.core import tree
from kerata.core.registry import register
from kerata.core.variable import Variable
from kerata.layers.foreign.engine import ForeignLayer

Tensor = Any


@register("layers")
class TFSMLayer(ForeignLayer):
    """Calls an endpoint of a SavedModel. It computes on TensorFlow, whatever the default is.

    A SavedModel is a program: load only those that you trust.

    Args:
        filepath: Directory of the SavedModel.
        call_endpoint: Name of the function to call: an attribute of what was saved, or one of
            its signatures, such as `"serving_default"`.
        call_training_endpoint: The same in training; `call_endpoint` by default.
        trainable: Whether the variables that were trainable when saved are trained on.
        name: The layer's name.
        dtype: Dtype that float inputs are cast to.

    Call arguments:
        inputs: A tensor or a structure of them, passed on as one argument.
        training: Whether to call `call_training_endpoint`.

    Returns:
        What the endpoint gives; signatures give a dict.

    Raises:
        ImportError: If TensorFlow is not installed.
        OSError: If there is no SavedModel.
        ValueError: If it has no such endpoint.

    >>> import kerata
    >>> layer = kerata.layers.TFSMLayer("saved_model")  # doctest: +SKIP
    """

    def __init__(
        self,
        filepath: str | os.PathLike,
        call_endpoint: str = "serve",
        call_training_endpoint: str | None = None,
        trainable: bool = True,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__("tensorflow", trainable=trainable, name=name, dtype=dtype)
        import tensorflow as tf

        self.filepath = os.fspath(filepath)
        self.call_endpoint = call_endpoint
        self.call_training_endpoint = call_training_endpoint
        self._artifact = tf.saved_model.load(self.filepath)
        names = [call_endpoint, call_training_endpoint or call_endpoint]
        self._endpoints = [_endpoint(self._artifact, each) for each in names]
        self._saved = _variables(self._endpoints)
        for variable in self._saved:
            self._weight(variable)
        self.built = True

    def _weight(self, saved: Any) -> Variable:
        """Return a weight that begins with the value of a saved variable."""
        return self.add_weight(
            shape=tuple(saved.shape),
            initializer=lambda shape, dtype=None: saved.numpy(),
            dtype=saved.dtype.name,
            trainable=saved.trainable,
            autocast=False,
            name=saved.name.split(":")[0].replace("/", "_"),
        )

    def call(self, inputs: Any, training: bool | None = False) -> Any:
        """Return what the endpoint gives."""
        self.check_engine(inputs)
        endpoint = self._endpoints[bool(training)]
        values = [variable.value for variable in self._own_variables]
        return ops.custom_gradient(self._with_gradient(endpoint))(values, inputs)

    def _with_gradient(self, endpoint: Callable) -> Callable:
        """Return the endpoint as a function of the weights' values as well.

        It reads the variables that it was saved with, so these are set before it is called.
        """
        import tensorflow as tf

        def computed(values: list[Tensor], inputs: Any) -> tuple[Any, Callable]:
            self._set(values)

            def gradient(upstream: Any) -> list[Tensor | None]:
                self._set(values)
                given = [tf.identity(leaf) for leaf in tree.flatten(inputs)]
                with tf.GradientTape(watch_accessed_variables=False) as tape:
                    tape.watch([self._saved, given])
                    outputs = endpoint(tree.pack(inputs, given))
                return tree.flatten(tape.gradient(outputs, [self._saved, given], upstream))

            return endpoint(inputs), gradient

        return computed

    def _set(self, values: list[Tensor]) -> None:
        for variable, value in zip(self._saved, values, strict=True):
            variable.assign(value)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> TFSMLayer:
        """Refuse: a configuration must not make a program run that it names.

        Raises:
            ValueError: always.
        """
        raise ValueError(
            f"The data asks for the SavedModel {config.get('filepath')!r}, which is a program and "
            "is not run because a file names it. Make the layer in code, as "
            "kerata.layers.TFSMLayer(filepath), and load the weights of the model."
        )


def _endpoint(artifact: Any, name: str) -> Callable:
    """Return a function of a SavedModel."""
    found = getattr(artifact, name, None)
    if callable(found):
        return found
    signatures = getattr(artifact, "signatures", {})
    if name in signatures:
        return signatures[name]
    raise ValueError(
        f"The SavedModel has no endpoint {name!r}; its signatures are {sorted(signatures)}. Give "
        "one of these, or an attribute of what was saved, as `call_endpoint`."
    )


def _variables(endpoints: list[Callable]) -> list[Any]:
    """Return the variables that endpoints read, each once."""
    programs = [p for each in endpoints for p in getattr(each, "concrete_functions", [each])]
    return list({id(v): v for program in programs for v in program.variables}.values())
