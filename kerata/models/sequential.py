"""Sequential: a model that is a list of layers, each taking the output of the one before."""

from __future__ import annotations

from typing import Any

import numpy as np

from kerata.core import names, tree
from kerata.core.registry import register
from kerata.core.serialization import deserialize, serialize
from kerata.core.symbolic import SymbolicTensor
from kerata.layers.core.input_layer import Input, InputLayer
from kerata.layers.layer import Layer
from kerata.layers.preprocessing.text_arrays import as_data, is_text
from kerata.models.graph import Graph
from kerata.models.host_part import HostPart, Prepared, needs_host
from kerata.models.model import Model


@register("models")
class Sequential(Model):
    """A list of layers.

    With an `Input` first it is built at once; otherwise on the first data that it sees.

    Args:
        layers: layers, and optionally an `Input` as the first.
        trainable: whether its weights may be trained.
        name: name of the model.

    >>> import kerata
    >>> model = kerata.Sequential([kerata.Input((4,)), kerata.layers.Dense(2)])
    >>> model.output_shape
    (None, 2)
    """

    def __init__(
        self, layers: Any = None, trainable: bool = True, name: str | None = None, **kwargs: Any
    ):
        super().__init__(name=name, **kwargs)
        self._layers: list[Layer] = []
        for layer in layers or []:
            self.add(layer, rebuild=False)
        self._rebuild()
        if not trainable:
            self.trainable = False

    # -- editing ---------------------------------------------------------------------------

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Add a layer at the end.

        Args:
            layer: a layer, or an `Input` in an empty model.
            rebuild: whether to connect the layers at once.

        Raises:
            ValueError: if it is not a layer, or its name is taken.
        """
        layer = self._as_layer(layer)
        if any(layer.name == other.name for other in self._layers):
            raise ValueError(
                f"The model has a layer called {layer.name!r} already; give this one another "
                "`name=`."
            )
        if isinstance(layer, InputLayer) and self._layers:
            raise ValueError("An Input can only be the first layer of a Sequential.")
        if not self._layers and getattr(layer, "_input_shape_argument", None) is not None:
            shape = layer._input_shape_argument
            self._layers.append(Input(shape).node.operation)  # type: ignore[union-attr]
        self._layers.append(layer)
        self._forget_compiled()
        if rebuild:
            self._rebuild()

    @staticmethod
    def _as_layer(layer: Any) -> Layer:
        if isinstance(layer, SymbolicTensor) and isinstance(layer.node.operation, InputLayer):  # type: ignore[union-attr]
            return layer.node.operation  # type: ignore[union-attr]
        if isinstance(layer, type) and issubclass(layer, Layer):
            raise ValueError(f"{layer.__name__} is a class; add an instance: {layer.__name__}(...)")
        if isinstance(layer, Layer):
            return layer
        raise ValueError(
            f"A Sequential takes layers, got a {type(layer).__module__}.{type(layer).__name__}. "
            "Use a class of `kerata.layers`, or wrap a function in `kerata.layers.Lambda`."
        )

    def pop(self, rebuild: bool = True) -> Layer:
        """Take the last layer away and return it.

        Raises:
            IndexError: if there is none.
        """
        if not self.layers:
            raise IndexError("The model has no layer to take away.")
        layer = self._layers.pop()
        self._forget_compiled()
        if rebuild:
            self._rebuild()
        return layer

    def _rebuild(self) -> None:
        """Connect the layers symbolically if the input shape is known."""
        if self._layers and isinstance(self._layers[0], InputLayer) and len(self._layers) > 1:
            self._connect(self._layers[0].output)
        elif self._layers and isinstance(self._layers[0], Model) and self._layers[0].inputs:
            first = self._layers[0].inputs[0]
            self._connect(Input(batch_shape=first.shape, dtype=first.dtype))
        else:
            self._set_graph(None)
        self._seen = self._settled = None

    def _connect(self, inputs: Any) -> None:
        tensor = inputs
        with names.at(self.path):
            for layer in self._layers:
                if not isinstance(layer, InputLayer):
                    layer._nodes = []
                    tensor = layer(tensor)
        self._set_graph(Graph(inputs, tensor))

    def build(self, input_shape: Any = None) -> None:
        """Make all variables for an input shape with the batch axis, such as `(None, 8)`."""
        if self._graph is None and input_shape is not None:
            if not self._layers:
                raise ValueError(f"Sequential {self.name!r} has no layers: `add` some first.")
            shape = tuple(input_shape)
            self._connect(Input(batch_shape=(None, *shape[1:])))
        self.built = True

    # -- calling ---------------------------------------------------------------------------

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Give the inputs to the first layer, its output to the second, and so on."""
        prepared = isinstance(inputs, Prepared)
        if self._graph is not None and (prepared or not tree.is_nested(inputs)):
            return self._run_graph(inputs)
        for layer in self._layers:
            if not isinstance(layer, InputLayer):
                inputs = layer(inputs)
        return inputs

    def host_part_for(self, x: Any) -> HostPart | None:
        """Return the part that the data pipeline computes; connects the layers if they take text.

        Args:
            x: the data.
        """
        if self._graph is None and self._layers and needs_host(self._layers[0]):
            data = as_data(x)
            if isinstance(data, np.ndarray):
                kind = "string" if is_text(data) else "int64"
                self._connect(Input(data.shape[1:], dtype=kind))
        return super().host_part_for(x)

    # -- structure -------------------------------------------------------------------------

    @property
    def layers(self) -> list[Layer]:
        """The layers, without the input."""
        return [layer for layer in self._layers if not isinstance(layer, InputLayer)]

    def get_config(self) -> dict[str, Any]:
        """Return the layers' configurations, with the input's if it is known."""
        layers = list(self._layers)
        if self._graph is not None and not isinstance(layers[0], InputLayer):
            layers.insert(0, self._graph.layers[0])
        config: dict[str, Any] = {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": serialize(self.dtype_policy),
            "layers": [serialize(layer) for layer in layers],
        }
        if self._graph is not None:
            config["build_input_shape"] = self.input_shape
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """Return a new model from what `get_config` returned, with fresh weights."""
        model = cls(name=config.get("name"), trainable=config.get("trainable", True))
        with names.at(model.path):
            layers = [deserialize(layer, custom_objects) for layer in config["layers"]]
        for layer in layers:
            model.add(layer, rebuild=False)
        model._rebuild()
        shape = config.get("build_input_shape")
        if not model.built and shape and not isinstance(shape, dict):
            model.build(tuple(shape))
        return model
