"""Where the backends compute on this machine: few tests say of a CPU what is not true of a GPU."""

from __future__ import annotations

import functools


@functools.cache
def on_gpu(backend: str) -> bool:
    """Tell whether a backend computes on a GPU here."""
    if backend == "jax":
        import jax

        return jax.default_backend() == "gpu"
    if backend == "torch":
        import torch

        return torch.cuda.is_available()
    if backend == "tensorflow":
        import tensorflow as tf

        return bool(tf.config.list_physical_devices("GPU"))
    return False
