"""PyTorch kernels for updates of many tensors: one call for a whole list.

`multi_*` are the arithmetic of `kerata.optimizers.multi.Tensors`. `fused_*` do whole updates in
place, for eager training, where each call into the engine counts; they take the learning rate
and the number of the step as Python numbers.
"""

import torch
from torch._subclasses.fake_tensor import FakeTensor


def host_scalar(x):
    """Return a tensor of shape () as a Python number, without waiting for a GPU twice.

    Reading a number from a GPU stops it, so a number once read is kept until it changes.
    """
    if isinstance(x, FakeTensor):
        # While a step is captured there are no values. Python's numbers have 64 bits, and bias
        # corrections need them.
        return x if x.dtype == torch.bool else x.double()
    if not x.is_cuda:
        return x.item()
    known = getattr(x, "_host_number", None)
    if known is None or known[0] != x._version:
        known = x._host_number = (x._version, x.item())
    return known[1]


# -- arithmetic of lists ---------------------------------------------------------------------


def multi_add(x, y):
    return torch._foreach_add(x, y)


def multi_subtract(x, y):
    return torch._foreach_add(x, -y) if isinstance(y, torch.Tensor) else torch._foreach_sub(x, y)


def multi_multiply(x, y):
    return torch._foreach_mul(x, y)


def multi_divide(x, y):
    return torch._foreach_div(x, y)


def multi_maximum(x, y):
    return torch._foreach_maximum(x, y)


def multi_minimum(x, y):
    return torch._foreach_minimum(x, y)


def multi_power(x, exponent):
    return torch._foreach_pow(x, exponent)


def multi_sqrt(x):
    return torch._foreach_sqrt(x)


def multi_sign(x):
    return torch._foreach_sign(x)


def multi_abs(x):
    return torch._foreach_abs(x)


def multi_negative(x):
    return torch._foreach_neg(x)


def multi_reciprocal(x):
    return torch._foreach_reciprocal(x)


# -- whole updates in place ------------------------------------------------------------------


def fused_increment(x):
    """Add one to an integer, and keep what `host_scalar` knows of it."""
    known = getattr(x, "_host_number", None)
    x.add_(1)
    if known is not None:
        x._host_number = (x._version, known[1] + 1)


def fused_decay(values, amount):
    if values:
        torch._foreach_mul_(values, 1.0 - amount)


def fused_sgd(values, gradients, *slots, momentum, nesterov, rate, step):
    if not momentum:
        torch._foreach_add_(values, gradients, alpha=-rate)
        return
    (moves,) = slots
    torch._foreach_mul_(moves, momentum)
    torch._foreach_add_(moves, gradients, alpha=-rate)
    if nesterov:
        torch._foreach_add_(values, moves, alpha=momentum)
        torch._foreach_add_(values, gradients, alpha=-rate)
    else:
        torch._foreach_add_(values, moves)


def fused_rmsprop(
    values, gradients, velocities, *slots, rho, momentum, epsilon, centered, rate, step
):
    torch._foreach_mul_(velocities, rho)
    torch._foreach_addcmul_(velocities, gradients, gradients, 1.0 - rho)
    if centered:
        means = slots[-1]
        torch._foreach_lerp_(means, gradients, 1.0 - rho)
        spread = torch._foreach_addcmul(velocities, means, means, -1.0)
        torch._foreach_add_(spread, epsilon)
    else:
        spread = torch._foreach_add(velocities, epsilon)
    torch._foreach_sqrt_(spread)
    if momentum > 0:
        moves = slots[0]
        torch._foreach_mul_(moves, momentum)
        torch._foreach_addcdiv_(moves, gradients, spread, rate)
        torch._foreach_sub_(values, moves)
    else:
        torch._foreach_addcdiv_(values, gradients, spread, -rate)


def fused_adagrad(values, gradients, totals, *, epsilon, rate, step):
    torch._foreach_addcmul_(totals, gradients, gradients)
    spread = torch._foreach_add(totals, epsilon)
    torch._foreach_sqrt_(spread)
    torch._foreach_addcdiv_(values, gradients, spread, -rate)


def fused_adam(
    values, gradients, means, squares, *slots, beta_1, beta_2, epsilon, amsgrad, rate, step
):
    rate = rate * (1.0 - beta_2**step) ** 0.5 / (1.0 - beta_1**step)
    largest = slots[0] if amsgrad else []
    settings = (beta_1, beta_2, epsilon, rate)
    # torch's own kernel reads memory in order: it is wrong for tensors laid out otherwise.
    if _FUSED_ADAM is not None and _in_order(values, means, squares, largest):
        gradients = [g if g.is_contiguous() else g.contiguous() for g in gradients]
        _one_kernel_adam(values, gradients, means, squares, largest, *settings)
    else:
        _foreach_adam(values, gradients, means, squares, largest, *settings)


# The name is private to torch, so it may go away.
_FUSED_ADAM = getattr(torch, "_fused_adam_", None)

# By device, a number of steps after which no bias is left: it makes torch's kernel leave the
# correction to us. The correction in the rate keeps epsilon where Keras has it.
_ENDLESS: dict = {}


def _in_order(*columns):
    return all(x.is_contiguous() for column in columns for x in column)


def _one_kernel_adam(values, gradients, means, squares, largest, beta_1, beta_2, epsilon, rate):
    device = values[0].device
    if device not in _ENDLESS:
        _ENDLESS[device] = torch.tensor(1e30, device=device)
    _FUSED_ADAM(
        values,
        gradients,
        means,
        squares,
        largest,
        [_ENDLESS[device]] * len(values),
        lr=rate,
        beta1=beta_1,
        beta2=beta_2,
        weight_decay=0.0,
        eps=epsilon,
        amsgrad=bool(largest),
        maximize=False,
    )


def _foreach_adam(values, gradients, means, squares, largest, beta_1, beta_2, epsilon, rate):
    torch._foreach_lerp_(means, gradients, 1.0 - beta_1)
    torch._foreach_mul_(squares, beta_2)
    torch._foreach_addcmul_(squares, gradients, gradients, 1.0 - beta_2)
    if largest:
        torch._foreach_maximum_(largest, squares)
    spread = torch._foreach_sqrt(largest or squares)
    torch._foreach_add_(spread, epsilon)
    torch._foreach_addcdiv_(values, means, spread, -rate)
