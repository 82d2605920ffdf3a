"""Models of other frameworks as layers: JAX, Flax, PyTorch, SavedModels of TensorFlow."""
