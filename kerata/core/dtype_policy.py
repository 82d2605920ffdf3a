"""Dtype policies: in which dtype a layer computes and in which it keeps its variables."""

from __future__ import annotations

from typing import Any

import numpy as np

from kerata.core import config, dtypes, masks
from kerata.core.path_map import PathMap
from kerata.core.primitive import convert
from kerata.core.registry import register
from kerata.core.serialization import Configurable, deserialize, serialize
from kerata.core.spec import dtype_of
from kerata.core.variable import is_tensor_like

_MIXED = {"mixed_float16": "float16", "mixed_bfloat16": "bfloat16"}


@register("dtype_policies")
class DTypePolicy(Configurable):
    """Compute dtype and variable dtype of layers.

    Args:
        name: a dtype name (both dtypes), `"mixed_float16"` or `"mixed_bfloat16"` (variables
            stay float32); `None` takes the process's policy.

    Raises:
        ValueError: if the name is neither.

    Source: Micikevicius et al., "Mixed Precision Training" (2018).

    >>> policy = DTypePolicy("mixed_bfloat16")
    >>> policy.compute_dtype, policy.variable_dtype
    ('bfloat16', 'float32')
    """

    def __init__(self, name: str | None = None):
        name = name or dtype_policy().name
        self._name = name if name in _MIXED else dtypes.canonical(name)

    @property
    def name(self) -> str:
        """A dtype name, `"mixed_float16"` or `"mixed_bfloat16"`."""
        return self._name

    @property
    def compute_dtype(self) -> str:
        """The dtype that layers compute in."""
        return _MIXED.get(self._name, self._name)

    @property
    def variable_dtype(self) -> str:
        """The dtype of the variables of layers."""
        return "float32" if self._name in _MIXED else self._name

    @property
    def quantization_mode(self) -> None:
        """Always `None`: quantization is a transformation of layers from outside."""
        return None

    def at(self, path: str) -> DTypePolicy:
        """Return the policy of the layer at a path; a map of policies has several."""
        return self

    def convert_input(self, x: Any, autocast: bool, dtype: str) -> Any:
        """Return one argument of a layer as it is given to `call`.

        Args:
            x: a tensor, an array or a float; text, flags, integers and `None` stay as they are.
            autocast: whether floats are cast.
            dtype: to which dtype.

        >>> import numpy as np
        >>> DTypePolicy("mixed_float16").convert_input(np.ones(2), True, "float16").dtype.name
        'float16'
        """
        if x is None or isinstance(x, (str, bool, int)):
            return x
        if not is_tensor_like(x) and not isinstance(x, float):
            return x
        if isinstance(x, np.ndarray) and x.dtype.kind in "OUS":
            return x
        tensor = convert(x)
        if autocast and dtypes.is_float(found := dtype_of(tensor)) and found != dtype:
            tensor = convert(tensor, dtype)
        mask = masks.of(x)
        if mask is not None and tensor is not x:
            masks.attach(tensor, mask)
        return tensor

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"name": self.name}

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self.name}">'

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicy) and other.get_config() == self.get_config()

    def __hash__(self) -> int:
        return hash(self.name)


@register("dtype_policies")
class FloatDTypePolicy(DTypePolicy):
    """Another name of `DTypePolicy`, which files of Keras use.

    >>> FloatDTypePolicy("mixed_float16") == DTypePolicy("mixed_float16")
    True
    """


@register("dtype_policies")
class DTypePolicyMap(DTypePolicy, PathMap):
    """A policy for each layer of a model, by the path of the layer.

    Args:
        default_policy: the policy of layers that no key matches, as `get` takes it; the
            process's policy if `None`.
        policy_map: path, or regular expression of whole paths -> policy.

    Raises:
        TypeError: if `policy_map` is not a dictionary.

    >>> policies = DTypePolicyMap("float32", {"encoder/.*": "mixed_bfloat16"})
    >>> policies["encoder/dense"].compute_dtype, policies["head"].compute_dtype
    ('bfloat16', 'float32')
    """

    def __init__(self, default_policy: Any = None, policy_map: Any = None):
        self._given_default = None if default_policy is None else get_policy(default_policy)
        PathMap.__init__(self, "policy_map", policy_map)

    def _default(self) -> DTypePolicy:
        return self._given_default or dtype_policy()

    def _accepted(self, value: Any) -> DTypePolicy:
        return get_policy(value)

    @property
    def default_policy(self) -> DTypePolicy:
        """The policy of layers that no key matches."""
        return self._default()

    @property
    def name(self) -> str:
        """`"map_"` and the name of the default policy."""
        return f"map_{self.default_policy.name}"

    @property
    def compute_dtype(self) -> str:
        """The dtype that layers compute in that no key matches."""
        return self.default_policy.compute_dtype

    @property
    def variable_dtype(self) -> str:
        """The dtype of the variables of layers that no key matches."""
        return self.default_policy.variable_dtype

    def at(self, path: str) -> DTypePolicy:
        """Return the policy of the layer at a path."""
        return self[path]

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as plain data."""
        default = self._given_default
        return {
            "default_policy": default and serialize(default),
            "policy_map": {key: serialize(policy) for key, policy in self.items()},
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Return the map that a configuration describes."""
        return cls(**config)

    def __repr__(self) -> str:
        names = {key: policy.name for key, policy in self.items()}
        return f"<DTypePolicyMap default={self.default_policy.name!r}, {names}>"

    __hash__ = DTypePolicy.__hash__


_process: dict[str, DTypePolicy | None] = {}


def dtype_policy() -> DTypePolicy:
    """Return the policy of layers that are not given one.

    >>> import kerata
    >>> kerata.config.dtype_policy()
    <DTypePolicy "float32">
    """
    return _process.get("policy") or DTypePolicy(config.floatx())


def set_dtype_policy(policy: str | DTypePolicy | None) -> None:
    """Set the policy of layers that are not given one.

    Args:
        policy: a policy, or its name such as `"mixed_float16"`; `None` for what holds from the
            start: everything is in `floatx()`, also when that is changed later.

    >>> import kerata
    >>> kerata.config.set_dtype_policy("mixed_bfloat16")
    >>> kerata.layers.Dense(2).compute_dtype
    'bfloat16'
    >>> kerata.config.set_dtype_policy(None)
    """
    _process["policy"] = None if policy is None else get_policy(policy)


def get_policy(identifier: Any) -> DTypePolicy:
    """Return the policy that is meant.

    Args:
        identifier: a policy, its name, a dtype, a configuration, or `None` for the process's
            policy.

    Raises:
        ValueError: if it is none of these.

    >>> import kerata
    >>> kerata.dtype_policies.get("mixed_float16").compute_dtype
    'float16'
    """
    if isinstance(identifier, DTypePolicy):
        return identifier
    if identifier is None:
        return dtype_policy()
    if isinstance(identifier, dict):
        return deserialize(identifier)
    name = getattr(identifier, "name", identifier)
    try:
        return DTypePolicy(name if name in _MIXED else dtypes.canonical(name))
    except (ValueError, TypeError):
        raise ValueError(
            f"{identifier!r} is no dtype policy: expected a dtype such as 'float32', "
            "'mixed_float16', 'mixed_bfloat16', or a DTypePolicy."
        ) from None
