"""Who survived the Titanic? A small network on a table with numbers, categories and gaps.

891 passengers. `from_dataframe` finds out what the columns hold, scales numbers, makes zeros and
ones of categories, fills gaps, and says what it did; the model takes the rows as they stand in the
file. Ten-fold cross-validation: each passenger is judged by a network that has never seen her.
Guessing "died" for all is right in 62 of 100 cases, the network in about 83.

    pip install 'kerata[data]'
    KERATA_DATA_DIR=data python examples/titanic.py    # data/titanic/train.csv

Data: https://www.kaggle.com/c/titanic
"""

import numpy as np

import kerata as keras
from kerata import layers


def network() -> list[layers.Layer]:
    """Return the layers that learn."""
    return [
        layers.Dense(32, activation="relu", kernel_regularizer="l2"),
        layers.Dropout(0.3),
        layers.Dense(16, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    ]


def main(epochs: int = 40, folds: int = 10) -> float:
    """Cross-validate and return the mean accuracy."""
    keras.utils.set_random_seed(7)
    passengers = keras.datasets.titanic.load_data()
    passengers["Title"] = passengers["Name"].str.extract(r", (?:the )?(\w+)\.")  # Mr, Miss, ...
    scores = []
    for test in np.array_split(np.random.default_rng(7).permutation(len(passengers)), folds):
        train = passengers.drop(index=test)
        table = keras.data.from_dataframe(train, target="Survived", validation_split=0)
        if not scores:
            print(table)
        model = table.model(network())
        model.fit(table.train, epochs=epochs, verbose=0)
        _, accuracy = model.evaluate(table.examples(passengers.iloc[test]), verbose=0)
        scores.append(accuracy)
        print(f"fold {len(scores):2d}: {accuracy:.3f}")
    print(f"mean of {folds} folds: {np.mean(scores):.3f}")
    return float(np.mean(scores))


if __name__ == "__main__":
    main()
