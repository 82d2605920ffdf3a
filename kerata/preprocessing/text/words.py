"""Text as words, and words as numbers by a hash, for which no vocabulary is needed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

#: all punctuation but the apostrophe, and white space that does not split
FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'


def text_to_word_sequence(
    input_text: str, filters: str = FILTERS, lower: bool = True, split: str = " "
) -> list[str]:
    """Return the words of a text.

    In new code use `kerata.layers.TextVectorization`.

    Args:
        input_text: the text.
        filters: characters that end a word and are left out.
        lower: whether words are made lower case.
        split: what stands between words.

    Raises:
        ValueError: if `split` is empty.

    >>> import kerata
    >>> kerata.preprocessing.text.text_to_word_sequence("Don't panic -- it's fine.")
    ["don't", 'panic', "it's", 'fine']
    """
    if not split:
        raise ValueError(
            "`split` is empty; expected what stands between words, such as ' '. For single "
            "characters use list(text), or Tokenizer(char_level=True)."
        )
    text = input_text.lower() if lower else input_text
    text = text.translate(str.maketrans(dict.fromkeys(filters, split)))
    return [word for word in text.split(split) if word]


def one_hot(
    input_text: str,
    n: int,
    filters: str = FILTERS,
    lower: bool = True,
    split: str = " ",
    analyzer: Callable | None = None,
) -> list[int]:
    """Return a number from 1 to `n - 1` for each word of a text: `hashing_trick` by MD5.

    The numbers are no vectors, in spite of the name. In new code use `kerata.layers.Hashing`.

    Args:
        input_text, filters, lower, split: as for `text_to_word_sequence`.
        n: how many numbers there are, 0 included, which no word gets.
        analyzer: returns the words of a text, in place of `text_to_word_sequence`.

    Raises:
        ValueError: if `n` is less than 2.

    >>> import kerata
    >>> kerata.preprocessing.text.one_hot("The cat saw the dog.", 50)
    [2, 5, 30, 2, 25]
    """
    return hashing_trick(input_text, n, "md5", filters, lower, split, analyzer)


def hashing_trick(
    text: str,
    n: int,
    hash_function: Any = None,
    filters: str = FILTERS,
    lower: bool = True,
    split: str = " ",
    analyzer: Callable | None = None,
) -> list[int]:
    """Return a number from 1 to `n - 1` for each word of a text; words may share one.

    In new code use `kerata.layers.Hashing`.

    Args:
        text, filters, lower, split: as for `text_to_word_sequence`.
        n: how many numbers there are, 0 included, which no word gets.
        hash_function: `None` or `"md5"` for MD5, or a function from a word to an integer. Python's
            `hash` gives other numbers in each process: a model that is trained on them knows
            nothing in the next one.
        analyzer: returns the words of a text, in place of `text_to_word_sequence`.

    Raises:
        ValueError: if `n` is less than 2, or the hash function is unknown.

    Source: Weinberger et al., "Feature Hashing for Large Scale Multitask Learning" (2009).

    >>> import kerata
    >>> kerata.preprocessing.text.hashing_trick("a bc a", 10, hash_function=len)
    [2, 3, 2]
    """
    if n < 2:
        raise ValueError(f"`n` is {n}; expected at least 2, as 0 is no word's number.")
    if hash_function in (None, "md5"):
        hash_function = _md5
    elif not callable(hash_function):
        raise ValueError(
            f"`hash_function` is {hash_function!r}; expected 'md5' or a function from a word to an "
            "integer."
        )
    words = analyzer(text) if analyzer else text_to_word_sequence(text, filters, lower, split)
    return [hash_function(word) % (n - 1) + 1 for word in words]


def _md5(word: str) -> int:
    digest = hashlib.md5(word.encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest, "big")
