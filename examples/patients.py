"""Does a drug have side effects? A made-up trial of 2,100 patients with a rule to be found.

Half of the patients are under 65, half are 65 or older. 95 % of the older ones had side effects,
95 % of the younger ones had none. A network that finds the rule is right in 95 of 100 cases; no
network can do better. The confusion matrix is written to `patients.png`.

    python examples/patients.py
"""

import numpy as np

import kerata as keras


def make_patients(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return ages scaled from 0 to 1, shape (count, 1), and side effects, 0 or 1."""
    random = np.random.default_rng(seed)
    ages = np.concatenate(
        [random.integers(13, 65, count // 2), random.integers(65, 101, count - count // 2)]
    )
    follows_rule = random.random(count) < 0.95
    effects = np.where(follows_rule, ages >= 65, ages < 65).astype("int32")
    order = random.permutation(count)
    return ((ages - 13) / 87).astype("float32")[order, None], effects[order]


def main(epochs: int = 30) -> float:
    """Train, draw the confusion matrix, and return the accuracy on new patients."""
    keras.utils.set_random_seed(7)
    ages, effects = make_patients(2100, seed=1)
    new_ages, new_effects = make_patients(420, seed=2)

    model = keras.Sequential(
        [
            keras.Input((1,)),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(learning_rate=0.001),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(ages, effects, validation_split=0.1, batch_size=10, epochs=epochs, verbose=2)

    guesses = model.predict(new_ages, verbose=0).argmax(axis=-1)
    accuracy = float(np.mean(guesses == new_effects))
    print(f"accuracy on {len(new_ages)} new patients: {accuracy:.3f}")
    keras.visualization.plot_confusion_matrix(
        new_effects, guesses, ["no side effects", "had side effects"], path="patients.png"
    )
    return accuracy


if __name__ == "__main__":
    main()
