"""What Keras on TensorFlow makes of a folder; run as a process of its own: FOLDER RESULT.

Keras reads sounds, and splits data sets, by `tf.data` only, and the tests' own Keras runs on JAX.
"""

import os
import pickle
import sys

if __name__ == "__main__":  # and not where tests are collected
    os.environ["KERAS_BACKEND"] = "tensorflow"

import keras  # noqa: E402
import numpy as np  # noqa: E402

sys.path.insert(0, os.path.dirname(__file__))
import cases  # noqa: E402


def batches_of(data):
    return [
        tuple(map(np.asarray, batch)) if isinstance(batch, tuple) else np.asarray(batch)
        for batch in data.as_numpy_iterator()
    ]


def main(folder, result):
    os.chdir(folder)
    found = {}
    for name, (function, arguments) in cases.ON_TENSORFLOW.items():
        data = getattr(keras.utils, function)(**arguments, verbose=False)
        found[name] = data.class_names, batches_of(data)
    for name, (data, arguments) in cases.SPLITS.items():
        found[name] = [batches_of(part) for part in keras.utils.split_dataset(data, **arguments)]
    with open(result, "wb") as file:
        pickle.dump(found, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
