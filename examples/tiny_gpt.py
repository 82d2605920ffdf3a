"""A tiny GPT writes film reviews, word by word.

A transformer that only looks back (Radford et al. 2018, "Improving language understanding by
generative pre-training"): embeddings of words and positions, blocks of causal self-attention and
dense layers, and a guess of the next word at each position. It is judged by its perplexity on
reviews that it has never seen: among how many words it hesitates, on average. Somebody who knows
only how frequent each word is hesitates among some 290; the tiny GPT among about 120. Then it
writes a review of its own.

    KERATA_DATA_DIR=data python examples/tiny_gpt.py    # data/imdb/train.csv.gz

Data: Maas et al. 2011, "Learning Word Vectors for Sentiment Analysis".
"""

import collections
import csv
import gzip
import itertools
import os
import pathlib
import re

import numpy as np

import kerata as keras
from kerata import layers, ops

FILE = pathlib.Path(os.environ.get("KERATA_DATA_DIR", "data")) / "imdb" / "train.csv.gz"
VOCABULARY, LENGTH, FEATURES, HEADS = 4000, 48, 64, 4
UNKNOWN, END = "?", "\n"  # of a rare word; of a review


class WordsAndPositions(layers.Layer):
    """Turns word numbers (batch, length) into features (batch, length, FEATURES)."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.words = layers.Embedding(VOCABULARY, FEATURES)
        self.positions = layers.Embedding(LENGTH, FEATURES)

    def call(self, numbers):
        """Return the features of each word plus those of its place."""
        return self.words(numbers) + self.positions(ops.arange(LENGTH))


class Block(layers.Layer):
    """Lets each position gather from those before it, then think by itself."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.attention = layers.MultiHeadAttention(HEADS, FEATURES // HEADS)
        self.thinking = keras.Sequential(
            [layers.Dense(4 * FEATURES, activation="gelu"), layers.Dense(FEATURES)]
        )
        self.norms = [layers.LayerNormalization(), layers.LayerNormalization()]
        self.dropout = layers.Dropout(0.1)

    def call(self, inputs):
        """Return features of the same shape."""
        normal = self.norms[0](inputs)
        gathered = self.attention(normal, normal, use_causal_mask=True)
        inputs = inputs + self.dropout(gathered)
        return inputs + self.dropout(self.thinking(self.norms[1](inputs)))


def build(blocks: int = 2) -> keras.Model:
    """Return the network, compiled: word numbers -> logits of the next word, at each position."""
    numbers = keras.Input((LENGTH,), dtype="int32")
    x = WordsAndPositions()(numbers)
    for _ in range(blocks):
        x = Block()(x)
    logits = layers.Dense(VOCABULARY)(layers.LayerNormalization()(x))
    model = keras.Model(numbers, logits)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.AdamW(2e-3), loss)
    return model


def read(reviews: int) -> list[list[str]]:
    """Return the words and marks of the first reviews, in lower case."""
    with gzip.open(FILE, "rt", encoding="utf-8", newline="") as file:
        texts = [row["text"] for row in itertools.islice(csv.DictReader(file), reviews)]
    return [
        [*re.findall(r"[a-z']+|[.,!?]", text.lower().replace("<br />", " ")), END]
        for text in texts
    ]


def windows(reviews: list[list[str]], number_of: dict[str, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return pieces of LENGTH word numbers, and for each word the one that follows."""
    words = itertools.chain.from_iterable(reviews)
    numbers = np.array([number_of.get(word, 0) for word in words], "int32")
    count = (len(numbers) - 1) // LENGTH
    return tuple(numbers[i : i + count * LENGTH].reshape(count, LENGTH) for i in (0, 1))


def unigram_perplexity(train: np.ndarray, test: np.ndarray) -> float:
    """Return the perplexity of guessing by frequency alone."""
    counts = np.bincount(train.ravel(), minlength=VOCABULARY) + 1.0
    return float(np.exp(-np.log(counts / counts.sum())[test].mean()))


def write(model: keras.Model, words: list[str], start: str, temperature: float, seed: int) -> str:
    """Return a text that goes on from the start; a low temperature takes fewer risks."""
    random = np.random.default_rng(seed)
    text = [words.index(word) for word in start.split()]
    while len(text) < 60 and words[text[-1]] != END:
        seen = np.zeros((1, LENGTH), "int32")
        last = text[-LENGTH:]
        seen[0, : len(last)] = last
        logits = model.predict(seen, verbose=0)[0, len(last) - 1] / temperature
        logits[words.index(UNKNOWN)] = -np.inf
        odds = np.exp(logits - logits.max())
        text.append(int(random.choice(VOCABULARY, p=odds / odds.sum())))
    return " ".join(words[number] for number in text)


def main(reviews: int = 2000, epochs: int = 3) -> float:
    """Train, write some texts, and return the perplexity on new reviews."""
    keras.utils.set_random_seed(7)
    texts = read(reviews)
    train, test = texts[: -reviews // 10], texts[-reviews // 10 :]
    counts = collections.Counter(itertools.chain.from_iterable(train))
    words = [UNKNOWN, *(w for w, _ in counts.most_common() if w != UNKNOWN)][:VOCABULARY]
    number_of = {word: number for number, word in enumerate(words)}
    x_train, y_train = windows(train, number_of)
    x_test, y_test = windows(test, number_of)

    model = build()
    model.summary()
    model.fit(x_train, y_train, batch_size=32, epochs=epochs, validation_data=(x_test, y_test))

    perplexity = float(np.exp(model.evaluate(x_test, y_test, verbose=0)))
    print(f"perplexity of word frequencies: {unigram_perplexity(y_train, y_test):.0f}")
    print(f"perplexity of the tiny GPT:     {perplexity:.0f}")
    for temperature in (0.5, 0.8, 1.0):
        print(f"at {temperature}: {write(model, words, 'this film is', temperature, seed=1)}")
    return perplexity


if __name__ == "__main__":
    main()
