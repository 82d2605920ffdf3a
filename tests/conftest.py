"""Fixtures of all tests: the backends, and Keras on its JAX backend as the oracle."""

from __future__ import annotations

import importlib.util
import os

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("KERATA_COMPILATION_CACHE", "0")
os.environ.setdefault("MPLBACKEND", "Agg")
# Test processes run side by side; threads of one would only wait for those of the others.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# GPUs multiply float32 in lower precision otherwise, and no number would agree with an oracle's.
os.environ.setdefault("NVIDIA_TF32_OVERRIDE", "0")
os.environ.setdefault("JAX_DEFAULT_MATMUL_PRECISION", "highest")
# Three engines share the memory of one device, also between the processes of a run.
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")

import pytest  # noqa: E402

import kerata  # noqa: E402

# TensorFlow is heavy, so it has a run of its own: `make test-tensorflow`.
ON_TENSORFLOW = os.environ.get("KERATA_BACKEND") == "tensorflow"
BACKENDS = ("tensorflow",) if ON_TENSORFLOW else ("numpy", "jax", "torch")
TRAINING_BACKENDS = tuple(name for name in BACKENDS if name != "numpy")


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "tensorflow: needs TensorFlow, so it runs in `make test-tensorflow`"
    )


def pytest_collection_modifyitems(config, items):
    """Skip what needs TensorFlow where it is not installed.

    In its own run, leave out what runs no engine, or one of its own choice: it ran before.
    """
    if importlib.util.find_spec("tensorflow") is None:
        for item in items:
            if item.get_closest_marker("tensorflow"):
                item.add_marker(pytest.mark.skip(reason="TensorFlow is not installed"))
    if not ON_TENSORFLOW:
        return
    asked = {"backend", "training_backend", "on_tensorflow"}
    kept = [
        item
        for item in items
        if asked & set(getattr(item, "fixturenames", ())) or item.get_closest_marker("tensorflow")
    ]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
    items[:] = kept


@pytest.fixture(params=BACKENDS)
def backend(request):
    """Run the test once per backend, which is the default inside it."""
    with kerata.use_backend(request.param) as engine:
        yield engine.name


@pytest.fixture(params=TRAINING_BACKENDS)
def training_backend(request):
    """Run the test once per backend that has gradients."""
    with kerata.use_backend(request.param) as engine:
        yield engine.name


@pytest.fixture
def quick_compilation():
    """Many small programs of JAX are compiled and run once each."""
    import jax

    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


@pytest.fixture
def compiled_once(tmp_path_factory):
    """Programs of JAX are kept on disk, as for users: equal models are compiled once."""
    import jax
    from jax.experimental.compilation_cache import compilation_cache

    settings = {
        "jax_compilation_cache_dir": str(tmp_path_factory.getbasetemp() / "compiled"),
        "jax_persistent_cache_min_compile_time_secs": 0.05,
    }
    before = {name: getattr(jax.config, name) for name in settings}
    for values in (settings, before):
        for name, value in values.items():
            jax.config.update(name, value)
        compilation_cache.reset_cache()
        if values is settings:
            yield


@pytest.fixture(autouse=True)
def fresh_names_and_seed():
    """Each test counts automatic names from the start and draws the same seeds."""
    kerata.utils.clear_session(free_memory=False)
    kerata.utils.set_random_seed(1234)
