"""Low-rank adaptation (LoRA): training a large matrix by two small ones.

    kernel  ->  kernel + lora_alpha / rank * (lora_kernel_a @ lora_kernel_b)

A layer that can be adapted names its matrix once, `kernel = Adaptable()`, and goes on to read it as
`self.kernel`: it need not know whether that is the variable or the sum.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from kerata import ops
from kerata.core.context import forget_structure
from kerata.core.variable import Variable
from kerata.layers.arguments import Named, positive_integer
from kerata.layers.layer import Layer


class Adaptable:
    """A matrix of a layer: the variable, or once LoRA is enabled, its sum with the update."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, layer: Any, owner: Any = None) -> Any:
        if layer is None:
            return self
        variable = vars(layer).get(self.name)
        if variable is None:
            raise AttributeError(f"{type(layer).__name__} has no `{self.name}` until it is built.")
        return variable if not layer.lora_enabled else layer.adapted(variable)

    def __set__(self, layer: Any, variable: Variable) -> None:
        vars(layer)[self.name] = variable


class AdaptableLayer(Layer):
    """Base of the layers whose matrix can be trained by a low-rank update."""

    #: The name of the matrix.
    adaptable: ClassVar[str] = "kernel"
    #: Whether the matrix is frozen and has an update.
    lora_enabled: bool = False
    # Given to the constructors.
    lora_rank: int | None
    lora_alpha: float | None

    def enable_lora(
        self,
        rank: int,
        lora_alpha: float | None = None,
        a_initializer: Named = "he_uniform",
        b_initializer: Named = "zeros",
    ) -> None:
        """Freeze the matrix, and train the product of two small ones that is added to it.

        Args:
            rank: The columns of the first, and the rows of the second.
            lora_alpha: The product is multiplied by `lora_alpha / rank`; `rank` by default.
            a_initializer: First values of the first.
            b_initializer: First values of the second: zeros, so that nothing changes at first.

        Raises:
            ValueError: If the layer is not built, is adapted already, or has a constraint on the
                matrix.

        Source: Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models" (2021).

        >>> import kerata
        >>> layer = kerata.layers.Dense(6)
        >>> layer.build((None, 8))
        >>> layer.enable_lora(rank=2)
        >>> [(weight.name, weight.shape) for weight in layer.trainable_weights]
        [('bias', (6,)), ('lora_kernel_a', (8, 2)), ('lora_kernel_b', (2, 6))]
        """
        name = self.adaptable
        self._check_adaptable()
        rank = positive_integer(rank, "rank")
        matrix: Variable = vars(self)[name]
        shape = matrix.shape
        regularizer = getattr(self, f"{name}_regularizer")
        for end, size, first in (
            ("a", (*shape[:-1], rank), a_initializer),
            ("b", (rank, shape[-1]), b_initializer),
        ):
            weight = self.add_weight(
                name=f"lora_{name}_{end}", shape=size, initializer=first, regularizer=regularizer
            )
            setattr(self, f"lora_{name}_{end}", weight)
        matrix.trainable = False
        matrix._frozen_by_layer = False  # type: ignore[attr-defined]
        forget_structure()
        self.lora_enabled = True
        self.lora_rank = rank
        self.lora_alpha = rank if lora_alpha is None else lora_alpha
        # Files hold the sum, so that they fit the layer without LoRA.
        self.save_own_variables = self._save_sum  # type: ignore[method-assign]
        self.load_own_variables = self._load_sum  # type: ignore[method-assign]

    def _check_adaptable(self) -> None:
        name = self.adaptable
        if name not in vars(self):
            raise ValueError(
                f"Layer {self.path!r} has no `{name}` yet: call it on data, or "
                "`build(input_shape)`, before `enable_lora`."
            )
        if self.lora_enabled:
            raise ValueError(f"Layer {self.path!r} has a low-rank update already.")
        if getattr(self, f"{name}_constraint") is not None:
            raise ValueError(
                f"Layer {self.path!r} has a `{name}_constraint`, which a low-rank update of the "
                f"{name} would break. Leave it out to use LoRA."
            )

    def _adapt_if_asked(self) -> None:
        """Enable what the constructor was asked for; the last line of `build`."""
        if self.lora_rank:
            self.enable_lora(self.lora_rank, self.lora_alpha)

    def _update_factors(self) -> list[Variable]:
        return [getattr(self, f"lora_{self.adaptable}_{end}") for end in ("a", "b")]

    def adapted(self, matrix: Any) -> Any:
        """Return a matrix plus the low-rank update."""
        a, b = self._update_factors()
        scale = self.lora_alpha / self.lora_rank  # type: ignore[operator]
        return ops.add(matrix, ops.multiply(ops.matmul(a, b), scale))

    def _save_sum(self, store: Any) -> None:
        """Write the layer's own variables, the update added to the matrix."""
        for index, variable in enumerate(self._saved_variables()):
            is_matrix = variable is vars(self)[self.adaptable]
            value = ops.convert_to_numpy(self.adapted(variable)) if is_matrix else variable.numpy()
            store[str(index)] = value

    def _load_sum(self, store: Any) -> None:
        """Set the layer's own variables; the update begins anew, at nothing."""
        saved = self._saved_variables()
        if len(store.keys()) != len(saved):
            raise ValueError(
                f"Layer {self.path!r} has {len(saved)} variables, the file has {len(store.keys())}."
            )
        for index, variable in enumerate(saved):
            variable.assign(np.asarray(store[str(index)]))
        _, b = self._update_factors()
        b.assign(np.zeros(b.shape))

    def _saved_variables(self) -> list[Variable]:
        factors = self._update_factors()
        return [v for v in self._own_variables if not any(v is factor for factor in factors)]

    def get_config(self) -> dict[str, Any]:
        """Return the arguments; those of LoRA where it is used."""
        config = super().get_config()
        if self.lora_rank is None:
            for name in ("lora_rank", "lora_alpha"):
                config.pop(name, None)  # a subclass may not have them
        return config
