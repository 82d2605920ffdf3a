"""What a metric is: state that batches are added to, and a result read from it.

The state is in Variables, so that `update_state` runs inside compiled steps: it computes with
`kerata.ops`, decides nothing on the value of a tensor, and reads nothing back to the host.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from kerata import initializers, ops
from kerata.core import masks, names, tree
from kerata.core.registry import register
from kerata.core.scope import scope
from kerata.core.serialization import Configurable
from kerata.core.variable import Variable, assign_all
from kerata.losses.loss import compute_dtype

Tensor = Any


@register("metrics")
class Metric(Configurable):
    """Base class of metrics.

    A subclass makes its variables in `__init__` with `add_variable`, adds a batch to them in
    `update_state` and computes a number, or a dict of numbers, in `result`.

    Args:
        dtype: the dtype of the state, floatx by default; of a dtype policy, its compute dtype.
        name: the name in logs; made from the class name by default.

    >>> import kerata
    >>> class Largest(kerata.metrics.Metric):
    ...     def __init__(self, name="largest", **kwargs):
    ...         super().__init__(name=name, **kwargs)
    ...         self.largest = self.add_variable(shape=(), initializer="zeros", name="largest")
    ...     def update_state(self, values, sample_weight=None):
    ...         self.largest.assign(kerata.ops.maximum(self.largest, kerata.ops.max(values)))
    ...     def result(self):
    ...         return self.largest.value
    >>> metric = Largest()
    >>> metric.update_state([1.0, 5.0])
    >>> float(metric([3.0]))
    5.0
    """

    _shared_parameters: ClassVar[tuple[str, ...]] = ("name", "dtype")
    _parameter_attributes: ClassVar[dict[str, str]] = {}
    # Layers count the variables of such attributes among their own.
    holds_state: ClassVar[bool] = True

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        self.name = name or names.automatic(type(self))
        self._dtype = compute_dtype(dtype)
        self._own_variables: list[Variable] = []

    @property
    def dtype(self) -> str:
        """The dtype of the state and of the result."""
        return self._dtype

    # -- state -----------------------------------------------------------------------------

    def add_variable(
        self,
        shape: Sequence[int],
        initializer: Any,
        dtype: Any = None,
        aggregation: str = "sum",
        name: str | None = None,
    ) -> Variable:
        """Return a new variable that belongs to the state.

        Args:
            shape: its shape.
            initializer: the first value: a name such as `"zeros"`, an initializer, an array.
            dtype: its dtype; that of the metric by default.
            aggregation: how the values of replicas are combined.
            name: the last part of its path.

        Raises:
            RuntimeError: if `super().__init__()` was not called before.
        """
        if "_own_variables" not in vars(self):
            raise RuntimeError(
                f"{type(self).__name__}: call `super().__init__(name=name)` in `__init__` "
                "before making variables."
            )
        with names.name_scope(self.name.replace("/", ">")):
            variable = Variable(
                initializers.get(initializer),
                shape=shape,
                dtype=dtype or self.dtype,
                trainable=False,
                autocast=False,
                aggregation=aggregation,
                name=name,
            )
        self._own_variables.append(variable)
        return variable

    def add_weight(
        self,
        shape: Sequence[int] = (),
        initializer: Any = "zeros",
        dtype: Any = None,
        name: str | None = None,
    ) -> Variable:
        """Return a new variable that belongs to the state; see `add_variable`."""
        return self.add_variable(shape, initializer or "zeros", dtype=dtype, name=name)

    @property
    def variables(self) -> list[Variable]:
        """The variables of the state: the metric's own, then those of metrics in attributes."""
        found = dict.fromkeys(self._own_variables)
        for value in vars(self).values():
            for leaf in tree.flatten(value):
                if isinstance(leaf, Variable):
                    found[leaf] = None
                elif isinstance(leaf, Metric):
                    found.update(dict.fromkeys(leaf.variables))
        return list(found)

    def build(self, y_true_shape: Sequence[int | None], y_pred_shape: Sequence[int | None]) -> None:
        """Make the variables whose shapes depend on those of the first batch, if there are any.

        Called before a step is compiled; `update_state` calls it otherwise.

        Args:
            y_true_shape: the shape of the targets.
            y_pred_shape: the shape of the predictions.
        """

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Add a batch to the state; defined by subclasses."""
        raise TypeError(_undefined(self, "update_state(self, y_true, y_pred, sample_weight=None)"))

    def result(self) -> Any:
        """Return the metric of all batches since the last reset; defined by subclasses."""
        raise TypeError(_undefined(self, "result(self)"))

    def reset_state(self) -> None:
        """Forget all batches: set the state to zero."""
        variables = self.variables
        assign_all(variables, [np.zeros(v.shape, np.float32) for v in variables])

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Add a batch to the state and return the result so far."""
        self.update_state(*args, **kwargs)
        return self.result()

    def accumulate(self, *increments: tuple[Variable, Any]) -> None:
        """Add to several variables at once, each cast to its variable's dtype."""
        variables = [variable for variable, _ in increments]
        assign_all(variables, [ops.add(variable, amount) for variable, amount in increments])

    # -- without side effects --------------------------------------------------------------

    def stateless_update_state(
        self, metric_variables: Sequence[Any], *args: Any, **kwargs: Any
    ) -> list[Any]:
        """Return the state after a batch, given the state before it.

        Args:
            metric_variables: values for `self.variables`, in that order.
            *args: what `update_state` takes.
            **kwargs: what `update_state` takes.

        Raises:
            ValueError: if there are more or fewer values than variables.
        """
        variables = self.variables
        with scope(self._matched(variables, metric_variables)) as values:
            self.update_state(*args, **kwargs)
        return [values[variable] for variable in variables]

    def stateless_result(self, metric_variables: Sequence[Any]) -> Any:
        """Return the result of a given state.

        Raises:
            ValueError: if there are more or fewer values than variables.
        """
        with scope(self._matched(self.variables, metric_variables)):
            return self.result()

    def stateless_reset_state(self) -> list[Any]:
        """Return the state before any batch."""
        variables = self.variables
        with scope({}) as values:
            self.reset_state()
        return [values[variable] for variable in variables]

    def _matched(self, variables: list[Variable], values: Sequence[Any]) -> dict[Variable, Any]:
        if len(variables) != len(values):
            raise ValueError(
                f"The metric {self.name!r} has {len(variables)} variables, but `metric_variables` "
                f"holds {len(values)} values. Pass one for each of `metric.variables`."
            )
        return dict(zip(variables, values, strict=True))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def _undefined(metric: Metric, method: str) -> str:
    return f"The metric {type(metric).__name__} does not define `{method}`. Define it."


def mask_of(y_true: Any, y_pred: Any) -> Any:
    """Return the mask attached to the predictions, or else to the targets, or `None`."""
    mask = masks.of(y_pred)
    return masks.of(y_true) if mask is None else mask
