"""Texts as numbers, word by word: the helpers that courses teach.

In new code, `kerata.layers.TextVectorization` does this inside of the model, and is saved with it.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from kerata.core.errors import closest

__all__ = [
    "Tokenizer",
    "hashing_trick",
    "one_hot",
    "text_to_word_sequence",
    "tokenizer_from_json",
]

FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
_MODES = ("binary", "count", "freq", "tfidf")

Analyzer = Callable[[str], Sequence[str]]


def text_to_word_sequence(
    input_text: str, filters: str = FILTERS, lower: bool = True, split: str = " "
) -> list[str]:
    """Return the words of a text.

    Args:
        input_text: the text.
        filters: characters that stand between words, such as punctuation.
        lower: whether words become lower case.
        split: what else stands between words.

    >>> import kerata
    >>> kerata.preprocessing.text.text_to_word_sequence("The cat: a cat!")
    ['the', 'cat', 'a', 'cat']
    """
    text = input_text.lower() if lower else input_text
    text = text.translate(str.maketrans(dict.fromkeys(filters, split)))
    return [word for word in text.split(split) if word]


def hashing_trick(
    text: str,
    n: int,
    hash_function: str | Callable[[str], int] | None = None,
    filters: str = FILTERS,
    lower: bool = True,
    split: str = " ",
    analyzer: Analyzer | None = None,
) -> list[int]:
    """Return a number from 1 to n - 1 for each word of a text; words may share one.

    Args:
        text: the text.
        n: how many numbers there are, 0 among them, which no word has.
        hash_function: takes a word and returns an integer. "md5", the default, gives the same
            numbers in each process.
        filters, lower, split: see `text_to_word_sequence`.
        analyzer: takes the text and returns its words, instead.

    Raises:
        ValueError: if `n` leaves no number for words.

    >>> import kerata
    >>> kerata.preprocessing.text.hashing_trick("the cat the", 100)
    [51, 3, 51]
    """
    if n < 2:
        raise ValueError(f"n={n} leaves no number for words; 0 stands for none.")
    number = _md5 if hash_function in (None, "md5") else hash_function
    words = analyzer(text) if analyzer else text_to_word_sequence(text, filters, lower, split)
    return [number(word) % (n - 1) + 1 for word in words]  # type: ignore[operator]


def _md5(word: str) -> int:
    return int(hashlib.md5(word.encode(), usedforsecurity=False).hexdigest(), 16)


def one_hot(
    input_text: str,
    n: int,
    filters: str = FILTERS,
    lower: bool = True,
    split: str = " ",
    analyzer: Analyzer | None = None,
) -> list[int]:
    """Return a number from 1 to n - 1 for each word of a text: `hashing_trick` by another name.

    Args:
        input_text: the text.
        n, filters, lower, split, analyzer: see `hashing_trick`.

    >>> import kerata
    >>> kerata.preprocessing.text.one_hot("the cat the", 100)
    [51, 3, 51]
    """
    return hashing_trick(input_text, n, None, filters, lower, split, analyzer)


class Tokenizer:
    """Gives each word a number, the most frequent one 1, and makes numbers of texts.

    Args:
        num_words: numbers from `num_words` on are not used: the most frequent `num_words - 1`
            words are kept, the others are left out or become `oov_token`. `None` keeps all.
        filters: characters that stand between words.
        lower: whether words become lower case.
        split: what else stands between words.
        char_level: whether each character is a word.
        oov_token: a word, of number 1, that stands for words that are not known or not kept;
            `None` leaves them out.
        analyzer: takes a text and returns its words, instead of `filters`, `lower` and `split`.
        document_count: how many texts have been seen before.

    `word_index` and `index_word` tell the numbers of words and the words of numbers (`num_words`
    has no influence on them), `word_counts` how often a word was seen, `word_docs` and
    `index_docs` in how many texts.

    >>> import kerata
    >>> tokenizer = kerata.preprocessing.text.Tokenizer(oov_token="?")
    >>> tokenizer.fit_on_texts(["the cat sat", "the dog"])
    >>> tokenizer.word_index
    {'?': 1, 'the': 2, 'cat': 3, 'sat': 4, 'dog': 5}
    >>> tokenizer.texts_to_sequences(["the dog ran"])
    [[2, 5, 1]]
    """

    def __init__(
        self,
        num_words: int | None = None,
        filters: str = FILTERS,
        lower: bool = True,
        split: str = " ",
        char_level: bool = False,
        oov_token: str | None = None,
        analyzer: Analyzer | None = None,
        document_count: int = 0,
    ):
        self.num_words = num_words
        self.filters = filters
        self.lower = lower
        self.split = split
        self.char_level = char_level
        self.oov_token = oov_token
        self.analyzer = analyzer
        self.document_count = document_count
        self.word_counts: Counter[str] = Counter()
        self.word_docs: Counter[str] = Counter()
        self.index_docs: Counter[int] = Counter()
        self.word_index: dict[str, int] = {}
        self.index_word: dict[int, str] = {}

    # -- learning ------------------------------------------------------------------------------

    def fit_on_texts(self, texts: Iterable[str | Sequence[str]]) -> None:
        """Count the words of texts, and number them anew by how often they were seen.

        Args:
            texts: strings, or lists of words.

        Raises:
            ValueError: for one string instead of several.
            TypeError: for something else than a text among them, such as NaN.
        """
        if isinstance(texts, str) and not self.char_level:
            raise ValueError("`texts` is one string, whose characters would be texts: pass [text].")
        for text in texts:
            words = self._words(text)
            self.document_count += 1
            self.word_counts.update(words)
            self.word_docs.update(set(words))
        by_count = sorted(self.word_counts, key=lambda word: -self.word_counts[word])
        first = [] if self.oov_token is None else [self.oov_token]
        known = dict.fromkeys([*first, *by_count])
        self.word_index = {word: number for number, word in enumerate(known, start=1)}
        self.index_word = {number: word for word, number in self.word_index.items()}
        self.index_docs = Counter({self.word_index[w]: n for w, n in self.word_docs.items()})

    def fit_on_sequences(self, sequences: Sequence[Sequence[int]]) -> None:
        """Count in how many sequences each number is, for `sequences_to_matrix(mode="tfidf")`."""
        self.document_count += len(sequences)
        for sequence in sequences:
            self.index_docs.update(set(sequence))

    def _words(self, text: str | Sequence[str]) -> Sequence[str]:
        if not isinstance(text, (str, list, tuple, np.ndarray)):
            raise TypeError(
                f"A text is {text!r}, of type {type(text).__name__}; a string or a list of words "
                "was expected. Fill gaps first, as with column.fillna('')."
            )
        if self.char_level or not isinstance(text, str):
            return [word.lower() for word in text] if self.lower else list(text)
        if self.analyzer is not None:
            return self.analyzer(text)
        return text_to_word_sequence(text, self.filters, self.lower, self.split)

    # -- numbers of texts, and back --------------------------------------------------------------

    def texts_to_sequences(self, texts: Iterable[str | Sequence[str]]) -> list[list[int]]:
        """Return the numbers of the words of each text."""
        return list(self.texts_to_sequences_generator(texts))

    def texts_to_sequences_generator(
        self, texts: Iterable[str | Sequence[str]]
    ) -> Iterator[list[int]]:
        """Yield the numbers of the words of each text."""
        unknown = self.word_index.get(self.oov_token) if self.oov_token is not None else None
        for text in texts:
            numbers = (self.word_index.get(word) for word in self._words(text))
            kept = (number if self._is_kept(number) else unknown for number in numbers)
            yield [number for number in kept if number is not None]

    def _is_kept(self, number: int | None) -> bool:
        return number is not None and not (self.num_words and number >= self.num_words)

    def sequences_to_texts(self, sequences: Iterable[Sequence[int]]) -> list[str]:
        """Return the words of each sequence of numbers, with spaces between them."""
        return list(self.sequences_to_texts_generator(sequences))

    def sequences_to_texts_generator(self, sequences: Iterable[Sequence[int]]) -> Iterator[str]:
        """Yield the words of each sequence of numbers, with spaces between them."""
        for sequence in sequences:
            words = (
                self.index_word.get(int(number)) if self._is_kept(number) else None
                for number in sequence
            )
            known = (self.oov_token if word is None else word for word in words)
            yield " ".join(word for word in known if word is not None)

    # -- one row per text ------------------------------------------------------------------------

    def texts_to_matrix(
        self, texts: Iterable[str | Sequence[str]], mode: str = "binary"
    ) -> np.ndarray:
        """Return one row per text and one column per number; see `sequences_to_matrix`."""
        return self.sequences_to_matrix(self.texts_to_sequences(texts), mode)

    def sequences_to_matrix(
        self, sequences: Sequence[Sequence[int]], mode: str = "binary"
    ) -> np.ndarray:
        """Return one row per sequence and one column per number.

        Args:
            sequences: numbers of words.
            mode: "binary": 1 for a number that is there; "count": how often it is; "freq": its
                share of the sequence; "tfidf": `(1 + log count) log(1 + d / (1 + docs))`, where
                it is in `docs` of the `d` texts that were seen.

        Returns:
            float64 `(sequences, num_words)`, or as many columns as there are words and 0.

        Raises:
            ValueError: for an unknown mode, or if no text has been seen that would be needed.

        >>> import kerata
        >>> tokenizer = kerata.preprocessing.text.Tokenizer(num_words=4)
        >>> tokenizer.sequences_to_matrix([[1, 3, 3]], mode="count").tolist()
        [[0.0, 1.0, 0.0, 2.0]]
        """
        if mode not in _MODES:
            raise ValueError(
                f"mode={mode!r}; expected one of {_MODES}.{closest(str(mode), _MODES)}"
            )
        if not self.num_words and not self.word_index:
            raise ValueError("No words are known: call `fit_on_texts` first, or pass `num_words`.")
        if mode == "tfidf" and not self.document_count:
            raise ValueError('mode="tfidf" counts texts: call `fit_on_texts` first.')
        columns = self.num_words or len(self.word_index) + 1
        matrix = np.zeros((len(sequences), columns))
        for row, sequence in zip(matrix, sequences, strict=True):
            for number, count in Counter(sequence).items():
                if number < columns:
                    row[number] = self._weight(mode, number, count, len(sequence))
        return matrix

    def _weight(self, mode: str, number: int, count: int, length: int) -> float:
        if mode == "count":
            return count
        if mode == "freq":
            return count / length
        if mode == "binary":
            return 1
        rarity = np.log(1 + self.document_count / (1 + self.index_docs[number]))
        return (1 + np.log(count)) * rarity

    # -- saving ------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return the arguments and what was counted, the tables as JSON."""
        tables = ("word_counts", "word_docs", "index_docs", "index_word", "word_index")
        return {
            "num_words": self.num_words,
            "filters": self.filters,
            "lower": self.lower,
            "split": self.split,
            "char_level": self.char_level,
            "oov_token": self.oov_token,
            "document_count": self.document_count,
            **{name: json.dumps(getattr(self, name)) for name in tables},
        }

    def to_json(self, **kwargs: Any) -> str:
        """Return the tokenizer as text, for `tokenizer_from_json`.

        Args:
            **kwargs: what `json.dumps` takes, such as `indent`.
        """
        return json.dumps({"class_name": "Tokenizer", "config": self.get_config()}, **kwargs)


def tokenizer_from_json(json_string: str) -> Tokenizer:
    """Return the tokenizer that `Tokenizer.to_json` described, here or in Keras.

    Args:
        json_string: what it returned.

    Raises:
        ValueError: if the text describes none.

    >>> import kerata
    >>> text = kerata.preprocessing.text
    >>> tokenizer = text.Tokenizer()
    >>> tokenizer.fit_on_texts(["a b a"])
    >>> text.tokenizer_from_json(tokenizer.to_json()).texts_to_sequences(["b a"])
    [[2, 1]]
    """
    config = json.loads(json_string)
    config = dict(config.get("config") or {}) if isinstance(config, dict) else {}
    if "word_index" not in config:
        raise ValueError("The text describes no tokenizer: pass what `Tokenizer.to_json` returned.")
    tables = {name: json.loads(value) for name, value in config.items() if name in _TABLES}
    tokenizer = Tokenizer(**{key: v for key, v in config.items() if key not in _TABLES})
    for name, table in tables.items():
        setattr(tokenizer, name, _TABLES[name](table))
    return tokenizer


def _by_number(table: dict[str, Any]) -> dict[int, Any]:
    """JSON has made text of the numbers."""
    return {int(number): value for number, value in table.items()}


_TABLES: dict[str, Callable[[dict], Any]] = {
    "word_counts": Counter,
    "word_docs": Counter,
    "index_docs": lambda table: Counter(_by_number(table)),
    "index_word": _by_number,
    "word_index": dict,
}
