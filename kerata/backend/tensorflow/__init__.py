"""The TensorFlow engine: eager with a tape of its own, compiled by `tf.function` and XLA."""

import os

# TensorFlow's start-up messages speak of nothing that a user could act on.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
