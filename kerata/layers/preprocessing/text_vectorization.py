"""TextVectorization: raw text as indices of tokens, or as one vector for each text."""

from __future__ import annotations

import string
from collections.abc import Callable
from itertools import chain
from typing import Any

import numpy as np

from kerata.core.registry import register
from kerata.core.spec import TensorSpec
from kerata.layers.preprocessing.adaptation import batches_of
from kerata.layers.preprocessing.categories import MODES, check_dense, check_mode
from kerata.layers.preprocessing.host_layer import HostLayer
from kerata.layers.preprocessing.index_lookup import without_path
from kerata.layers.preprocessing.string_lookup import StringLookup
from kerata.layers.preprocessing.text_arrays import as_array, decoded, encoded

Rows = list[list[bytes]]

_PUNCTUATION = string.punctuation.encode()

#: what is done to each text first; lower case and punctuation are those of ASCII
_STANDARDIZATIONS: dict[str, Callable[[bytes], bytes]] = {
    "lower_and_strip_punctuation": lambda text: text.lower().translate(None, _PUNCTUATION),
    "lower": bytes.lower,
    "strip_punctuation": lambda text: text.translate(None, _PUNCTUATION),
}


def _characters(text: bytes) -> list[bytes]:
    return [character.encode() for character in text.decode("utf-8", "replace")]


#: how a text becomes tokens
_SPLITS: dict[str, Callable[[bytes], list[bytes]]] = {
    "whitespace": bytes.split,
    "character": _characters,
}


@register("layers")
class TextVectorization(HostLayer):
    """Turns text into token indices, by a vocabulary that is given or learned by `adapt`.

    Args:
        max_tokens: the largest size of the vocabulary, special tokens included.
        standardize: `"lower_and_strip_punctuation"`, `"lower"`, `"strip_punctuation"`, `None`,
            or a function that takes and returns an array of text.
        split: `"whitespace"`, `"character"`, `None` if each entry of the input is a token, or a
            function that takes a vector of text and returns a list of tokens for each.
        ngrams: sequences of up to so many tokens are tokens as well; a tuple: of these lengths.
        output_mode: `"int"`: the index of each token, 0 for padding; `"multi_hot"`, `"count"`,
            `"tf_idf"`: a vector for each text; `"one_hot"`: one for each token.
        output_sequence_length: to how many tokens texts are cut or padded, for `"int"`; by
            default the longest text of a batch decides.
        pad_to_max_tokens: whether vectors have `max_tokens` entries.
        vocabulary: tokens, or the path of a text file with a token in each line.
        vocabulary_size: what a configuration notes; it is found from the vocabulary.
        idf_weights: weight of each token, for `output_mode="tf_idf"` with a given vocabulary.
        sparse, ragged: kept for Keras' signature; output is dense.
        encoding: how text is written as bytes.

    Input: text of shape `(batch,)` or `(batch, 1)`. Output: int64 of shape `(batch, tokens)` for
    `"int"`, otherwise floats of shape `(batch, vocabulary)`.

    Source: Manning, Raghavan and Schuetze, "Introduction to Information Retrieval" (2008),
    chapters 2 and 6.

    >>> import kerata
    >>> layer = kerata.layers.TextVectorization(output_sequence_length=3)
    >>> layer.adapt(["The cat sat.", "The dog!"])
    >>> layer.get_vocabulary()
    ['', '[UNK]', 'the', 'sat', 'dog', 'cat']
    >>> layer(["a cat sat", "the"]).tolist()
    [[1, 5, 3], [2, 0, 0]]
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        standardize: Any = "lower_and_strip_punctuation",
        split: Any = "whitespace",
        ngrams: Any = None,
        output_mode: str = "int",
        output_sequence_length: int | None = None,
        pad_to_max_tokens: bool = False,
        vocabulary: Any = None,
        idf_weights: Any = None,
        sparse: bool = False,
        ragged: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        vocabulary_size: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        check_mode("TextVectorization", output_mode, MODES)
        check_dense("TextVectorization", sparse)
        if ragged:
            raise ValueError("TextVectorization returns dense tensors only; leave out ragged=True.")
        _check_choice("standardize", standardize, _STANDARDIZATIONS)
        _check_choice("split", split, _SPLITS)
        if output_sequence_length is not None and output_mode != "int":
            raise ValueError(
                "`output_sequence_length` is for output_mode='int': vectors of "
                f"{output_mode!r} are as long as the vocabulary."
            )
        self.max_tokens = max_tokens
        self.standardize = standardize
        self.split = split
        self.ngrams = ngrams
        self.output_mode = output_mode
        self.output_sequence_length = output_sequence_length
        self.pad_to_max_tokens = pad_to_max_tokens
        self.sparse = sparse
        self.ragged = ragged
        self.encoding = encoding
        self._widths = _ngram_widths(ngrams)
        self._lookup_layer = StringLookup(
            max_tokens=max_tokens,
            vocabulary=vocabulary,
            idf_weights=idf_weights,
            pad_to_max_tokens=pad_to_max_tokens,
            mask_token="",
            output_mode=output_mode,
            encoding=encoding,
            vocabulary_size=vocabulary_size,
            dtype=self.dtype_policy,
        )

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> TextVectorization:
        """Return a new layer; a path in the configuration is not opened."""
        return super().from_config(without_path(config))

    # -- the vocabulary --------------------------------------------------------------------

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[str]:
        """Return the tokens in the order of their indices.

        Args:
            include_special_tokens: whether the padding and `"[UNK]"` are included.
        """
        return self._lookup_layer.get_vocabulary(include_special_tokens)

    def vocabulary_size(self) -> int:
        """Return the number of tokens, special ones included."""
        return self._lookup_layer.vocabulary_size()

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Use a vocabulary instead of learning one; see `StringLookup.set_vocabulary`."""
        self._lookup_layer.set_vocabulary(vocabulary, idf_weights)

    def adapt(
        self, data: Any, batch_size: int | None = None, steps: int | None = None
    ) -> None:
        """Learn the vocabulary: the most frequent tokens, at most `max_tokens`.

        Args:
            data: an array, a list, a column of a data frame, or a source of batches.
            batch_size: kept for Keras' signature.
            steps: how many batches to take of a source; all by default.

        Raises:
            ValueError: if the vocabulary was given.
        """
        self._lookup_layer.begin_learning()
        for batch in batches_of(data, steps):
            self.update_state(batch)
        self.finalize_state()

    def reset_state(self) -> None:
        """Forget the counts of `update_state`."""
        self._lookup_layer.reset_state()

    def update_state(self, data: Any) -> None:
        """Count the tokens of a batch of text."""
        self._lookup_layer.count(self._rows(np.asarray(as_array(data)))[0])

    def finalize_state(self) -> None:
        """Make the vocabulary of what has been counted."""
        self._lookup_layer.finalize_state()

    # -- computing -------------------------------------------------------------------------

    def output_spec(self, *shapes: tuple) -> TensorSpec:
        """Return the spec of the output for an input shape."""
        if self._one_each(shapes[0]):
            return TensorSpec(shapes[0], "int64")
        tokens = self.output_sequence_length
        if self.split is None and self._widths is None and tokens is None:
            tokens = shapes[0][-1] if len(shapes[0]) > 1 else 1
        each = (1,) if self.output_mode == "one_hot" else ()
        return self._lookup_layer.output_spec((*self._row_shape(shapes[0]), tokens, *each))

    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        """Return the token indices of an array of text, or one vector for each text."""
        rows, shape = self._rows(arrays[0])
        indices = self._padded(rows)
        if self._one_each(arrays[0].shape):
            return indices.reshape(arrays[0].shape)
        each = (1,) if self.output_mode == "one_hot" else ()
        return self._lookup_layer.encode(indices.reshape(*shape, indices.shape[1], *each))

    def _one_each(self, shape: tuple) -> bool:
        """Tell whether single tokens become single indices: the output has the input's shape."""
        plain = self.split is None and self._widths is None and self.output_mode == "int"
        return plain and self.output_sequence_length is None and len(shape) < 2

    def _row_shape(self, shape: tuple) -> tuple:
        """Return the shape of the array of texts, or of lists of tokens."""
        if self.split is not None and len(shape) > 1 and shape[-1] != 1:
            raise ValueError(
                f"Layer {self.path!r} got text of shape {shape}; expected one text for each row, "
                "of shape (batch,) or (batch, 1). If the entries are tokens, set split=None."
            )
        return shape[:-1] if len(shape) > 1 else shape

    def _rows(self, array: np.ndarray) -> tuple[Rows, tuple]:
        """Return the tokens of each text, and the shape of the array of texts."""
        shape = self._row_shape(array.shape)
        texts = self._standardized(encoded(array, self.encoding))
        if self.split is None:
            tokens = array.shape[-1] if array.ndim > 1 else 1
            rows = texts.reshape(int(np.prod(shape)), tokens).tolist()
        else:
            rows = self._split(texts.reshape(-1))
        return (rows if self._widths is None else self._with_ngrams(rows)), shape

    def _standardized(self, texts: np.ndarray) -> np.ndarray:
        if self.standardize is None:
            return texts
        if callable(self.standardize):
            return encoded(_on_host(self.standardize(decoded(texts, self.encoding))), self.encoding)
        function = _STANDARDIZATIONS[self.standardize]
        found = np.empty(texts.size, dtype=object)
        found[:] = [function(text) for text in texts.ravel().tolist()]
        return found.reshape(texts.shape)

    def _split(self, texts: np.ndarray) -> Rows:
        if not callable(self.split):
            return list(map(_SPLITS[self.split], texts.tolist()))
        tokens = self.split(decoded(texts, self.encoding))
        tokens = tokens.to_list() if hasattr(tokens, "to_list") else _on_host(tokens)
        return [encoded(list(row), self.encoding).tolist() for row in tokens]

    def _with_ngrams(self, rows: Rows) -> Rows:
        return [
            [
                b" ".join(row[i : i + width])
                for width in self._widths or ()
                for i in range(len(row) - width + 1)
            ]
            for row in rows
        ]

    def _padded(self, rows: Rows) -> np.ndarray:
        """Return the indices of tokens as a matrix, padded with what counts as no token."""
        length = self.output_sequence_length
        if length is not None:
            rows = [row if len(row) <= length else row[:length] for row in rows]
        lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        width = int(lengths.max(initial=0)) if length is None else length
        padding = 0 if self.output_mode == "int" else -1
        table = np.full((len(rows), width), padding, np.int64)
        found = self._lookup_layer.indices_of(list(chain.from_iterable(rows)))
        table[np.arange(width) < lengths[:, None]] = found
        return table

    # -- configuration and files -----------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, and the size of the vocabulary."""
        lookup = self._lookup_layer.get_config()
        return {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": self.dtype_policy,
            "max_tokens": self.max_tokens,
            "standardize": self.standardize,
            "split": self.split,
            "ngrams": self.ngrams,
            "output_mode": self.output_mode,
            "output_sequence_length": self.output_sequence_length,
            "pad_to_max_tokens": self.pad_to_max_tokens,
            "sparse": self.sparse,
            "ragged": self.ragged,
            "vocabulary": lookup["vocabulary"],
            "idf_weights": lookup["idf_weights"],
            "encoding": self.encoding,
            "vocabulary_size": self.vocabulary_size(),
        }

    def save_assets(self, dir_path: Any) -> None:
        """Write a vocabulary that was learned or set into a folder."""
        self._lookup_layer.save_assets(dir_path)

    def load_assets(self, dir_path: Any) -> None:
        """Read the vocabulary that `save_assets` wrote."""
        self._lookup_layer.load_assets(dir_path)

    def save_own_variables(self, store: Any) -> None:
        """Write the weights of TF-IDF, which are no variables, into a mapping of arrays."""
        self._lookup_layer.save_own_variables(store)

    def load_own_variables(self, store: Any) -> None:
        """Read what `save_own_variables` wrote."""
        self._lookup_layer.load_own_variables(store)


def _check_choice(argument: str, value: Any, known: dict) -> None:
    if value is not None and not callable(value) and value not in known:
        raise ValueError(
            f"`{argument}` is {value!r}; expected one of {', '.join(map(repr, known))}, None, or a "
            "function."
        )


def _ngram_widths(ngrams: Any) -> tuple[int, ...] | None:
    if ngrams is None:
        return None
    widths = tuple(range(1, ngrams + 1)) if isinstance(ngrams, int) else ngrams
    if not isinstance(widths, (tuple, list)) or not all(
        isinstance(width, int) and width > 0 for width in widths
    ):
        raise ValueError(f"`ngrams` is {ngrams!r}; expected an integer or a tuple of integers.")
    return tuple(widths)


def _on_host(value: Any) -> Any:
    """Return tensors of TensorFlow, which a user's function may give, as arrays."""
    return value.numpy() if hasattr(value, "numpy") else value
