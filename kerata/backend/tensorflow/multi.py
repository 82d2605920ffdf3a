"""TensorFlow kernels for updates of many tensors; lists go through the elementwise ones.

The compiler fuses the operations of each tensor, so that lists need no kernels of their own.
"""


def host_scalar(x):
    """Return a tensor of shape () as a Python number, if that costs nothing: here never."""
    return x
