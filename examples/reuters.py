"""What is a newswire about? A bag of words and two dense layers sort stories of Reuters, 1987.

Each story becomes a row of 10,000 zeros and ones: which of the most frequent words occur in it.
The collection is Reuters-21578. Courses often use a version with 46 topics; this is its subset
R8: 5,485 stories to learn from and 2,189 to be judged on, each about one of 8 topics. Half of
them are about earnings, so guessing "earn" every time is right in half of the cases; the network
is right in about 97 of 100.

    KERATA_DATA_DIR=data python examples/reuters.py    # data/reuters/r8-train.tsv.gz, ...

Data: https://archive.ics.uci.edu/dataset/137/reuters+21578+text+categorization+collection
"""

import collections
import gzip
import os
import pathlib

import numpy as np

import kerata as keras
from kerata import layers

FOLDER = pathlib.Path(os.environ.get("KERATA_DATA_DIR", "data")) / "reuters"
WORDS = 10_000


def read(part: str) -> tuple[list[str], list[set[str]]]:
    """Return the topics of a part's stories, and the words that occur in each story."""
    with gzip.open(FOLDER / f"r8-{part}.tsv.gz", "rt", encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t") for line in file]
    return [topic for topic, _ in rows], [set(text.split()) for _, text in rows]


def multi_hot(stories: list[set[str]], column: dict[str, int]) -> np.ndarray:
    """Return one row per story, with 1 in the columns of its words."""
    rows = np.zeros((len(stories), len(column)), "float32")
    for row, words in zip(rows, stories, strict=True):
        row[[column[word] for word in words if word in column]] = 1
    return rows


def build(topics: int) -> keras.Model:
    """Return the network, compiled."""
    model = keras.Sequential(
        [
            keras.Input((WORDS,)),
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(topics, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def main(epochs: int = 8) -> float:
    """Train, say how each topic is recognized, and return the test accuracy."""
    keras.utils.set_random_seed(7)
    train_topics, train_stories = read("train")
    test_topics, test_stories = read("test")
    # Only words of the training stories: the test stories are news to us.
    counts = collections.Counter(word for words in train_stories for word in sorted(words))
    column = {word: i for i, (word, _) in enumerate(counts.most_common(WORDS))}
    topics = [topic for topic, _ in collections.Counter(train_topics).most_common()]
    x_train, x_test = multi_hot(train_stories, column), multi_hot(test_stories, column)
    y_train = np.array([topics.index(topic) for topic in train_topics])
    y_test = np.array([topics.index(topic) for topic in test_topics])

    model = build(len(topics))
    model.summary()
    # "balanced": each topic counts the same, or the 41 stories about grain would be ignored.
    model.fit(x_train, y_train, batch_size=128, epochs=epochs, class_weight="balanced")

    guesses = model.predict(x_test, batch_size=512, verbose=0).argmax(axis=-1)
    for number, topic in enumerate(topics):
        about = y_test == number
        found = np.mean(guesses[about] == number)
        print(f"{topic:9s} {about.sum():5d} stories, {found:6.1%} recognized")
    accuracy = float(np.mean(guesses == y_test))
    print(f"test accuracy: {accuracy:.4f}")
    return accuracy


if __name__ == "__main__":
    main()
