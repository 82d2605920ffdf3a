"""Metrics of scores with a margin: the hinge losses, averaged over all samples seen."""

from __future__ import annotations

from typing import Any

from kerata.core.registry import register
from kerata.losses.hinge import categorical_hinge, hinge, squared_hinge
from kerata.metrics.reduction import MeanLoss


@register("metrics")
class Hinge(MeanLoss):
    """The mean hinge loss of scores for labels of -1 and 1 (or 0 and 1).

    Args:
        name: the name in logs.
        dtype: see `Metric`.

    >>> import kerata
    >>> float(kerata.metrics.Hinge()([[0.0, 1.0]], [[0.5, 0.5]]))
    1.0
    """

    def __init__(self, name: str | None = "hinge", dtype: Any = None) -> None:
        super().__init__(hinge, name=name, dtype=dtype)


@register("metrics")
class SquaredHinge(MeanLoss):
    """The mean squared hinge loss of scores for labels of -1 and 1 (or 0 and 1).

    Args:
        name: the name in logs.
        dtype: see `Metric`.

    >>> import kerata
    >>> float(kerata.metrics.SquaredHinge()([[0.0, 1.0]], [[0.5, 0.5]]))
    1.25
    """

    def __init__(self, name: str | None = "squared_hinge", dtype: Any = None) -> None:
        super().__init__(squared_hinge, name=name, dtype=dtype)


@register("metrics")
class CategoricalHinge(MeanLoss):
    """The mean hinge loss of scores for one-hot targets.

    Args:
        name: the name in logs.
        dtype: see `Metric`.

    >>> import kerata
    >>> float(kerata.metrics.CategoricalHinge()([[0, 1]], [[0.5, 0.75]]))
    0.75
    """

    def __init__(self, name: str | None = "categorical_hinge", dtype: Any = None) -> None:
        super().__init__(categorical_hinge, name=name, dtype=dtype)
