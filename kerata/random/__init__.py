"""Random numbers: `kerata.random`.

Each function takes `seed`: an integer (the same numbers every time), a `SeedGenerator` (others
each time, repeatable as a sequence), or nothing (the process's own generator, which
`kerata.utils.set_random_seed` sets).
"""

from kerata.core.seeds import SeedGenerator
from kerata.ops.random import (
    beta,
    binomial,
    categorical,
    dropout,
    gamma,
    normal,
    randint,
    shuffle,
    truncated_normal,
    uniform,
)

__all__ = [
    "SeedGenerator",
    "beta",
    "binomial",
    "categorical",
    "dropout",
    "gamma",
    "normal",
    "randint",
    "shuffle",
    "truncated_normal",
    "uniform",
]
