"""Several optimizers for one model: which variables each of them trains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

from kerata.core import serialization
from kerata.core.path_map import PathMap
from kerata.core.registry import register
from kerata.core.variable import Variable
from kerata.optimizers.multi import Tensors
from kerata.optimizers.optimizer import Optimizer

Tensor = Any


@register("optimizers")
class OptimizerMap(PathMap, serialization.Configurable):
    """The optimizer of each variable, by its path.

    Args:
        default_optimizer: The optimizer of variables that no key matches.
        optimizer_map: Path, or regular expression of whole paths -> optimizer.

    Raises:
        TypeError: If `optimizer_map` is not a dictionary.
        ValueError: If a value is not an optimizer.

    >>> import kerata
    >>> from kerata.optimizers import SGD, Adam, OptimizerMap
    >>> chosen = OptimizerMap(SGD(0.1), {".*/embeddings": Adam(0.01)})
    >>> type(chosen["words/embeddings"]).__name__, type(chosen["head/kernel"]).__name__
    ('Adam', 'SGD')
    """

    def __init__(self, default_optimizer: Optimizer, optimizer_map: Any = None) -> None:
        self._default_optimizer = self._accepted(default_optimizer)
        super().__init__("optimizer_map", optimizer_map)

    @property
    def default_optimizer(self) -> Optimizer:
        """The optimizer of variables that no key matches."""
        return self._default_optimizer

    def _default(self) -> Optimizer:
        return self._default_optimizer

    def _accepted(self, value: Any) -> Optimizer:
        if not isinstance(value, Optimizer):
            raise ValueError(
                f"OptimizerMap holds optimizers, such as `kerata.optimizers.Adam()`, and not a "
                f"{type(value).__name__}."
            )
        return value

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor as plain data."""
        return {
            "default_optimizer": serialization.serialize(self._default_optimizer),
            "optimizer_map": {key: serialization.serialize(one) for key, one in self.items()},
        }


@register("optimizers")
class MultiOptimizer(Optimizer):
    """Trains each variable by the optimizer that a map has for it.

    Args:
        optimizer_map: The `OptimizerMap`.
        loss_scale_factor: If set, `scale_loss` multiplies losses by it, and gradients are
            divided by it.
        name: The name, first part of the paths of its variables.

    Raises:
        ValueError: If `optimizer_map` is none, or one of its optimizers scales the loss itself.

    >>> import kerata
    >>> from kerata.optimizers import SGD, MultiOptimizer, OptimizerMap
    >>> fast, slow = kerata.Variable([1.0], name="fast"), kerata.Variable([1.0], name="slow")
    >>> optimizer = MultiOptimizer(OptimizerMap(SGD(0.5), {"slow": SGD(0.1)}))
    >>> optimizer.apply([kerata.ops.array([1.0])] * 2, [fast, slow])
    >>> fast.numpy().tolist(), round(float(slow.numpy()[0]), 4)
    ([0.5], 0.9)
    """

    def __init__(
        self,
        optimizer_map: OptimizerMap,
        loss_scale_factor: float | None = None,
        name: str | None = None,
    ) -> None:
        if not isinstance(optimizer_map, OptimizerMap):
            raise ValueError(
                f"MultiOptimizer needs an OptimizerMap, but got a {type(optimizer_map).__name__}."
            )
        super().__init__(0.0, loss_scale_factor=loss_scale_factor, name=name)
        self.optimizer_map = optimizer_map
        scaling = [one.name for one in self.optimizers if one.loss_scale_factor is not None]
        if scaling:
            raise ValueError(
                f"{self.name}: the loss is scaled once for all, so give `loss_scale_factor` to "
                f"MultiOptimizer and not to {scaling[0]}."
            )

    @property
    def optimizers(self) -> list[Optimizer]:
        """The optimizers of the map, the default one last."""
        found = [*self.optimizer_map.values(), self.optimizer_map.default_optimizer]
        return list({id(one): one for one in found}.values())

    @property
    def variables(self) -> list[Variable]:
        """The optimizer's own variables, then those of the others."""
        return [*self._variables, *(v for one in self.optimizers for v in one.variables)]

    @property
    def loss_scale_factor(self) -> float | None:
        """What losses are multiplied by, for all optimizers; `None` if they are left alone."""
        return self._loss_scale_factor

    @loss_scale_factor.setter
    def loss_scale_factor(self, factor: float | None) -> None:
        self._loss_scale_factor = factor

    @property
    def learning_rate(self) -> NoReturn:
        """There is none: each of the optimizers has its own."""
        raise AttributeError(
            f"{self.name} has no learning rate of its own: look at those of its `optimizers`."
        )

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> NoReturn:
        raise AttributeError(
            f"{self.name} has no learning rate of its own: set those of its `optimizers`."
        )

    def build(self, variables: Sequence[Variable]) -> None:
        """Make the variables of all optimizers.

        Args:
            variables: The trainable variables of a model.
        """
        super().build(variables)
        for optimizer, own in self._grouped(variables):
            optimizer.build(own)

    def _grouped(self, variables: Sequence[Variable]) -> list[tuple[Optimizer, list[Variable]]]:
        """Return each optimizer with the variables that it trains, if there are any."""
        groups: dict[int, list[Variable]] = {id(one): [] for one in self.optimizers}
        for variable in variables:
            groups[id(self.optimizer_map[variable.path])].append(variable)
        return [(one, groups[id(one)]) for one in self.optimizers if groups[id(one)]]

    def _update(self, gradients: Tensors, variables: list[Variable]) -> None:
        """Hand the gradients to the optimizers of their variables."""
        gradient_of = dict(zip(map(id, variables), gradients, strict=True))
        for optimizer, own in self._grouped(variables):
            optimizer.apply([gradient_of[id(variable)] for variable in own], own)

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """Give the variables the final values of their optimizers.

        Args:
            var_list: The variables of the model.
        """
        for optimizer in self.optimizers:
            optimizer.finalize_variable_values(var_list)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor as plain data."""
        return {
            "optimizer_map": serialization.serialize(self.optimizer_map),
            "loss_scale_factor": self.loss_scale_factor,
            "name": self.name,
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
        chosen = serialization.deserialize(config["optimizer_map"], custom_objects)
        return cls(**{**config, "optimizer_map": chosen})
