"""StringLookup: text categories as indices of a vocabulary, and back."""

from __future__ import annotations

from itertools import repeat
from typing import Any

import numpy as np

from kerata.core.registry import register
from kerata.layers.preprocessing.fingerprints import bins_of
from kerata.layers.preprocessing.index_lookup import IndexLookup
from kerata.layers.preprocessing.text_arrays import encoded

#: the index of a token that is not in the vocabulary, until it gets one of those kept for that
_UNKNOWN = -2


@register("layers")
class StringLookup(IndexLookup):
    """Turns text into indices of a vocabulary that is given or learned by `adapt`.

    Args:
        max_tokens: the largest size of the vocabulary, mask and oov tokens included.
        num_oov_indices: how many indices there are for tokens out of the vocabulary; with more
            than one a hash chooses among them.
        mask_token: a token for missing entries, such as `""`: index 0, or no category at all.
        oov_token: what `get_vocabulary` and `invert` show for tokens out of the vocabulary.
        vocabulary: tokens, or the path of a text file with a token in each line.
        idf_weights: weight of each token, for `output_mode="tf_idf"` with a given vocabulary.
        invert: whether indices are turned into text. The result is a NumPy array of strings.
        output_mode: `"int"`: indices; `"one_hot"`, `"multi_hot"`, `"count"`: vectors with a
            number for each index; `"tf_idf"`: counts times `log(1 + documents / (1 + documents
            with the token))`.
        pad_to_max_tokens: whether vectors have `max_tokens` entries.
        sparse: kept for Keras' signature; output is dense.
        encoding: how text is written as bytes.
        salt: key of the hash that chooses among several oov indices.

    Input: text of any shape. Output: int64 for `"int"`, otherwise floats.

    >>> import kerata
    >>> lookup = kerata.layers.StringLookup(vocabulary=["red", "green"])
    >>> lookup([["green", "blue"]]).tolist()
    [[2, 0]]
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: str | None = None,
        oov_token: str = "[UNK]",
        vocabulary: Any = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        pad_to_max_tokens: bool = False,
        sparse: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        salt: Any = None,
        **kwargs: Any,
    ) -> None:
        self.encoding = encoding
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
            oov_method=kwargs.pop("oov_method", "floormod"),
            salt=salt,
            name=name,
            **kwargs,
        )

    def _token(self, value: Any) -> bytes:
        return value if isinstance(value, bytes) else str(value).encode(self.encoding)

    def _shown(self, token: bytes) -> str:
        return token.decode(self.encoding)

    def _token_rows(self, rows: np.ndarray) -> list[list]:
        return encoded(rows, self.encoding).tolist()

    def indices(self, tokens: Any) -> np.ndarray:
        """Return the indices of an array of text, -1 for masked tokens in vectors."""
        texts = encoded(tokens, self.encoding)
        return self.indices_of(texts.ravel().tolist()).reshape(texts.shape)

    def indices_of(self, tokens: list[bytes]) -> np.ndarray:
        """Return the indices of a list of tokens, as `indices` does."""
        self._must_be_known()
        if self._indices_of is None:
            self._indices_of = self._table()
        table = self._indices_of
        found = np.fromiter(map(table.get, tokens, repeat(_UNKNOWN)), np.int64, len(tokens))
        places = np.flatnonzero(found == _UNKNOWN)
        if len(places):
            found[places] = self._oov_indices([tokens[place] for place in places])
        return found

    def _table(self) -> dict[bytes, int]:
        table = {token: self._first_token + i for i, token in enumerate(self._tokens or [])}
        if self.mask_token is not None:
            table[self._token(self.mask_token)] = 0 if self._has_mask else -1
        return table

    def _oov_indices(self, tokens: list[bytes]) -> Any:
        if self.num_oov_indices == 0:
            raise self._refuse_unknown(tokens[0])
        if self.num_oov_indices == 1:
            return self._first_oov
        return self._first_oov + bins_of(
            encoded(tokens), self.num_oov_indices, self.salt
        )

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, and the size of the vocabulary."""
        return {**super().get_config(), "encoding": self.encoding}
