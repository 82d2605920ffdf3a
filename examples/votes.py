"""Which party is a member of congress of? Sixteen votes of 1984 tell, with 10-fold validation.

435 members, 16 votes each: "y", "n", or "?" for unknown. Each vote becomes three columns of zeros
and ones. Ten times, a network of 48-32-16-1 units learns from nine tenths of the members and is
judged on the last tenth, which has the same share of both parties. It is right in 95 of 100 cases.

    pip install 'kerata[sklearn,data]'
    python examples/votes.py

Data: https://archive.ics.uci.edu/dataset/105/congressional+voting+records
"""

import numpy as np
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

import kerata as keras
from kerata.wrappers import KerasClassifier


def load() -> tuple[np.ndarray, np.ndarray]:
    """Return the votes, shape (435, 16), and the parties: "democrat" or "republican"."""
    votes = keras.datasets.house_votes.load_data().fillna("?")
    return votes.drop(columns="party").to_numpy(str), votes["party"].to_numpy(str)


def network() -> keras.Model:
    """Return the network; the classifier below compiles it."""
    return keras.Sequential(
        [
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )


def main(epochs: int = 20) -> float:
    """Cross-validate and return the mean accuracy."""
    votes, parties = load()
    model = make_pipeline(
        OneHotEncoder(sparse_output=False),
        KerasClassifier(network, optimizer="adam", epochs=epochs, random_state=7),
    )
    folds = StratifiedKFold(10, shuffle=True, random_state=7)
    scores = cross_val_score(model, votes, parties, cv=folds)
    print("accuracy of the folds:", scores.round(3))
    print(f"mean: {scores.mean():.3f} (standard deviation {scores.std():.3f})")
    return float(scores.mean())


if __name__ == "__main__":
    main()
