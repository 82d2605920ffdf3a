"""Real data sets to learn with, from a local folder, the cache or the network."""

from kerata.datasets import digits, fashion_mnist, mnist

__all__ = ["digits", "fashion_mnist", "mnist"]
