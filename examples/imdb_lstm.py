"""Is a film review kind or unkind? An embedding and an LSTM read the last 80 words.

25,000 reviews to learn from, each a list of word numbers; words beyond the 20,000 most frequent
are "unknown". Two epochs reach more than 80 % on reviews that it has never seen.

    KERATA_DATA_DIR=data python examples/imdb_lstm.py    # data/imdb/train.csv.gz, ...

Data: Maas et al. 2011, "Learning Word Vectors for Sentiment Analysis".
"""

import csv
import gzip
import json
import os
import pathlib
import re

import numpy as np

import kerata as keras

FOLDER = pathlib.Path(os.environ.get("KERATA_DATA_DIR", "data")) / "imdb"
WORDS, LENGTH = 20_000, 80
PADDING, UNKNOWN, FIRST_WORD = 0, 2, 3


def load(part: str, index: dict[str, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the reviews of a part as word numbers, shape (reviews, 80), and 1 for kind ones."""
    with gzip.open(FOLDER / f"{part}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    reviews = np.full((len(rows), LENGTH), PADDING, "int32")
    for row, review in enumerate(rows):
        numbers = [number_of(word, index) for word in words_of(review["text"])][-LENGTH:]
        if numbers:
            reviews[row, -len(numbers) :] = numbers
    return reviews, np.array([row["label"] == "1" for row in rows], "float32")


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case."""
    return re.findall(r"[a-z0-9']+", text.lower().replace("<br />", " "))


def number_of(word: str, index: dict[str, int]) -> int:
    """Return the number of a word: its rank by frequency, moved up by the special numbers."""
    number = index.get(word, WORDS) + FIRST_WORD
    return number if number < WORDS else UNKNOWN


def main(epochs: int = 2, reviews: int = 25_000) -> float:
    """Train on so many reviews and return the test accuracy."""
    keras.utils.set_random_seed(7)
    index = json.loads((FOLDER / "imdb_word_index.json").read_text())
    x_train, y_train = load("train", index)
    x_test, y_test = load("test", index)

    model = keras.Sequential(
        [
            keras.Input((LENGTH,), dtype="int32"),
            keras.layers.Embedding(WORDS, 128),
            keras.layers.LSTM(128, dropout=0.2),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.summary()
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    model.fit(x_train[:reviews], y_train[:reviews], batch_size=32, epochs=epochs)

    _, accuracy = model.evaluate(x_test, y_test, batch_size=500, verbose=0)
    print(f"test accuracy: {accuracy:.4f}")
    return accuracy


if __name__ == "__main__":
    main()
