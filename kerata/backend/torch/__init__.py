"""The PyTorch engine: eager, with autograd."""
