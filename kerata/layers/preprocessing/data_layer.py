"""DataLayer: the base of layers that prepare data, in a model or before it.

Such a layer is called in three places. In a model it is a layer like any other. On its own, on a
batch of arrays, the whole call runs as one compiled program. In `tf.data.Dataset.map` it is given
tensors of a graph that TensorFlow will run, whatever the engine of the layer: there it computes
on TensorFlow.
"""

from __future__ import annotations

from typing import Any

from kerata.backend import select
from kerata.core import tree
from kerata.core.context import current
from kerata.core.function import Function
from kerata.core.primitive import any_symbolic, convert_to_numpy
from kerata.layers.layer import Layer


class DataLayer(Layer):
    """Base of layers that can also be called in input pipelines."""

    _program: Function | None = None

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
            if self._program is None:
                self._program = Function(super().__call__)
            return self._program(data, *args, **kwargs)
