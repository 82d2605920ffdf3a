"""TensorFlow kernels for updates of many tensors; lists go through the elementwise ones.

The compiler fuses the operations of each tensor, so that lists need no kernels of their own.
"""

import tensorflow as tf


def host_scalar(x):
    """Return a tensor of shape () as what stands for a Python number: one of 64 bits.

    TensorFlow's operators take no two dtypes, and bias corrections need the precision.
    """
    return x if x.dtype == tf.bool else tf.cast(x, tf.float64)
