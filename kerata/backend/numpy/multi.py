"""NumPy kernels for updates of many tensors; lists themselves go through the elementwise ones."""


def host_scalar(x):
    """Return a tensor of shape () as a Python number, if that costs nothing."""
    return x.item()
