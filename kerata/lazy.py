"""Public names that are imported when first used, so that importing a package loads little."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any


def names(module: str, targets: Mapping[str, str]) -> tuple[Callable, Callable]:
    """Return `__getattr__` and `__dir__` of a module that finds its names elsewhere.

    Args:
        module: the name of the module.
        targets: public name -> where it is defined, "module" or "module:attribute".
    """

    def find(name: str) -> Any:
        if name not in targets:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        home, _, attribute = targets[name].partition(":")
        found = importlib.import_module(home)
        value = getattr(found, attribute) if attribute else found
        setattr(sys.modules[module], name, value)
        return value

    def listed() -> list[str]:
        return sorted({*vars(sys.modules[module]), *targets})

    return find, listed
