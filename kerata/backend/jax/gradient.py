"""Which derivatives the JAX kernels serve.

On CPUs some kernels have hand-written rules for reverse mode, which is what training uses.
JAX then refuses forward mode (`jax.jvp`, `jax.hessian`) through them; `forward_mode` brings it
back at the price of speed.
"""

import contextlib
import contextvars
from collections.abc import Iterator

import jax

_forward = contextvars.ContextVar("forward", default=False)


@contextlib.contextmanager
def forward_mode() -> Iterator[None]:
    """Trace kernels without rules of their own, so that JAX can differentiate either way.

    >>> import jax, jax.numpy as jnp, kerata
    >>> from kerata.backend.jax.gradient import forward_mode
    >>> x, kernel = jnp.ones((1, 8, 8)), jnp.ones((3, 8, 2))
    >>> with forward_mode():
    ...     _, tangent = jax.jvp(lambda x: kerata.ops.conv(x, kernel), (x,), (x,))
    >>> tangent.shape
    (1, 6, 2)
    """
    token = _forward.set(True)
    try:
        yield
    finally:
        _forward.reset(token)


def has_own_rules() -> bool:
    """Tell whether kernels shall use the formulations and gradients made for CPUs."""
    return jax.default_backend() == "cpu" and not _forward.get()
