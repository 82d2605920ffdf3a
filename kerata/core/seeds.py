"""Seeds: where the keys of random ops come from.

A key is a tensor of two 32-bit words, a seed and a counter; a random op is a pure function of
its key. `SeedGenerator` keeps one as a variable and counts it up, so that drawing works the
same way eagerly and inside a compiled step.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from kerata.backend import select
from kerata.core import config, names
from kerata.core.context import current
from kerata.core.primitive import Tensor, backend_of, primitive
from kerata.core.registry import register
from kerata.core.symbolic import SymbolicTensor
from kerata.core.variable import Variable


@primitive(promote="keep")
def advance_key(key: Tensor) -> Tensor:
    """Return the key with its counter one higher."""
    return key


@register("random")
class SeedGenerator:
    """A source of keys for the functions of `kerata.random`; each key is used once.

    Args:
        seed: integer from 0 to 2**32 - 1. By default it is drawn from the process's seeds, and
            so repeatable after `kerata.utils.set_random_seed`.
        name: the name its variable stands under.

    Attributes:
        state: the variable that holds the next key, shape (2,), dtype uint32.

    Raises:
        ValueError: if `seed` is no such integer.

    >>> import kerata
    >>> seed = kerata.random.SeedGenerator(42)
    >>> first, second = (kerata.random.uniform((), seed=seed) for _ in range(2))
    >>> bool(first == second)
    False
    >>> seed.state.numpy().tolist()
    [42, 2]
    """

    # Layers count the variables of such attributes among their own.
    holds_state = True

    def __init__(self, seed: int | None = None, name: str | None = None, **kwargs: Any):
        if kwargs:
            raise TypeError(f"SeedGenerator takes no argument {next(iter(kwargs))!r}.")
        self.seed = config.next_seed() if seed is None else checked_seed(seed)
        self.name = name or names.automatic(type(self))
        self._keys_in_graph: Any = None  # what `next` asks while an engine builds a graph
        self._twins: dict[str, SeedGenerator] = {}
        with names.name_scope(self.name):
            self.state = Variable(
                np.array([self.seed, 0], "uint32"),
                trainable=False,
                autocast=False,
                name="seed_generator_state",
            )

    @property
    def variables(self) -> list[Variable]:
        """The state, for the layer that holds the generator."""
        return [self.state]

    def next(self, ordered: bool = True) -> Tensor:
        """Return a key and move on to the following one.

        Args:
            ordered: kept for Keras' signature: keys always come in order.

        Returns:
            Tensor of shape (2,) and dtype uint32.
        """
        backend = self.state.backend
        if current.scope is None and backend.builds_graph():
            if self._keys_in_graph is None:
                self._keys_in_graph = backend.keys_in_graph(np.array([self.seed, 0], "uint32"))
            return self._keys_in_graph()
        key = self.state.value
        self.state.assign(advance_key(key))
        return key

    def on(self, backend: Any) -> SeedGenerator:
        """Return the generator for tensors of an engine: this one, or its twin of equal seed."""
        if backend is self.state.backend:
            return self
        if backend.name not in self._twins:
            with select.use_backend(backend):
                self._twins[backend.name] = SeedGenerator(self.seed, self.name)
        return self._twins[backend.name]

    def __getstate__(self) -> dict[str, Any]:
        """Leave out of copies what belongs to graphs and other engines."""
        return {**vars(self), "_keys_in_graph": None, "_twins": {}}

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make an equal generator, at its start."""
        return {"seed": self.seed, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SeedGenerator:
        """Make a generator from what `get_config` returned."""
        return cls(**config)


def checked_seed(seed: Any) -> int:
    """Return an integer seed.

    Raises:
        ValueError: if it is none, or not within 32 bits.
    """
    try:
        number = operator.index(seed)
    except TypeError:
        number = -1
    if isinstance(seed, bool) or not 0 <= number < 2**32:
        raise ValueError(
            f"`seed` is {seed!r}; expected an integer from 0 to 2**32 - 1, a `SeedGenerator` "
            "where one is accepted, or None."
        )
    return number


def draw_key(seed: int | SeedGenerator | None, *tensors: Tensor) -> Tensor:
    """Return the key that a random op shall use.

    Args:
        seed: an integer always gives the same key, a generator its next one, and None the next
            one of the process's own generator.
        *tensors: what the op is applied to. The process has a generator for each engine; while
            any of the tensors is symbolic, nothing is drawn and the key is symbolic as well.

    Raises:
        ValueError: if `seed` is something else.
    """
    if any(isinstance(tensor, SymbolicTensor) for tensor in tensors):
        return SymbolicTensor((2,), "uint32")
    if seed is None:
        seed = _process_generator(backend_of(*tensors).name)
    if isinstance(seed, SeedGenerator):
        return seed.next()
    return np.array([checked_seed(seed), 0], "uint32")


def _process_generator(backend: str) -> SeedGenerator:
    """Return the generator for calls without a seed, on one engine."""
    generators = config.global_seed_generator(dict)
    if backend not in generators:
        with select.use_backend(backend):
            generators[backend] = SeedGenerator(name="process_seed_generator")
    return generators[backend]
