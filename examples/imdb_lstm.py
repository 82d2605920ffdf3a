"""Is a film review kind or unkind? An embedding and an LSTM read the last 80 words.

25,000 reviews to learn from, each a list of word numbers; words beyond the 20,000 most frequent
are "unknown". Two epochs reach more than 80 % on reviews that it has never seen.

    python examples/imdb_lstm.py

Data: Maas et al. 2011, "Learning Word Vectors for Sentiment Analysis".
"""

import kerata as keras

WORDS, LENGTH = 20_000, 80


def main(epochs: int = 2, reviews: int = 25_000) -> float:
    """Train on so many reviews and return the test accuracy."""
    keras.utils.set_random_seed(7)
    (x_train, y_train), (x_test, y_test) = keras.datasets.imdb.load_data(num_words=WORDS)
    x_train, x_test = (keras.utils.pad_sequences(x, maxlen=LENGTH) for x in (x_train, x_test))

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
