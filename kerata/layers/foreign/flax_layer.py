"""FlaxLayer: a module of Flax (linen) as a layer."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from kerata.core.registry import register
from kerata.layers.foreign.jax_layer import JaxLayer

Tree = Any


@register("layers")
class FlaxLayer(JaxLayer):
    """Calls a `flax.linen.Module`. It computes on JAX, whatever the default backend is.

    The collection "params" is trained; all others, such as "batch_stats", are state. Flax is
    not installed with kerata: `pip install flax`.

    Args:
        module: The module. Its method takes `inputs` and may take `training`.
        method: Method to call, by default `__call__`; or a function
            `(module, inputs, training)`.
        variables: What `module.init` returns, if the module has been initialized.

    Raises:
        ImportError: If Flax is not installed.
        ValueError: If the method takes other arguments.

    >>> import kerata
    >>> import flax.linen  # doctest: +SKIP
    >>> layer = kerata.layers.FlaxLayer(flax.linen.Dense(3))  # doctest: +SKIP
    """

    def __init__(
        self,
        module: Any,
        method: Callable[..., Any] | str | None = None,
        variables: Tree = None,
        **kwargs: Any,
    ) -> None:
        self.module = module
        self.method = method
        takes_training = "training" in inspect.signature(self._method()).parameters
        params, state = (None, None) if variables is None else _divided(variables)

        def options(training: bool) -> dict[str, Any]:
            chosen = {"training": training} if takes_training else {}
            return {**chosen, "method": method}

        def call(params: Tree, state: Tree, rng: Any, inputs: Any, training: bool) -> Any:
            given = {"params": params, **state} if params else state
            outputs, changed = module.apply(
                given, inputs, rngs=rng, mutable=_all_but_params(), **options(training)
            )
            return outputs, {**state, **changed}

        def init(rng: Any, inputs: Any) -> tuple[Tree, Tree]:
            return _divided(module.init(rng, inputs, **options(training=True)))

        super().__init__(call, init, params, state, **kwargs)

    def _method(self) -> Callable[..., Any]:
        """Return what is called, as a function."""
        if self.method is None:
            return self.module.__call__
        return getattr(self.module, self.method) if isinstance(self.method, str) else self.method

    def get_config(self) -> dict[str, Any]:
        """Return the module and its method; to be saved, the module needs a `get_config`."""
        config = super().get_config()
        return {k: v for k, v in config.items() if k not in ("variables", *_OF_JAX_LAYER)}


_OF_JAX_LAYER = ("call_fn", "init_fn", "native_serialization_platforms")


def _divided(variables: Tree) -> tuple[Tree, Tree]:
    """Return what is trained, and all other collections."""
    rest = {name: values for name, values in variables.items() if name != "params"}
    return variables.get("params", {}), rest


def _all_but_params() -> Any:
    try:
        from flax.core.scope import DenyList
    except ImportError as error:
        raise ImportError("A FlaxLayer needs the package `flax`: pip install flax") from error
    return DenyList(["params"])
