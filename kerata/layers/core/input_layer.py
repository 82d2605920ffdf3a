"""Input: where data enters a model. `InputLayer` is the layer that stands for it in the graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kerata.core import dtypes
from kerata.core.registry import register
from kerata.core.spec import TensorSpec
from kerata.core.symbolic import SymbolicTensor, record
from kerata.layers.layer import Layer


@register("layers")
class InputLayer(Layer):
    """The entry of a model's graph; made by `Input`.

    Args:
        shape: shape of one sample, without the batch axis; `None` for unknown sizes.
        batch_size: number of samples per batch, if it is fixed.
        dtype: dtype name; floatx by default.
        sparse, ragged: kept for Keras' signature; only dense tensors are supported.
        batch_shape: shape with the batch axis, instead of `shape` and `batch_size`.
        input_tensor: a symbolic tensor to take shape and dtype from.
        optional: whether `None` may be given for this input.
        name: unique name.
    """

    def __init__(
        self,
        shape: Any = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: Any = None,
        input_tensor: Any = None,
        optional: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ):
        if "input_shape" in kwargs:
            shape = kwargs.pop("input_shape")
        if "batch_input_shape" in kwargs:
            batch_shape = kwargs.pop("batch_input_shape")
        super().__init__(name=name, **kwargs)
        if sparse or ragged:
            raise ValueError("Sparse and ragged inputs are not supported; pass dense tensors.")
        if input_tensor is not None:
            batch_shape, dtype = input_tensor.shape, dtype or input_tensor.dtype
        if batch_shape is None:
            batch_shape = (batch_size, *_sample_shape(shape))
        self._batch_shape = tuple(batch_shape)
        self.sparse = bool(sparse)
        self.ragged = bool(ragged)
        self.optional = optional
        self._dtype = dtypes.canonical(dtype)
        self.built = True
        output = record(self, (), {}, TensorSpec(self.batch_shape, self._dtype))
        output._name = self.name
        self._nodes.append(output.node)

    @property
    def dtype(self) -> str:
        """Dtype of the input."""
        return self._dtype

    @property
    def batch_shape(self) -> tuple[int | None, ...]:
        """Shape of the input, `None` for sizes that may vary."""
        return self._batch_shape

    @property
    def batch_size(self) -> int | None:
        """Number of samples per batch, `None` if it may vary."""
        return self.batch_shape[0]

    def call(self) -> Any:
        """Give nothing: the model puts the data in."""
        return None

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            "batch_shape": self.batch_shape,
            "dtype": self.dtype,
            "sparse": self.sparse,
            "ragged": self.ragged,
            "name": self.name,
            "optional": self.optional,
        }


def _sample_shape(shape: Any) -> tuple:
    if shape is None:
        raise ValueError("Input needs a `shape`, such as `Input((28, 28, 1))` or `Input((8,))`.")
    if isinstance(shape, int):
        return (shape,)
    if isinstance(shape, Sequence) and all(n is None or isinstance(n, int) for n in shape):
        return tuple(shape)
    raise ValueError(
        f"`shape` is {shape!r}; expected a tuple of sizes without the batch axis, like `(8,)`."
    )


def Input(
    shape: Any = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    batch_shape: Any = None,
    name: str | None = None,
    tensor: Any = None,
    optional: bool = False,
) -> SymbolicTensor:
    """Return a symbolic tensor that stands for data to come.

    Args:
        shape: shape of one sample, without the batch axis; an int stands for `(int,)`.
        batch_size: number of samples per batch, if it is fixed.
        dtype: dtype name; floatx by default.
        sparse, ragged: kept for Keras' signature; only dense tensors are supported.
        batch_shape: shape with the batch axis, instead of `shape` and `batch_size`.
        name: name of the input, by which `fit` takes a dict of arrays.
        tensor: a symbolic tensor to take shape and dtype from.
        optional: whether `None` may be given for this input.

    Raises:
        ValueError: if no shape is given or it is not one.

    >>> import kerata
    >>> kerata.Input((28, 28, 1)).shape
    (None, 28, 28, 1)
    """
    layer = InputLayer(
        shape=shape,
        batch_size=batch_size,
        dtype=dtype,
        sparse=sparse,
        ragged=ragged,
        batch_shape=batch_shape,
        input_tensor=tensor,
        optional=optional,
        name=name,
    )
    return layer.output
