"""In which dtypes layers compute and keep their variables.

>>> import kerata
>>> kerata.dtype_policies.get("mixed_float16").variable_dtype
'float32'
"""

from __future__ import annotations

from typing import Any

from kerata.core import serialization
from kerata.core.dtype_policy import DTypePolicy, DTypePolicyMap, FloatDTypePolicy
from kerata.core.dtype_policy import get_policy as get

__all__ = [
    "DTypePolicy",
    "DTypePolicyMap",
    "FloatDTypePolicy",
    "deserialize",
    "get",
    "serialize",
]


def serialize(dtype_policy: DTypePolicy) -> dict[str, Any]:
    """Return the configuration of a policy, as files hold it.

    Args:
        dtype_policy: the policy.

    >>> import kerata
    >>> policy = kerata.dtype_policies.DTypePolicy("mixed_float16")
    >>> kerata.dtype_policies.serialize(policy)["config"]
    {'name': 'mixed_float16'}
    """
    return serialization.serialize(dtype_policy)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """Return the policy that a configuration describes.

    Args:
        config: what `serialize` returned.
        custom_objects: the user's classes, by name.

    >>> import kerata
    >>> config = kerata.dtype_policies.serialize(kerata.dtype_policies.DTypePolicy("float16"))
    >>> kerata.dtype_policies.deserialize(config).name
    'float16'
    """
    return serialization.deserialize(config, custom_objects)
