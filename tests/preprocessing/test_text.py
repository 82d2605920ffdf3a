"""Texts as numbers: ours against Keras'."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras.src.legacy.preprocessing import text as keras_text

from kerata.preprocessing import text

TEXTS = [
    "The cat sat on the mat.", "The dog! The dog (a big dog) barked;", "",
    "Cats and dogs\tare\nnot the cat", "äöü ÄÖÜ the_cat",
]  # fmt: skip
OPTIONS = [
    {},
    {"num_words": 5},
    {"num_words": 5, "oov_token": "<oov>"},
    {"oov_token": "<oov>"},
    {"char_level": True, "lower": False},
    {"filters": "", "split": "a"},
    {"analyzer": str.split},
]


def both(options, texts=TEXTS):
    made = [module.Tokenizer(**options) for module in (text, keras_text)]
    for tokenizer in made:
        tokenizer.fit_on_texts(texts)
    return made


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_numbers_are_those_of_keras(options):
    ours, theirs = both(options)
    for name in ("word_index", "index_word", "word_counts", "word_docs", "index_docs"):
        assert dict(getattr(ours, name)) == dict(getattr(theirs, name))
    new = ["a new cat, the DOG", "nothing"]
    sequences = ours.texts_to_sequences(TEXTS + new)
    assert sequences == theirs.texts_to_sequences(TEXTS + new)
    assert ours.sequences_to_texts(sequences) == theirs.sequences_to_texts(sequences)
    assert ours.sequences_to_texts([[999, 1]]) == theirs.sequences_to_texts([[999, 1]])
    for mode in ("binary", "count", "freq", "tfidf"):
        np.testing.assert_allclose(
            ours.texts_to_matrix(TEXTS + new, mode), theirs.texts_to_matrix(TEXTS + new, mode)
        )


@given(st.lists(st.text(alphabet="abcAB ,.", max_size=20), min_size=1, max_size=6),
       st.one_of(st.none(), st.integers(1, 6)))  # fmt: skip
def test_any_texts(texts, num_words):
    ours, theirs = both({"num_words": num_words, "oov_token": "?"}, texts)
    assert ours.word_index == theirs.word_index
    sequences = ours.texts_to_sequences([*texts, "a b zz"])
    assert sequences == theirs.texts_to_sequences([*texts, "a b zz"])
    if num_words != 1:
        again = ours.texts_to_sequences(ours.sequences_to_texts(sequences))
        kept = [[n for n in sequence if n != 1] for sequence in sequences]
        assert [[n for n in sequence if n != 1] for sequence in again] == kept


@pytest.mark.parametrize("options", OPTIONS[:5], ids=str)
def test_tokenizers_are_exchanged(options):
    ours, theirs = both(options)
    assert json.loads(ours.to_json()) == json.loads(theirs.to_json())
    mine = text.tokenizer_from_json(theirs.to_json())
    other = keras_text.tokenizer_from_json(ours.to_json(indent=1))
    for tokenizer in (mine, other):
        assert tokenizer.texts_to_sequences(TEXTS) == theirs.texts_to_sequences(TEXTS)
        np.testing.assert_allclose(
            tokenizer.texts_to_matrix(TEXTS, "tfidf"), theirs.texts_to_matrix(TEXTS, "tfidf")
        )


def test_counts_of_sequences():
    ours, theirs = text.Tokenizer(num_words=6), keras_text.Tokenizer(num_words=6)
    for tokenizer in (ours, theirs):
        tokenizer.fit_on_sequences([[1, 2, 2], [2, 5]])
    rows = [[1, 1, 2], [5, 9]]
    for mode in ("count", "tfidf"):
        np.testing.assert_allclose(
            ours.sequences_to_matrix(rows, mode), theirs.sequences_to_matrix(rows, mode)
        )


def test_lists_of_words():
    ours, theirs = both({}, [["A", "b c"], ["b c"]])
    assert ours.word_index == theirs.word_index == {"b c": 1, "a": 2}


@pytest.mark.parametrize("sentence", TEXTS)
def test_hashed_words(sentence):
    expected = keras_text.hashing_trick(sentence, 50, hash_function="md5")
    assert text.hashing_trick(sentence, 50) == text.one_hot(sentence, 50) == expected
    lengths = text.hashing_trick(sentence, 9, hash_function=len, analyzer=str.split)
    assert lengths == keras_text.hashing_trick(sentence, 9, hash_function=len, analyzer=str.split)


def test_what_is_missing_is_told():
    with pytest.raises(ValueError, match="`fit_on_texts` first, or pass `num_words`"):
        text.Tokenizer().texts_to_matrix(["a"])
    with pytest.raises(ValueError, match="counts texts"):
        text.Tokenizer(num_words=3).sequences_to_matrix([[1]], "tfidf")
    with pytest.raises(ValueError, match="Did you mean 'binary'"):
        text.Tokenizer(num_words=3).sequences_to_matrix([[1]], "binry")
    with pytest.raises(ValueError, match=r"pass \[text\]"):
        text.Tokenizer().fit_on_texts("one text")
    with pytest.raises(TypeError, match=r"A text is nan, of type float.*fillna"):
        text.Tokenizer().fit_on_texts(["a", float("nan")])
    with pytest.raises(ValueError, match="leaves no number"):
        text.one_hot("a", 1)
    with pytest.raises(ValueError, match="describes no tokenizer"):
        text.tokenizer_from_json("[]")
