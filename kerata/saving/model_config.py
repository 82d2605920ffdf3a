"""What a file says of a model's structure and of what it was compiled with."""

from __future__ import annotations

from typing import Any

from kerata.core.serialization import serialize


def model_config(model: Any) -> dict[str, Any]:
    """Return the configuration; what `compile` was not told is left out: Keras has defaults."""
    config = serialize(model)
    if "compile_config" in config:
        told = {k: v for k, v in config["compile_config"].items() if v is not None}
        config["compile_config"] = told
    return config
