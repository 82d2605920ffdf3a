"""Settings of the process: floatx, epsilon, image layout, seeds, tracebacks; and the backend.

`kerata/config.py` lists them for users. The starting values come from `~/.kerata/kerata.json`
where it exists (keys `floatx`, `epsilon`, `image_data_format`, `backend`).
"""

from __future__ import annotations

import json
import os
import pathlib
import random
import secrets
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from kerata.backend.select import backend, set_backend, use_backend

__all__ = [
    "backend",
    "check_numerics",
    "disable_flash_attention",
    "disable_interactive_logging",
    "disable_traceback_filtering",
    "enable_flash_attention",
    "enable_interactive_logging",
    "enable_traceback_filtering",
    "enable_unsafe_deserialization",
    "epsilon",
    "floatx",
    "image_data_format",
    "is_flash_attention_enabled",
    "is_interactive_logging_enabled",
    "is_nnx_enabled",
    "is_traceback_filtering_enabled",
    "max_epochs",
    "max_steps_per_epoch",
    "next_seed",
    "set_backend",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "set_max_epochs",
    "set_max_steps_per_epoch",
    "set_random_seed",
    "use_backend",
]

_FLOATX = ("bfloat16", "float16", "float32", "float64")
_IMAGE_DATA_FORMATS = ("channels_last", "channels_first")


def _saved_settings() -> dict[str, Any]:
    home = os.environ.get("KERATA_HOME") or pathlib.Path.home() / ".kerata"
    path = pathlib.Path(home) / "kerata.json"
    return json.loads(path.read_text()) if path.is_file() else {}


def _limit_of_environment(variable: str) -> int | None:
    text = os.environ.get(variable)
    return int(text) if text else None


_saved = _saved_settings()
_settings: dict[str, Any] = {
    "floatx": _saved.get("floatx", "float32"),
    "epsilon": _saved.get("epsilon", 1e-7),
    "image_data_format": _saved.get("image_data_format", "channels_last"),
    "filter_tracebacks": True,
    "interactive_logging": True,
    "flash_attention": None,
    "max_epochs": _limit_of_environment("KERAS_MAX_EPOCHS"),
    "max_steps_per_epoch": _limit_of_environment("KERAS_MAX_STEPS_PER_EPOCH"),
}


def floatx() -> str:
    """Return the default float dtype.

    >>> floatx()
    'float32'
    """
    return _settings["floatx"]


def set_floatx(value: str) -> None:
    """Set the default float dtype of new variables and converted data.

    Args:
        value: `"float16"`, `"bfloat16"`, `"float32"` or `"float64"`.

    Raises:
        ValueError: if `value` is not a float dtype.
    """
    _settings["floatx"] = _one_of("floatx", value, _FLOATX)


def epsilon() -> float:
    """Return the small number that keeps divisions and logarithms finite."""
    return _settings["epsilon"]


def set_epsilon(value: float) -> None:
    """Set the small number that keeps divisions and logarithms finite.

    Args:
        value: a small positive number.
    """
    _settings["epsilon"] = float(value)


def image_data_format() -> str:
    """Return where image layers expect the channels: `"channels_last"` or `"channels_first"`."""
    return _settings["image_data_format"]


def set_image_data_format(data_format: str) -> None:
    """Set where image layers expect the channels, unless they are told.

    Args:
        data_format: `"channels_last"` or `"channels_first"`.

    Raises:
        ValueError: if `data_format` is neither of the two.
    """
    _settings["image_data_format"] = data_format_or_default(data_format)


def data_format_or_default(data_format: str | None) -> str:
    """Return a checked image data format, the process's default for `None`."""
    if data_format is None:
        return image_data_format()
    return _one_of("data_format", data_format, _IMAGE_DATA_FORMATS)


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise ValueError(f"`{name}` is {value!r}; expected one of {', '.join(map(repr, allowed))}.")
    return value


def enable_traceback_filtering() -> None:
    """Let tracebacks end in the user's line: frames inside kerata are left out."""
    _settings["filter_tracebacks"] = True


def disable_traceback_filtering() -> None:
    """Show every frame of a traceback, kerata's own included."""
    _settings["filter_tracebacks"] = False


def is_traceback_filtering_enabled() -> bool:
    """Tell whether frames inside kerata are left out of tracebacks."""
    return _settings["filter_tracebacks"]


def enable_interactive_logging() -> None:
    """Let `fit`, `evaluate` and `predict` show a bar that moves, where output is a terminal."""
    _settings["interactive_logging"] = True


def disable_interactive_logging() -> None:
    """Let `fit`, `evaluate` and `predict` write one plain line per epoch, as into a file."""
    _settings["interactive_logging"] = False


def is_interactive_logging_enabled() -> bool:
    """Tell whether a progress bar may move.

    >>> is_interactive_logging_enabled()
    True
    """
    return _settings["interactive_logging"]


def max_epochs() -> int | None:
    """Return the most epochs that `fit` trains, whatever it is asked for; `None` for no limit."""
    return _settings["max_epochs"]


def set_max_epochs(max_epochs: int | None) -> None:
    """Set the most epochs that `fit` trains, whatever it is asked for: for quick checks of scripts.

    The variable KERAS_MAX_EPOCHS sets it from outside.

    Args:
        max_epochs: an integer >= 1, or `None` for no limit.

    Raises:
        ValueError: if it is neither.
    """
    _settings["max_epochs"] = _checked_limit("max_epochs", max_epochs)


def max_steps_per_epoch() -> int | None:
    """Return the most steps of an epoch, an evaluation or a prediction; `None` for no limit."""
    return _settings["max_steps_per_epoch"]


def set_max_steps_per_epoch(max_steps_per_epoch: int | None) -> None:
    """Set the most steps that an epoch, an evaluation or a prediction runs: for quick checks.

    The variable KERAS_MAX_STEPS_PER_EPOCH sets it from outside.

    Args:
        max_steps_per_epoch: an integer >= 1, or `None` for no limit.

    Raises:
        ValueError: if it is neither.
    """
    limit = _checked_limit("max_steps_per_epoch", max_steps_per_epoch)
    _settings["max_steps_per_epoch"] = limit


def _checked_limit(name: str, value: int | None) -> int | None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
        raise ValueError(f"`{name}` is {value!r}; expected an integer >= 1, or None for no limit.")
    return value


def enable_flash_attention() -> None:
    """Let engines compute attention by their fused kernels."""
    _settings["flash_attention"] = True


def disable_flash_attention() -> None:
    """Compute attention by its formula: slower, and with more memory, for comparisons."""
    _settings["flash_attention"] = False


def is_flash_attention_enabled() -> bool | None:
    """Return whether fused kernels were asked for or ruled out; `None` if nobody has said.

    >>> is_flash_attention_enabled() is None
    True
    """
    return _settings["flash_attention"]


def is_nnx_enabled() -> bool:
    """Tell whether layers are Flax NNX modules: never; see `layer.functional()` for Flax."""
    return False


def enable_unsafe_deserialization() -> None:
    """Warn that there is nothing to enable: kerata never runs code that a file holds."""
    warnings.warn(
        "kerata never runs code that a file holds: give functions and classes of yours in "
        "`custom_objects`, or register them with `register_keras_serializable`.",
        stacklevel=2,
    )


def check_numerics(enabled: bool = True) -> AbstractContextManager[None]:
    """Raise an error where a NaN or an infinity first appears: in which op, layer and line.

    Use it as a function, from then on, or in a `with` block, for the block. It holds for the
    calling thread. Compiled steps run as they do otherwise; one that gives NaN or infinity is
    repeated line by line from the state before it, to find the place. Infinity that is put in on
    purpose (a mask of -inf) is no error.

    Args:
        enabled: whether to look; `False` stops it, or leaves out a block.

    Returns:
        A context manager that sets back what was before when its block ends.

    >>> import kerata
    >>> with kerata.config.check_numerics():
    ...     kerata.ops.log([1.0, 0.0])
    Traceback (most recent call last):
    FloatingPointError: `log` made infinity in 1 of 2 values.
    ...
    """
    from kerata.core.numerics import Checking

    return Checking(enabled)


# Seeds: one sequence per process, from which every unseeded initializer and generator draws.
_seeds: dict[str, Any] = {"entropy": secrets.randbits(63), "drawn": 0, "explicit": False}
_MASK = (1 << 64) - 1


def set_random_seed(seed: int) -> None:
    """Seed everything random in this process: Python, NumPy, engines, weights, dropout, shuffling.

    After it, building and training the same model on the same backend and device repeats
    bit for bit.

    Args:
        seed: an integer >= 0.

    Raises:
        ValueError: if `seed` is not a non-negative integer.
    """
    if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
        raise ValueError(f"`seed` is {seed!r}; expected an integer >= 0, such as 42.")
    import numpy as np

    from kerata.backend.select import loaded_backends

    random.seed(seed)
    np.random.seed(seed % (1 << 32))
    for engine in loaded_backends():
        engine.set_random_seed(seed)
    _seeds.update(entropy=seed, drawn=0, explicit=True)
    _settings.pop("global_seed_generator", None)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw all seeds inside a `with` block from one; afterwards the process's sequence goes on."""
    before, generator = dict(_seeds), _settings.pop("global_seed_generator", None)
    _seeds.update(entropy=seed, drawn=0)
    try:
        yield
    finally:
        _seeds.update(before)
        _settings.pop("global_seed_generator", None)
        if generator is not None:
            _settings["global_seed_generator"] = generator


def random_seed() -> int | None:
    """Return the seed given to `set_random_seed`, or `None`."""
    return _seeds["entropy"] if _seeds["explicit"] else None


def next_seed() -> int:
    """Draw the next seed (32 bit) of the process's sequence.

    The sequence is SplitMix64 (Steele, Lea and Flood, 2014) started at the process seed.
    """
    _seeds["drawn"] += 1
    z = (_seeds["entropy"] + _seeds["drawn"] * 0x9E3779B97F4A7C15) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return (z ^ (z >> 31)) >> 33


def global_seed_generator(make):
    """Return the process's shared seed generator, made by `make()` on first use."""
    if "global_seed_generator" not in _settings:
        _settings["global_seed_generator"] = make()
    return _settings["global_seed_generator"]
