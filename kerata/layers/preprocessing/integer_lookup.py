"""IntegerLookup: integers, such as ids of users, as indices of a vocabulary, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from kerata import ops
from kerata.core.registry import register
from kerata.core.variable import numpy_dtype
from kerata.layers.preprocessing.categories import encoded
from kerata.layers.preprocessing.fingerprints import bins_of
from kerata.layers.preprocessing.index_lookup import IndexLookup
from kerata.layers.preprocessing.text_arrays import encoded as text

_INT32 = np.iinfo(np.int32)


@register("layers")
class IntegerLookup(IndexLookup):
    """Turns integers into indices of a vocabulary that is given or learned by `adapt`.

    It is compiled with the model, like other layers. Only what engines cannot do is done on the
    host: ids that need 64 bits, the hash of `oov_method="farmhash"`, and refusing unknown ids
    (`num_oov_indices=0`).

    Args:
        max_tokens: the largest size of the vocabulary, mask and oov tokens included.
        num_oov_indices: how many indices there are for integers out of the vocabulary.
        mask_token: an integer for missing entries: index 0, or no category at all.
        oov_token: what `get_vocabulary` and `invert` show for integers out of the vocabulary.
        vocabulary: integers, or the path of a text file with one in each line.
        vocabulary_dtype: `"int64"`.
        idf_weights: weight of each token, for `output_mode="tf_idf"` with a given vocabulary.
        invert: whether indices are turned into integers of the vocabulary.
        output_mode: `"int"`: indices; `"one_hot"`, `"multi_hot"`, `"count"`: vectors with a
            number for each index; `"tf_idf"`: counts times `log(1 + documents / (1 + documents
            with the token))`.
        sparse: kept for Keras' signature; output is dense.
        pad_to_max_tokens: whether vectors have `max_tokens` entries.
        oov_method: how one of several oov indices is chosen: `"floormod"`, the remainder, or
            `"farmhash"`, a hash.
        salt: key of that hash.

    Input: integers of any shape. Output: int64 for `"int"`, otherwise floats.

    >>> import kerata
    >>> kerata.layers.IntegerLookup(vocabulary=[12, 36])([[36, 7]]).tolist()
    [[2, 0]]
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: int | None = None,
        oov_token: int = -1,
        vocabulary: Any = None,
        vocabulary_dtype: str = "int64",
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        oov_method: str = "floormod",
        salt: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if vocabulary_dtype != "int64":
            raise ValueError(f"`vocabulary_dtype` is {vocabulary_dtype!r}; expected 'int64'.")
        if oov_method not in ("floormod", "farmhash"):
            raise ValueError(f"`oov_method` is {oov_method!r}; expected 'floormod' or 'farmhash'.")
        if salt is not None and oov_method != "farmhash":
            raise ValueError("`salt` is the key of a hash: set oov_method='farmhash' with it.")
        self.vocabulary_dtype = vocabulary_dtype
        super().__init__(
            max_tokens=max_tokens,
            num_oov_indices=num_oov_indices,
            mask_token=mask_token,
            oov_token=oov_token,
            vocabulary=vocabulary,
            idf_weights=idf_weights,
            invert=invert,
            output_mode=output_mode,
            pad_to_max_tokens=pad_to_max_tokens,
            sparse=sparse,
            oov_method=oov_method,
            salt=salt,
            name=name,
            **kwargs,
        )

    @property
    def runs_on_host(self) -> bool:  # type: ignore[override]
        """Whether the lookup needs what engines cannot do."""
        hashed = self.oov_method == "farmhash" and self.num_oov_indices > 1
        tokens = self._tokens or [0]
        large = max(tokens) > _INT32.max or min(tokens) < _INT32.min
        return hashed or large or (self.num_oov_indices == 0 and not self.invert)

    def call(self, inputs: Any) -> Any:
        """Return the indices of integers, or their encoding."""
        if self.runs_on_host or not self._is_known():
            return super().call(inputs)
        if self.invert:
            return self._inverse_by_ops(inputs)
        indices = self.indices(inputs)
        if self.output_mode == "int":
            return indices
        dtype = self._vector_dtype()
        if self.output_mode != "tf_idf":
            return encoded(indices, self.output_mode, self._depth(), dtype)
        return ops.multiply(
            encoded(indices, "count", self._depth(), dtype), self._scale.astype(numpy_dtype(dtype))  # type: ignore
        )

    def _token(self, value: Any) -> int:
        return int(value)

    def _shown(self, token: int) -> int:
        return token

    def _token_rows(self, rows: np.ndarray) -> list[list]:
        return rows.astype(np.int64).tolist()

    def _inverse_dtype(self) -> str:
        return "int64"

    def indices(self, tokens: Any) -> Any:
        """Return the indices of integers, -1 for masked ones in vectors; computed with ops."""
        values = ops.cast(tokens, "int64")
        known, known_indices = self._sorted()
        place = ops.minimum(ops.searchsorted(known, values), len(known) - 1)
        found = ops.equal(ops.take(known, place), values)
        return ops.where(found, ops.take(known_indices, place), self._oov_indices(values, found))

    def _sorted(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the known integers in increasing order, and the index of each."""
        if self._indices_of is None:
            pairs = {token: self._first_token + i for i, token in enumerate(self._tokens or [])}
            if self.mask_token is not None:
                pairs[int(self.mask_token)] = 0 if self._has_mask else -1
            tokens = np.array(sorted(pairs), np.int64)
            indices = np.array([pairs[int(token)] for token in tokens], np.int64)
            self._indices_of = tokens, indices
        return self._indices_of

    def _oov_indices(self, values: Any, found: Any) -> Any:
        count, first = self.num_oov_indices, self._first_oov
        if count == 0:
            unknown = values[~found]
            if unknown.size:
                raise self._refuse_unknown(int(unknown[0]))
        if count <= 1:
            return ops.full_like(values, first)
        if self.oov_method == "floormod":
            return ops.add(ops.mod(values, count), first)
        digits = text([str(value) for value in values.ravel().tolist()]).reshape(values.shape)
        return first + bins_of(digits, count, self.salt)

    def _inverse_by_ops(self, indices: Any) -> Any:
        tokens = np.asarray(self.get_vocabulary(), np.int64)
        indices = ops.cast(indices, "int64")
        inside = ops.logical_and(
            ops.greater_equal(indices, 0), ops.less(indices, len(tokens))
        )
        place = ops.clip(indices, 0, len(tokens) - 1)
        return ops.where(inside, ops.take(tokens, place), self.oov_token)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, and the size of the vocabulary."""
        return {**super().get_config(), "vocabulary_dtype": self.vocabulary_dtype}
