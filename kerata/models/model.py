"""Model: a layer that can be trained, evaluated, saved and looked at.

A model is made in one of three ways: `Model(inputs, outputs)` from symbolic tensors (functional),
`Sequential([...])`, or a subclass with its own `call`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from kerata.core import tree
from kerata.core.errors import closest
from kerata.core.primitive import convert
from kerata.core.registry import register
from kerata.core.serialization import serialize
from kerata.core.spec import dtype_of, shape_of
from kerata.core.symbolic import SymbolicTensor
from kerata.layers.layer import Layer
from kerata.layers.preprocessing.raw_columns import columns_of, is_frame
from kerata.layers.preprocessing.text_arrays import as_data
from kerata.models.graph import Graph
from kerata.models.graph_config import graph_config, graph_from_config
from kerata.models.host_part import HostPart, Prepared
from kerata.models.state_tree import set_state_tree, state_tree
from kerata.training.trainer import Trainer


class _OfOld:
    """A method that Keras once had: asking for it says what to call today."""

    def __init__(self, today: str):
        self._today = today

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        raise AttributeError(f"A model has no {self._name!r} any more: call {self._today}.")


@register("models")
class Model(Trainer, Layer):
    """A network that can be trained.

    Args:
        inputs: symbolic tensor or structure of them, made by `Input`. Leave out in subclasses
            that define `call`.
        outputs: symbolic tensor or structure of them, computed from the inputs.
        name: name of the model.
        trainable: whether its weights may be trained.
        dtype: dtype name or policy.

    >>> import kerata
    >>> x = kerata.Input((4,))
    >>> model = kerata.Model(x, kerata.layers.Dense(2)(x))
    >>> model.output_shape, model.count_params()
    ((None, 2), 10)
    """

    # What of the graph is computed in the data pipeline, `None` for nothing.
    host_part: HostPart | None = None

    fit_generator = _OfOld("model.fit(generator, ...) with the same arguments")
    evaluate_generator = _OfOld("model.evaluate(generator, ...) with the same arguments")
    predict_generator = _OfOld("model.predict(generator, ...) with the same arguments")
    predict_proba = _OfOld("model.predict(x)")
    predict_classes = _OfOld("model.predict(x).argmax(-1), or model.predict(x) > 0.5 for one unit")

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Make a `Functional` of `Model(inputs, outputs)`; subclasses stay what they are."""
        both = len(args) >= 2 or {"inputs", "outputs"} <= set(kwargs)
        functional = cls is Model and both
        return super().__new__(Functional if functional else cls, *args, **kwargs)

    def __init__(
        self,
        inputs: Any = None,
        outputs: Any = None,
        name: str | None = None,
        trainable: bool = True,
        dtype: Any = None,
        **kwargs: Any,
    ):
        Layer.__init__(self, name=name, dtype=dtype, **kwargs)
        Trainer.__init__(self)
        self._graph: Graph | None = None
        if inputs is not None or outputs is not None:
            if inputs is None or outputs is None:
                raise ValueError("A functional model needs both `inputs` and `outputs`.")
            self._set_graph(Graph(inputs, outputs))
        if not trainable:
            self.trainable = False

    def _set_graph(self, graph: Graph | None) -> None:
        """Make the model compute a graph; `None` forgets the present one."""
        self._graph = graph
        self.host_part = HostPart.of(graph, self._arrange_inputs)
        self._graph_layers = graph.layers if graph else []
        self._graph_variables = graph.variables if graph else []
        self.built = graph is not None

    # -- calling ---------------------------------------------------------------------------

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Compute the outputs; subclasses without a graph override this."""
        if self._graph is None:
            raise NotImplementedError(
                f"{type(self).__name__} defines no `call`: add `def call(self, inputs): ...`, or "
                "make it with `Model(inputs, outputs)`."
            )
        return self._run_graph(inputs)

    def _run_graph(self, inputs: Any) -> Any:
        """Compute the graph, or what is left of it after the host part."""
        if isinstance(inputs, Prepared):
            return self.host_part.finish(inputs)  # type: ignore[union-attr]
        return self._graph.run(self._arrange_inputs(inputs))  # type: ignore[union-attr]

    def _convert_inputs(self, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
        """Leave arrays as they are if layers on the host take them."""
        if self.host_part is None:
            return super()._convert_inputs(args, kwargs)
        return tuple(as_data(self.read_inputs(arg)) for arg in args), kwargs

    def read_inputs(self, x: Any) -> Any:
        """Return data as the graph takes them: a data frame by columns, gaps in one form.

        Args:
            x: nested arrays, columns, or a data frame with the columns that the inputs name.

        Raises:
            ValueError: if a column of numbers holds something else.
        """
        if self._graph is None:
            return x
        if is_frame(x) and (isinstance(self.input, dict) or len(self.inputs) > 1):
            x = columns_of(x)
            self._check_keys(x)
        wanted = self._input_keys()
        if isinstance(x, dict) and all(key in x for key in wanted):
            x = {key: x[key] for key in wanted}  # other columns may be anything
        return x if self.host_part is None else self.host_part.read(x)

    def _input_keys(self) -> list[str]:
        """Return the keys of a dict of inputs."""
        structure = self._graph.input_structure  # type: ignore[union-attr]
        return list(structure) if isinstance(structure, dict) else self.input_names

    def host_part_for(self, x: Any) -> HostPart | None:
        """Return the part that the data pipeline computes, `None` if there is none.

        Args:
            x: the data, whose shape a model that is not built yet may need.

        Raises:
            ValueError: if text would reach layers that cannot take it.
        """
        if self.host_part is not None:
            self.host_part.check()
        return self.host_part

    @property
    def defines_call(self) -> bool:
        """Whether the model has a graph, or a `call` of its own, and so can be called."""
        return self._graph is not None or type(self).call is not Model.call

    def _arrange_inputs(self, inputs: Any) -> list[Any]:
        """Return one tensor per graph input, from a tensor, a list, or a dict by name."""
        graph = self._graph
        assert graph is not None
        if isinstance(inputs, dict):
            values = self._inputs_by_name(inputs)
        else:
            values = tree.flatten(inputs)
        if len(values) != len(graph.inputs):
            raise ValueError(
                f"Model {self.name!r} takes {len(graph.inputs)} inputs "
                f"({', '.join(self.input_names)}), got {len(values)}."
            )
        return [_fit_to(v, s, self.name) for v, s in zip(values, graph.inputs, strict=True)]

    def _check_keys(self, inputs: Mapping[str, Any]) -> None:
        missing = [name for name in self._input_keys() if name not in inputs]
        if missing:
            raise ValueError(
                f"Model {self.name!r} has an input {missing[0]!r}, which the data lack; they have "
                f"{', '.join(map(repr, inputs))}.{closest(missing[0], inputs)}"
            )

    def _inputs_by_name(self, inputs: dict[str, Any]) -> list[Any]:
        structure = self._graph.input_structure  # type: ignore[union-attr]
        wanted = self._input_keys()
        self._check_keys(inputs)
        if isinstance(structure, dict):
            return tree.flatten({name: inputs[name] for name in wanted})
        return [inputs[name] for name in wanted]

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Masks of the outputs are those that the inner layers gave them."""
        return None

    def build(self, *input_shapes: Any, **named_shapes: Any) -> None:
        """Make all variables for an input shape (with the batch axis), computing nothing.

        Args:
            input_shapes: shape tuple or structure of them, one per argument of `call`.
            named_shapes: the same by name, `query_shape` for the argument `query`.
        """
        was_built, self.built = self.built, True
        if self._graph is None and not was_built and (input_shapes or named_shapes):
            try:
                self.compute_output_shape(*input_shapes, **named_shapes)
            except Exception:
                self.built = False
                raise

    def _build_for(self, arguments: dict[str, Any]) -> None:
        """Let the layers inside build themselves, when they are called."""
        if type(self).build is Model.build:
            self._build_shapes = self._argument_shapes(arguments) or None
            self.built = True
        else:
            super()._build_for(arguments)

    # -- structure -------------------------------------------------------------------------

    @property
    def layers(self) -> list[Layer]:
        """The layers directly in the model."""
        if self._graph is not None:
            return list(self._graph.layers)
        return [layer for layer in self._sublayers if not isinstance(layer, _not_layers())]

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """Return a layer by its name or its place in `layers`.

        Raises:
            ValueError: if there is no such layer, or neither or both are given.
        """
        if (name is None) == (index is None):
            raise ValueError("Give either a layer's `name` or its `index`.")
        layers = self.layers
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise ValueError(f"There is no layer {index}: the model has {len(layers)} layers.")
            return layers[index]
        for layer in layers:
            if layer.name == name:
                return layer
        names = [layer.name for layer in layers]
        raise ValueError(f"No such layer: {name!r}. The layers are {names}.{closest(name, names)}")

    @property
    def inputs(self) -> list[Any]:
        """The symbolic inputs, flat."""
        return self._graph.inputs if self._graph is not None else []

    @property
    def outputs(self) -> list[Any]:
        """The symbolic outputs, flat."""
        return self._graph.outputs if self._graph is not None else []

    @property
    def input(self) -> Any:
        """The symbolic inputs in their structure."""
        return self._graph.input_structure if self._graph is not None else super().input

    @property
    def output(self) -> Any:
        """The symbolic outputs in their structure."""
        return self._graph.output_structure if self._graph is not None else super().output

    @property
    def input_shape(self) -> Any:
        """Shape of the input, or structure of shapes."""
        return tree.map_structure(lambda tensor: tensor.shape, self.input)

    @property
    def output_shape(self) -> Any:
        """Shape of the output, or structure of shapes."""
        return tree.map_structure(lambda tensor: tensor.shape, self.output)

    @property
    def input_names(self) -> list[str]:
        """Names of the inputs, by which `fit` takes a dict."""
        return [tensor.name for tensor in self.inputs]

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs, by which `compile` and `fit` take dicts."""
        if self._graph is None:
            return super().output_names
        structure = self._graph.output_structure
        if isinstance(structure, dict):
            return sorted(structure)
        return self._layer_names_of_outputs()

    def _layer_names_of_outputs(self) -> list[str]:
        graph = self._graph
        assert graph is not None
        found: list[str] = []
        for tensor in graph.outputs:
            name = graph.name_of(tensor.node) if tensor.node else tensor.name
            count = found.count(name)
            found.append(f"{name}_{count}" if count else name)
        return found

    # -- looking ---------------------------------------------------------------------------

    def summary(
        self,
        line_length: int | None = None,
        positions: list[float] | None = None,
        print_fn: Any = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: list[str] | None = None,
    ) -> None:
        """Print a table of the layers, their output shapes and their numbers of parameters.

        Args:
            line_length: width in characters; by default that of the terminal.
            positions: relative positions of the columns' ends.
            print_fn: function to print with instead of `print`.
            expand_nested: whether to show the layers inside nested models.
            show_trainable: whether to say which layers are trainable.
            layer_range: names (or patterns) of the first and last layer to show.
        """
        from kerata.models.summary import summary

        summary(
            self,
            line_length=line_length,
            positions=positions,
            print_fn=print_fn,
            expand_nested=expand_nested,
            show_trainable=show_trainable,
            layer_range=layer_range,
        )

    # -- state -----------------------------------------------------------------------------

    def get_state_tree(self, value_format: str = "backend_tensor") -> dict[str, Any]:
        """Return copies of all values, in dicts nested by the names in the variables' paths.

        Args:
            value_format: `"backend_tensor"` or `"numpy_array"`.

        Returns:
            A dict of `trainable_variables`, `non_trainable_variables`, `optimizer_variables` and
            `metrics_variables`.

        Raises:
            ValueError: if the format is another.

        >>> import kerata
        >>> layer = kerata.layers.Dense(1, name="last")
        >>> model = kerata.Sequential([kerata.Input((2,)), layer], name="net")
        >>> model.get_state_tree("numpy_array")["trainable_variables"]["net"]["last"]["bias"]
        array([0.], dtype=float32)
        """
        return state_tree(self, value_format)

    def set_state_tree(self, state_tree: dict[str, Any]) -> None:
        """Set values in the form in which `get_state_tree` gives them; parts may be left out.

        Raises:
            ValueError: if a name or a shape does not fit; nothing is changed then.
        """
        set_state_tree(self, state_tree)

    # -- configuration and files -----------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs: the graph, or a subclass's constructor arguments."""
        if self._graph is None or not _takes_graph(type(self)):
            config = super().get_config()
            config.pop("inputs", None)
            config.pop("outputs", None)
            return config
        return {
            "name": self.name,
            "trainable": self.trainable,
            **graph_config(self._graph),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """Return a new model from what `get_config` returned, with fresh weights."""
        if "layers" in config and "input_layers" in config:
            inputs, outputs = graph_from_config(config, custom_objects)
            make = Functional if cls is Model else cls
            return make(
                inputs=inputs,
                outputs=outputs,
                name=config.get("name"),
                trainable=config.get("trainable", True),
            )
        return super().from_config(config)

    def to_json(self, **kwargs: Any) -> str:
        """Return the architecture as JSON text; `kwargs` go to `json.dumps`."""
        return json.dumps(serialize(self), **kwargs)

    def save(
        self, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any
    ) -> None:
        """Save architecture, weights, and the state of training to a file.

        Args:
            filepath: path ending in `.keras`; or in `.h5` or `.hdf5`, the format of Keras 2.
            overwrite: whether an existing file is replaced; else an error.
            zipped: kept for Keras' signature; files are always zipped.
        """
        from kerata.saving import save_model

        save_model(self, filepath, overwrite=overwrite, zipped=zipped, **kwargs)

    def save_weights(
        self, filepath: Any, overwrite: bool = True, max_shard_size: float | None = None
    ) -> None:
        """Save the weights alone to a `.weights.h5` file, or a `.safetensors` file."""
        from kerata.saving import save_weights

        save_weights(self, filepath, overwrite=overwrite, max_shard_size=max_shard_size)

    def load_weights(self, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
        """Load weights from a `.weights.h5`, `.keras` or `.safetensors` file, or one of Keras 2.

        Args:
            filepath: path of the file.
            skip_mismatch: whether weights of another shape are left as they are.
            **kwargs: `by_name=True`, `by="position"` and `objects_to_skip`, see
                `kerata.saving.load_weights`.

        Raises:
            ValueError: with a table of names and shapes where file and model differ.
        """
        from kerata.saving import load_weights

        load_weights(self, filepath, skip_mismatch=skip_mismatch, **kwargs)

    def __reduce__(self) -> tuple:
        """Let a model be pickled and deep-copied: as what a `.keras` file would hold."""
        from kerata.saving.pickling import reduced

        return reduced(self)


@register("models")
class Functional(Model):
    """A model made from symbolic inputs and outputs; what `Model(inputs, outputs)` returns."""


def _not_layers() -> tuple:
    """Objects that hold state but are not shown among a model's layers."""
    from kerata.metrics import Metric

    return (Metric,)


def _takes_graph(cls: type) -> bool:
    """Tell whether a class can be made from `inputs` and `outputs`."""
    import inspect

    parameters = inspect.signature(cls.__init__).parameters  # type: ignore[misc]
    variadic = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    return variadic or {"inputs", "outputs"} <= set(parameters)


def _fit_to(value: Any, expected: Any, model: str) -> Any:
    """Add or drop a last axis of size 1 where the data lack or have it, and check the shape."""
    if value is None:
        return None
    shape = tuple(shape_of(value))
    wanted = expected.shape
    if shape == wanted or (wanted[:1] == (None,) and shape[1:] == wanted[1:] and shape):
        return _in_dtype(value, expected)
    if len(shape) == len(wanted) + 1 and shape[-1] == 1:
        value, shape = _reshaped(value, shape[:-1]), shape[:-1]
    elif len(shape) == len(wanted) - 1 and wanted[-1] == 1:
        value, shape = _reshaped(value, (*shape, 1)), (*shape, 1)
    if len(shape) != len(wanted) or any(
        None not in (a, b) and a != b for a, b in zip(shape, wanted, strict=True)
    ):
        raise ValueError(_wrong_input(shape, expected, model))
    return _in_dtype(value, expected)


def _reshaped(value: Any, shape: tuple) -> Any:
    from kerata import ops

    if isinstance(value, np.ndarray):
        return value.reshape(shape)
    return ops.reshape(value, tuple(-1 if n is None else n for n in shape))


def _in_dtype(value: Any, expected: Any) -> Any:
    dtype = dtype_of(value)
    if dtype == expected.dtype or isinstance(value, SymbolicTensor):
        return value
    if "string" in (dtype, expected.dtype):
        raise ValueError(
            f"Input {expected.name!r} of the model takes {expected.dtype}, got {dtype}: give other "
            f"data, or make it with `Input(..., dtype={dtype!r})`."
        )
    return convert(value, expected.dtype)


def _wrong_input(shape: tuple, expected: Any, model: str) -> str:
    wanted = expected.shape
    text = f"Input {expected.name!r} of model {model!r} expects shape {wanted}, got {shape}."
    if shape == wanted[1:]:
        return f"{text} One sample needs a batch axis: use `x[None]`."
    if len(shape) == len(wanted) - 1 and len(wanted) > 2:
        return f"{text} If the batch size stands in `Input({wanted[1:]})`, take it out."
    if len(shape) == len(wanted):
        return f"{text} Use `Input({shape[1:]})`, or give data of the expected shape."
    return text
