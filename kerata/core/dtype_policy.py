"""Dtype policies: in which dtype a layer computes and in which it keeps its variables."""

from __future__ import annotations

from typing import Any

from kerata.core import config, dtypes
from kerata.core.registry import register
from kerata.core.serialization import Configurable

_MIXED = {"mixed_float16": "float16", "mixed_bfloat16": "bfloat16"}


@register("dtype_policies")
class DTypePolicy(Configurable):
    """Compute dtype and variable dtype of layers.

    Args:
        name: a dtype name (both dtypes), `"mixed_float16"` or `"mixed_bfloat16"` (variables
            stay float32); `None` takes the process's policy.

    Raises:
        ValueError: if the name is neither.

    >>> policy = DTypePolicy("mixed_bfloat16")
    >>> policy.compute_dtype, policy.variable_dtype
    ('bfloat16', 'float32')
    """

    def __init__(self, name: str | None = None, source_name: str | None = None):
        self.name: str = name or dtype_policy().name
        self.source_name = source_name
        if self.name in _MIXED:
            self.compute_dtype, self.variable_dtype = _MIXED[self.name], "float32"
        else:
            self.compute_dtype = self.variable_dtype = dtypes.canonical(self.name)

    @property
    def quantization_mode(self) -> None:
        """Always `None`: quantization is a transformation of layers from outside."""
        return None

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"name": self.name}

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self.name}">'

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicy) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)


_default: dict[str, DTypePolicy] = {}


def dtype_policy() -> DTypePolicy:
    """Return the policy of layers that are not given one."""
    return _default.get("policy") or DTypePolicy(config.floatx())


def set_dtype_policy(policy: str | DTypePolicy) -> None:
    """Set the policy of layers that are not given one."""
    _default["policy"] = get_policy(policy)


def get_policy(identifier: Any) -> DTypePolicy:
    """Return a policy given as itself, a name, a configuration or `None` (the default)."""
    if isinstance(identifier, DTypePolicy):
        return identifier
    if identifier is None:
        return dtype_policy()
    if isinstance(identifier, dict):
        return DTypePolicy(identifier["config"]["name"])
    name = getattr(identifier, "name", identifier)
    return DTypePolicy(name if name in _MIXED else dtypes.canonical(name))
