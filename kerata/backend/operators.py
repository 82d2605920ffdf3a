"""Python operators of tensors, looked at: `x / y` in a user's code is an operation like others."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

_SYMBOLS = {
    "add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%",
    "pow": "**", "matmul": "@",
}  # fmt: skip


def watch(kinds: Iterable[type], look: Callable[[str, list, Any], None]) -> None:
    """Call `look(symbol, operands, result)` after each operator of tensors.

    Args:
        kinds: the classes that define the operators, in Python.
        look: takes the symbol, both operands in the order of the formula, and the result.
    """
    for kind in kinds:
        for name, symbol in _SYMBOLS.items():
            for method in (f"__{name}__", f"__r{name}__"):
                if hasattr(kind, method):
                    setattr(kind, method, _watched(getattr(kind, method), symbol, look))


def _watched(original: Callable, symbol: str, look: Callable) -> Callable:
    @functools.wraps(original)
    def operator(self: Any, other: Any) -> Any:
        result = original(self, other)
        if result is not NotImplemented:
            reflected = original.__name__.startswith("__r")
            look(symbol, [other, self] if reflected else [self, other], result)
        return result

    return operator
