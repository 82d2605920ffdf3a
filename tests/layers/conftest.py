"""Fixtures of the layer tests."""

from __future__ import annotations

import jax
import pytest


@pytest.fixture(scope="module", autouse=True)
def quick_compilation():
    """Let JAX compile quickly rather than well: each program here runs once, on small arrays."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)
