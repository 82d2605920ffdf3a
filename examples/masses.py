"""Is a mass in a mammogram malignant? Age, shape, margin and density tell, with 10-fold validation.

961 masses, 445 of them malignant. The age is a number; shape, margin and density are kinds, of
which each becomes a column of zeros and ones, with one more for "unknown". A network learns from
nine tenths of the masses and is judged on the last tenth, ten times; it is right in 80 of 100
cases. To guess "benign" is in 54. The radiologist's opinion is left out.

    pip install 'kerata[sklearn,data]'
    python examples/masses.py

Data: https://archive.ics.uci.edu/dataset/161/mammographic+mass
"""

import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import kerata as keras
from kerata.wrappers import KerasClassifier


def load() -> tuple[np.ndarray, np.ndarray]:
    """Return age, shape, margin and density, shape (961, 4), and 1 for a malignant mass."""
    masses = keras.datasets.mammographic_masses.load_data()
    return masses[["age", "shape", "margin", "density"]].to_numpy(), masses["severity"].to_numpy()


def network(units: int = 16) -> keras.Model:
    """Return the network; the classifier below compiles it."""
    return keras.Sequential(
        [
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )


def main(epochs: int = 20) -> float:
    """Cross-validate and return the mean accuracy."""
    masses, malignant = load()
    age = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    model = make_pipeline(
        make_column_transformer((age, [0]), (OneHotEncoder(sparse_output=False), [1, 2, 3])),
        KerasClassifier(network, optimizer="adam", epochs=epochs, random_state=7),
    )
    folds = StratifiedKFold(10, shuffle=True, random_state=7)
    scores = cross_val_score(model, masses, malignant, cv=folds)
    print("accuracy of the folds:", scores.round(3))
    print(f"mean: {scores.mean():.3f} (standard deviation {scores.std():.3f})")
    return float(scores.mean())


if __name__ == "__main__":
    main()
