"""The table of optimizers and their settings; runs of Keras and kerata on the same gradients."""

from __future__ import annotations

import functools
from typing import Any

import jax
import keras
import numpy as np

STEPS = 20
SHAPES = {"kernel": (3, 4), "bias": (4,)}

# Each optimizer, and the settings of its own that change its formula.
OWN = {
    "SGD": [
        {},
        {"momentum": 0.9},
        {"momentum": 0.9, "nesterov": True},
    ],
    "RMSprop": [
        {},
        {"momentum": 0.9},
        {"centered": True},
        {"rho": 0.8, "momentum": 0.5, "centered": True, "epsilon": 1e-3},
    ],
    "Adam": [{}, {"amsgrad": True}, {"beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-2}],
    "AdamW": [{}, {"weight_decay": 0.1, "amsgrad": True}],
    "Adagrad": [{}, {"initial_accumulator_value": 0.5, "epsilon": 1e-2}],
    "Adadelta": [{"learning_rate": 1.0}, {"learning_rate": 1.0, "rho": 0.5, "epsilon": 1e-2}],
    "Adamax": [{}, {"beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-2}],
    "Nadam": [{}, {"beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-2}],
    "Lion": [{}, {"beta_1": 0.5, "beta_2": 0.7}],
    "Lamb": [{}, {"beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-2}],
    "Ftrl": [
        {},
        {
            "learning_rate_power": -0.6,
            "initial_accumulator_value": 0.3,
            "l1_regularization_strength": 0.05,
            "l2_regularization_strength": 0.1,
            "l2_shrinkage_regularization_strength": 0.05,
            "beta": 0.2,
        },
    ],
    "Muon": [
        {},
        {"exclude_layers": ["ern"], "adam_lr_ratio": 0.5, "adam_weight_decay": 0.2},
        {"nesterov": False, "rms_rate": None, "ns_steps": 3, "momentum": 0.5, "weight_decay": 0.1},
    ],
    "ScheduleFreeAdamW": [
        {},
        {"warmup_steps": 5, "beta_1": 0.5, "beta_2": 0.8, "epsilon": 1e-2, "weight_decay": 0.1},
    ],
    "Adafactor": [{}, {"relative_step": False, "clip_threshold": 0.5, "epsilon_2": 0.1}],
}
# Settings that all optimizers share.
SHARED = [
    {"weight_decay": 0.1},
    {"clipnorm": 0.5},
    {"clipvalue": 0.3},
    {"global_clipnorm": 0.7},
    {"loss_scale_factor": 4.0},
    {"use_ema": True, "ema_momentum": 0.8},
    {"use_ema": True, "ema_momentum": 0.8, "ema_overwrite_frequency": 3},
    {"gradient_accumulation_steps": 3},
    {
        "gradient_accumulation_steps": 2,
        "use_ema": True,
        "ema_momentum": 0.5,
        "ema_overwrite_frequency": 2,
        "clipnorm": 0.5,
        "weight_decay": 0.1,
    },
]
# All optimizers share the code of these settings, so two rules (one fused, one not) stand for all.
CASES = [(name, {**own}) for name in OWN for own in OWN[name]]
CASES += [(name, {**shared}) for name in ("Adam", "Nadam") for shared in SHARED]
CASES += [("RMSprop", SHARED[-1]), ("SGD", {"momentum": 0.9, **SHARED[-1]})]


def settings(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments, with a learning rate at which differences would show."""
    return {"learning_rate": 0.1, **arguments}


def first_values() -> dict[str, np.ndarray]:
    """Return the first values of the variables."""
    rng = np.random.default_rng(1)
    return {name: rng.normal(size=shape).astype("float32") for name, shape in SHAPES.items()}


def gradients(step: int) -> list[np.ndarray]:
    """Return the gradients of one step: noise around a direction, some elements zero."""
    rng = np.random.default_rng(100 + step)
    found = [(rng.normal(size=s) + 0.3).astype("float32") for s in SHAPES.values()]
    found[0][0, 0] = 0.0
    return found


def run(library: Any, name: str, arguments: dict[str, Any]) -> tuple[list, list, list]:
    """Train for some steps; return trained values, the optimizer's values, its paths."""
    variables = [library.Variable(v, name=n) for n, v in first_values().items()]
    optimizer = getattr(library.optimizers, name)(**settings(name, arguments))
    for step in range(STEPS):
        optimizer.apply([library.ops.array(g) for g in gradients(step)], variables)
    return (
        [np.asarray(v.numpy()) for v in variables],
        [np.asarray(v.numpy()) for v in optimizer.variables],
        [v.path for v in optimizer.variables],
    )


def run_compiled(
    library: Any, name: str, arguments: dict[str, Any]
) -> tuple[list, list, list]:
    """Train like `run`, by a compiled stateless update on JAX."""
    variables = [library.Variable(v, name=n) for n, v in first_values().items()]
    optimizer = getattr(library.optimizers, name)(**settings(name, arguments))
    optimizer.build(variables)
    update = jax.jit(optimizer.stateless_apply)
    trained = [v.value for v in variables]
    own = [v.value for v in optimizer.variables]
    for step in range(STEPS):
        trained, own = update(own, gradients(step), trained)
    paths = [v.path for v in optimizer.variables]
    return [np.asarray(v) for v in trained], [np.asarray(v) for v in own], paths


@functools.cache
def _expected(key: str) -> tuple[list, list, list]:
    name, arguments = next(case for case in CASES if repr(case) == key)
    keras.utils.clear_session(free_memory=False)
    # Compiled, because Keras' accumulation of gradients compiles anew at each eager step.
    return run_compiled(keras, name, arguments)


def expected(name: str, arguments: dict[str, Any]) -> tuple[list, list, list]:
    """Return what Keras makes of a case; computed once for all backends."""
    return _expected(repr((name, arguments)))
