"""The NumPy engine: the readable reference. Forward only; no gradients."""
