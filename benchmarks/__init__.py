"""Side-by-side measurements: kerata, Keras, and loops written by hand for JAX and PyTorch."""
