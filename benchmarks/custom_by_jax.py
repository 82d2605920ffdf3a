"""The networks of examples/ and their training steps, written by hand for JAX."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from benchmarks.by_jax import NAMES, adam, cross_entropy, dropout, glorot
from benchmarks.tasks import NOISE, TASKS, data, seconds_of

Epoch = Callable[[np.ndarray], None]

# A compiled step whose first argument, what is trained, is consumed and replaced.
_step = functools.partial(jax.jit, donate_argnums=0)


def prepare(name: str) -> Callable[[], list[float]]:
    """Return a function that trains some epochs and gives their seconds."""
    task = TASKS[name]
    x, y = data(name)
    if name == "tape":
        epoch = _tape(x, y)
    else:
        epoch = _vae(x) if name == "vae" else _gan(x.reshape(len(x), 784), task.batch)
    random = np.random.default_rng(0)

    def shuffled_epoch() -> None:
        epoch(random.permutation(len(x)).reshape(task.steps, task.batch))

    return lambda: seconds_of(shuffled_epoch, task.epochs)


def _weights(**shapes: tuple[int, ...]) -> dict[str, tuple]:
    """Return a kernel and a bias for each shape of a kernel."""
    random = np.random.default_rng(1)
    return {name: (glorot(random, *s), jnp.zeros(s[-1])) for name, s in shapes.items()}


def _with_memories(p: Any) -> tuple:
    """Return what Adam keeps: parameters, means, squares and the number of updates."""
    means, squares = (jax.tree.map(jnp.zeros_like, p) for _ in range(2))
    return p, means, squares, jnp.float32(0)


def _updated(state: tuple, g: Any, **settings: float) -> tuple:
    p, means, squares, t = state
    return (*adam(p, g, means, squares, t + 1, **settings), t + 1)


def _dense(weights: tuple, x: Any) -> Any:
    kernel, bias = weights
    return x @ kernel + bias


# -- one loop over matrices ------------------------------------------------------------------


def _tape(x: np.ndarray, y: np.ndarray) -> Epoch:
    sizes = itertools.pairwise((784, 128, 256, 10))
    p = _weights(**{f"floor{i}": pair for i, pair in enumerate(sizes)})

    def loss_of(p: dict, x: Any, y: Any) -> tuple[Any, Any]:
        *hidden, last = p.values()
        for weights in hidden:
            x = jax.nn.sigmoid(_dense(weights, x))
        probabilities = jax.nn.softmax(_dense(last, x))
        right = (jax.nn.one_hot(y, 10) * probabilities).sum(-1)
        loss = -jnp.log(jnp.clip(right, 1e-9, 1.0)).mean()
        return loss, (probabilities.argmax(-1) == y).mean()

    @_step
    def step(p: dict, x: Any, y: Any) -> tuple:
        (loss, accuracy), g = jax.value_and_grad(loss_of, has_aux=True)(p, x, y)
        return jax.tree.map(lambda p, g: p - 0.5 * g, p, g), loss, accuracy

    def epoch(order: np.ndarray) -> None:
        nonlocal p
        for rows in order:
            p, loss, accuracy = step(p, x[rows], y[rows])
        float(loss), float(accuracy)

    return epoch


# -- variational autoencoder -----------------------------------------------------------------


def _convolution(weights: tuple, x: Any, strides: int) -> Any:
    kernel, bias = weights
    strides_of = (strides, strides)
    return lax.conv_general_dilated(x, kernel, strides_of, "SAME", dimension_numbers=NAMES) + bias


def _transposed_convolution(weights: tuple, x: Any) -> Any:
    kernel, bias = weights
    return lax.conv_transpose(x, kernel, (2, 2), "SAME", dimension_numbers=NAMES) + bias


def _vae_losses(p: dict, pictures: Any, key: Any) -> tuple[Any, Any]:
    x = jax.nn.relu(_convolution(p["encoder0"], pictures, 2))
    x = jax.nn.relu(_convolution(p["encoder1"], x, 2)).reshape(len(x), -1)
    x = jax.nn.relu(_dense(p["encoder2"], x))
    mean, log_variance = _dense(p["mean"], x), _dense(p["log_variance"], x)
    point = mean + jnp.exp(0.5 * log_variance) * jax.random.normal(key, mean.shape)
    x = jax.nn.relu(_dense(p["decoder0"], point))
    x = jax.nn.relu(_dense(p["decoder1"], x)).reshape(-1, 7, 7, 64)
    x = jax.nn.relu(_transposed_convolution(p["decoder2"], x))
    x = jax.nn.relu(_transposed_convolution(p["decoder3"], x))
    logits = _convolution(p["decoder4"], x, 1)
    reconstruction = cross_entropy(logits, pictures).sum((1, 2, 3)).mean()
    kl = -0.5 * (1 + log_variance - mean**2 - jnp.exp(log_variance))
    kl = kl.sum(1).mean()
    total = reconstruction + kl
    return total, jnp.stack([total, reconstruction, kl])


def _vae(pictures: np.ndarray) -> Epoch:
    trained = _with_memories(
        _weights(
            encoder0=(3, 3, 1, 32), encoder1=(3, 3, 32, 64), encoder2=(3136, 64),
            mean=(64, 2), log_variance=(64, 2),
            decoder0=(2, 64), decoder1=(64, 3136), decoder2=(3, 3, 64, 64),
            decoder3=(3, 3, 64, 32), decoder4=(3, 3, 32, 1),
        )
    )  # fmt: skip
    state = (trained, jax.random.key(0), jnp.zeros(3))

    @_step
    def step(state: tuple, pictures: Any) -> tuple:
        trained, key, totals = state
        key, use = jax.random.split(key)
        g, losses = jax.grad(_vae_losses, has_aux=True)(trained[0], pictures, use)
        return _updated(trained, g), key, totals + losses

    def epoch(order: np.ndarray) -> None:
        nonlocal state
        for rows in order:
            state = step(state, pictures[rows])
        np.asarray(state[2])

    return epoch


# -- two networks against each other ---------------------------------------------------------


def _leaky(x: Any) -> Any:
    return jax.nn.leaky_relu(x, 0.2)


def _normalized(scale_and_shift: tuple, averages: tuple, x: Any) -> tuple[Any, tuple]:
    mean, variance = x.mean(0), x.var(0)
    scale, shift = scale_and_shift
    new = tuple(0.8 * a + 0.2 * b for a, b in zip(averages, (mean, variance), strict=True))
    return (x - mean) * lax.rsqrt(variance + 1e-3) * scale + shift, new


def _forged(p: dict, averages: list, key: Any, batch: int) -> tuple[Any, list]:
    x = jax.random.normal(key, (batch, NOISE))
    x, first = _normalized(p["norm0"], averages[0], _leaky(_dense(p["dense0"], x)))
    x, second = _normalized(p["norm1"], averages[1], _leaky(_dense(p["dense1"], x)))
    return jnp.tanh(_dense(p["dense2"], x)), [first, second]


def _judged(p: dict, x: Any, key: Any) -> Any:
    first, second = jax.random.split(key)
    x = dropout(first, _leaky(_dense(p["dense0"], x)), 0.3)
    x = dropout(second, _leaky(_dense(p["dense1"], x)), 0.3)
    return _dense(p["dense2"], x)


def _gan(pictures: np.ndarray, batch: int) -> Epoch:
    settings = {"rate": 2e-4, "beta": 0.5}
    generator = _weights(dense0=(NOISE, 256), dense1=(256, 512), dense2=(512, 784))
    generator |= {f"norm{i}": (jnp.ones(n), jnp.zeros(n)) for i, n in enumerate((256, 512))}
    discriminator = _weights(dense0=(784, 512), dense1=(512, 256), dense2=(256, 1))
    averages = [(jnp.zeros(n), jnp.ones(n)) for n in (256, 512)]
    state = {
        "generator": _with_memories(generator), "discriminator": _with_memories(discriminator),
        "averages": averages, "key": jax.random.key(0), "right": jnp.float32(0),
    }  # fmt: skip

    @_step
    def discriminator_step(state: dict, real: Any) -> tuple[dict, Any]:
        key, noise, drop = jax.random.split(state["key"], 3)
        forged, averages = _forged(state["generator"][0], state["averages"], noise, batch)
        mixed = jnp.concatenate([real, forged])
        truth = jnp.concatenate([jnp.ones((batch, 1)), jnp.zeros((batch, 1))])

        def loss_of(p: dict) -> tuple[Any, Any]:
            guess = _judged(p, mixed, drop)
            right = ((guess > 0) == (truth > 0.5)).mean()
            return cross_entropy(guess, 0.9 * truth + 0.05).mean(), right

        trained = state["discriminator"]
        (loss, right), g = jax.value_and_grad(loss_of, has_aux=True)(trained[0])
        new = {"discriminator": _updated(trained, g, **settings), "averages": averages, "key": key}
        return {**state, **new, "right": state["right"] + right}, loss

    @_step
    def generator_step(state: dict) -> tuple[dict, Any]:
        key, noise, drop = jax.random.split(state["key"], 3)

        def loss_of(p: dict) -> tuple[Any, Any]:
            forged, averages = _forged(p, state["averages"], noise, batch)
            guess = _judged(state["discriminator"][0], forged, drop)
            return cross_entropy(guess, 0.95).mean(), averages

        trained = state["generator"]
        (loss, averages), g = jax.value_and_grad(loss_of, has_aux=True)(trained[0])
        new = {"generator": _updated(trained, g, **settings), "averages": averages, "key": key}
        return {**state, **new}, loss

    def epoch(order: np.ndarray) -> None:
        nonlocal state
        for rows in order:
            state, fooled = discriminator_step(state, pictures[rows])
            state, forged = generator_step(state)
        float(fooled), float(forged), float(state["right"])

    return epoch
