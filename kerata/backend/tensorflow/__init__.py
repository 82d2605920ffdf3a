"""The TensorFlow engine: eager with a tape of its own, compiled by `tf.function`, XLA where it helps."""
