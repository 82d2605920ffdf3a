"""The same training loops written by hand for JAX: jitted steps; the tiny network as a scan.

Losses and accuracies are averaged over the epoch, and samples are shuffled on the host, as
`fit` does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.tasks import LENGTH, TASKS, VOCABULARY, data, seconds_of

NAMES = ("NHWC", "HWIO", "NHWC")


def glorot(random: np.random.Generator, *shape: int) -> Any:
    """Return the first values of a kernel."""
    fan = np.prod(shape[:-2]) * (shape[-2] + shape[-1])
    limit = np.sqrt(6 / fan)
    return jnp.asarray(random.uniform(-limit, limit, shape).astype("float32"))


def _parameters(name: str) -> dict[str, Any]:
    random = np.random.default_rng(1)
    sizes = {"tiny": (16, 32, 16, 1), "mlp": (784, 512, 10), "cnn": (9216, 128, 10)}
    found: dict[str, Any] = {}
    for i, (n, m) in enumerate(zip(sizes.get(name, ()), sizes.get(name, ())[1:], strict=False)):
        found[f"w{i}"], found[f"b{i}"] = glorot(random, n, m), jnp.zeros(m)
    if name == "cnn":
        found |= {"k0": glorot(random, 3, 3, 1, 32), "c0": jnp.zeros(32)}
        found |= {"k1": glorot(random, 3, 3, 32, 64), "c1": jnp.zeros(64)}
    if name == "lstm":
        table = random.uniform(-0.05, 0.05, (VOCABULARY, 128)).astype("float32")
        found |= {"e": jnp.asarray(table), "k": glorot(random, 128, 512)}
        found |= {"u": glorot(random, 128, 512), "z": jnp.zeros(512)}
        found |= {"w0": glorot(random, 128, 1), "b0": jnp.zeros(1)}
    return found


def _dense(p: dict, h: Any, layers: int) -> Any:
    for i in range(layers):
        h = h @ p[f"w{i}"] + p[f"b{i}"]
        h = jax.nn.relu(h) if i + 1 < layers else h
    return h


def dropout(key: Any, h: Any, rate: float) -> Any:
    """Return `h` with zeros in random places."""
    return jnp.where(jax.random.bernoulli(key, 1 - rate, h.shape), h / (1 - rate), 0)


def _logits(name: str, p: dict, x: Any, key: Any) -> Any:
    if name in ("tiny", "mlp"):
        return _dense(p, x, 3 if name == "tiny" else 2)
    if name == "cnn":
        for i in range(2):
            x = jax.lax.conv_general_dilated(
                x, p[f"k{i}"], (1, 1), "VALID", dimension_numbers=NAMES
            )
            x = jax.nn.relu(x + p[f"c{i}"])
        x = jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
        first, second = jax.random.split(key)
        h = dropout(first, x, 0.25).reshape(x.shape[0], -1)
        h = dropout(second, jax.nn.relu(h @ p["w0"] + p["b0"]), 0.5)
        return h @ p["w1"] + p["b1"]
    projected = jnp.moveaxis(p["e"][x] @ p["k"] + p["z"], 1, 0)

    def cell(carry: tuple, z: Any) -> tuple:
        h, c = carry
        i, f, g, o = jnp.split(z + h @ p["u"], 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        return (jax.nn.sigmoid(o) * jnp.tanh(c), c), None

    zeros = jnp.zeros((x.shape[0], 128))
    (h, _), _ = jax.lax.scan(cell, (zeros, zeros), projected, length=LENGTH)
    return _dense(p, h, 1)


def _loss(name: str, p: dict, x: Any, y: Any, key: Any) -> tuple[Any, Any]:
    logits = _logits(name, p, x, key)
    if name in ("mlp", "cnn"):
        losses = -jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], 1)
        return losses.mean(), (logits.argmax(-1) == y).mean()
    return cross_entropy(logits, y).mean(), ((logits > 0) == (y > 0.5)).mean()


def cross_entropy(logits: Any, y: Any) -> Any:
    """Return the binary cross-entropy of each element."""
    return jnp.maximum(logits, 0) - logits * y + jnp.log1p(jnp.exp(-jnp.abs(logits)))


def adam(
    p: Any, g: Any, m: Any, v: Any, t: Any, rate: float = 0.001, beta: float = 0.9
) -> tuple[Any, Any, Any]:
    """Return the parameters after update number `t`, and Adam's two memories of gradients."""
    m = jax.tree.map(lambda m, g: beta * m + (1 - beta) * g, m, g)
    v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
    rate = rate * jnp.sqrt(1 - 0.999**t) / (1 - beta**t)
    return jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-7), p, m, v), m, v


def _rmsprop(p: Any, g: Any, m: Any, v: Any, t: Any) -> tuple:
    v = jax.tree.map(lambda v, g: 0.9 * v + 0.1 * g * g, v, g)
    return jax.tree.map(lambda p, g, v: p - 0.001 * g / jnp.sqrt(v + 1e-7), p, g, v), m, v


def _step(name: str, state: tuple, x: Any, y: Any) -> tuple:
    p, m, v, t, key, total, right = state
    key, use = jax.random.split(key)
    (loss, accuracy), g = jax.value_and_grad(lambda p: _loss(name, p, x, y, use), has_aux=True)(p)
    p, m, v = (_rmsprop if name == "mlp" else adam)(p, g, m, v, t + 1)
    return p, m, v, t + 1, key, total + loss, right + accuracy


def prepare(name: str) -> Callable[[], list[float]]:
    """Return a function that trains some epochs and gives their seconds."""
    task = TASKS[name]
    x, y = data(name)
    p = _parameters(name)
    zeros = [jax.tree.map(jnp.zeros_like, p) for _ in range(2)]
    sums = [jnp.float32(0) for _ in range(2)]
    state = (p, *zeros, jnp.float32(0), jax.random.key(0), *sums)
    step = jax.jit(lambda s, x, y: _step(name, s, x, y), donate_argnums=0)

    def scan(s: tuple, xs: Any, ys: Any) -> tuple:
        return jax.lax.scan(lambda s, b: (_step(name, s, *b), None), s, (xs, ys))[0]

    whole = jax.jit(scan, donate_argnums=0)
    random = np.random.default_rng(0)

    def epoch() -> None:
        nonlocal state
        order = random.permutation(len(x)).reshape(task.steps, task.batch)
        if name == "tiny":
            state = whole(state, x[order], y[order])
        else:
            for rows in order:
                state = step(state, x[rows], y[rows])
        float(state[5]), float(state[6])

    return lambda: seconds_of(epoch, task.epochs)
