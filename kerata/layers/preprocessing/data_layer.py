"""DataLayer: the base of layers that prepare data, in a model or before it.

Such a layer is called in three places. In a model it is a layer like any other. On its own, on a
batch of arrays, the whole call runs as one compiled program. In `tf.data.Dataset.map` it is given
tensors of a graph that TensorFlow will run, whatever the engine of the layer: there it computes
on TensorFlow. Threads that load data may call one layer at the same time: they take turns, so that
each call has random numbers of its own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from kerata.backend import select
from kerata.core import tree
from kerata.core.context import current
from kerata.core.function import Function
from kerata.core.primitive import any_symbolic, convert_to_numpy
from kerata.layers.layer import Layer


class DataLayer(Layer):
    """Base of layers that can also be called in input pipelines."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._program = _Program()

    def __call__(self, data: Any, *args: Any, **kwargs: Any) -> Any:
        """Compute the output, where the data are and as one program if that is possible."""
        leaves = tree.flatten(data)
        engine = next(filter(None, map(select.engine_of, leaves)), None)
        if current.scope is None and engine is not None and engine.builds_graph():
            with select.use_backend(engine):
                return self.call(data, *args, **kwargs)
        if current.call is not None or any_symbolic(leaves):
            return super().__call__(data, *args, **kwargs)
        if engine not in (None, self._backend):
            data = tree.map_structure(convert_to_numpy, data)
        with select.use_backend(self._backend):
            return self._program.run(super().__call__, data, *args, **kwargs)


class _Program:
    """A call as one program, which one thread at a time runs. A copy starts without it."""

    def __init__(self) -> None:
        self._function: Function | None = None
        self._turn = threading.RLock()

    def run(self, call: Callable, *args: Any, **kwargs: Any) -> Any:
        """Run the call, always the same one, compiled where the engine compiles."""
        with self._turn:
            if self._function is None:
                self._function = Function(call)
            return self._function(*args, **kwargs)

    def __reduce__(self) -> tuple:
        return _Program, ()
