"""Loss scaling that finds its scale by itself, for training in float16."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kerata import initializers, ops
from kerata.core import serialization
from kerata.core.context import current
from kerata.core.registry import register
from kerata.core.variable import Variable, assign_all
from kerata.optimizers.multi import Scalar, fitting
from kerata.optimizers.optimizer import Optimizer, values_of

Tensor = Any


@register("optimizers")
class LossScaleOptimizer(Optimizer):
    """Scales losses up, so that small gradients do not vanish in float16, and gradients down.

    The scale doubles after `dynamic_growth_steps` updates in a row; gradients that are not
    finite are left out, and the scale is halved.

    Args:
        inner_optimizer: The optimizer that makes the updates.
        initial_scale: The first scale.
        dynamic_growth_steps: After how many updates the scale is doubled.
        name: The name, first part of the paths of its variables.

    Raises:
        ValueError: If another argument is given: set it on the inner optimizer.

    Source: Micikevicius et al., "Mixed Precision Training" (2018).

    >>> import kerata
    >>> optimizer = kerata.optimizers.LossScaleOptimizer(kerata.optimizers.SGD(0.5), 8.0)
    >>> optimizer.scale_loss(1.0)
    8.0
    >>> v = kerata.Variable([1.0])
    >>> optimizer.apply([kerata.ops.array([8.0])], [v])
    >>> v.numpy().tolist()
    [0.5]
    """

    def __init__(
        self,
        inner_optimizer: Optimizer,
        initial_scale: float = 2.0**15,
        dynamic_growth_steps: int = 2000,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if not isinstance(inner_optimizer, Optimizer):
            raise ValueError(
                f"LossScaleOptimizer needs an optimizer as `inner_optimizer`, but got a "
                f"{type(inner_optimizer).__name__}."
            )
        given = [key for key, value in kwargs.items() if value]
        if given:
            raise ValueError(
                f"LossScaleOptimizer has no argument {given[0]!r}: set it on the inner optimizer."
            )
        super().__init__(learning_rate=0.0, name=name)
        self.inner_optimizer = inner_optimizer
        self.initial_scale = initial_scale
        self.dynamic_growth_steps = dynamic_growth_steps

    @property
    def variables(self) -> list[Variable]:
        """The optimizer's own variables, then those of the inner optimizer."""
        return [*self._variables, *self.inner_optimizer.variables]

    @property
    def iterations(self) -> Any:
        """The number of updates so far, those left out not counted."""
        return self.inner_optimizer.iterations

    @property
    def learning_rate(self) -> Any:
        """The learning rate of the inner optimizer."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        self.inner_optimizer.learning_rate = learning_rate

    def build(self, variables: Sequence[Variable]) -> None:
        """Make the variables of both optimizers.

        Args:
            variables: The trainable variables of a model.
        """
        super().build(variables)
        self.inner_optimizer.build(variables)

    def _build_shared(self) -> None:
        scale = initializers.Constant(self.initial_scale)
        self.step_counter = self.add_variable((), dtype="int32", name="step_counter")
        self.dynamic_scale = self.add_variable((), scale, "float32", name="dynamic_scale")

    def apply(
        self, grads: Sequence[Tensor], trainable_variables: Sequence[Variable] | None = None
    ) -> None:
        """Update variables by gradients of the scaled loss, if all of them are finite.

        Args:
            grads: The gradients; `None` for a variable that the loss does not depend on.
            trainable_variables: The variables, in the same order; those that the optimizer was
                built with if `None`.

        Raises:
            ValueError: If no variable has a gradient, or gradients and variables do not match.
        """
        grads = list(grads)
        if not grads:
            return
        variables = self._matching_variables(grads, trainable_variables)
        with variables[0].backend.inference():
            scale = self._host(self.dynamic_scale)
            finite = self._host(self.check_finite(grads))
            backend = variables[0].backend
            grads = [None if g is None else g * fitting(1.0 / scale, g, backend) for g in grads]
            if finite is True:
                self.inner_optimizer.apply(grads, variables)
            elif finite is not False:
                self._apply_if(finite, grads, variables)
            self._adapt(finite, scale)

    def check_finite(self, grads: Sequence[Tensor]) -> Tensor:
        """Return whether all elements of all gradients are finite, a boolean scalar.

        Args:
            grads: The gradients; `None` for a variable that the loss does not depend on.
        """
        each = [ops.all(ops.isfinite(g)) for g in grads if g is not None]
        return ops.all(ops.stack(each)) if each else ops.array(True)

    def _apply_if(self, finite: Scalar, grads: list[Tensor], variables: list[Variable]) -> None:
        """Update, and take it back where gradients turn out infinite in the compiled step."""
        state = [*variables, *self.inner_optimizer.variables]
        before = values_of(state)
        self.inner_optimizer.apply(grads, variables)
        assign_all(state, values_of(state).where(finite, before).items)

    def _adapt(self, finite: Scalar, scale: Scalar) -> None:
        """Double the scale after a good run of updates, halve it after a bad one."""
        count = self._host(self.step_counter) + 1
        grown = count >= self.dynamic_growth_steps
        scale = _either(finite, _either(grown, scale * 2.0, scale), scale / 2.0)
        count = _either(finite, _either(grown, 0, count), 0)
        assign_all([self.dynamic_scale, self.step_counter], [scale, count])

    def scale_loss(self, loss: Tensor) -> Tensor:
        """Return the loss to compute gradients of, times the present scale.

        Args:
            loss: The loss, a scalar.
        """
        scale = self.dynamic_scale.value if self.built else self.initial_scale
        scaled = self.inner_optimizer.scale_loss(loss) * scale
        if current.numerics is not None:
            current.numerics.expect_overflow(scaled)
        return scaled

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """Give the variables the final values of the inner optimizer.

        Args:
            var_list: The variables of the model.
        """
        self.inner_optimizer.finalize_variable_values(var_list)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor as plain data."""
        return {
            "name": self.name,
            "inner_optimizer": serialization.serialize(self.inner_optimizer),
            "initial_scale": self.initial_scale,
            "dynamic_growth_steps": self.dynamic_growth_steps,
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> Any:
        """Return the optimizer that a configuration describes.

        Args:
            config: What `get_config` returned.
            custom_objects: The user's classes, by name.
        """
        inner = serialization.deserialize(config["inner_optimizer"], custom_objects)
        return cls(**{**config, "inner_optimizer": inner})


def _either(condition: Scalar, value: Scalar, other: Scalar) -> Scalar:
    """Return one of two scalars by a condition, known or traced."""
    if isinstance(condition, bool):
        return value if condition else other
    return ops.where(condition, value, other)
