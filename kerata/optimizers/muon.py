"""Muon: momentum, made orthogonal, for matrices; Adam for everything else."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from kerata import ops
from kerata.core.primitive import Tensor
from kerata.core.registry import register
from kerata.core.variable import Variable
from kerata.optimizers import adam
from kerata.optimizers.multi import Scalar, Tensors
from kerata.optimizers.optimizer import Optimizer
from kerata.optimizers.schedules import LearningRateSchedule
from kerata.optimizers.slots import Slot
from kerata.optimizers.steps import moving_average


@register("optimizers")
class Muon(Optimizer):
    """Moves matrices by their momentum with all singular values near 1; other variables by Adam.

    Args:
        learning_rate: A number, a `LearningRateSchedule`, or a callable without arguments.
        adam_beta_1: How much of the mean of the gradients is kept at each update by Adam.
        adam_beta_2: How much of the mean of their squares is kept by Adam.
        adam_weight_decay: The decay of the variables that Adam moves.
        epsilon: Keeps the division of Adam finite.
        weight_decay: The decay of the matrices.
        clipnorm: As for `Optimizer`, like the arguments after it up to `name`.
        exclude_layers: Regular expressions; what they are found in the path of is moved by Adam.
        exclude_embeddings: Whether variables with `embedding` in their path are moved by Adam.
        muon_a: Factor of X in the iteration `X <- a X + (b A + c A A) X`, with `A = X X^T`.
        muon_b: Factor of A X.
        muon_c: Factor of A A X.
        adam_lr_ratio: The learning rate of Adam, as a part of `learning_rate`.
        momentum: How much of the momentum is kept at each update.
        ns_steps: The number of iterations.
        nesterov: Whether to look ahead: to use the momentum that the next update would have.
        rms_rate: The size of a matrix' step is this, times the root of its longer side; `None`
            for 1.

    Source: Jordan et al., "Muon: An optimizer for hidden layers in neural networks" (2024); the
    size of the steps: Liu et al., "Muon is Scalable for LLM Training" (2025).

    >>> import kerata
    >>> v = kerata.Variable([[1.0, 0.0], [0.0, 1.0]])
    >>> kerata.optimizers.Muon(0.1, weight_decay=None).apply([kerata.ops.eye(2)], [v])
    >>> bool(v.numpy()[0, 0] < 1), float(v.numpy()[0, 1])
    (True, 0.0)
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule | Callable[[], Any] = 0.001,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004,
        epsilon: float = 1e-7,
        weight_decay: float | None = 0.004,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        exclude_layers: Sequence[str] | None = None,
        exclude_embeddings: bool = True,
        muon_a: float = 3.4445,
        muon_b: float = -4.775,
        muon_c: float = 2.0315,
        adam_lr_ratio: float = 1,
        momentum: float = 0.95,
        ns_steps: int = 5,
        nesterov: bool = True,
        rms_rate: float | None = 0.2,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            learning_rate,
            weight_decay,
            clipnorm,
            clipvalue,
            global_clipnorm,
            use_ema,
            ema_momentum,
            ema_overwrite_frequency,
            loss_scale_factor,
            gradient_accumulation_steps,
            name,
            **kwargs,
        )
        self.adam_beta_1 = adam_beta_1
        self.adam_beta_2 = adam_beta_2
        self.adam_weight_decay = adam_weight_decay
        self.epsilon = epsilon
        self.exclude_layers = list(exclude_layers or [])
        self.exclude_embeddings = exclude_embeddings
        self.muon_a = muon_a
        self.muon_b = muon_b
        self.muon_c = muon_c
        self.adam_lr_ratio = adam_lr_ratio
        self.momentum = momentum
        self.ns_steps = ns_steps
        self.nesterov = nesterov
        self.rms_rate = rms_rate

    def _uses_adam(self, variable: Variable) -> bool:
        if len(variable.shape) != 2:
            return True
        if self.exclude_embeddings and "embedding" in variable.path.lower():
            return True
        return any(re.search(pattern, variable.path) for pattern in self.exclude_layers)

    def _slot_groups(self) -> list[list[Slot]]:
        return [[Slot("momentum"), Slot("velocity", wanted=self._uses_adam)]]

    def _decay_and_move(
        self, gradients: Tensors, variables: list[Variable], weight_decay: float | None
    ) -> None:
        """Update the matrices and the other variables, which decay differently."""
        for adam_moves, decay in ((False, weight_decay), (True, self.adam_weight_decay)):
            pairs = zip(gradients, variables, strict=True)
            chosen = [(g, v) for g, v in pairs if self._uses_adam(v) is adam_moves]
            if chosen:
                part = gradients.like([g for g, _ in chosen])
                super()._decay_and_move(part, [v for _, v in chosen], decay)

    def _rule(
        self,
        gradients: Tensors,
        values: Tensors,
        slots: dict[str, Tensors],
        rate: Scalar,
        step: Scalar,
    ) -> tuple[Tensors, dict[str, Tensors]]:
        """Update variables that are all matrices, or all others: those have a velocity."""
        if "velocity" in slots:
            betas = (self.adam_beta_1, self.adam_beta_2)
            m = moving_average(slots["momentum"], gradients, betas[0])
            v = moving_average(slots["velocity"], gradients * gradients, betas[1])
            move = adam.move(m, v, rate * self.adam_lr_ratio, step, betas, self.epsilon)
            return values - move, {"momentum": m, "velocity": v}
        m = slots["momentum"] * self.momentum + gradients
        ahead = gradients + m * self.momentum if self.nesterov else m
        direction = ahead.like([self._direction(matrix) for matrix in ahead])
        return values - direction * rate, {"momentum": m}

    def _direction(self, matrix: Tensor) -> Tensor:
        return self.lr_adjust(self.zeropower_via_newtonschulz5(matrix, self.ns_steps))

    def lr_adjust(self, x: Tensor) -> Tensor:
        """Return an orthogonal matrix in the size of a step.

        Args:
            x: The matrix.
        """
        if self.rms_rate is None:
            return x
        return x * (self.rms_rate * max(x.shape[0], x.shape[1]) ** 0.5)

    def transpose_last_axis(self, X: Tensor) -> Tensor:  # noqa: N803
        """Return a tensor with its last two axes exchanged.

        Args:
            X: The tensor.
        """
        return ops.swapaxes(X, -1, -2)

    def zeropower_via_newtonschulz5(self, x: Tensor, steps: int) -> Tensor:
        """Return a matrix with the same singular vectors, and singular values near 1.

        Args:
            x: The matrix, or a stack of matrices.
            steps: The number of iterations.
        """
        tall = x.shape[-2] > x.shape[-1]
        x = self.transpose_last_axis(x) if tall else x
        x = x / (ops.sqrt(ops.sum(ops.square(x), axis=(-2, -1), keepdims=True)) + 1e-7)
        for _ in range(steps):
            a = ops.matmul(x, self.transpose_last_axis(x))
            x = self.muon_a * x + ops.matmul(self.muon_b * a + self.muon_c * ops.matmul(a, a), x)
        return self.transpose_last_axis(x) if tall else x
