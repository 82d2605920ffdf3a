"""Hashing: categories without a vocabulary, and crosses of several features."""

from __future__ import annotations

from typing import Any

import numpy as np

from kerata.core import dtypes
from kerata.core.registry import register
from kerata.core.spec import TensorSpec
from kerata.layers.preprocessing import fingerprints
from kerata.layers.preprocessing.categories import (
    check_dense,
    check_mode,
    encoded_on_host,
    encoded_shape,
)
from kerata.layers.preprocessing.host_layer import HostLayer
from kerata.layers.preprocessing.text_arrays import as_array, encoded, is_text

_MODES = ("int", "one_hot", "multi_hot", "count")


@register("layers")
class Hashing(HostLayer):
    """Puts text or integers into bins by a hash, the same in every process as in TensorFlow.

    Args:
        num_bins: number of bins.
        mask_value: a value that gets bin 0, for itself alone.
        salt: an integer or a pair of them: a key for SipHash, so that nobody can choose values
            that share a bin. Without it FarmHash is used.
        output_mode: `"int"`: the bins; `"one_hot"`, `"multi_hot"`, `"count"`: vectors of
            `num_bins` numbers, as `CategoryEncoding` makes them.
        sparse: kept for Keras' signature; output is dense.

    Input: text or integers of any shape. Output: int64 for `"int"`, otherwise the layer's dtype.

    Source: Weinberger et al., "Feature Hashing for Large Scale Multitask Learning" (2009).

    >>> import kerata
    >>> kerata.layers.Hashing(5)(["a", "b"]).tolist()
    [4, 2]
    """

    def __init__(
        self,
        num_bins: int,
        mask_value: Any = None,
        salt: Any = None,
        output_mode: str = "int",
        sparse: bool = False,
        **kwargs: Any,
    ) -> None:
        _check(self, num_bins, output_mode, sparse)
        if kwargs.get("dtype") is None:
            kwargs["dtype"] = "int64" if output_mode == "int" else dtypes.floatx()
        super().__init__(**kwargs)
        if output_mode == "int" and not dtypes.is_integer(self.compute_dtype):
            raise ValueError(
                f"Hashing gives integers for output_mode='int', not {self.compute_dtype}: leave "
                "out `dtype`, or choose another `output_mode`."
            )
        self.num_bins = num_bins
        self.mask_value = mask_value
        self.salt = fingerprints.key_of(salt)
        self.output_mode = output_mode
        self.sparse = sparse

    def output_spec(self, *shapes: tuple) -> TensorSpec:
        """Return the spec of the output for an input shape."""
        shape = encoded_shape(shapes[0], self.output_mode, self.num_bins)
        return TensorSpec(shape, self.compute_dtype)

    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        """Return the bins of an array of text or integers."""
        texts = _as_texts(arrays[0])
        bins = self._bins(texts)
        if self.output_mode == "int":
            return bins
        return encoded_on_host(bins, self.output_mode, self.num_bins, self.compute_dtype)

    def _bins(self, texts: np.ndarray) -> np.ndarray:
        if self.mask_value is None:
            return fingerprints.bins_of(texts, self.num_bins, self.salt)
        # All other values share the bins from 1 on.
        bins = 1 + fingerprints.bins_of(texts, max(self.num_bins - 1, 1), self.salt)
        masked = texts == _as_texts(np.asarray(self.mask_value))[()]
        return np.where(masked, 0, np.minimum(bins, self.num_bins - 1))


@register("layers")
class HashedCrossing(HostLayer):
    """Puts combinations of features into bins by a hash, the same as TensorFlow's.

    Args:
        num_bins: number of bins.
        output_mode: `"int"`: the bins; `"one_hot"`: vectors of `num_bins` numbers.
        sparse: kept for Keras' signature; output is dense.

    Input: two or more features, text or integers, of one shape: `()`, `(batch,)` or `(batch, 1)`.
    Output: int64 for `"int"`, otherwise floats.

    >>> import kerata
    >>> kerata.layers.HashedCrossing(5)((["a", "b"], [1, 2])).tolist()
    [0, 2]
    """

    def __init__(
        self,
        num_bins: int,
        output_mode: str = "int",
        sparse: bool = False,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        _check(self, num_bins, output_mode, sparse, ("int", "one_hot"))
        if dtype is None:
            dtype = "int64" if output_mode == "int" else dtypes.floatx()
        super().__init__(name=name, dtype=dtype, **kwargs)
        self.num_bins = num_bins
        self.output_mode = output_mode
        self.sparse = sparse

    def _as_inputs(self, value: Any) -> Any:
        if not isinstance(value, (list, tuple)) or len(value) < 2:
            raise ValueError(
                f"Layer {self.path!r} crosses two or more features: call it on a list of them."
            )
        return [as_array(feature) for feature in value]

    def output_spec(self, *shapes: tuple) -> TensorSpec:
        """Return the spec of the output for the shapes of the features."""
        if len({len(shape) for shape in shapes}) > 1 or any(
            len(shape) > 2 or shape[1:] not in ((), (1,)) for shape in shapes
        ):
            raise ValueError(
                f"Layer {self.path!r} got features of shapes {', '.join(map(str, shapes))}; "
                "expected one shape, `(batch,)` or `(batch, 1)`."
            )
        shape = encoded_shape(shapes[0], self.output_mode, self.num_bins)
        return TensorSpec(shape, self.compute_dtype)

    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        """Return the bins of the combinations, row by row."""
        hashes = fingerprints.cross([self._hashes(array) for array in arrays])
        bins = (hashes % np.uint64(self.num_bins)).astype(np.int64)
        if self.output_mode == "int":
            return bins
        return encoded_on_host(bins, self.output_mode, self.num_bins, self.compute_dtype)

    def _hashes(self, array: np.ndarray) -> np.ndarray:
        """Return the hashes of text; integers stand for themselves."""
        if is_text(array):
            return fingerprints.fingerprint64(encoded(array))
        if array.dtype.kind not in "iu":
            raise ValueError(
                f"Layer {self.path!r} crosses text and integers, got {array.dtype}: put numbers "
                "into bins first, with Discretization."
            )
        return array.astype(np.int64).view(np.uint64)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            "num_bins": self.num_bins,
            "output_mode": self.output_mode,
            "sparse": self.sparse,
            "name": self.name,
            "dtype": self.compute_dtype,
        }


def _check(
    layer: Any, num_bins: Any, mode: str, sparse: bool, modes: tuple[str, ...] = _MODES
) -> None:
    name = type(layer).__name__
    if not isinstance(num_bins, int) or num_bins < 1:
        raise ValueError(f"{name} got num_bins={num_bins!r}; expected an integer of at least 1.")
    check_mode(name, mode, modes)
    check_dense(name, sparse)


def _as_texts(array: np.ndarray) -> np.ndarray:
    """Return text as it is, and integers as their decimal digits."""
    if is_text(array):
        return encoded(array)
    integers = array.astype(np.int64)
    if array.dtype.kind == "f" and not (integers == array).all():
        raise ValueError(
            "Hashing takes text and integers, got numbers between integers: put them into bins "
            "first, with Discretization."
        )
    return encoded([str(i) for i in integers.ravel().tolist()]).reshape(array.shape)
