"""Text as lists of word numbers, for programs that have it: Keras' helpers of old.

In new code use `kerata.layers.TextVectorization`, which is a part of the model and of its file, so
that text cannot be treated in another way later; and `kerata.layers.Hashing`.
"""

from kerata.preprocessing.text.tokenizer import Tokenizer, tokenizer_from_json
from kerata.preprocessing.text.words import hashing_trick, one_hot, text_to_word_sequence

__all__ = [
    "Tokenizer",
    "hashing_trick",
    "one_hot",
    "text_to_word_sequence",
    "tokenizer_from_json",
]
