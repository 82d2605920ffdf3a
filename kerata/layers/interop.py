"""A layer as other libraries want it: a pure function with explicit values, or a torch module.

A pure function (`stateless_call`, `functional`) is what JAX, Equinox, Flax and Optax users
differentiate, vectorize and compile themselves. A module (`torch_module`) is what PyTorch's
optimizers, loops and wrappers take. Layer inherits from `Interop`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from kerata.core.errors import closest
from kerata.core.scope import Scope
from kerata.core.seeds import SeedGenerator
from kerata.core.variable import Variable, as_state, assign_all

Tensor = Any
Tree = dict[str, Any]
Path = tuple[str, ...]


class Interop:
    """What a layer offers to other libraries."""

    # Given by Layer.
    name: str
    built: bool
    _losses: list[Any]

    # -- pure functions --------------------------------------------------------------------

    def stateless_call(
        self,
        trainable_variables: Sequence[Tensor],
        non_trainable_variables: Sequence[Tensor],
        *args: Any,
        return_losses: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Call with given values of all variables; return the output and the changed values.

        Args:
            trainable_variables: values in the order of `self.trainable_variables`.
            non_trainable_variables: values in the order of `self.non_trainable_variables`.
            args, kwargs: passed to the layer.
            return_losses: whether to return the losses as well.

        Returns:
            `(output, non_trainable_values)`, with the losses as a third if asked for.

        Raises:
            ValueError: if the layer is not built, or a number or a shape of values does not fit.

        >>> import kerata
        >>> layer = kerata.layers.Dense(1, kernel_initializer="ones")
        >>> _ = layer(kerata.ops.zeros((1, 2)))
        >>> kernel, bias = kerata.ops.ones((2, 1)), kerata.ops.array([5.0])
        >>> output, _ = layer.stateless_call([kernel, bias], [], kerata.ops.ones((1, 2)))
        >>> output.tolist()
        [[7.0]]
        """
        self._check_built("stateless_call")
        trainable, rest = self.trainable_variables, self.non_trainable_variables
        self._check_count("trainable_variables", trainable_variables, trainable)
        self._check_count("non_trainable_variables", non_trainable_variables, rest)
        given = [*trainable_variables, *non_trainable_variables]
        pairs = zip([*trainable, *rest], given, strict=True)
        before = self._losses
        try:
            with Scope({v: as_state(v, value) for v, value in pairs}) as scope:
                output = self(*args, **kwargs)  # type: ignore[operator]
                losses = self.losses if return_losses else []
                changed = [scope[variable] for variable in rest]
        finally:
            self._losses = before  # those of this call may be traced, and belong to the caller
        return (output, changed, losses) if return_losses else (output, changed)

    def functional(self) -> tuple[Callable, Tree, Tree]:
        """Return the layer as a pure function, with its parameters and its other state.

        Returns:
            `(apply, params, state)`. `params` holds copies of the trainable variables' values,
            `state` those of all others (moving statistics, seeds), in dicts nested by the names
            of the layers. `apply(params, state, *inputs, training=None, seed=None,
            return_losses=False)` returns `(outputs, new_state)`, and the losses as a third if
            asked for. It changes nothing, so that `jax.jit`, `jax.grad`, `jax.vmap`,
            `torch.func` and Optax take it as it is. An integer `seed`, which may be traced,
            decides alone what random layers draw.

        Raises:
            ValueError: if the layer has not been built.

        >>> import kerata
        >>> model = kerata.Sequential([kerata.Input((2,)), kerata.layers.Dense(1, name="last")])
        >>> apply, params, state = model.functional()
        >>> params["last"]["bias"].shape, state
        ((1,), {})
        >>> outputs, state = apply(params, state, kerata.ops.ones((3, 2)))
        >>> outputs.shape
        (3, 1)
        """
        self._check_built("functional")
        trained, rest = self._variables_by_path()
        generators = _generators(self)

        def apply(
            params: Tree, state: Tree, *inputs: Any,
            seed: Any = None, return_losses: bool = False, **kwargs: Any,
        ) -> tuple:  # fmt: skip
            values = _leaves_at(state, rest, "state")
            if seed is not None:
                for place, variable in enumerate(rest.values()):
                    if id(variable) in generators:
                        values[place] = _first_key(generators[id(variable)], seed)
            outputs, changed, losses = self.stateless_call(
                _leaves_at(params, trained, "params"), values, *inputs,
                return_losses=True, **kwargs,
            )  # fmt: skip
            new_state = nested(dict(zip(rest, changed, strict=True)))
            return (outputs, new_state, losses) if return_losses else (outputs, new_state)

        return apply, _copies(trained), _copies(rest)

    def load_params(self, params: Tree, state: Tree | None = None) -> None:
        """Take over values, in the form in which `functional` gives them.

        Args:
            params: values of the trainable variables.
            state: values of the other variables, which stay as they are if it is `None`.

        Raises:
            ValueError: if a name or a shape does not fit; nothing is changed then.
        """
        self._check_built("load_params")
        trained, rest = self._variables_by_path()
        variables, values = list(trained.values()), _leaves_at(params, trained, "params")
        if state is not None:
            variables += rest.values()
            values += _leaves_at(state, rest, "state")
        assign_all(variables, values)

    # -- PyTorch ---------------------------------------------------------------------------

    def torch_module(self) -> Any:
        """Return a `torch.nn.Module` that shares all variables with this layer.

        Its parameters are the trainable variables' own tensors (frozen ones have
        `requires_grad=False`) and its buffers those of the others, so that each sees what the
        other changes. Names follow the layers:
        `"dense.kernel"`. Calling it calls the layer; `train()` and `eval()` set the `training`
        argument. It works inside other modules, with `torch.optim`, `state_dict` and
        `DistributedDataParallel`.

        Raises:
            ValueError: if the layer has not been built.
            TypeError: if the layer computes on another backend than torch.

        >>> import kerata
        >>> with kerata.use_backend("torch"):
        ...     layer = kerata.layers.Dense(1, name="last")
        ...     model = kerata.Sequential([kerata.Input((2,)), layer])
        >>> [name for name, _ in model.torch_module().named_parameters()]
        ['last.kernel', 'last.bias']
        """
        self._check_built("torch_module")
        trained, rest = self._variables_by_path()
        return self._backend.as_module(self, {**trained, **rest})

    def parameters(self) -> Iterator[Any]:
        """Yield the parameters for an optimizer of `torch.optim`; see `torch_module`."""
        return self.torch_module().parameters()

    def named_parameters(self) -> Iterator[tuple[str, Any]]:
        """Yield the names and parameters of `torch_module`."""
        return self.torch_module().named_parameters()

    def zero_grad(self) -> None:
        """Forget the gradients that `loss.backward()` has left at the parameters (torch)."""
        self.torch_module().zero_grad()

    def state_dict(self) -> dict[str, Any]:
        """Return parameters and buffers by name, as `torch.save` takes them."""
        return self.torch_module().state_dict()

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> Any:
        """Take over what `state_dict` returned (torch)."""
        return self.torch_module().load_state_dict(state_dict, strict=strict)

    # -- helpers of both -------------------------------------------------------------------

    def _variables_by_path(self) -> tuple[dict[Path, Variable], dict[Path, Variable]]:
        """Return trainable and other variables, each by the names on the way to it."""
        named = _named_variables(self)
        trained = [(named[id(v)], v) for v in self.trainable_variables]
        rest = [(named[id(v)], v) for v in self.non_trainable_variables]
        return dict(trained), dict(rest)

    def _check_built(self, method: str) -> None:
        if not self.built:
            raise ValueError(
                f"Layer {self.name!r} has no variables yet, which `{method}` needs: call it on "
                "data, or `build(input_shape)`."
            )

    def _check_count(self, what: str, values: Sequence, variables: list) -> None:
        if len(values) != len(variables):
            raise ValueError(
                f"Layer {self.name!r}: `{what}` holds {len(values)} values for {len(variables)} "
                f"variables. Give one value for each of `layer.{what}`, in that order."
            )


# -- names -----------------------------------------------------------------------------------


def _named_variables(layer: Any) -> dict[int, Path]:
    """Return the path of names to each variable of a layer, by id of the variable."""
    paths: dict[int, Path] = {}
    _name_variables(layer, (), paths, set())
    return paths


def _name_variables(owner: Any, prefix: Path, paths: dict[int, Path], taken: set[Path]) -> None:
    for item in owner._held_state if hasattr(owner, "_held_state") else owner.variables:
        # The automatic names of generators go on counting from model to model.
        name = "seed_generator" if isinstance(item, SeedGenerator) else item.name
        path = free((*prefix, name), taken)
        if not isinstance(item, Variable):
            taken.add(path)
            _name_variables(item, path, paths, taken)
        elif id(item) not in paths:
            taken.add(path)
            paths[id(item)] = path


def free(path: Path, taken: set[Path]) -> Path:
    """Return a path, numbered if others of the name stand there already."""
    number, free = 0, path
    while free in taken:
        number += 1
        free = (*path[:-1], f"{path[-1]}_{number}")
    return free


# -- trees of values -------------------------------------------------------------------------


def nested(values: Mapping[Path, Any]) -> Tree:
    """Return values as dicts nested by the names in their paths."""
    tree: Tree = {}
    for path, value in values.items():
        inner = tree
        for name in path[:-1]:
            inner = inner.setdefault(name, {})
        inner[path[-1]] = value
    return tree


def _copies(variables: Mapping[Path, Variable]) -> Tree:
    return nested({p: v.backend.copy_state(v.stored_value()) for p, v in variables.items()})


def _leaves_at(tree: Tree, paths: Mapping[Path, Any], what: str) -> list[Any]:
    """Return the leaves of nested dicts in the order of the paths."""
    found = dict(leaves(tree, ()))
    for path in paths:
        if path not in found:
            name = "/".join(path)
            near = closest(name, ["/".join(other) for other in found if other not in paths])
            raise ValueError(f"`{what}` lacks {name!r}.{near}")
    unknown = ["/".join(path) for path in found if path not in paths]
    if unknown:
        raise ValueError(
            f"`{what}` holds {unknown[0]!r}, which the layer does not have; it has "
            f"{', '.join('/'.join(path) for path in paths)}."
        )
    return [found[path] for path in paths]


def leaves(tree: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """Yield the leaves of nested dicts with their paths, which begin with `path`."""
    if isinstance(tree, Mapping):
        for name, inner in tree.items():
            yield from leaves(inner, (*path, name))
    else:
        yield path, tree


# -- seeds -----------------------------------------------------------------------------------


def _generators(layer: Any) -> dict[int, SeedGenerator]:
    """Return the seed generators of a layer and its sublayers, by id of their state."""
    items = [item for inner in layer._flatten_layers() for item in inner._held_state]
    return {id(g.state): g for g in items if isinstance(g, SeedGenerator)}


def _first_key(generator: SeedGenerator, seed: Any) -> Tensor:
    """Return the first key of a generator for one seed, the same whatever it drew before."""
    from kerata import ops
    from kerata.ops.random import integer_samples

    words = [ops.cast(generator.seed, "uint32"), ops.cast(seed, "uint32")]
    return ops.cast(integer_samples(ops.stack(words), (2,), 0, 2**31 - 1, "int32"), "uint32")
