"""JaxLayer: a function of JAX, with its parameters and state, as a layer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kerata.backend import select
from kerata.core import dtypes, tree
from kerata.core.registry import register
from kerata.core.spec import dtype_of, spec_of
from kerata.core.variable import Variable, assign_all
from kerata.layers.foreign.engine import ForeignLayer
from kerata.random import SeedGenerator

Tree = Any

_OF_CALL = ("params", "state", "rng", "inputs", "training")
_OF_INIT = ("rng", "inputs", "training")


@register("layers")
class JaxLayer(ForeignLayer):
    """Calls a function of JAX. It computes on JAX, whatever the default backend is.

    The functions are told by the names of their arguments what to pass.

    Args:
        call_fn: `call_fn(params, state, rng, inputs, training)`, of which only `inputs` is
            needed: `params` are the trained parameters, `state` is what else changes, `rng` a
            JAX key, new in each call. It returns the outputs; if it takes a `state`, a pair of
            the outputs and the new state.
        init_fn: `init_fn(rng, inputs, training)`, where `training` (True) may be left out:
            returns the first `params`; if `call_fn` takes a `state`, a pair of `params` and
            `state`. The inputs are zeros, with 1 for sizes that are not known.
        params, state: First values, trees of arrays, instead of those that `init_fn` gives.
        seed: Makes `rng` reproducible.
        native_serialization_platforms: Kept for Keras' signature, where it is for TensorFlow.

    Call arguments:
        inputs: A tensor or a structure of them, passed on as one argument.
        training: Passed to `call_fn`.

    Raises:
        ValueError: If a function takes other arguments, or nothing tells the first values.
        TypeError: If it is called on tensors of another engine.

    >>> import kerata
    >>> import jax.numpy as jnp
    >>> def scale(params, inputs):
    ...     return inputs * params["factor"]
    >>> layer = kerata.layers.JaxLayer(scale, params={"factor": jnp.array(3.0)})
    >>> layer(kerata.ops.ones((1, 2))).tolist(), len(layer.trainable_weights)
    ([[3.0, 3.0]], 1)
    """

    def __init__(
        self,
        call_fn: Callable[..., Any],
        init_fn: Callable[..., Any] | None = None,
        params: Tree = None,
        state: Tree = None,
        seed: int | None = None,
        native_serialization_platforms: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__("jax", **kwargs)
        self.call_fn = call_fn
        self.init_fn: Any = init_fn
        self.seed = seed
        self.native_serialization_platforms = native_serialization_platforms
        self._taken = _arguments(call_fn, "call_fn", _OF_CALL, ("inputs",))
        if init_fn is not None:
            self._taken_by_init = _arguments(init_fn, "init_fn", _OF_INIT, ("rng", "inputs"))
        self._first = self._checked_first(params, state)
        self._inputs: Any = None
        if "rng" in self._taken:
            with select.use_backend(self.backend.name):
                self.seed_generator = SeedGenerator(seed)

    def _checked_first(self, params: Tree, state: Tree) -> tuple[Tree, Tree] | None:
        """Return the first values that were given; `None` if they come from `init_fn`."""
        given = {"params": params, "state": state}
        missing = [name for name in given if name in self._taken and given[name] is None]
        nothing = params is None and state is None
        if missing and (self.init_fn is None or not nothing):
            raise ValueError(
                f"`call_fn` takes {missing[0]!r}, of which nothing tells the first values. Give "
                f"`{missing[0]}` or, without `params` and `state`, an `init_fn`."
            )
        return None if nothing and self.init_fn is not None else (params, state)

    # -- building --------------------------------------------------------------------------

    def _prepare(self, args: tuple, kwargs: dict) -> None:
        # `build` gets shapes only, but `init_fn` may depend on the dtypes.
        if not self.built and args:
            self._inputs = tree.map_structure(lambda leaf: spec_of(leaf).dtype, args[0])
        super()._prepare(args, kwargs)

    def get_build_config(self) -> dict[str, Any] | None:
        """Return the shapes and dtypes that the layer was built with."""
        config = super().get_build_config()
        return None if config is None else {**config, "input_dtype": self._inputs}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Build from what `get_build_config` returned."""
        self._inputs = config.get("input_dtype")
        super().build_from_config(config)

    def build(self, input_shape: Any) -> None:
        """Make a variable of each array in `params` and `state`."""
        params, state = self._first or self._call_init(input_shape)
        self.params = self._variables(params, "params", trainable=True)
        self.state = self._variables(state, "state", trainable=False)
        self._first = (None, None)  # no longer needed

    def _call_init(self, input_shape: Any) -> tuple[Tree, Tree]:
        """Return the first values of `params` and `state`."""
        key = SeedGenerator(self.seed).next()
        given = {"rng": key, "inputs": self._zeros(input_shape), "training": True}
        found = self.init_fn(**{name: given[name] for name in self._taken_by_init})
        return found if "state" in self._taken else (found, None)

    def _zeros(self, shapes: Any) -> Any:
        """Return zeros of the shapes, in the dtypes of the inputs where these are known."""
        if isinstance(shapes, dict):
            each = self._inputs or {}
            return {k: _zeros(v, each.get(k, self.compute_dtype)) for k, v in shapes.items()}
        if isinstance(shapes, list):
            each = self._inputs or [self.compute_dtype] * len(shapes)
            return [_zeros(*pair) for pair in zip(shapes, each, strict=True)]
        return _zeros(shapes, self._inputs or self.compute_dtype)

    def _variables(self, values: Tree, kind: str, trainable: bool) -> Tree:
        """Return a tree of arrays as one of variables, which get their names from their places."""
        import jax

        return jax.tree_util.tree_map_with_path(
            lambda path, leaf: self._variable(_name(path) or kind, leaf, trainable), values
        )

    def _variable(self, name: str, value: Any, trainable: bool) -> Variable:
        dtype = dtype_of(np.asarray(value))
        floats = dtypes.is_float(dtype)
        return self.add_weight(
            shape=np.shape(value),
            initializer=lambda shape, dtype=None: np.asarray(value),
            dtype=self.variable_dtype if floats else dtype,
            trainable=trainable and floats,
            name=name,
        )

    # -- calling ---------------------------------------------------------------------------

    def call(self, inputs: Any, training: bool | None = False) -> Any:
        """Return what `call_fn` gives, and keep the new state."""
        import jax

        self.check_engine(inputs)
        given = {"inputs": inputs, "training": bool(training)}
        for name in ("params", "state"):
            if name in self._taken:
                given[name] = jax.tree.map(lambda variable: variable.value, getattr(self, name))
        if "rng" in self._taken:
            given["rng"] = self.seed_generator.next()
        result = self.call_fn(**{name: given[name] for name in self._taken})
        if "state" not in self._taken:
            return result
        outputs, state = result
        assign_all(*self._new_state(state))
        return outputs

    def _new_state(self, state: Tree) -> tuple[list[Variable], list[Any]]:
        import jax

        variables, structure = jax.tree.flatten(self.state)
        values, found = jax.tree.flatten(state)
        if structure != found:
            raise ValueError(
                f"{self.path}: `call_fn` returned a state of the structure {found}; expected that "
                f"of the first state, {structure}."
            )
        return variables, values

    def get_config(self) -> dict[str, Any]:
        """Return the functions; values stand in the weights."""
        config = super().get_config()
        return {k: v for k, v in config.items() if k not in ("params", "state", "seed")}


def _arguments(
    function: Callable, name: str, known: Sequence[str], needed: Sequence[str]
) -> tuple[str, ...]:
    """Return the names of the arguments that a function takes."""
    parameters = inspect.signature(function).parameters.values()
    unknown = [p.name for p in parameters if p.name not in known]
    missing = [each for each in needed if each not in {p.name for p in parameters}]
    if unknown or missing:
        problem = f"takes an argument {unknown[0]!r}" if unknown else f"takes no {missing[0]!r}"
        raise ValueError(
            f"`{name}` {problem}; its arguments are known by their names: "
            f"{', '.join(known)}, of which {', '.join(needed)} must be there."
        )
    return tuple(p.name for p in parameters)


def _name(path: Sequence[Any]) -> str:
    """Return a name for a place in a tree, such as "dense_kernel"."""
    parts = (getattr(key, "key", getattr(key, "idx", getattr(key, "name", key))) for key in path)
    return "_".join(str(part) for part in parts).replace("/", "_")


def _zeros(shape: Sequence[int | None], dtype: str) -> Any:
    import jax.numpy as jnp

    return jnp.zeros([1 if size is None else size for size in shape], dtype)
