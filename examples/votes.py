"""Which party is a member of congress of? Sixteen votes of 1984 tell, with 10-fold validation.

435 members, 16 votes each: yes (1), no (-1), or unknown (0). A 16-32-16-1 network, trained ten
times, each time on nine tenths of the members and judged on the last tenth.

    KERATA_DATA_DIR=data python examples/votes.py    # data/house_votes_84/house-votes-84.data

Data: https://archive.ics.uci.edu/dataset/105/congressional+voting+records
"""

import csv
import os
import pathlib

import numpy as np

import kerata as keras

FOLDER = pathlib.Path(os.environ.get("KERATA_DATA_DIR", "data")) / "house_votes_84"
VOTE = {"y": 1.0, "n": -1.0, "?": 0.0}


def load() -> tuple[np.ndarray, np.ndarray]:
    """Return the votes, shape (435, 16), and the parties: 0 republican, 1 democrat."""
    with (FOLDER / "house-votes-84.data").open() as file:
        rows = [row for row in csv.reader(file) if row]
    votes = np.array([[VOTE[vote] for vote in row[1:]] for row in rows], "float32")
    parties = np.array([row[0] == "democrat" for row in rows], "float32")
    return votes, parties


def build() -> keras.Model:
    """Return the network, compiled."""
    model = keras.Sequential(
        [
            keras.Input((16,)),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


def folds(count: int, samples: int, seed: int = 7) -> list[np.ndarray]:
    """Return the shuffled indices of the samples, cut into `count` parts."""
    return np.array_split(np.random.default_rng(seed).permutation(samples), count)


def main(epochs: int = 40) -> float:
    """Cross-validate and return the mean accuracy."""
    keras.utils.set_random_seed(7)
    votes, parties = load()
    scores = []
    for test in folds(10, len(votes)):
        train = np.setdiff1d(np.arange(len(votes)), test)
        model = build()
        model.fit(votes[train], parties[train], batch_size=32, epochs=epochs, verbose=0)
        _, accuracy = model.evaluate(votes[test], parties[test], verbose=0)
        scores.append(accuracy)
        print(f"fold {len(scores):2d}: {accuracy:.3f}")
    print(f"mean of 10 folds: {np.mean(scores):.3f} (standard deviation {np.std(scores):.3f})")
    return float(np.mean(scores))


if __name__ == "__main__":
    main()
