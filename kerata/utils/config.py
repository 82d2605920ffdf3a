"""Config: a dictionary of settings with attribute access, which can be frozen."""

from __future__ import annotations

import json
from collections.abc import Iterator, MutableMapping
from typing import Any


class Config(MutableMapping):
    """Settings by name, as items and as attributes.

    Args:
        kwargs: the settings.

    Raises:
        ValueError: when a frozen one is changed.

    >>> import kerata
    >>> config = kerata.utils.Config(units=8)
    >>> config.rate = 0.1
    >>> config["rate"], config.as_dict()
    (0.1, {'units': 8, 'rate': 0.1})
    """

    def __init__(self, **kwargs: Any):
        object.__setattr__(self, "_values", dict(kwargs))
        object.__setattr__(self, "_frozen", False)

    @property
    def frozen(self) -> bool:
        """Whether nothing can be changed."""
        return self._frozen

    def freeze(self) -> None:
        """Let nothing be changed from now on."""
        object.__setattr__(self, "_frozen", True)

    def unfreeze(self) -> None:
        """Let settings be changed again."""
        object.__setattr__(self, "_frozen", False)

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as a new dictionary."""
        return dict(self._values)

    def to_json(self) -> str:
        """Return the settings as JSON text."""
        return json.dumps(self._values)

    def get(self, keyname: str, value: Any = None) -> Any:
        """Return a setting, or `value` if there is none of this name."""
        return self._values.get(keyname, value)

    def _must_not_be_frozen(self) -> None:
        if self._frozen:
            raise ValueError("The Config is frozen, so it does not change: `unfreeze()` it first.")

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._must_not_be_frozen()
        self._values[key] = value

    def __delitem__(self, key: str) -> None:
        self._must_not_be_frozen()
        del self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name not in self._values:
            raise AttributeError(f"The Config has no {name!r}; it has {list(self._values)}.")
        return self._values[name]

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        if name not in self:
            raise AttributeError(f"The Config has no {name!r}; it has {list(self._values)}.")
        del self[name]

    def __repr__(self) -> str:
        return f"<Config {self._values}>"
