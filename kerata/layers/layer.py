"""Layer: the base of everything that has weights and computes.

A subclass stores its configuration in `__init__`, makes variables in `build(input_shape)`, and
computes in `call(...)`. This file does the rest, in the order in which a call goes: what
surrounds it, checks, building, masks, the call itself, what it leaves behind.
"""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from kerata.backend import select
from kerata.core import dtypes, masks, names, tree
from kerata.core.context import (
    CallContext,
    current,
    forget_structure,
    set_current,
    structural,
)
from kerata.core.dtype_policy import DTypePolicy, get_policy
from kerata.core.errors import KerataWarning, user_facing
from kerata.core.primitive import any_symbolic
from kerata.core.serialization import Configurable, resolve
from kerata.core.spec import TensorSpec, dtype_of, shape_of, spec_of
from kerata.core.symbolic import SymbolicTensor, record
from kerata.core.variable import Variable, is_tensor_like
from kerata.layers.inference import infer_output_spec
from kerata.layers.input_spec import InputSpec, check_inputs
from kerata.layers.interop import Interop

Tensor = Any

# Attributes that hold no state of the layer, whatever is in them.
_BOOKKEEPING = frozenset(
    ("_constructor_call", "_losses", "_loss_tracker", "borrowed_variables", "_nodes")
)
# Most attributes are of these types, and need no look.
_PLAIN = frozenset((type(None), bool, int, float, str))


@functools.cache
def _call_signature(function: Callable) -> inspect.Signature:
    return inspect.signature(function)


class Layer(Interop, Configurable):
    """The base class of layers and models.

    Args:
        activity_regularizer: penalty on the output, added to the loss.
        trainable: whether its weights may be trained.
        dtype: dtype name or `DTypePolicy`.
        autocast: whether float inputs are cast to the compute dtype.
        name: unique name; made from the class name by default.

    >>> import kerata
    >>> class Scale(kerata.layers.Layer):
    ...     def build(self, input_shape):
    ...         self.factor = self.add_weight(shape=(), initializer="ones", name="factor")
    ...     def call(self, inputs):
    ...         return inputs * self.factor
    >>> layer = Scale()
    >>> layer(kerata.ops.ones((2, 3))).shape, layer.count_params()
    ((2, 3), 1)
    """

    # Whether masks are passed on; classes that define `compute_mask` do.
    supports_masking: bool = False
    # What the inputs must look like: an InputSpec, a list of them, or `None`.
    input_spec: Any = None
    # The kind of input that needs nothing but `call`: type, shape and dtype.
    _settled: tuple | None = None
    # Whether `build` is running.
    _building: bool = False

    def __init_subclass__(cls, **kwargs: Any):
        """Let a layer be built by its `build` as by its first call, whoever calls it."""
        super().__init_subclass__(**kwargs)
        if "build" in vars(cls):
            cls.build = _recorded_build(cls.build)  # type: ignore[method-assign]

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        autocast: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ):
        input_shape = kwargs.pop("input_shape", None)
        if "input_dim" in kwargs and input_shape is None and not hasattr(type(self), "input_dim"):
            input_shape = (kwargs.pop("input_dim"),)
        if kwargs:
            raise ValueError(
                f"{type(self).__name__} takes no argument {next(iter(kwargs))!r}; it takes "
                f"{', '.join(_parameter_names(type(self)))}."
            )
        self._set_name(name)
        self.activity_regularizer = resolve("regularizers", activity_regularizer)
        self.dtype_policy = dtype
        self.autocast = autocast
        self.built = False
        if self._overrides("compute_mask"):
            self.supports_masking = True
        self._trainable = bool(trainable)
        self._input_shape_argument = input_shape
        self._weights: list[Variable] = []
        self._backend = select.default()
        self._path = names.path(self.name)
        self._losses: list[Any] = []
        self._build_shapes: dict[str, Any] | None = None
        self._seen: Any = None
        self._remat = current.remat
        self._nodes: list[Any] = []
        # Trainable variables that calls read although other layers own them (core.tape).
        self.borrowed_variables: dict[int, Variable] = {}

    def _set_name(self, name: str | None) -> None:
        if name is not None and (not isinstance(name, str) or "/" in name):
            raise ValueError(f"A layer's `name` is text without '/', got {name!r}.")
        self.name = name or names.automatic(type(self))

    def _overrides(self, method: str) -> bool:
        """Tell whether a subclass has defined a method of this class again."""
        return getattr(type(self), method) is not getattr(Layer, method)

    def __setattr__(self, name: str, value: Any) -> None:
        try:
            super().__setattr__(name, value)
        except AttributeError as error:
            raise AttributeError(
                f"{type(self).__name__}.{name} is a read-only property; choose another name."
            ) from error

    # -- identity --------------------------------------------------------------------------

    @property
    def path(self) -> str:
        """Where the layer stands, such as `"model/dense"`."""
        return self._path

    @property
    def dtype_policy(self) -> DTypePolicy:
        """In which dtypes it computes and keeps its variables; the variables made so far stay."""
        return self._dtype_policy

    @dtype_policy.setter
    def dtype_policy(self, policy: Any) -> None:
        self._dtype_policy = get_policy(policy)
        self._settled = None

    @property
    def dtype(self) -> str:
        """Dtype of its variables."""
        return self.variable_dtype

    @property
    def variable_dtype(self) -> str:
        """Dtype of its variables."""
        return self._dtype_policy.at(self._path).variable_dtype

    @property
    def compute_dtype(self) -> str:
        """Dtype that it computes in."""
        return self._dtype_policy.at(self._path).compute_dtype

    @property
    def input_dtype(self) -> str:
        """Dtype that float inputs are cast to."""
        return self.compute_dtype

    @property
    def quantization_mode(self) -> None:
        """Always `None`: quantization is a transformation of layers from outside."""
        return None

    @property
    def backend(self) -> Any:
        """The engine that the layer was made for."""
        return self._backend

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"

    # -- weights ---------------------------------------------------------------------------

    def add_weight(
        self,
        shape: Any = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        aggregation: str = "none",
        overwrite_with_gradient: bool = False,
        name: str | None = None,
    ) -> Variable:
        """Make a variable of this layer.

        Args:
            shape: tuple of ints, `()` for a scalar.
            initializer: name, Initializer or callable; by default Glorot uniform for floats and
                zeros for integers and bool.
            dtype: dtype name; by default the layer's variable dtype.
            trainable: whether training may change it.
            autocast: whether it is read in the compute dtype.
            regularizer: penalty on its value, added to the loss.
            constraint: function applied to it after each update.
            aggregation: how replicas combine updates.
            overwrite_with_gradient: whether the gradient replaces the value.
            name: last part of its path.

        Returns:
            The variable.
        """
        dtype = dtypes.canonical(dtype) if dtype is not None else self.variable_dtype
        if initializer is None:
            initializer = "glorot_uniform" if dtypes.is_float(dtype) else "zeros"
        with select.use_backend(self._backend):
            variable = Variable(
                resolve("initializers", initializer),
                shape=() if shape is None else tuple(shape),
                dtype=dtype,
                trainable=trainable,
                autocast=autocast,
                aggregation=aggregation,
                name=name,
            )
        variable.path = f"{self.path}/{variable.name}"
        variable.regularizer = resolve("regularizers", regularizer)
        variable.constraint = resolve("constraints", constraint)
        variable.overwrite_with_gradient = overwrite_with_gradient
        self._weights.append(variable)
        forget_structure()
        if not self._trainable and trainable:
            variable.trainable = False
            variable._frozen_by_layer = True  # type: ignore[attr-defined]
        return variable

    def add_variable(
        self,
        shape: Any,
        initializer: Any,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        name: str | None = None,
    ) -> Variable:
        """Make a variable of this layer; an older name of `add_weight`, with its arguments."""
        return self.add_weight(
            shape, initializer, dtype, trainable, autocast, regularizer, constraint, name=name
        )

    @structural
    def _held_state(self) -> list[Any]:
        """What the attributes hold: variables, layers, metrics, seed generators."""
        found = list(self._weights)
        for name, value in vars(self).items():
            if type(value) not in _PLAIN and name not in _BOOKKEEPING:
                _collect_state(value, found)
        return _unique(found)

    @structural
    def _sublayers(self) -> list[Layer]:
        return [item for item in self._held_state if isinstance(item, Layer)]

    def _flatten_layers(self, recursive: bool = True, include_self: bool = True) -> list[Layer]:
        found = [self] if include_self else []
        for layer in self._sublayers:
            found.append(layer)
            if recursive:
                found.extend(layer._flatten_layers(include_self=False))
        return _unique(found)

    @structural
    def _own_variables(self) -> list[Variable]:
        return [item for item in self._held_state if isinstance(item, Variable)]

    @structural
    def weights(self) -> list[Variable]:
        """All weights: of the layer, then of its sublayers, trainable and not."""
        return _unique(
            [*self._own_variables, *(w for layer in self._sublayers for w in layer.weights)]
        )

    @structural
    def variables(self) -> list[Variable]:
        """All state: weights, metric variables and the state of seed generators."""
        own: list[Variable] = []
        others: list[Variable] = []
        inner: list[Variable] = []
        for item in self._held_state:
            if isinstance(item, Variable):
                own.append(item)
            else:
                (inner if isinstance(item, Layer) else others).extend(item.variables)
        return _unique([*own, *others, *inner])

    @structural
    def trainable_variables(self) -> list[Variable]:
        """Variables that training changes, none if the layer is frozen."""
        return [v for v in self.variables if v.trainable] if self.trainable else []

    @structural
    def non_trainable_variables(self) -> list[Variable]:
        """Variables that gradients do not change."""
        trainable = {id(v) for v in self.trainable_variables}
        return [v for v in self.variables if id(v) not in trainable]

    @structural
    def trainable_weights(self) -> list[Variable]:
        """Weights that training changes, none if the layer is frozen."""
        return [v for v in self.weights if v.trainable] if self.trainable else []

    @structural
    def non_trainable_weights(self) -> list[Variable]:
        """Weights that gradients do not change."""
        trainable = {id(v) for v in self.trainable_weights}
        return [v for v in self.weights if id(v) not in trainable]

    @structural
    def metrics(self) -> list[Any]:
        """Metrics among the attributes of the layer and its sublayers."""
        own = [i for i in self._held_state if hasattr(i, "update_state") and hasattr(i, "result")]
        return _unique([*own, *(m for layer in self._sublayers for m in layer.metrics)])

    @property
    def metrics_variables(self) -> list[Variable]:
        """The variables of the layer's metrics."""
        return [variable for metric in self.metrics for variable in metric.variables]

    @property
    def trainable(self) -> bool:
        """Whether training may change the weights; setting it reaches all sublayers."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        forget_structure()
        for variable in self._own_variables:
            if getattr(variable, "_frozen_by_layer", False) or variable.trainable:
                variable._frozen_by_layer = not value  # type: ignore[attr-defined]
                variable.trainable = bool(value)
        for layer in self._sublayers:
            layer.trainable = value

    def count_params(self) -> int:
        """Return the number of values in the weights.

        Raises:
            ValueError: if the layer has not been built.
        """
        if not self.built:
            raise ValueError(
                f"Layer {self.path!r} has no weights yet: call it on data, or `build(input_shape)`."
            )
        return sum(int(np.prod(weight.shape)) for weight in self.weights)

    def get_weights(self) -> list[np.ndarray]:
        """Return the values of the weights as NumPy arrays."""
        return [weight.numpy() for weight in self.weights]

    def set_weights(self, weights: list[Any]) -> None:
        """Set the values of the weights, in the order of `get_weights`.

        Raises:
            ValueError: if their number or a shape differs; nothing is changed then.
        """
        mine = self.weights
        if len(mine) != len(weights):
            raise ValueError(
                f"Layer {self.path!r} has {len(mine)} weights, got {len(weights)} arrays."
            )
        for variable, value in zip(mine, weights, strict=True):
            if variable.shape != tuple(shape_of(value)):
                raise ValueError(
                    f"The weight {variable.path!r} has shape {variable.shape}, the array given for "
                    f"it has shape {tuple(shape_of(value))}."
                )
        for variable, value in zip(mine, weights, strict=True):
            variable.assign(value)

    # -- losses ----------------------------------------------------------------------------

    def add_loss(self, loss: Any) -> None:
        """Add a scalar to the loss of the model that is being called.

        Args:
            loss: scalar tensor or a structure of them.
        """
        added = [leaf for leaf in tree.flatten(loss) if leaf is not None]
        if current.call is not None:
            current.call.losses.extend(added)
        else:
            self._losses.extend(_uncollected(added))

    @property
    def losses(self) -> list[Any]:
        """What the last calls gave by `add_loss`, and the penalties of regularized weights."""
        added = [loss for layer in self._all_layers for loss in layer._losses]
        return [*added, *(variable.regularizer(variable) for variable in self._regularized)]

    @structural
    def _all_layers(self) -> list[Layer]:
        return self._flatten_layers()

    @structural
    def _regularized(self) -> list[Variable]:
        return [v for v in self.trainable_weights if v.regularizer is not None]

    def _clear_losses(self) -> None:
        for layer in self._all_layers:
            if layer._losses:
                layer._losses = []

    # -- building --------------------------------------------------------------------------

    def build(self, *input_shapes: Any) -> None:
        """Make the variables, once the input shape is known. Override this.

        It runs once: of a layer that has its variables, further calls change nothing.

        Args:
            input_shapes: shape of the first argument of `call`, or of each argument that the
                override names (`query_shape` for the argument `query`).
        """
        self.built = True

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Build from what `get_build_config` returned."""
        if not config:
            return
        if "input_shape" in config:
            self._build_now({"input_shape": _as_shapes(config["input_shape"])}, single=True)
        elif "shapes_dict" in config:
            shapes = {name: _as_shapes(shape) for name, shape in config["shapes_dict"].items()}
            self._build_now(shapes, single=False)

    def get_build_config(self) -> dict[str, Any] | None:
        """Return the shapes that the layer was built with."""
        shapes = self._build_shapes
        if shapes is None:
            return None
        if len(shapes) == 1:
            return {"input_shape": next(iter(shapes.values()))}
        return {"shapes_dict": shapes}

    def _path_when_built(self) -> str:
        """Return the path: below the layer that is calling this one, if there is one."""
        calling = current.call.layers if current.call is not None else []
        if len(calling) > 1 and calling[-1] is self:
            return f"{calling[-2].path}/{self.name}"
        return names.path(self.name)

    def _build_for(self, arguments: dict[str, Any]) -> None:
        """Build for the tensors of a call."""
        shapes = self._argument_shapes(arguments)
        if not shapes:
            return
        wanted = set(_call_signature(type(self).build).parameters)
        named = {name: shape for name, shape in shapes.items() if name in wanted}
        if len(named) > 1:
            self._build_now(named, single=False)
        else:
            self._build_now({"input_shape": next(iter(shapes.values()))}, single=True)

    def _argument_shapes(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the shapes of the arguments that are tensors, or structures of them."""
        shapes = {}
        for name, value in arguments.items():
            found = tree.flatten(value)
            if found and all(is_tensor_like(leaf) for leaf in found):
                shapes[f"{name}_shape"] = tree.map_structure(lambda leaf: shape_of(leaf), value)
        return shapes

    def _build_now(self, shapes: dict[str, Any], single: bool) -> None:
        if self.built:
            return
        # A layer that makes no variables of its own may leave `build` out.
        if single:
            self.build(next(iter(shapes.values())))
        else:
            self.build(**shapes)
        self.built = True
        self._build_shapes = shapes

    # -- calling ---------------------------------------------------------------------------

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output. Override this.

        Raises:
            NotImplementedError: if a subclass has not defined it.
        """
        raise NotImplementedError(
            f"{type(self).__name__} defines no `call`: add `def call(self, inputs): ...`."
        )

    @user_facing
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output; builds the layer when it is called for the first time."""
        if current.call is not None:
            return self._call_inside(args, kwargs)
        if self._backend is select.default():
            return self._call_outermost(args, kwargs)
        with select.use_backend(self._backend):
            return self._call_outermost(args, kwargs)

    def _call_outermost(self, args: tuple, kwargs: dict) -> Any:
        """Open the context that the layers of one call share, and keep what it collects."""
        args, kwargs = self._convert_inputs(args, kwargs)
        recorder = current.recorder
        if recorder is not None and (
            recorder.backend is not self._backend or any_symbolic(tree.flatten((args, kwargs)))
        ):
            recorder = None
        if recorder is None:
            output, losses = self._run(*args, **kwargs)
        else:
            # Build first: variables must exist before the tape asks for them.
            self._prepare(args, kwargs)
            output, losses = recorder.layer(self, self._run, args, kwargs)
        self._losses = _uncollected(losses)
        return output

    def _run(self, *args: Any, **kwargs: Any) -> tuple[Any, list[Any]]:
        call = CallContext(kwargs.get("training"))
        before, current.call = current.call, call
        try:
            return self._call_inside(args, kwargs), call.losses
        finally:
            current.call = before

    def _call_inside(self, args: tuple, kwargs: dict) -> Any:
        call: CallContext = current.call  # type: ignore[assignment]
        before = call.training
        if kwargs.get("training") is not None:
            call.training = kwargs["training"]
        call.layers.append(self)
        try:
            output = self._checked_call(args, kwargs)
            if current.numerics is not None:
                current.numerics.layer(self, args, kwargs, output)
            return output
        except Exception as error:
            _note_layer(error, self, args)
            raise
        finally:
            call.layers.pop()
            call.training = before

    def _checked_call(self, args: tuple, kwargs: dict) -> Any:
        if self._settled is not None and len(args) == 1 and not kwargs:
            value = args[0]
            if (type(value), getattr(value, "shape", None)) == self._settled[:2] and (
                value.dtype == self._settled[2]
                and current.autocast is None
                and not masks.any_attached()
            ):
                return self.call(value, **self._fill_context(args, kwargs))
        if len(current.call.layers) > 1:  # type: ignore[union-attr]
            args, kwargs = self._convert_inputs(args, kwargs)
        first = args[0] if args else None
        shape = getattr(first, "shape", None)
        if shape is None or shape != self._seen or len(args) > 1:
            self._prepare(args, kwargs)
            self._seen = shape
        filled = self._fill_context(args, kwargs)
        if any_symbolic(args) or (kwargs and any_symbolic(tree.flatten(kwargs))) or (
            args and shape is None and any_symbolic(tree.flatten(args))
        ):
            return self._call_symbolic(args, kwargs, filled)
        call = self.call if self._remat is None else self._rematerializing_call
        if self.compute_dtype == self.variable_dtype and current.autocast is None:
            output = call(*args, **filled)
        else:
            wanted = self.compute_dtype if self.compute_dtype != self.variable_dtype else None
            with set_current(autocast=wanted):
                output = call(*args, **filled)
        if self.activity_regularizer is not None:
            self._penalize(output)
        if masks.any_attached():
            self._mask_output(args, output)
        elif self._makes_masks():
            self._attach(output, self.compute_mask(args[0], None))
        self._settle(first)
        return output

    def _settle(self, first: Any) -> None:
        """Remember a kind of input that needs nothing but `call`: the hot path of eager engines."""
        plain = self.compute_dtype == self.variable_dtype and not self._makes_masks()
        plain = plain and self._remat is None
        if plain and self.activity_regularizer is None and select.engine_of(first) is self._backend:
            if not dtypes.is_float(dtype := dtype_of(first)) or dtype == self.compute_dtype:
                self._settled = (type(first), first.shape, first.dtype)

    def _rematerializing_call(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output as the `RematScope` says that the layer was made in."""
        if current.call.rematerialized:  # type: ignore[union-attr]
            return self.call(*args, **kwargs)
        if self._remat.mode == "activations":
            return self._call_with_rematerialized_activation(args, kwargs)
        if self._remat.wants(self, args):
            return self._call_again(self.call, *args, **kwargs)
        return self.call(*args, **kwargs)

    def _call_with_rematerialized_activation(self, args: tuple, kwargs: dict) -> Any:
        held = vars(self)
        activation = held.get("activation")
        if activation is None:
            return self.call(*args, **kwargs)
        held["activation"] = functools.partial(self._call_again, activation)
        try:
            return self.call(*args, **kwargs)
        finally:
            held["activation"] = activation

    def _call_again(self, function: Callable, *args: Any, **kwargs: Any) -> Any:
        """Return `function(*args, **kwargs)`, a part of `call` that is run again for gradients."""
        from kerata.layers.rematerialization import rematerialized

        return rematerialized(self, function, args, kwargs)

    def rematerialized_call(self, layer_call: Callable, *args: Any, **kwargs: Any) -> Callable:
        """Return a function for a part of `call`, as the `RematScope` has it around the layer.

        Args:
            layer_call: a function of tensors that reads no other tensors.
            args, kwargs: what it will be called with, whose sizes may matter.

        Returns:
            The function itself, or one of the same results of which nothing is kept in memory:
            it is run again for gradients.
        """
        from kerata.layers.rematerialization import as_the_scope_says

        return as_the_scope_says(self, self._remat, layer_call, args)

    # -- the steps of a call ---------------------------------------------------------------

    def _convert_inputs(self, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
        """Make engine tensors of arrays and numbers; floats get the compute dtype."""
        engine = self._backend
        wanted = self.compute_dtype if self.autocast else None
        if len(args) == 1 and not kwargs:
            value = args[0]
            if select.engine_of_type(type(value)) is engine and (
                wanted is None or engine.dtype_name(value) == wanted
            ):
                return args, kwargs
        return (
            tuple(tree.map_structure(self._convert_leaf, arg) for arg in args),
            {
                k: v if k in ("training",) else tree.map_structure(self._convert_leaf, v)
                for k, v in kwargs.items()
            },
        )

    def _convert_leaf(self, value: Any) -> Any:
        return self.dtype_policy.convert_input(value, self.autocast, self.compute_dtype)

    def _prepare(self, args: tuple, kwargs: dict) -> None:
        """Check the inputs against `input_spec` and build, the first time a shape is seen."""
        if not args and not kwargs:
            return
        arguments = self._bind(args, kwargs)
        first = next(iter(arguments.values()), None)
        if self.input_spec is not None:
            check_inputs(self, tree.map_structure(_spec_or_none, first))
        if not self.built:
            self._path = self._path_when_built()
            self._build_for(arguments)
            if self.input_spec is not None:
                check_inputs(self, tree.map_structure(_spec_or_none, first))

    def _bind(self, args: tuple, kwargs: dict) -> dict[str, Any]:
        bound = _call_signature(type(self).call).bind(self, *args, **self._known(kwargs))
        arguments = dict(list(bound.arguments.items())[1:])
        arguments.pop("training", None)
        return arguments

    def _known(self, kwargs: dict) -> dict:
        """Leave out `training` and `mask` where `call` does not take them."""
        accepted = self._call_parameters()
        return {
            name: value
            for name, value in kwargs.items()
            if name not in ("training", "mask") or name in accepted or "**" in accepted
        }

    @classmethod
    def _call_parameters(cls) -> frozenset[str]:
        return _parameters_of(cls.call)

    def _fill_context(self, args: tuple, kwargs: dict) -> dict:
        """Give `call` the training flag and the masks that it takes and was not given."""
        accepted = self._call_parameters()
        if not kwargs and "training" not in accepted and not masks.any_attached():
            return kwargs
        filled = self._known(kwargs)
        if "training" in accepted and filled.get("training") is None:
            training = current.call.training  # type: ignore[union-attr]
            if training is None:
                training = _default_training(type(self).call)
            filled["training"] = training
        if "mask" in accepted and filled.get("mask") is None and masks.any_attached() and args:
            found = tree.map_structure(masks.of, args[0])
            if any(mask is not None for mask in tree.flatten(found)):
                filled["mask"] = found
        if masks.any_attached():
            self._fill_named_masks(args, filled, accepted)
        return filled

    def _fill_named_masks(self, args: tuple, filled: dict, accepted: frozenset[str]) -> None:
        """Fill `query_mask` for an argument `query`, and so on."""
        parameters = list(_call_signature(type(self).call).parameters)[1:]
        given = set(parameters[: len(args)])
        for name, value in [*zip(parameters, args, strict=False), *filled.items()]:
            wanted = f"{name}_mask"
            if wanted in accepted and wanted not in given and filled.get(wanted) is None:
                filled[wanted] = masks.of(value)

    def _makes_masks(self) -> bool:
        return self._overrides("compute_mask") and bool(self.supports_masking)

    def _mask_output(self, args: tuple, output: Any) -> None:
        if not args:
            return
        found = tree.map_structure(masks.of, args[0])
        present = any(mask is not None for mask in tree.flatten(found))
        if not present and not self._makes_masks():
            return
        if not self.supports_masking:
            _warn_mask_lost(self)
            return
        self._attach(output, self.compute_mask(args[0], found if present else None))

    def _attach(self, output: Any, mask: Any) -> None:
        if mask is None:
            return
        outputs = tree.flatten(output)
        found = tree.flatten(mask)
        if len(found) == 1 and len(outputs) > 1:
            found = found + [None] * (len(outputs) - 1)
        for tensor, each in zip(outputs, found, strict=False):
            # What `compute_mask` says counts more than what the ops of `call` passed on.
            if each is not None and (masks.of(tensor) is None or self._overrides("compute_mask")):
                masks.attach(tensor, each)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Return the mask of the output given that of the inputs; by default the same.

        Args:
            inputs: the first argument of `call`.
            previous_mask: its mask, or a structure of masks; `None` where there is none.
        """
        found = [mask for mask in tree.flatten(previous_mask) if mask is not None]
        return found[0] if found else None

    def _penalize(self, output: Any) -> None:
        for tensor in tree.flatten(output):
            size = tensor.shape[0] if tensor.shape and tensor.shape[0] else 1
            self.add_loss(self.activity_regularizer(tensor) / size)

    # -- shape inference -------------------------------------------------------------------

    def _call_symbolic(self, args: tuple, kwargs: dict, filled: dict) -> Any:
        specs = self.compute_output_spec(*args, **filled)
        output = record(self, args, kwargs, specs)
        leaves = tree.flatten(output)
        if leaves:
            self._nodes.append(leaves[0].node)
        return output

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Return the specs of the output for symbolic inputs, computing nothing."""
        return infer_output_spec(self, args, kwargs)

    def compute_output_shape(self, *args: Any, **kwargs: Any) -> Any:
        """Return the output shape for input shapes, computing nothing.

        Args:
            args, kwargs: shapes in place of the tensors that `call` takes.
        """
        def symbolic(shape: Any) -> Any:
            return _symbolic_of_shapes(shape, self.compute_dtype)

        inputs = [symbolic(_as_shapes(shape)) for shape in args]
        named = {k.removesuffix("_shape"): symbolic(_as_shapes(v)) for k, v in kwargs.items()}
        if not args and list(named) == ["input"]:
            inputs, named = list(named.values()), {}
        with set_current(call=None):
            output = self(*inputs, **named)
        return tree.map_structure(lambda tensor: tensor.shape, output)

    def shape_advice(self, shape: tuple) -> str:
        """Return a sentence, with a space before it, that helps with a wrong input shape."""
        return ""

    # -- graph -----------------------------------------------------------------------------

    @property
    def input(self) -> Any:
        """The symbolic input of the layer's first use in a model."""
        node = self._first_node()
        structure = node.args[0] if node.args else node.kwargs
        return structure

    @property
    def output(self) -> Any:
        """The symbolic output of the layer's first use in a model."""
        return self._first_node().structure

    def _first_node(self) -> Any:
        if not self._nodes:
            raise AttributeError(
                f"Layer {self.name!r} has not been called on symbolic tensors, so it has no "
                "`input` or `output`. Use it in a Sequential with an Input or a functional model."
            )
        return self._nodes[0]

    # -- saving ----------------------------------------------------------------------------

    def save_own_variables(self, store: Any) -> None:
        """Write the layer's own variables (not its sublayers') into a mapping of arrays."""
        for index, variable in enumerate(self._own_variables):
            store[str(index)] = variable.numpy()

    def load_own_variables(self, store: Any) -> None:
        """Set the layer's own variables from a mapping written by `save_own_variables`."""
        own = self._own_variables
        if len(store.keys()) != len(own):
            raise ValueError(
                f"Layer {self.path!r} has {len(own)} variables, the file has {len(store.keys())}."
            )
        for index, variable in enumerate(own):
            variable.assign(np.asarray(store[str(index)]))

    def save_assets(self, dir_path: str) -> None:
        """Write files that a `.keras` file shall carry for this layer; override it.

        Args:
            dir_path: an empty folder.
        """

    def load_assets(self, dir_path: str) -> None:
        """Read the files that `save_assets` wrote; override it.

        Args:
            dir_path: a folder with these files.
        """


# -- helpers of the class above ------------------------------------------------------------


def _recorded_build(build: Callable) -> Callable:
    """Surround a `build` with the layer's names and backend, and note what it was built for."""

    @functools.wraps(build)
    def recorded(self: Layer, *shapes: Any, **named: Any) -> None:
        if self._building:  # a `build` that calls that of its base class
            build(self, *shapes, **named)
            return
        if self.built and self.variables:  # by a file, or by another layer that shares it
            return
        self._path = self._path_when_built()
        self._building = True
        try:
            with select.use_backend(self._backend), names.at(self._path):
                build(self, *shapes, **named)
        finally:
            self._building = False
        self.built = True
        given = {"input_shape": _as_shapes(shapes[0])} if shapes else named
        self._build_shapes = given or self._build_shapes

    return recorded


def _uncollected(losses: list[Any]) -> list[Any]:
    """Hand losses to a `StatelessScope` that collects them, and return what is left."""
    if not losses or not getattr(current.scope, "collect_losses", False):
        return losses
    for loss in losses:
        current.scope.add_loss(loss)
    return []


def _unique(items: Any) -> list:
    return list({id(item): item for item in items}.values())


def _collect_state(value: Any, found: list) -> None:
    """Append the variables, layers, metrics and seed generators in a value."""
    if isinstance(value, (Variable, Layer)):
        found.append(value)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _collect_state(item, found)
    elif isinstance(value, dict):
        for item in value.values():
            _collect_state(item, found)
    elif getattr(value, "holds_state", False):
        found.append(value)


def _spec_or_none(value: Any) -> TensorSpec | None:
    return spec_of(value) if is_tensor_like(value) else None


def _as_shapes(value: Any) -> Any:
    """Return nested lists of sizes (as JSON gives them) as tuples."""
    if isinstance(value, dict):
        return {key: _as_shapes(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        if all(item is None or isinstance(item, int) for item in value):
            return tuple(value)
        return [_as_shapes(item) for item in value]
    return value


def _symbolic_of_shapes(shape: Any, dtype: str) -> Any:
    if isinstance(shape, dict):
        return {key: _symbolic_of_shapes(item, dtype) for key, item in shape.items()}
    if isinstance(shape, list):
        return [_symbolic_of_shapes(item, dtype) for item in shape]
    return SymbolicTensor(shape, dtype)


@functools.cache
def _parameters_of(call: Callable) -> frozenset[str]:
    parameters = inspect.signature(call).parameters.values()
    found = {p.name for p in parameters if p.kind is not p.VAR_KEYWORD}
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        found.add("**")
    return frozenset(found)


@functools.cache
def _default_training(call: Callable) -> bool:
    default = inspect.signature(call).parameters["training"].default
    return default if isinstance(default, bool) else False


def _parameter_names(cls: type) -> list[str]:
    found: dict[str, None] = {}
    for base in cls.__mro__:
        if "__init__" in vars(base) and base is not object:
            for p in list(inspect.signature(base.__init__).parameters.values())[1:]:  # type: ignore
                if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL):
                    found[p.name] = None
    return list(found)


def _note_layer(error: Exception, layer: Layer, args: tuple) -> None:
    """Say in which layer an error arose, innermost layer only."""
    if getattr(error, "_kerata_layer", None) is not None:
        return
    try:
        error._kerata_layer = layer.path  # type: ignore[attr-defined]
    except AttributeError:
        return
    if repr(layer.path) not in str(error):
        specs = [spec_of(a) for a in tree.flatten(args) if is_tensor_like(a)]
        given = ", ".join(f"{spec.dtype}{list(spec.shape)}" for spec in specs)
        error.add_note(f"In layer {layer.path!r} ({type(layer).__name__}), called on {given}.")


_warned_masks: set[str] = set()


def _warn_mask_lost(layer: Layer) -> None:
    if layer.path not in _warned_masks:
        _warned_masks.add(layer.path)
        warnings.warn(
            f"Layer {layer.path!r} ({type(layer).__name__}) does not pass masks on: what follows "
            "treats padding as data. Set `self.supports_masking = True` in its `__init__` if it "
            "works per time step.",
            KerataWarning,
            stacklevel=2,
        )


__all__ = ["DTypePolicy", "InputSpec", "Layer"]
