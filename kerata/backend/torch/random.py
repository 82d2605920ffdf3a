"""PyTorch kernels of random numbers, pure functions of their key: a seed and a counter.

Samples come from a generator that is seeded anew from the key. The mask of `dropped_out` is a
hash of the position instead: a fifth of the time, and the key need not be read by the host. The
arithmetic of 32-bit words is done on int32, which overflows alike; torch has little for uint32.
"""

import math

import torch
from torch._subclasses.fake_tensor import FakeTensor

_FIRST, _SECOND = 0x7FEB352D, 0x846CA68B - 2**32
_WORD = 0xFFFFFFFF


def advance_key(key):
    advanced = key.clone()
    advanced.view(torch.int32)[1] += 1
    return advanced


def _generator(key):
    first, _ = _words_of(key)
    return torch.Generator(key.device).manual_seed(int(first) & _WORD)


def _empty(key, shape, dtype):
    return torch.empty(shape, dtype=getattr(torch, dtype), device=key.device)


def uniform_samples(key, shape, dtype):
    return _empty(key, shape, dtype).uniform_(generator=_generator(key))


def normal_samples(key, shape, dtype):
    return _empty(key, shape, dtype).normal_(generator=_generator(key))


def truncated_normal_samples(key, shape, dtype):
    # the inverse of the distribution function, of uniform samples between its values at -2 and 2
    bound = math.erf(2 / math.sqrt(2))
    uniform = _empty(key, shape, "float32" if dtype != "float64" else dtype)
    uniform.uniform_(-bound, bound, generator=_generator(key))
    samples = (uniform.erfinv_() * math.sqrt(2)).clamp_(-2, 2)
    return samples.to(getattr(torch, dtype))


def integer_samples(key, shape, minval, maxval, dtype):
    samples = torch.randint(minval, maxval, shape, generator=_generator(key), device=key.device)
    return samples.to(getattr(torch, dtype))


def categorical_samples(key, logits, num_samples, dtype):
    probabilities = torch.softmax(logits, -1)
    drawn = torch.multinomial(probabilities, num_samples, True, generator=_generator(key))
    return drawn.to(getattr(torch, dtype))


def gamma_samples(key, alpha, shape, dtype):
    samples = torch._standard_gamma(_wide(alpha, shape), generator=_generator(key))
    return samples.to(getattr(torch, dtype))


def beta_samples(key, alpha, beta, shape, dtype):
    concentration = torch.stack([_wide(alpha, shape), _wide(beta, shape)], -1)
    samples = torch._sample_dirichlet(concentration, generator=_generator(key))[..., 0]
    return samples.to(getattr(torch, dtype))


def binomial_samples(key, counts, probabilities, shape, dtype):
    parameters = _wide(counts, shape), _wide(probabilities, shape)
    return torch.binomial(*parameters, generator=_generator(key)).to(getattr(torch, dtype))


def _wide(parameter, shape):
    """Return a parameter broadcast, in a precision for which torch has samplers."""
    wide = parameter if parameter.dtype == torch.float64 else parameter.float()
    return wide.expand(shape)


def permuted(key, x, axis):
    order = torch.rand(x.shape, dtype=torch.float64, generator=_generator(key), device=key.device)
    return x.gather(axis, order.argsort(axis))


def dropped_out(inputs, key, rate, noise_shape):
    kept = _hash_of_positions(key, noise_shape) >= round(rate * 2**32) - 2**31
    return inputs * kept.to(inputs.dtype).mul_(1 / (1 - rate) if rate < 1 else 0)


def _hash_of_positions(key, shape):
    """Return a random signed 32-bit number for each position of a tensor."""
    first, step = _words_of(key)
    words = torch.arange(math.prod(shape), dtype=torch.int32, device=key.device)
    return _mix(words.mul_(step).add_(first)).view(shape)


def _words_of(key):
    """Return the first word of a pattern, and the distance of each to the next.

    On the CPU they are found as Python numbers, which is faster; elsewhere as tensors, because
    reading the key would make the host wait for the device. While a step is captured there is
    nothing to read.
    """
    if key.device.type == "cpu" and not isinstance(key, FakeTensor):
        seed, counter = key.tolist()
        first = _mix_number((_mix_number(seed) + counter) & _WORD)
        step = _mix_number(first) | 1  # odd: no word comes twice
        return _signed(first), _signed(step)
    seed, counter = key.view(torch.int32)
    first = _mix(_mix(seed.clone()).add_(counter))
    return first, _mix(first.clone()).bitwise_or_(1)


def _mix_number(word):
    word = ((word ^ (word >> 16)) * _FIRST) & _WORD
    return ((word ^ (word >> 15)) * _SECOND) & _WORD


def _signed(word):
    return word - 2**32 if word >= 2**31 else word


def _mix(words):
    """Scatter the bits of 32-bit words in place, most thoroughly into the high bits."""
    # the masks make the shifts fill up with zeros, not with the sign
    words.bitwise_xor_((words >> 16).bitwise_and_(0xFFFF)).mul_(_FIRST)
    return words.bitwise_xor_((words >> 15).bitwise_and_(0x1FFFF)).mul_(_SECOND)
