"""Pipeline: layers one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kerata.core.registry import register
from kerata.core.serialization import deserialize, serialize
from kerata.layers.preprocessing.data_layer import DataLayer


@register("layers")
class Pipeline(DataLayer):
    """Calls layers one after the other, such as those that augment images.

    Unlike a `Sequential` model it is a layer, takes dictionaries, and can be given to
    `tf.data.Dataset.map`.

    Args:
        layers: The layers, first the one that is called first.

    Call arguments:
        inputs: What the first layer takes.
        training: Whether random layers act.
        mask: Handed to each layer that takes a mask.

    >>> import kerata
    >>> pipeline = kerata.layers.Pipeline([
    ...     kerata.layers.RandomBrightness((0.5, 0.5), value_range=(0, 1)),
    ...     kerata.layers.Rescaling(2.0),
    ... ])
    >>> pipeline(kerata.ops.zeros((1, 1, 3))).tolist()
    [[[1.0, 1.0, 1.0]]]
    """

    def __init__(self, layers: Sequence[Any], name: str | None = None) -> None:
        super().__init__(name=name, autocast=False)
        self._pipeline_layers = list(layers)

    @property
    def layers(self) -> list[Any]:
        """The layers in order."""
        return self._pipeline_layers

    def call(self, inputs: Any, training: bool | None = True, mask: Any = None) -> Any:
        """Return what the last layer makes of what the others have made of the inputs."""
        for layer in self._pipeline_layers:
            arguments = {"mask": mask} if mask is not None else {}
            inputs = layer(inputs, training=training, **arguments)
        return inputs

    def get_config(self) -> dict[str, Any]:
        """Return the name and the layers."""
        return {"name": self.name, "layers": [serialize(layer) for layer in self.layers]}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Pipeline:
        """Return the pipeline that `get_config` described."""
        layers = [deserialize(layer) for layer in config["layers"]]
        return cls(**{**config, "layers": layers})
