"""One contestant in a process of its own: prepares, then measures whenever it is told to.

    python -m benchmarks.worker kerata-jax tiny

It reads lines from standard input; each makes one measurement, printed as a JSON list of
seconds per epoch.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable

from benchmarks.tasks import TASKS


def prepare(contestant: str, task: str) -> Callable[[], list[float]]:
    """Return the measuring function of a contestant such as `"keras-torch"` or `"jax"`."""
    library, _, engine = contestant.rpartition("-")
    own_step = TASKS[task].own_step
    if not library:
        way = f"custom_by_{engine}" if own_step else f"by_{engine}"
        return importlib.import_module(f"benchmarks.{way}").prepare(task)
    if own_step:
        from benchmarks import custom_by_kerata

        return custom_by_kerata.prepare(engine, task)
    from benchmarks import by_api

    return by_api.prepare(library, engine, task)


def main() -> None:
    """Answer the parent's requests."""
    # What libraries print must not mix with the answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    measure = prepare(*sys.argv[1:3])
    measure()
    print("ready", file=answers)
    for _ in sys.stdin:
        print(json.dumps(measure()), file=answers)


if __name__ == "__main__":
    main()
