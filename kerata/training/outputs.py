"""Outputs by name: pairs what was given per output (targets, losses, weights) with predictions.

Everything per output may be given as a dict by output name, as a list in the order of the
outputs, or once. Dicts are matched by name only, so the order of their keys never matters.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kerata.core import tree
from kerata.core.errors import closest


def output_names_of(y_pred: Any, names: Sequence[str] | None) -> list[str]:
    """Return one name per output, in the order in which `tree.flatten` gives the outputs.

    Args:
        y_pred: predictions: a tensor, a list of them or a dict by name.
        names: the model's own names for its outputs, if it has any.
    """
    if isinstance(y_pred, dict):
        return [str(key) for key in sorted(y_pred)]
    count = len(tree.flatten(y_pred))
    if names is not None and len(names) == count:
        return list(names)
    return [f"output_{index + 1}" for index in range(count)] if count > 1 else ["output"]


def per_output(value: Any, names: Sequence[str], what: str) -> list[Any]:
    """Return one entry per output of something given as a dict, a list, or once for all.

    Raises:
        ValueError: if a dict names an unknown output or a list has the wrong length.

    >>> per_output({"b": 1}, ["a", "b"], "loss_weights")
    [None, 1]
    """
    if isinstance(value, dict):
        for name in value:
            if name not in names:
                raise ValueError(
                    f"`{what}` names an output {name!r}; the outputs are "
                    f"{', '.join(map(repr, names))}.{closest(name, names)}"
                )
        return [value.get(name) for name in names]
    if isinstance(value, (list, tuple)):
        if len(value) != len(names):
            raise ValueError(
                f"`{what}` has {len(value)} entries for {len(names)} outputs "
                f"({', '.join(names)}). Pass one for each, or a dict "
                f"{{{', '.join(f'{name!r}: ...' for name in names)}}}."
            )
        return list(value)
    return [value] * len(names)


def targets_per_output(y: Any, y_pred: Any, names: Sequence[str]) -> list[Any]:
    """Return one target per output.

    Raises:
        ValueError: if there are too few or too many targets, or one has an unknown name.
    """
    if y is None:
        return [None] * len(names)
    if isinstance(y, dict):
        missing = [name for name in names if name not in y]
        if missing:
            shown = ", ".join(f"{name!r}: ..." for name in names)
            raise ValueError(
                f"y has no target for the output {missing[0]!r}; it has {', '.join(map(repr, y))}. "
                f"Pass {{{shown}}}."
            )
        return [y[name] for name in names]
    if len(names) == 1:
        return tree.flatten(y) if isinstance(y, (list, tuple)) and len(y) == 1 else [y]
    if not isinstance(y, (list, tuple)) or len(y) != len(names):
        given = len(y) if isinstance(y, (list, tuple)) else 1
        shown = ", ".join(f"{name!r}: ..." for name in names)
        raise ValueError(
            f"The model has {len(names)} outputs ({', '.join(names)}); y gives {given}. Pass one "
            f"target for each: {{{shown}}}."
        )
    if isinstance(y_pred, dict):
        raise ValueError(
            "The model returns a dict, so y must be one too: "
            f"{{{', '.join(f'{name!r}: ...' for name in names)}}}."
        )
    return list(y)
