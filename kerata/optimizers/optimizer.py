"""What an optimizer is: from gradients to new values of the variables.

An update is a chain of steps, most of them the same for all optimizers:

    unscale -> accumulate -> clip -> decay -> the optimizer's own rule -> average -> constrain

A subclass of ours names its slots (`_slot_groups`) and its rule (`_rule`), which is
pure and works on all variables at once. A user's subclass may rather define, as in Keras,
`build(variables)` and `update_step(gradient, variable, learning_rate)`.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from kerata import ops
from kerata.core.context import current
from kerata.core.primitive import to_tensor
from kerata.core.registry import register
from kerata.core.scope import scope
from kerata.core.variable import Variable, assign_all
from kerata.optimizers import steps
from kerata.optimizers.multi import Scalar, Tensors
from kerata.optimizers.slots import Plan
from kerata.optimizers.state import OptimizerState

Tensor = Any


@register("optimizers")
class Optimizer(OptimizerState):
    """Base class of optimizers.

    Args:
        learning_rate: A number, a `LearningRateSchedule`, or a callable without arguments.
        weight_decay: If set, weights shrink at each update by this part of themselves, times
            the learning rate.
        clipnorm: If set, the largest norm of each gradient.
        clipvalue: If set, the largest size of each element of the gradients.
        global_clipnorm: If set, the largest norm of all gradients together.
        use_ema: Whether to keep exponential moving averages of the weights.
        ema_momentum: How much of the average stays at each update, from 0 to 1.
        ema_overwrite_frequency: After how many updates, each time, weights are replaced by
            their averages; `None` for at the end of `fit` only.
        loss_scale_factor: If set, `scale_loss` multiplies losses by it, and gradients are
            divided by it.
        gradient_accumulation_steps: If set, weights are updated every so many calls only, by
            the mean of the gradients.
        name: The name, first part of the paths of its variables; made from the class if `None`.

    Raises:
        ValueError: If an argument is unknown or out of range, or more than one of the three
            ways of clipping is asked for.

    An optimizer of your own, as in Keras:

    >>> import kerata
    >>> class SignDescent(kerata.optimizers.Optimizer):
    ...     def update_step(self, gradient, variable, learning_rate):
    ...         self.assign_sub(variable, learning_rate * kerata.ops.sign(gradient))
    >>> v = kerata.Variable([1.0, 1.0])
    >>> SignDescent(0.5).apply([kerata.ops.array([3.0, -3.0])], [v])
    >>> v.numpy().tolist()
    [0.5, 1.5]
    """

    # The kernel that does a whole update in place, on engines that have one.
    fused: ClassVar[str | None] = None
    # The attributes that the fused kernel takes as keywords.
    fused_settings: ClassVar[tuple[str, ...]] = ()

    # -- the rule of a subclass ------------------------------------------------------------

    def _rule(
        self,
        gradients: Tensors,
        values: Tensors,
        slots: dict[str, Tensors],
        rate: Scalar,
        step: Scalar,
    ) -> tuple[Tensors, dict[str, Tensors]]:
        """Return new values and slots: the rule of the optimizer, a pure function.

        Args:
            gradients: The gradients, clipped.
            values: The values of the variables.
            slots: By name, the memories of the variables.
            rate: The learning rate.
            step: The number of this update, from 1, a float.

        Raises:
            TypeError: If the subclass defines neither this nor `update_step`.
        """
        raise TypeError(
            f"{type(self).__name__} has no rule: define `update_step(self, gradient, variable, "
            "learning_rate)` and change the variable in it with `self.assign_sub(variable, ...)`."
        )

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        """Update one variable. A user's optimizer overrides this.

        Args:
            gradient: The gradient of the loss, of the variable's shape.
            variable: The variable.
            learning_rate: The learning rate, a scalar.
        """
        self._apply_rule([gradient], [variable], self._host(learning_rate))

    def _updates_by_rule(self) -> bool:
        """Tell whether nobody overrode `update_step`, so that all variables are updated at once."""
        return type(self).update_step is Optimizer.update_step

    def assign(self, variable: Variable, value: Any) -> None:
        """Set a variable, of the model or of the optimizer."""
        variable.assign(value)

    def assign_add(self, variable: Variable, value: Any) -> None:
        """Add to a variable, of the model or of the optimizer."""
        variable.assign_add(value)

    def assign_sub(self, variable: Variable, value: Any) -> None:
        """Subtract from a variable, of the model or of the optimizer."""
        variable.assign_sub(value)

    # -- applying gradients ----------------------------------------------------------------

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Tensor, Variable]]) -> Variable:
        """Update variables by gradients.

        Args:
            grads_and_vars: Pairs of a gradient (or `None`) and its variable.

        Returns:
            The counter of updates.

        Raises:
            ValueError: If no variable has a gradient.

        >>> import kerata
        >>> v = kerata.Variable([1.0])
        >>> optimizer = kerata.optimizers.SGD(0.5)
        >>> _ = optimizer.apply_gradients([(kerata.ops.array([1.0]), v)])
        >>> v.numpy().tolist()
        [0.5]
        """
        pairs = list(grads_and_vars)
        self.apply([gradient for gradient, _ in pairs], [variable for _, variable in pairs])
        return self._iterations

    def apply(
        self, grads: Sequence[Tensor], trainable_variables: Sequence[Variable] | None = None
    ) -> None:
        """Update variables by gradients.

        Args:
            grads: The gradients; `None` for a variable that the loss does not depend on.
            trainable_variables: The variables, in the same order; those that the optimizer was
                built with if `None`. New ones get their slots now.

        Raises:
            ValueError: If no variable has a gradient, or gradients and variables do not match.
        """
        grads = list(grads)
        if not grads:
            return
        variables = self._matching_variables(grads, trainable_variables)
        with variables[0].backend.inference():
            grads, trained = self._with_gradient(grads, variables)
            if trained:
                self._train(grads, trained)
            if self.use_ema:
                self._average([v for v in variables if not v.overwrite_with_gradient])
            for variable in trained:
                if variable.constraint is not None:
                    variable.assign(variable.constraint(variable.value))
            self._count()

    def _matching_variables(
        self, grads: list[Tensor], variables: Sequence[Variable] | None
    ) -> list[Variable]:
        if variables is None:
            if not self.built:
                raise ValueError(
                    f"{self.name} got gradients without variables before it was built. Call "
                    "`optimizer.build(variables)` first, or pass the variables as well."
                )
            variables = self._trainable_variables
        if len(grads) != len(variables):
            raise ValueError(
                f"{self.name} got {len(grads)} gradients for {len(variables)} variables; give one "
                "gradient, or None, for each variable."
            )
        variables = list(variables)
        if not self.built or any(id(v) not in self._index for v in variables):
            self._build_new(variables)
        return variables

    def _build_new(self, variables: list[Variable]) -> None:
        if self.built and not type(self).build.__module__.startswith("kerata."):
            unknown = next(v for v in variables if id(v) not in self._index)
            raise ValueError(
                f"{self.name} was not built with the variable {unknown.path!r}, and its own "
                "`build` cannot be called twice. Make a new optimizer for the new variables."
            )
        self.build(variables)

    def _with_gradient(
        self, grads: list[Tensor], variables: list[Variable]
    ) -> tuple[list[Tensor], list[Variable]]:
        """Leave out variables without gradient, and those whose gradient is their next value."""
        if any(g is None for g in grads):
            missing = [v.path for g, v in zip(grads, variables, strict=True) if g is None]
            if len(missing) == len(variables):
                raise ValueError(
                    f"{self.name}: no variable has a gradient, so nothing can be trained. Check "
                    "that the loss depends on the variables and is computed inside the tape."
                )
            self._warn_of_missing(missing)
        if any(v.overwrite_with_gradient for v in variables):
            for gradient, variable in zip(grads, variables, strict=True):
                if variable.overwrite_with_gradient and gradient is not None:
                    variable.assign(gradient)
        pairs = [
            (g, v)
            for g, v in zip(grads, variables, strict=True)
            if g is not None and not v.overwrite_with_gradient
        ]
        return [g for g, _ in pairs], [v for _, v in pairs]

    def _warn_of_missing(self, paths: list[str]) -> None:
        new = [path for path in paths if path not in self._warned_of]
        if new:
            self._warned_of.update(new)
            shown = ", ".join(new[:10]) + (", ..." if len(new) > 10 else "")
            warnings.warn(
                f"{self.name}: {len(new)} variables have no gradient and are not trained: "
                f"{shown}. Does the loss depend on them, and was a loss given to compile()?",
                stacklevel=4,
            )

    def _train(self, grads: list[Tensor], variables: list[Variable]) -> None:
        """Unscale and accumulate; then, if an update is due, update."""
        gradients = _as_tensors(grads, variables)
        if self.loss_scale_factor is not None:
            gradients = gradients / self.loss_scale_factor
        if not self.gradient_accumulation_steps:
            self._update(gradients, variables)
            return
        gradients, due = self._accumulate(gradients, variables)
        if due is True:
            self._update(gradients, variables)
        elif due is not False:
            self._update_if(due, gradients, variables)

    def _accumulate(self, gradients: Tensors, variables: list[Variable]) -> tuple[Tensors, Scalar]:
        """Return the mean of the gradients so far, and whether it is time to use it."""
        count = self.gradient_accumulation_steps
        accumulators = self._slots.get("gradient_accumulator", variables)
        total = gradients + values_of(accumulators)
        due = (self._host(self._iterations) + 1) % count == 0
        zeros = total * 0.0
        if isinstance(due, bool):
            assign_all(accumulators, (zeros if due else total).items)
        else:
            assign_all(accumulators, zeros.where(due, total).items)
        return total / count, due

    def _update_if(self, due: Scalar, gradients: Tensors, variables: list[Variable]) -> None:
        """Update, and take it back where the condition turns out false in the compiled step."""
        state = [*variables, *self._variables]
        before = values_of(state)
        self._update(gradients, variables)
        assign_all(state, values_of(state).where(due, before).items)

    def _update(self, gradients: Tensors, variables: list[Variable]) -> None:
        """Clip, decay, and apply the rule of the optimizer."""
        self._decay_and_move(self._clipped(gradients), variables, self.weight_decay)

    def _decay_and_move(
        self, gradients: Tensors, variables: list[Variable], weight_decay: float | None
    ) -> None:
        if self._updates_by_rule():
            self._apply_rule(gradients.items, variables, self._rate(), weight_decay)
            return
        if weight_decay is not None:
            amount = self._rate() * weight_decay
            assign_all(variables, self._decayed(values_of(variables), variables, amount).items)
        learning_rate = self.learning_rate
        for gradient, variable in zip(gradients, variables, strict=True):
            self.update_step(gradient, variable, learning_rate)

    def _clipped(self, gradients: Tensors) -> Tensors:
        if self.clipnorm:
            return steps.clip_by_norm(gradients, self.clipnorm)
        if self.global_clipnorm:
            return steps.clip_by_global_norm(gradients, self.global_clipnorm)
        if self.clipvalue:
            return steps.clip_by_value(gradients, self.clipvalue)
        return gradients

    def _apply_rule(
        self,
        gradients: Sequence[Tensor],
        variables: list[Variable],
        rate: Scalar,
        weight_decay: float | None = None,
    ) -> None:
        """Decay weights and apply the rule: in place by one kernel, or by `_rule`."""
        plan = self._plan(variables)
        kernels = variables[0].backend.kernels
        step = self._update_count() * 1.0 + 1.0
        # A scope means that the variables themselves must stay as they are.
        fused = kernels.get(self.fused) if plan.uniform and current.scope is None else None
        if fused is None:
            self._apply_pure_rule(gradients, variables, plan, rate, step, weight_decay)
            return
        values = [v.stored_value() for v in variables]
        if weight_decay is not None:
            decayed = [x for x, wanted in zip(values, plan.decayed, strict=True) if wanted]
            kernels["fused_decay"](decayed, rate * weight_decay)
        memories = [[v.stored_value() for v in column] for column in plan.slots.values()]
        settings = {name: getattr(self, name) for name in self.fused_settings}
        fused(values, gradients, *memories, rate=rate, step=step, **settings)

    def _apply_pure_rule(
        self,
        gradients: Sequence[Tensor],
        variables: list[Variable],
        plan: Plan,
        rate: Scalar,
        step: Scalar,
        weight_decay: float | None,
    ) -> None:
        values = values_of(variables)
        if weight_decay is not None:
            values = self._decayed(values, variables, rate * weight_decay)
        slots = {name: values_of(column) for name, column in plan.slots.items()}
        values, changed = self._rule(values.like(gradients), values, slots, rate, step)
        changed_variables = [v for name in changed for v in plan.slots[name]]
        changed_values = [x for column in changed.values() for x in column]
        assign_all([*variables, *changed_variables], [*values, *changed_values])

    def _plan(self, variables: list[Variable]) -> Plan:
        key = tuple(map(id, variables))
        plan = self._plans.get(key)
        if plan is None:
            slots = [slot for group in self._slot_groups() for slot in group]
            names_of_slots = [slot.name for slot in slots if all(map(slot.wanted, variables))]
            plan = self._plans[key] = Plan(
                {name: self._slots.get(name, variables) for name in names_of_slots},
                [self._use_weight_decay(v) for v in variables],
                len({v.dtype for v in variables}) == 1,
            )
        return plan

    def _decayed(self, values: Tensors, variables: list[Variable], amount: Scalar) -> Tensors:
        wanted = self._plan(variables).decayed
        chosen = [x for x, decays in zip(values, wanted, strict=True) if decays]
        if not chosen:
            return values
        shrunk = iter(steps.decay(values.like(chosen), amount))
        return values.like([next(shrunk) if w else x for x, w in zip(values, wanted, strict=True)])

    def _average(self, variables: list[Variable]) -> None:
        """Move the averages towards the weights; now and then, put them in their place."""
        count = self._update_count()
        # The first average is the value itself: a start at zero would be felt for long.
        begun = count != 0
        if not isinstance(begun, bool):
            begun = ops.cast(begun, "float32")
        momentum = self.ema_momentum * begun
        values = values_of(variables)
        memories = self._slots.get("average", variables)
        averages = steps.moving_average(values_of(memories), values, momentum)
        assign_all(memories, averages.items)
        if self.ema_overwrite_frequency:
            due = (count + 1) % self.ema_overwrite_frequency == 0
            if due is True:
                assign_all(variables, averages.items)
            elif due is not False:
                assign_all(variables, averages.where(due, values).items)

    def _count(self) -> None:
        kernel = self._iterations.backend.kernels.get("fused_increment")
        if kernel is not None and current.scope is None:
            kernel(self._iterations.stored_value())
        else:
            self._iterations.assign(self._iterations.value + 1)

    def _update_count(self) -> Scalar:
        """Return the number of updates before this one, on the host if the engine is eager."""
        return self._host(self._iterations) // (self.gradient_accumulation_steps or 1)

    def _rate(self) -> Scalar:
        return self._host(self.learning_rate)

    def _host(self, scalar: Any) -> Scalar:
        """Return a scalar as a Python number where that is free, else as the engine's tensor."""
        if isinstance(scalar, (int, float)):
            return scalar
        value = scalar.value if isinstance(scalar, Variable) else scalar
        return self._iterations.backend.kernels["host_scalar"](value)

    def stateless_apply(
        self,
        optimizer_variables: Sequence[Tensor],
        grads: Sequence[Tensor],
        trainable_variables: Sequence[Tensor],
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Return what `apply` would make of given values, changing no variable.

        Args:
            optimizer_variables: Values for `optimizer.variables`.
            grads: The gradients.
            trainable_variables: Values for the variables that the optimizer was built with.

        Returns:
            The new values of the trainable variables, and those of the optimizer's variables.

        Raises:
            ValueError: If the optimizer is not built, or a number of values does not match.
        """
        if not self.built:
            raise ValueError(
                f"{self.name} is not built. Call `optimizer.build(variables)` before "
                "`stateless_apply`."
            )
        own, trained = self.variables, self._trainable_variables
        for what, given, wanted in (
            ("optimizer_variables", optimizer_variables, own),
            ("trainable_variables", trainable_variables, trained),
        ):
            if len(given) != len(wanted):
                raise ValueError(
                    f"{self.name}: `{what}` has {len(given)} values for {len(wanted)} variables."
                )
        values = dict(
            zip([*own, *trained], [*optimizer_variables, *trainable_variables], strict=True)
        )
        with scope(values) as state:
            self.apply(grads)
        return [state[v] for v in trained], [state[v] for v in own]

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """Give the variables their final values: with `use_ema`, the averages.

        Args:
            var_list: The variables of the model.
        """
        if self.use_ema:
            trained = [
                v for v in var_list if id(v) in self._index and not v.overwrite_with_gradient
            ]
            assign_all(trained, [v.value for v in self._slots.get("average", trained)])

    def scale_loss(self, loss: Tensor) -> Tensor:
        """Return the loss to compute gradients of, scaled against underflow.

        Args:
            loss: The loss, a scalar.
        """
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    # -- weight decay ----------------------------------------------------------------------

    def exclude_from_weight_decay(
        self,
        var_list: Sequence[Variable] | None = None,
        var_names: Sequence[str] | None = None,
    ) -> None:
        """Leave variables out of weight decay.

        Args:
            var_list: The variables.
            var_names: Words (or regular expressions), one of which their names contain.

        Raises:
            ValueError: If the optimizer is built already.
        """
        if self.built:
            raise ValueError(
                f"{self.name} is built already. Call `exclude_from_weight_decay` before the model "
                "is trained."
            )
        self._undecayed = ({id(v) for v in var_list or ()}, "|".join(var_names or ()) or None)

    def _use_weight_decay(self, variable: Variable) -> bool:
        excluded, pattern = self._undecayed
        if id(variable) in excluded:
            return False
        return pattern is None or re.search(pattern, variable.name) is None


def values_of(variables: Sequence[Variable]) -> Tensors:
    """Return the present values of variables of one backend."""
    return Tensors([v.value for v in variables], variables[0].backend)


def _as_tensors(grads: list[Tensor], variables: list[Variable]) -> Tensors:
    """Return gradients as tensors of the variables' backend and dtypes."""
    backend = variables[0].backend
    known = backend.tensor_types
    return Tensors(
        [
            g
            if isinstance(g, known) and backend.dtype_name(g) == v.dtype
            else to_tensor(g, backend, v.dtype)
            for g, v in zip(grads, variables, strict=True)
        ],
        backend,
    )
