"""Operation: something to compute that is called on tensors, and on symbolic ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kerata.core import names, tree
from kerata.core.context import current
from kerata.core.errors import user_facing
from kerata.core.primitive import any_symbolic
from kerata.core.serialization import Configurable
from kerata.core.spec import TensorSpec, spec_of
from kerata.core.symbolic import SymbolicTensor, record


class Operation(Configurable):
    """Base of operations of your own, which have settings but no variables.

    A subclass defines `call`. What it gives for symbolic tensors is found by running `call` on
    them, unless it defines `compute_output_spec` as well.

    Args:
        name: unique name; made from the class name by default.

    >>> import kerata
    >>> class Scale(kerata.Operation):
    ...     def __init__(self, factor, name=None):
    ...         super().__init__(name)
    ...         self.factor = factor
    ...     def call(self, x):
    ...         return x * self.factor
    >>> inputs = kerata.Input((2,))
    >>> model = kerata.Model(inputs, Scale(3.0)(inputs))
    >>> model(kerata.ops.ones((1, 2))).tolist()
    [[3.0, 3.0]]
    """

    _shared_parameters = ("name",)

    def __init__(self, name: str | None = None):
        self.name = name or names.automatic(type(self))
        self._nodes: list[Any] = []
        self._remat = current.remat

    @property
    def __name__(self) -> str:
        """The name that a graph shows."""
        return self.name

    @user_facing
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output; for symbolic tensors, note what to compute."""
        if not any_symbolic(tree.flatten((args, kwargs))):
            call = self.rematerialized_call(self.call, *args, **kwargs)
            return call(*args, **kwargs)
        specs = tree.map_structure(_spec, self.compute_output_spec(*args, **kwargs))
        output = record(self, args, kwargs, specs)
        self._nodes.append(tree.flatten(output)[0].node)
        return output

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output. Override this.

        Raises:
            NotImplementedError: if a subclass has not defined it.
        """
        raise NotImplementedError(
            f"{type(self).__name__} defines no `call`: add `def call(self, x): ...`."
        )

    def rematerialized_call(self, fn: Callable, *args: Any, **kwargs: Any) -> Callable:
        """Return a function, such as `call`, as the `RematScope` has it around the operation.

        Args:
            fn: a function of tensors.
            args, kwargs: what it will be called with, whose sizes may matter.

        Returns:
            The function itself, or one of the same results of which nothing is kept in memory:
            it is run again for gradients.
        """
        if self._remat is None:
            return fn
        from kerata.layers.rematerialization import as_the_scope_says  # above core

        return as_the_scope_says(self, self._remat, fn, args)

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Return specs, or symbolic tensors, of the shape and dtype of the output."""
        args, kwargs = tree.map_structure(_fresh, (args, kwargs))
        return self.call(*args, **kwargs)

    @property
    def input(self) -> Any:
        """The symbolic input of the first use."""
        node = self._first_node()
        return node.args[0] if node.args else node.kwargs

    @property
    def output(self) -> Any:
        """The symbolic output of the first use."""
        return self._first_node().structure

    def _first_node(self) -> Any:
        if not self._nodes:
            raise AttributeError(
                f"{self.name!r} has not been called on symbolic tensors, so it has no `input` or "
                "`output`."
            )
        return self._nodes[0]


def _fresh(leaf: Any) -> Any:
    """Return a symbolic tensor without history in place of one that has it."""
    return SymbolicTensor(leaf.shape, leaf.dtype) if isinstance(leaf, SymbolicTensor) else leaf


def _spec(leaf: Any) -> TensorSpec:
    return leaf if isinstance(leaf, TensorSpec) else spec_of(leaf)
