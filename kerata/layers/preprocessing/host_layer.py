"""HostLayer: the base of layers that compute with NumPy, such as those that take text.

A model whose first layers are such layers computes them in the data pipeline
(`kerata/models/host_part.py`). Called on arrays they give tensors, as other layers do; inside
`tf.data.Dataset.map` they give tensors of TensorFlow.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kerata.core import tree
from kerata.core.host import on_host
from kerata.core.spec import TensorSpec, shape_of
from kerata.layers.layer import Layer
from kerata.layers.preprocessing.text_arrays import as_array


class HostLayer(Layer):
    """A layer without weights whose work is done by `compute`, on NumPy arrays.

    Subclasses define `compute(*arrays)` and `output_spec(*shapes)`.
    """

    #: whether models compute the layer in the data pipeline, where it stands before all others
    runs_on_host: Any = True
    #: whether missing entries are welcome: models then read the rows for that (`raw_columns.py`)
    takes_gaps: bool = False

    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        """Return the output for NumPy arrays of text or numbers. Override this.

        Raises:
            NotImplementedError: if a subclass has not defined it.
        """
        raise NotImplementedError(f"{type(self).__name__} defines no `compute`.")

    def output_spec(self, *shapes: tuple) -> TensorSpec:
        """Return the spec of the output for input shapes, `None` in place of unknown sizes.

        Raises:
            NotImplementedError: if a subclass has not defined it.
        """
        raise NotImplementedError(f"{type(self).__name__} defines no `output_spec`.")

    def call(self, inputs: Any) -> Any:
        """Return what `compute` gives for the inputs."""
        values = tree.flatten(inputs)
        shapes = [shape_of(value) for value in values]
        return on_host(self.compute, values, self.output_spec(*shapes))

    def _convert_inputs(self, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
        """Make arrays of lists and columns; tensors, and integers of 64 bits, stay as they are."""
        return tuple(self._as_inputs(arg) for arg in args), kwargs

    def _as_inputs(self, value: Any) -> Any:
        return as_array(value)
