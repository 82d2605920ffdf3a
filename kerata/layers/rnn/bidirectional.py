"""Bidirectional: a recurrent layer run along time in both directions."""

from __future__ import annotations

from typing import Any

from kerata import ops
from kerata.core.primitive import convert_to_numpy
from kerata.core.registry import register
from kerata.core.serialization import deserialize, serialize
from kerata.layers.arguments import Shape, one_of
from kerata.layers.layer import Layer

Tensor = Any

_MERGE_MODES = ("sum", "mul", "ave", "concat")


@register("layers")
class Bidirectional(Layer):
    """Runs a recurrent layer forward and a copy of it backward, and merges their outputs.

    Args:
        layer: A recurrent layer. A copy of it, with weights of its own, is made.
        merge_mode: `"concat"` (along the features), `"sum"`, `"mul"`, `"ave"`, or `None` to
            return both outputs.
        weights: First values of the weights, those of the forward layer first.
        backward_layer: The layer for the way back, with the other `go_backwards`; by default a
            copy of `layer`.

    Call arguments:
        sequences: `(batch, time, features)`.
        initial_state: List of states, those of the forward layer first.
        mask: Bool `(batch, time)`; with `return_sequences` outputs at masked steps are 0.
        training: Passed to the layers.

    Returns:
        The merged output, both outputs with `merge_mode=None`; with `return_state` of the
        layer a tuple of this, the forward and the backward states.

    Raises:
        ValueError: If the merge mode is unknown, or the layers do not run in opposite directions
            or differ in what they return.

    Reference: Schuster and Paliwal, "Bidirectional recurrent neural networks", 1997.

    >>> import kerata
    >>> layer = kerata.layers.Bidirectional(kerata.layers.GRU(4, return_sequences=True))
    >>> layer(kerata.ops.ones((2, 5, 3))).shape
    (2, 5, 8)
    """

    def __init__(
        self,
        layer: Layer,
        merge_mode: str | None = "concat",
        weights: list[Any] | None = None,
        backward_layer: Layer | None = None,
        **kwargs: Any,
    ) -> None:
        _check_recurrent("layer", layer)
        super().__init__(**kwargs)
        if merge_mode is not None:
            merge_mode = one_of(merge_mode, _MERGE_MODES, "merge_mode")
        self.merge_mode = merge_mode
        self.forward_layer = _copy(layer, "forward_")
        if backward_layer is None:
            self.backward_layer = _copy(layer, "backward_", go_backwards=not layer.go_backwards)
        else:
            _check_recurrent("backward_layer", backward_layer)
            self.backward_layer = backward_layer
            _check_pair(self.forward_layer, backward_layer)
        if layer.return_sequences:
            # At masked steps the directions repeat different steps: their sum means nothing.
            self.forward_layer.zero_output_for_mask = True
            self.backward_layer.zero_output_for_mask = True
        self.stateful = layer.stateful
        self.return_sequences = layer.return_sequences
        self.return_state = layer.return_state
        self.supports_masking = True
        self.input_spec = layer.input_spec
        self._first_weights = [convert_to_numpy(each) for each in weights or ()]

    # -- building --------------------------------------------------------------------------

    def build(self, sequences_shape: Shape) -> None:
        """Build both layers and give them their first weights."""
        for layer in (self.forward_layer, self.backward_layer):
            if not layer.built:
                layer.build_from_config({"input_shape": sequences_shape})
        if self._first_weights:
            half = len(self._first_weights) // 2
            self.forward_layer.set_weights(self._first_weights[:half])
            self.backward_layer.set_weights(self._first_weights[half:])

    def shape_advice(self, shape: Shape) -> str:
        """Say how sequences come out of the layer before."""
        return self.forward_layer.shape_advice(shape)

    # -- states ----------------------------------------------------------------------------

    @property
    def states(self) -> list[Any] | None:
        """The state variables of both layers if they are stateful and built, else `None`."""
        forward, backward = self.forward_layer.states, self.backward_layer.states
        return None if forward is None else [*forward, *backward]

    def reset_state(self) -> None:
        """Set the states of both layers to 0."""
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    def reset_states(self) -> None:
        """Set the states of both layers to 0."""
        self.reset_state()

    # -- calling ---------------------------------------------------------------------------

    def call(
        self,
        sequences: Tensor,
        initial_state: Any = None,
        mask: Tensor | None = None,
        training: bool | None = None,
    ) -> Any:
        """Return the merged outputs, with `return_state` the states of both layers as well."""
        states: list[Any] = [None, None]
        if initial_state is not None:
            half = len(initial_state) // 2
            states = [list(initial_state[:half]), list(initial_state[half:])]
        results = [
            layer(sequences, initial_state=state, mask=mask, training=training)
            for layer, state in zip((self.forward_layer, self.backward_layer), states, strict=True)
        ]
        last = []
        if self.return_state:
            last = [state for result in results for state in result[1:]]
            results = [result[0] for result in results]
        forward, backward = results
        if self.return_sequences:
            backward = ops.flip(backward, 1)
        merged = self._merge(forward, backward)
        if not self.return_state:
            return merged
        return (*merged, *last) if self.merge_mode is None else (merged, *last)

    def _merge(self, forward: Tensor, backward: Tensor) -> Any:
        if self.merge_mode is None:
            return (forward, backward)
        if self.merge_mode == "concat":
            return ops.concatenate([forward, backward], axis=-1)
        if self.merge_mode == "mul":
            return ops.multiply(forward, backward)
        total = ops.add(forward, backward)
        return ops.divide(total, 2) if self.merge_mode == "ave" else total

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Pass the mask on with sequences; the last outputs and the states have none."""
        mask = super().compute_mask(inputs, previous_mask)
        own = mask if self.return_sequences else None
        outputs = [own, own] if self.merge_mode is None else [own]
        if self.return_state:
            count = len(self.forward_layer.get_initial_state(1))
            outputs += [None] * (2 * count)
        return outputs if len(outputs) > 1 else own

    # -- configuration ---------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return the arguments, with both layers as they are."""
        config = Layer.get_config(self)
        config.pop("weights", None)
        config["layer"] = serialize(self.forward_layer)
        config["backward_layer"] = serialize(self.backward_layer)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Return a new layer built from what `get_config` returned."""
        return cls(**{name: deserialize(value) for name, value in config.items()})


def _check_recurrent(name: str, layer: Any) -> None:
    for attribute in ("go_backwards", "return_sequences", "return_state", "stateful"):
        if not isinstance(layer, Layer) or not hasattr(layer, attribute):
            raise ValueError(
                f"`{name}` is a {type(layer).__name__} and not a recurrent layer (it has no "
                f"`{attribute}`); expected one such as kerata.layers.LSTM(8)."
            )


def _check_pair(forward: Any, backward: Any) -> None:
    if forward.go_backwards == backward.go_backwards:
        raise ValueError(
            "`layer` and `backward_layer` run in the same direction; give one of them "
            "go_backwards=True."
        )
    for name in ("stateful", "return_sequences", "return_state"):
        if getattr(forward, name) != getattr(backward, name):
            raise ValueError(
                f"`layer` has {name}={getattr(forward, name)} and `backward_layer` has "
                f"{name}={getattr(backward, name)}; expected the same for both."
            )


def _copy(layer: Layer, prefix: str, **changes: Any) -> Any:
    """Return a new layer of the same configuration, named for its direction."""
    config = layer.get_config()
    name = layer.name.removeprefix("forward_").removeprefix("backward_")
    return type(layer).from_config({**config, "name": prefix + name, **changes})
