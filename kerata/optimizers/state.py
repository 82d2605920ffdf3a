"""What an optimizer holds: its settings, its learning rate, and its variables.

The variables are, in this order: the number of updates, the learning rate (unless a schedule
gives it), and the slots, which are memories of the variables to train.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, MutableMapping, Sequence
from typing import Any

import numpy as np

from kerata import initializers, ops
from kerata.backend import select
from kerata.core import names, serialization
from kerata.core.serialization import Configurable
from kerata.core.variable import Variable, assign_all
from kerata.optimizers.schedules import LearningRateSchedule
from kerata.optimizers.slots import Plan, Slot, SlotTable

# The arguments that every optimizer has beside its own.
_SHARED = (
    "name",
    "weight_decay",
    "clipnorm",
    "global_clipnorm",
    "clipvalue",
    "use_ema",
    "ema_momentum",
    "ema_overwrite_frequency",
    "loss_scale_factor",
    "gradient_accumulation_steps",
)


class OptimizerState(Configurable):
    """The part of an optimizer that is kept between updates. See `Optimizer` for arguments."""

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule | Callable[[], Any],
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        _reject_unknown(type(self).__name__, kwargs)
        self.name = name or names.automatic(type(self))
        self.weight_decay = weight_decay
        self.clipnorm = clipnorm
        self.clipvalue = clipvalue
        self.global_clipnorm = global_clipnorm
        self.use_ema = use_ema
        self.ema_momentum = ema_momentum
        self.ema_overwrite_frequency = ema_overwrite_frequency
        self.loss_scale_factor = loss_scale_factor
        self.gradient_accumulation_steps = gradient_accumulation_steps
        self._check_arguments()
        self.built = False
        self._variables: list[Variable] = []
        self._trainable_variables: list[Variable] = []
        self._index: dict[int, int] = {}
        self._slots = SlotTable()
        self._plans: dict[tuple[int, ...], Plan] = {}
        self._undecayed: tuple[set[int], str | None] = (set(), None)
        self._warned_of: set[str] = set()
        self._iterations = self.add_variable((), dtype="int32", name="iteration")
        self._set_learning_rate(learning_rate)

    def _check_arguments(self) -> None:
        clipping = ("clipnorm", "clipvalue", "global_clipnorm")
        if sum(getattr(self, argument) is not None for argument in clipping) > 1:
            raise ValueError(
                f"{self.name}: only one of clipnorm, clipvalue and global_clipnorm can be set."
            )
        accumulated = self.gradient_accumulation_steps
        if accumulated and accumulated < 2:
            raise ValueError(
                f"{self.name}: `gradient_accumulation_steps` must be an integer >= 2 or None, "
                f"but is {accumulated}."
            )
        if self.use_ema and not 0 <= self.ema_momentum <= 1:
            raise ValueError(
                f"{self.name}: `ema_momentum` must be from 0 to 1, but is {self.ema_momentum}."
            )
        frequency = self.ema_overwrite_frequency
        if self.use_ema and frequency and (not isinstance(frequency, int) or frequency < 1):
            raise ValueError(
                f"{self.name}: `ema_overwrite_frequency` must be an integer >= 1 or None, "
                f"but is {frequency}."
            )

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if isinstance(value, Variable):
            self._track(value)

    # -- variables -------------------------------------------------------------------------

    @property
    def variables(self) -> list[Variable]:
        """The optimizer's own variables: iterations, learning rate, then the slots."""
        return list(self._variables)

    @property
    def iterations(self) -> Any:
        """The number of updates so far."""
        if self.gradient_accumulation_steps:
            return ops.floor_divide(self._iterations, self.gradient_accumulation_steps)
        return self._iterations

    def _track(self, variable: Variable) -> None:
        if not any(known is variable for known in self._variables):
            self._variables.append(variable)

    def add_variable(
        self,
        shape: Sequence[Any],
        initializer: Any = "zeros",
        dtype: Any = None,
        aggregation: str = "none",
        layout: Any = None,
        name: str | None = None,
    ) -> Variable:
        """Make a variable that belongs to the optimizer.

        Args:
            shape: Its shape.
            initializer: Its first values.
            dtype: Its dtype; floatx if `None`.
            aggregation: How replicas combine it.
            layout: How it is spread over devices.
            name: The last part of its path.
        """
        variable = Variable(
            initializers.get(initializer),
            shape=shape,
            dtype=dtype,
            trainable=False,
            aggregation=aggregation,
            name=name,
            layout=layout,
        )
        variable.path = f"{self.name}/{variable.name}"
        self._track(variable)
        return variable

    def add_variable_from_reference(
        self, reference_variable: Variable, name: str | None = None, initializer: Any = "zeros"
    ) -> Variable:
        """Make a variable of the shape and dtype of another, named after it.

        Args:
            reference_variable: The variable of the model.
            name: The end of the new variable's name.
            initializer: Its first values.
        """
        return self.add_variable(
            reference_variable.shape,
            initializer,
            reference_variable.dtype,
            layout=reference_variable.layout,
            name=_slot_name(reference_variable, name or "var"),
        )

    def add_optimizer_variables(
        self,
        trainable_variables: Sequence[Variable],
        name: str | Sequence[str],
        initializer: Any = "zeros",
    ) -> Any:
        """Make one variable, or several, for each variable of the model.

        Args:
            trainable_variables: The variables of the model.
            name: The end of the new variables' names, or several ends.
            initializer: Their first values: one initializer, or as many as names.

        Returns:
            A list in the order of the variables; for several names a tuple of such lists.

        Raises:
            ValueError: If the numbers of names and initializers differ.
        """
        ends = [name] if isinstance(name, str) else list(name)
        starts = list(initializer) if isinstance(initializer, (list, tuple)) else [initializer]
        starts = starts * len(ends) if len(starts) == 1 else starts
        if len(starts) != len(ends):
            raise ValueError(
                f"{self.name}: got {len(ends)} names but {len(starts)} initializers; give one "
                "initializer, or as many as names."
            )
        made: tuple[list[Variable | None], ...] = tuple([] for _ in ends)
        for variable in trainable_variables:
            for column, end, start in zip(made, ends, starts, strict=True):
                skip = variable.overwrite_with_gradient
                column.append(
                    None if skip else self.add_variable_from_reference(variable, end, start)
                )
        return made[0] if isinstance(name, str) else made

    def build(self, variables: Sequence[Variable]) -> None:
        """Make the slots of the variables to train. Variables that have theirs keep them.

        Args:
            variables: The trainable variables of a model.
        """
        new = [v for v in variables if id(v) not in self._index]
        if new:
            self._follow(new[0].backend)
            for variable in new:
                self._index[id(variable)] = len(self._trainable_variables)
                self._trainable_variables.append(variable)
            with select.use_backend(new[0].backend):
                self._build_slots([v for v in new if not v.overwrite_with_gradient])
                if not self.built:
                    self._build_shared()
        self.built = True

    def _build_shared(self) -> None:
        """Make the variables that all trained variables share, beyond iterations and rate."""

    def _build_slots(self, variables: list[Variable]) -> None:
        groups = [[Slot("average")]] if self.use_ema else []
        groups += [[Slot("gradient_accumulator")]] if self.gradient_accumulation_steps else []
        for group in [*groups, *self._slot_groups()]:
            for variable in variables:
                for slot in group:
                    if slot.wanted(variable):
                        self._slots.put(slot.name, variable, self._build_slot(slot, variable))

    def _build_slot(self, slot: Slot, variable: Variable) -> Variable:
        return self.add_variable(
            slot.shape(variable.shape),
            slot.initializer,
            variable.dtype,
            name=_slot_name(variable, slot.name),
        )

    def _follow(self, backend: Any) -> None:
        """Move the optimizer's variables to the backend of the variables it trains."""
        for variable in self._variables:
            if variable.backend is not backend:
                value = variable.numpy()
                variable.backend = backend
                variable.store(backend.make_state(value, False))

    def _get_variable_index(self, variable: Variable) -> int:
        """Return the place of a variable among those the optimizer was built with."""
        return self._index[id(variable)]

    def _slot_groups(self) -> list[list[Slot]]:
        """Return the slots of the rule. The slots of a group are saved variable by variable."""
        return []

    # -- learning rate ---------------------------------------------------------------------

    @property
    def learning_rate(self) -> Any:
        """The present learning rate: a variable, or what the schedule gives for this step."""
        rate = self._learning_rate
        if isinstance(rate, Variable):
            return rate
        return rate(self._iterations) if isinstance(rate, LearningRateSchedule) else rate()

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        self._set_learning_rate(learning_rate)

    def _set_learning_rate(self, learning_rate: Any) -> None:
        present = self.__dict__.get("_learning_rate")
        if callable(learning_rate):
            self._variables = [v for v in self._variables if v is not present]
            self._learning_rate = learning_rate
        elif present is None:
            rate = initializers.Constant(_number(self.name, learning_rate))
            self._learning_rate = self.add_variable((), rate, name="learning_rate")
        elif isinstance(present, Variable):
            present.assign(learning_rate)
        else:
            raise TypeError(
                f"{self.name} was made with a learning rate schedule, so its learning rate cannot "
                "be set to a number. Make it with a number, or set another schedule."
            )

    # -- saving ----------------------------------------------------------------------------

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set the values of the optimizer's variables.

        Args:
            weights: One array for each of `optimizer.variables`.

        Raises:
            ValueError: If the optimizer is not built, or numbers or shapes do not match.
        """
        if not self.built:
            raise ValueError(
                f"{self.name} is not built. Call `optimizer.build(variables)` before `set_weights`."
            )
        variables = self.variables
        if len(weights) != len(variables):
            raise ValueError(
                f"{self.name} has {len(variables)} variables, but got {len(weights)} values."
            )
        assign_all(variables, [np.array(weight) for weight in weights])

    def save_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Write the values of the optimizer's variables.

        Args:
            store: Where to: position -> array.
        """
        for position, variable in enumerate(self.variables):
            store[str(position)] = variable.numpy()

    def load_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Read the values of the optimizer's variables, if their number is right.

        Args:
            store: What `save_own_variables` wrote.
        """
        variables = self.variables
        if len(store.keys()) != len(variables):
            warnings.warn(
                f"{self.name} has {len(variables)} variables, but {len(store.keys())} were saved: "
                "its state is not restored. It may not be built yet, or have other settings.",
                stacklevel=2,
            )
            return
        # Copies, because updates in place must not reach what the values were read from.
        assign_all(variables, [np.array(store[str(i)]) for i in range(len(variables))])

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor as plain data.

        >>> import kerata
        >>> kerata.optimizers.SGD(0.5).get_config()["learning_rate"]
        0.5
        """
        rate = self._learning_rate
        rate = float(rate.numpy()) if isinstance(rate, Variable) else serialization.serialize(rate)
        shared = {name: getattr(self, name) for name in _SHARED}
        return {**super().get_config(), **shared, "learning_rate": rate}

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> Any:
        """Return the optimizer that a configuration describes.

        Args:
            config: What `get_config` returned.
            custom_objects: The user's schedules, by name.
        """
        rate = config.get("learning_rate")
        if isinstance(rate, dict):
            rate = serialization.deserialize(rate, custom_objects)
            config = {**config, "learning_rate": rate}
        return cls(**config)


def _slot_name(variable: Variable, end: str) -> str:
    return f"{variable.path.replace('/', '_')}_{end}"


def _number(owner: str, learning_rate: Any) -> float:
    try:
        return float(learning_rate)
    except (TypeError, ValueError):
        raise ValueError(
            f"{owner}: `learning_rate` must be a number, a LearningRateSchedule or a callable "
            f"without arguments, but is a {type(learning_rate).__name__}."
        ) from None


def _reject_unknown(owner: str, kwargs: dict[str, Any]) -> None:
    if kwargs.pop("decay", None) is not None:
        warnings.warn(
            f"{owner} ignores `decay`: pass a schedule such as "
            "`kerata.optimizers.schedules.InverseTimeDecay` as `learning_rate`.",
            stacklevel=3,
        )
    if kwargs:
        raise ValueError(f"{owner} has no argument {', '.join(map(repr, kwargs))}.")
