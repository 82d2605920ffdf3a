"""Programs: a step of a model, ready to run over chunks of batches.

A `Program` runs `step(batch)` for each batch of a chunk and returns the results stacked. On
engines that compile, the whole chunk is one call of a compiled loop; others run the Python
step for each batch. How many steps make a chunk is chosen here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from kerata.core import tree
from kerata.core.context import current, structure_version
from kerata.core.function import StatefulProgram
from kerata.core.variable import Variable
from kerata.training.data import Batch, Chunk

# A chunk of K steps should not delay progress and Ctrl-C, nor outgrow the caches.
_MOST_BYTES = 16 * 2**20
_EAGER_STEPS = 64
# Floating-point operations of one step -> how many steps are fused into one call.
_FUSED_STEPS = ((1e6, 64), (3e8, 16), (math.inf, 4))
# Capturing a step takes as long as some hundred steps, and helps only where kernels are short.
_MANY_STEPS = 1000
# Some engines can compile thoroughly, which takes as long as thousands of steps.
_VERY_MANY_STEPS = 3000
_SHORT_STEP = 3e6


class Program:
    """A step of a model that runs over chunks.

    Args:
        step: takes a batch as the user's `train_step` does and returns a structure of tensors.
        backend: the engine.
        compiled: whether the engine's compiler is used; `"auto"` lets it decide how thoroughly.
        state: variables that the step assigns.
        constant: variables that it reads.
    """

    def __init__(
        self,
        step: Callable,
        backend: Any,
        compiled: bool | str,
        state: Sequence[Variable] = (),
        constant: Sequence[Variable] = (),
    ):
        self._backend = backend
        self._step = lambda batch: step(as_data(Batch(*batch)))
        # Where the engine could compile but must not, bodies of loops run as Python as well.
        self._line_by_line = backend.compiles and not compiled
        self._compiled: StatefulProgram | None = None
        self._capturable = bool(compiled) and backend.captures
        self._state, self._constant = state, constant
        if compiled and backend.compiles:
            thoroughly = compiled is True
            self._compiled = StatefulProgram(self._step, backend, state, constant, thoroughly)
        self._length: dict[Any, int] = {}

    def steps_per_chunk(self, batch: Batch, limit: int | None = None) -> int:
        """Return how many steps to fuse for batches like this one.

        Args:
            batch: the first batch, as NumPy arrays.
            limit: the most that callbacks allow; `None` for any number.
        """
        if limit == 1:
            return 1
        if self._compiled is None:
            steps = _EAGER_STEPS
        else:
            flops = self._compiled.flops(tuple(batch))
            steps = next(count for bound, count in _FUSED_STEPS if flops < bound)
        size = sum(leaf.nbytes for leaf in tree.flatten(batch) if leaf is not None)
        steps = max(1, min(steps, int(_MOST_BYTES // max(size, 1))))
        return min(steps, limit) if limit else steps

    def plan(self, batch: Batch, planned_steps: int) -> None:
        """Decide how to run the step, given how often it will run.

        Args:
            batch: the first batch, as NumPy arrays.
            planned_steps: how many steps the run will take.
        """
        if self._compiled is not None:
            self._compiled.thoroughly |= planned_steps >= _VERY_MANY_STEPS
        elif self._capturable and planned_steps >= _MANY_STEPS:
            self._capture(batch)

    def _capture(self, batch: Batch) -> None:
        """Capture the step, on engines that do so, if it is short."""
        self._capturable = False
        rows = max((leaf.shape[0] for leaf in tree.flatten(batch) if leaf is not None), default=1)
        trained = math.fsum(np.prod(v.shape) for v in self._state if v.trainable)
        if 6.0 * trained * rows > _SHORT_STEP:
            return  # dense layers alone take longer
        program = StatefulProgram(self._step, self._backend, self._state, self._constant)
        try:
            short = program.flops(tuple(batch)) < _SHORT_STEP
        except Exception:  # whatever a step without values meets; as Python it runs, or tells
            return
        self._compiled = program if short else None

    def run(self, chunk: Chunk) -> Results:
        """Run all steps of a chunk and return what they gave."""
        if self._compiled is None:
            steps = self._eager_steps(chunk, each=True)
            return Results([part[0] for part in steps], None, self._backend)
        return self._run_compiled(chunk)

    def parts(self, chunk: Chunk, each: bool = True) -> Iterator[Results]:
        """Run a chunk part by part: all at once if it is compiled, else step by step.

        Args:
            chunk: stacked batches.
            each: whether the logs of every step are wanted, not only those of the last.
        """
        if self._compiled is None:
            yield from self._eager_steps(chunk, each)
        else:
            yield self._run_compiled(chunk)

    def _run_compiled(self, chunk: Chunk) -> Results:
        assert self._compiled is not None
        steps = chunk.steps
        batch = self._padded(tuple(chunk.batch), steps)
        if _length(batch) == 1:  # without a loop it compiles faster, and nothing is stacked
            only = tree.map_structure(_first, batch, none_is_leaf=False)
            return Results([self._compiled(only)], None, self._backend)
        return Results(None, self._compiled.many(batch, steps), self._backend, steps)

    def _padded(self, batch: tuple, steps: int) -> tuple:
        """Pad a last, shorter chunk to the length compiled before; the padding is not run."""
        leaves = [leaf for leaf in tree.flatten(batch) if leaf is not None]
        key = tuple((leaf.shape[1:], leaf.dtype) for leaf in leaves)
        length = self._length.setdefault(key, steps)
        if steps >= length:
            self._length[key] = steps
            return batch

        def pad(leaf: Any) -> Any:
            if leaf is None:
                return None
            padded = np.zeros((length, *leaf.shape[1:]), leaf.dtype)
            padded[:steps] = leaf
            return padded

        return tree.map_structure(pad, batch)

    def _eager_steps(self, chunk: Chunk, each: bool) -> Iterator[Results]:
        engine = self._backend
        stacked = [
            None if leaf is None else engine.view_numpy(leaf) for leaf in tree.flatten(chunk.batch)
        ]
        structure: dict = {}
        version = structure_version()
        for index in range(chunk.steps):
            if structure_version() != version:  # a callback has changed the model
                structure, version = {}, structure_version()
            leaves = [None if leaf is None else leaf[index] for leaf in stacked]
            wanted = each or index + 1 == chunk.steps
            result = self._remembering(structure, wanted, tree.pack(tuple(chunk.batch), leaves))
            yield Results([result], None, engine)

    def _remembering(self, structure: dict, results_wanted: bool, batch: tuple) -> Any:
        """Run one step with what is known of the layers; plain assignments, as this is hot."""
        before = current.structure, current.results_wanted, current.line_by_line
        current.structure, current.results_wanted = structure, results_wanted
        current.line_by_line = self._line_by_line
        try:
            return self._step(batch)
        finally:
            current.structure, current.results_wanted, current.line_by_line = before


class Results:
    """What the steps of a chunk returned, still on the device; read when somebody looks."""

    def __init__(self, each: list[Any] | None, stacked: Any, backend: Any, steps: int = 0):
        self._each = each
        self._stacked = stacked
        self._backend = backend
        self.steps = len(each) if each is not None else steps

    def __getitem__(self, step: int) -> Any:
        """Return the result of one step, on the device."""
        if self._each is not None:
            return self._each[step]
        step = range(self.steps)[step]
        return tree.map_structure(
            lambda leaf: leaf[step] if hasattr(leaf, "shape") else leaf, self._stacked
        )

    def logs(self, step: int = -1) -> dict[str, Any]:
        """Return the result of one step as numbers on the host."""
        if self._each is not None:
            found = self._each[step]
            return {name: to_number(value, self._backend) for name, value in found.items()}
        if not isinstance(self._stacked, dict):
            return {}
        step = range(self.steps)[step]
        return {
            name: _number_at(value, step, self._backend) for name, value in self._stacked.items()
        }

    def arrays(self) -> list[Any]:
        """Return the results of all steps as NumPy arrays, one structure per step."""
        if self._each is not None:
            return [
                tree.map_structure(lambda leaf: self._backend.to_numpy(leaf), result)
                for result in self._each
            ]
        host = tree.map_structure(lambda leaf: self._backend.to_numpy(leaf), self._stacked)
        return [_row(host, index) for index in range(self.steps)]


def _length(batch: tuple) -> int:
    """Return how many steps were stacked; batches without a tensor are run as a loop."""
    return next((len(leaf) for leaf in tree.flatten(batch) if leaf is not None), 0)


def _first(leaf: Any) -> Any:
    return leaf[0]


def _row(structure: Any, index: int) -> Any:
    return tree.map_structure(lambda leaf: leaf[index], structure)


def to_number(value: Any, backend: Any) -> Any:
    """Return a scalar tensor as a Python number, larger ones as NumPy arrays."""
    if isinstance(value, (int, float, str)):
        return value
    array = np.asarray(backend.to_numpy(value))
    return array.item() if array.ndim == 0 else array


def _number_at(value: Any, step: int, backend: Any) -> Any:
    if isinstance(value, dict):
        return {name: _number_at(each, step, backend) for name, each in value.items()}
    if not hasattr(value, "shape"):
        return value
    array = np.asarray(backend.to_numpy(value))[step]
    return array.item() if array.ndim == 0 else array


def as_data(batch: Batch) -> Any:
    """Return a batch as `train_step(data)` expects it: `x`, `(x, y)` or `(x, y, weights)`."""
    if batch.sample_weight is not None:
        return (batch.x, batch.y, batch.sample_weight)
    if batch.y is not None:
        return (batch.x, batch.y)
    return (batch.x,) if isinstance(batch.x, (list, tuple)) else batch.x


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """Return `(x, y, sample_weight)` from what a step was given; missing parts are `None`.

    Args:
        data: `x`, `(x,)`, `(x, y)` or `(x, y, sample_weight)`.

    Raises:
        ValueError: if `data` is a tuple of more than three.

    >>> unpack_x_y_sample_weight((1, 2))
    (1, 2, None)
    """
    if isinstance(data, list):
        data = tuple(data)
    if not isinstance(data, tuple):
        return data, None, None
    if len(data) > 3:
        raise ValueError(f"Expected (x, y, sample_weight), got a tuple of {len(data)}.")
    x, y, weight = (*data, None, None)[:3]
    return x, y, weight
