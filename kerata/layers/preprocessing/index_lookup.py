"""What lookups in a vocabulary have in common, be it of text or of integers.

The indices of a vocabulary begin with those of the mask token, if there is one, then come those
of tokens out of the vocabulary, then its tokens, from the most frequent one on.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import numpy as np

from kerata.core import dtypes
from kerata.core.context import forget_constants
from kerata.core.spec import TensorSpec
from kerata.layers.preprocessing.adaptation import batches_of
from kerata.layers.preprocessing.categories import (
    MODES,
    check_dense,
    check_mode,
    encoded_on_host,
    encoded_shape,
)
from kerata.layers.preprocessing.fingerprints import key_of
from kerata.layers.preprocessing.host_layer import HostLayer
from kerata.layers.preprocessing.text_arrays import as_array

#: the file in which an archive keeps a vocabulary, one token a line
VOCABULARY_FILE = "vocabulary.txt"
#: each of them has an entry in the vocabulary, so that a file must not ask for any number
MOST_OOV_INDICES = 2**20
_LINE_ENDS = ("\n", "\r")


class IndexLookup(HostLayer):
    """Base of `StringLookup` and `IntegerLookup`.

    Subclasses say what a token is (`_token`, `_shown`), and find the indices of an array.
    """

    #: the vocabulary without mask and oov tokens, `None` as long as there is none
    _tokens: list | None = None

    def __init__(
        self,
        max_tokens: int | None,
        num_oov_indices: int,
        mask_token: Any,
        oov_token: Any,
        vocabulary: Any,
        idf_weights: Any,
        invert: bool,
        output_mode: str,
        pad_to_max_tokens: bool,
        sparse: bool,
        oov_method: str,
        salt: Any,
        vocabulary_size: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        name = type(self).__name__
        check_mode(name, output_mode, MODES)
        check_dense(name, sparse)
        if invert and output_mode != "int":
            raise ValueError(f"{name}(invert=True) gives tokens: leave out output_mode.")
        if max_tokens is not None and max_tokens <= 1:
            raise ValueError(f"{name} got max_tokens={max_tokens}; expected more than 1.")
        if pad_to_max_tokens and max_tokens is None:
            raise ValueError(f"{name}(pad_to_max_tokens=True) needs `max_tokens`.")
        if not 0 <= num_oov_indices <= MOST_OOV_INDICES:
            raise ValueError(
                f"{name} got num_oov_indices={num_oov_indices}; expected 0 to {MOST_OOV_INDICES}."
            )
        self.max_tokens = max_tokens
        self.num_oov_indices = num_oov_indices
        self.mask_token = mask_token
        self.oov_token = oov_token
        self.invert = invert
        self.output_mode = output_mode
        self.pad_to_max_tokens = pad_to_max_tokens
        self.sparse = sparse
        self.oov_method = oov_method
        self.salt = key_of(salt)
        # What the configuration shows: a vocabulary that was given as a list.
        self.vocabulary: Any = None
        self.idf_weights: Any = None
        self._is_static = False
        self._expected_size = vocabulary_size
        self._scale: np.ndarray | None = None
        self._indices_of: Any = None
        self.reset_state()
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)
            if not isinstance(vocabulary, (str, os.PathLike)):
                self.vocabulary = [self._shown(self._token(t)) for t in _plain(vocabulary)]
                self.idf_weights = None if idf_weights is None else _plain(idf_weights)
        elif idf_weights is not None:
            raise ValueError(f"{name} got `idf_weights` without the `vocabulary` they belong to.")

    # -- tokens ----------------------------------------------------------------------------

    def _token(self, value: Any) -> Any:
        """Return a token as it is looked up. Override this."""
        raise NotImplementedError

    def _shown(self, token: Any) -> Any:
        """Return a token as users see it. Override this."""
        raise NotImplementedError

    @property
    def _has_mask(self) -> bool:
        return self.mask_token is not None and self.output_mode == "int"

    @property
    def _first_oov(self) -> int:
        return 1 if self._has_mask else 0

    @property
    def _first_token(self) -> int:
        return self._first_oov + self.num_oov_indices

    def _special_tokens(self) -> list:
        mask = [self.mask_token] if self._has_mask else []
        return [self._token(token) for token in [*mask, *[self.oov_token] * self.num_oov_indices]]

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> IndexLookup:
        """Return a new layer; a path in the configuration is not opened, see `without_path`."""
        return super().from_config(without_path(config))

    # -- the vocabulary --------------------------------------------------------------------

    def get_vocabulary(self, include_special_tokens: bool = True) -> list:
        """Return the tokens in the order of their indices.

        Args:
            include_special_tokens: whether mask and oov tokens are included.
        """
        tokens = list(self._tokens or [])
        if include_special_tokens:
            tokens = [*self._special_tokens(), *tokens]
        return [self._shown(token) for token in tokens]

    def vocabulary_size(self) -> int:
        """Return the number of tokens, mask and oov tokens included."""
        if self._tokens is None and self._expected_size is not None:
            return self._expected_size
        return self._first_token + len(self._tokens or [])

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Use a vocabulary instead of learning one.

        Args:
            vocabulary: tokens, or the path of a text file with a token in each line. Mask and
                oov tokens may stand at the start, and need not.
            idf_weights: weight of each token, for `output_mode="tf_idf"`.

        Raises:
            ValueError: if the vocabulary is empty, repeats tokens, is larger than `max_tokens`,
                or lacks its weights.
        """
        if isinstance(vocabulary, (str, os.PathLike)):
            vocabulary = _lines(vocabulary)
        tokens = self._without_special([self._token(token) for token in _plain(vocabulary)])
        self._check_tokens(tokens)
        self._set_tokens(tokens)
        self._is_static = True
        if self.output_mode == "tf_idf":
            self._scale = self._full_scale(self._checked_weights(idf_weights))
        elif idf_weights is not None:
            raise ValueError("`idf_weights` are used with output_mode='tf_idf' only.")

    def _set_tokens(self, tokens: list) -> None:
        self._tokens = tokens
        self._indices_of = None
        forget_constants()

    def _without_special(self, tokens: list) -> list:
        """Cut mask and oov tokens off the start of a vocabulary."""
        special = self._special_tokens()
        if special and tokens[: len(special)] == special:
            return tokens[len(special) :]
        oov = special[self._first_oov :]
        return tokens[len(oov) :] if oov and tokens[: len(oov)] == oov else tokens

    def _check_tokens(self, tokens: list) -> None:
        where = f"The vocabulary of {self.name!r}"
        if not tokens:
            raise ValueError(f"{where} is empty; give at least one token.")
        repeated = [token for token, count in Counter(tokens).items() if count > 1]
        if repeated:
            raise ValueError(f"{where} has {self._shown(repeated[0])!r} twice; give each one once.")
        if self.mask_token is not None and self._token(self.mask_token) in tokens:
            raise ValueError(
                f"{where} has the mask token {self.mask_token!r} among its tokens: leave mask and "
                "oov tokens out, or put them at the start, first the mask token."
            )
        size = len(tokens) + self._first_token
        if self.max_tokens is not None and size > self.max_tokens:
            raise ValueError(
                f"{where} has {size} tokens, with mask and oov tokens, but max_tokens is "
                f"{self.max_tokens}: raise it, or cut the vocabulary."
            )

    def _checked_weights(self, weights: Any) -> np.ndarray:
        count = len(self._tokens or [])
        if weights is None:
            raise ValueError(
                "With output_mode='tf_idf' a vocabulary needs `idf_weights`, one for each token; "
                "or let `adapt` learn both."
            )
        weights = np.asarray(weights, np.float32)
        if weights.shape != (count,):
            raise ValueError(
                f"`idf_weights` has shape {weights.shape}, the vocabulary has {count} tokens; "
                "expected one weight for each, without mask and oov tokens."
            )
        return weights

    def _full_scale(self, weights: np.ndarray) -> np.ndarray:
        """Return the weights of all indices: tokens out of the vocabulary get the mean."""
        oov = np.full(self.num_oov_indices, weights.mean(), np.float32)
        scale = np.concatenate([oov, weights])
        return np.pad(scale, (0, self._depth() - len(scale)))

    # -- learning --------------------------------------------------------------------------

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Learn the vocabulary: the most frequent tokens, at most `max_tokens`.

        Of tokens that are equally frequent the larger one comes first, as in Keras.

        Args:
            data: an array, a list, a column of a data frame, or a source of batches.
            steps: how many batches to take of a source; all by default.

        Raises:
            ValueError: if the vocabulary was given.
        """
        self.begin_learning()
        for batch in batches_of(data, steps):
            self.update_state(batch)
        self.finalize_state()

    def begin_learning(self) -> None:
        """Forget what was counted, if the vocabulary may be learned.

        Raises:
            ValueError: if the vocabulary was given.
        """
        if self._is_static:
            raise ValueError(
                f"Layer {self.name!r} was given its vocabulary, so it cannot learn one: make a "
                "layer without `vocabulary`."
            )
        self.reset_state()

    def reset_state(self) -> None:
        """Forget the counts of `update_state`."""
        self._counts: Counter = Counter()
        self._document_counts: Counter = Counter()
        self._documents = 0

    def update_state(self, data: Any) -> None:
        """Count the tokens of a batch.

        Args:
            data: array; each row of its last axis is a document, for TF-IDF.
        """
        array = np.asarray(as_array(data))
        rows = array.reshape(-1, array.shape[-1] if array.ndim > 1 else 1)
        self.count(self._token_rows(rows))

    def _token_rows(self, rows: np.ndarray) -> list[list]:
        """Return a matrix as lists of tokens. Override this."""
        raise NotImplementedError

    def count(self, documents: list[list]) -> None:
        """Count the tokens of documents.

        Args:
            documents: a list of tokens for each.
        """
        for tokens in documents:
            self._counts.update(tokens)
        if self.output_mode == "tf_idf":
            for tokens in documents:
                self._document_counts.update(set(tokens))
            self._documents += len(documents)

    def finalize_state(self) -> None:
        """Make the vocabulary of what has been counted.

        Raises:
            ValueError: if nothing was.
        """
        if not self._counts:
            raise ValueError(f"The data given to {self.name!r} hold no tokens: nothing to learn.")
        for token in {self._token(t) for t in (self.mask_token, self.oov_token) if t is not None}:
            self._counts.pop(token, None)
        ordered = sorted(self._counts.items(), key=lambda item: (item[1], item[0]), reverse=True)
        if self.max_tokens is not None:
            ordered = ordered[: self.max_tokens - self._first_token]
        self._set_tokens([token for token, _ in ordered])
        if self.output_mode == "tf_idf":
            found = np.array([self._document_counts[token] for token in self._tokens or []])
            weights = np.log(1 + self._documents / (1 + found))
            self._scale = self._full_scale(weights.astype(np.float32))

    # -- computing -------------------------------------------------------------------------

    def _depth(self) -> int:
        return self.max_tokens if self.pad_to_max_tokens else self.vocabulary_size()  # type: ignore

    def _is_known(self) -> bool:
        return self._tokens is not None

    def _must_be_known(self) -> None:
        if not self._is_known():
            raise ValueError(
                f"Layer {self.path!r} has no vocabulary yet: call `adapt(data)` or "
                "`set_vocabulary(tokens)` first."
            )

    def output_spec(self, *shapes: tuple) -> TensorSpec:
        """Return the spec of the output for an input shape."""
        if self.invert:
            return TensorSpec(shapes[0], self._inverse_dtype())
        if self.output_mode == "int":
            return TensorSpec(shapes[0], "int64")
        if not (self._is_known() or self.pad_to_max_tokens or self._expected_size):
            self._must_be_known()
        shape = encoded_shape(shapes[0], self.output_mode, self._depth())
        return TensorSpec(shape, self._vector_dtype())

    def _inverse_dtype(self) -> str:
        return "string"

    def _vector_dtype(self) -> str:
        return self.compute_dtype if dtypes.is_float(self.compute_dtype) else dtypes.floatx()

    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        """Return the indices of an array of tokens, or their encoding."""
        self._must_be_known()
        if self.invert:
            return self._inverse(np.asarray(arrays[0]))
        return self.encode(self.indices(arrays[0]))

    def indices(self, tokens: Any) -> Any:
        """Return the indices of an array of tokens, -1 for what counts nowhere. Override this."""
        raise NotImplementedError

    def encode(self, indices: np.ndarray) -> np.ndarray:
        """Return indices in the output mode."""
        if self.output_mode == "int":
            return indices
        return encoded_on_host(
            indices, self.output_mode, self._depth(), self._vector_dtype(), self._scale
        )

    def _inverse(self, indices: np.ndarray) -> np.ndarray:
        tokens = [*self.get_vocabulary(), self.oov_token]
        outside = (indices < 0) | (indices >= len(tokens) - 1)
        return np.asarray(tokens)[np.where(outside, -1, indices).astype(np.int64)]

    def _refuse_unknown(self, token: Any) -> ValueError:
        return ValueError(
            f"Layer {self.path!r} got {self._shown(token)!r}, which is not in its vocabulary, and "
            "num_oov_indices is 0: set it to 1, so that unknown tokens have an index."
        )

    # -- configuration and files -----------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, and the size of the vocabulary."""
        known = self._is_known() or self._expected_size is not None
        return {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": self.dtype_policy,
            "invert": self.invert,
            "max_tokens": self.max_tokens,
            "num_oov_indices": self.num_oov_indices,
            "oov_token": self.oov_token,
            "mask_token": self.mask_token,
            "output_mode": self.output_mode,
            "sparse": self.sparse,
            "pad_to_max_tokens": self.pad_to_max_tokens,
            "idf_weights": self.idf_weights if self._in_lines() else self._scale_of_tokens(),
            "vocabulary": self.vocabulary if self._in_lines() else self.get_vocabulary(False),
            "vocabulary_size": self.vocabulary_size() if known else None,
            "oov_method": self.oov_method,
            "salt": self.salt,
        }

    def get_build_config(self) -> dict[str, Any]:
        """Return nothing: lookups are built by their constructor."""
        return {}

    def _in_lines(self) -> bool:
        """Tell whether the vocabulary can be written as lines of a file.

        If not, as with line ends inside of tokens, it stands in the configuration.
        """
        if self.vocabulary is not None:
            return True
        return not any(end in str(t) for t in self.get_vocabulary(False) for end in _LINE_ENDS)

    def _scale_of_tokens(self) -> list | None:
        if self._scale is None or self._tokens is None:
            return None
        return self._scale[self.num_oov_indices :][: len(self._tokens)].tolist()

    def save_assets(self, dir_path: Any) -> None:
        """Write a vocabulary that was learned or set into a folder."""
        if self.vocabulary is None and self._is_known() and self._in_lines():
            text = "\n".join(str(token) for token in self.get_vocabulary())
            with open(os.path.join(dir_path, VOCABULARY_FILE), "w", encoding="utf-8") as file:
                file.write(text)

    def load_assets(self, dir_path: Any) -> None:
        """Read the vocabulary that `save_assets` wrote."""
        path = os.path.join(dir_path, VOCABULARY_FILE)
        if self.vocabulary is None and os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                lines = file.read().split("\n")
            self._set_tokens(self._without_special([self._token(line) for line in lines]))

    def save_own_variables(self, store: Any) -> None:
        """Write the weights of TF-IDF, which are no variables, into a mapping of arrays."""
        if self._scale is not None:
            store["idf_weights"] = self._scale

    def load_own_variables(self, store: Any) -> None:
        """Read what `save_own_variables` wrote."""
        if "idf_weights" in store.keys():
            self._scale = np.asarray(store["idf_weights"], np.float32)


def without_path(config: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration of a lookup without the path of a vocabulary.

    Files may name nothing that is then opened. Those of Keras that have a path carry the tokens
    besides, as a vocabulary that was learned.
    """
    if isinstance(config.get("vocabulary"), str):
        return {**config, "vocabulary": None, "idf_weights": None}
    return config


def _plain(values: Any) -> Any:
    """Return arrays and tensors as lists; lists and tuples as they are."""
    if isinstance(values, (list, tuple)):
        return values
    if hasattr(values, "numpy"):
        values = values.numpy()
    return np.asarray(values).tolist()


def _lines(path: Any) -> list[str]:
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    return lines[:-1] if lines[-1] == "" else lines
