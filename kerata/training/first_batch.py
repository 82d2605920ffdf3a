"""What is looked at before the first update, so that no run trains on nonsense.

The trainer describes the model as a `ModelView`; the checks hold data against it. They need no
engine and cost a bounded time: shapes and dtypes, the first batch, and, for arrays in memory, one
pass for what a single bad value would spoil (NaN, labels, token ids).
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

import numpy as np

from kerata.core import registry, tree
from kerata.core.errors import KerataWarning
from kerata.core.spec import TensorSpec
from kerata.losses.shapes import check_target
from kerata.training.data.batches import Batch, Batches
from kerata.training.data.rows import ArrayRows, ChosenRows

#: how much of an array in memory is searched for bad values
SCANNED_BYTES = 1 << 28

_ON_PROBABILITIES = {
    "binary_crossentropy": "sigmoid",
    "binary_focal_crossentropy": "sigmoid",
    "categorical_crossentropy": "softmax",
    "categorical_focal_crossentropy": "softmax",
    "sparse_categorical_crossentropy": "softmax",
}
#: what NaN in the data does
_SPOILT_BY_NAN = {
    "fit": "training would turn every weight into NaN",
    "validation": "val_loss would be NaN",
}
_PROBABILITIES = ("sigmoid", "softmax")
_NO_PROBABILITIES = ("linear", "relu", "tanh", "gelu", "elu", "selu", "leaky_relu", "silu")


@dataclasses.dataclass
class InputView:
    """An input of a model: its name and spec (batch dimension included)."""

    name: str
    spec: TensorSpec


@dataclasses.dataclass
class OutputView:
    """An output of a model.

    Attributes:
        name: the name by which targets, losses and metrics refer to it.
        spec: spec of the predictions, batch dimension included; `None` if unknown.
        loss: the loss (instance or function), `None` for an output without one.
        activation: name of the last activation, `"linear"` for none, `None` if unknown.
        layer: name of the layer that makes it.
    """

    name: str
    spec: TensorSpec | None = None
    loss: Any = None
    activation: str | None = None
    layer: str = ""

    def __post_init__(self) -> None:
        # A built-in function that was wrapped into a Loss is known by the function.
        self.loss = getattr(self.loss, "function", self.loss)


@dataclasses.dataclass
class EmbeddingView:
    """An embedding fed directly by an input: its name, size of vocabulary, and the input."""

    name: str
    input_dim: int
    input: str


@dataclasses.dataclass
class ModelView:
    """What the checks need to know of a model.

    Attributes:
        inputs: `InputView`s in the nesting that the model takes; `None` if unknown.
        outputs: `OutputView`s in the nesting that the model returns; `None` if unknown.
        embeddings: the embeddings that read an input.
        names: what messages call the arrays of the batch, from left to right, where these are not
            what the user gave, but what was made of it; without `inputs`.
    """

    inputs: Any = None
    outputs: Any = None
    embeddings: Sequence[EmbeddingView] = ()
    names: Sequence[str] | None = None


def check_first_batch(
    view: ModelView,
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    mode: str = "fit",
    batches: Batches | None = None,
) -> None:
    """Hold a first batch against the model.

    Args:
        view: the model.
        x: inputs of the batch, NumPy arrays in the user's nesting.
        y: targets, or `None`.
        sample_weight: weights, or `None`.
        mode: `"fit"`, `"validation"`, `"evaluate"` or `"predict"`; the first two mind values that
            are not finite.
        batches: where the batch comes from; arrays in memory are searched as a whole.

    Raises:
        ValueError: if the data do not fit the model, or cannot be learned from.

    Warns:
        KerataWarning: if they can, but hardly as meant.
    """
    whole = (batches.in_memory if batches is not None else None) or Batch(None)
    named_x = _check_inputs(view, x, whole)
    if mode in _SPOILT_BY_NAN:
        _check_finite(named_x.values(), mode)
    for embedding in view.embeddings:
        if embedding.input in named_x:
            _check_ids(embedding, named_x[embedding.input])
    if mode == "fit":
        check_outputs(view)
    if mode != "predict":
        _check_targets(view, y, whole.y, mode)
        _check_weights(sample_weight, x)


class Column:
    """One array of the first batch, and the whole of it where it is in memory."""

    def __init__(self, name: str, array: np.ndarray, rows: Any = None):
        self.name = name
        self.array = array
        self.rows = rows

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape as the user sees it: all rows where they are in memory."""
        return self.array.shape if self.rows is None else self.rows.shape

    def scanned(self) -> np.ndarray:
        """Return what is searched for bad values: as much as the budget allows."""
        rows = self.rows
        stored = rows.rows if isinstance(rows, ChosenRows) else rows
        if not isinstance(stored, ArrayRows):
            return self.array
        per_row = max(1, stored.array.nbytes // len(stored))
        count = max(len(self.array), SCANNED_BYTES // per_row)
        return stored.array[:count] if rows is stored else rows.slice(0, count)


# -- inputs --------------------------------------------------------------


def _check_inputs(view: ModelView, x: Any, whole: Batch) -> dict[str, Column]:
    """Return the input columns by the name of the input, their shapes checked."""
    if view.inputs is None:
        return {column.name: column for column in _columns("x", x, whole.x, view.names)}
    views = tree.flatten(view.inputs)
    columns = _matched(x, whole.x, view.inputs, views)
    for each in views:
        if each.name in columns:
            _check_shape(each, columns[each.name], has_targets=whole.y is not None)
    return columns


def _columns(
    argument: str, structure: Any, rows: Any, names: Sequence[str] | None = None
) -> list[Column]:
    """Return the arrays of an argument from left to right."""
    leaves = tree.flatten(structure)
    if names is None:
        names = [argument] if len(leaves) == 1 else [f"{argument}[{i}]" for i in range(len(leaves))]
    parts = [None] * len(leaves) if rows is None else tree.flatten(rows)
    found = zip(names, leaves, parts, strict=True)
    return [Column(name, leaf, part) for name, leaf, part in found]


def _matched(x: Any, rows: Any, structure: Any, views: list[InputView]) -> dict[str, Column]:
    """Give each input of the model its array: by name for dicts, else by order."""
    if isinstance(x, dict):
        keys = _keys(structure, views)
        missing = [key for key in keys if key not in x]
        if missing:
            raise ValueError(
                f"x is a dict without the input {missing[0]!r}: the model's inputs are "
                f"{', '.join(map(repr, keys))}, x has {', '.join(map(repr, x))}."
            )
        rows = rows or {}
        return {
            v.name: Column(f"x[{key!r}]", x[key], rows.get(key))
            for v, key in zip(views, keys, strict=True)
            if not tree.is_nested(x[key])
        }
    columns = _columns("x", x, rows)
    if len(columns) != len(views):
        _refuse_count([column.array for column in columns], views)
    return {view.name: column for view, column in zip(views, columns, strict=True)}


def _keys(structure: Any, views: list[InputView]) -> list[Any]:
    if isinstance(structure, dict) and not any(tree.is_nested(v) for v in structure.values()):
        return sorted(structure)
    return [view.name for view in views]


def _refuse_count(leaves: list[Any], views: list[InputView]) -> NoReturn:
    alike = len({leaf.shape for leaf in leaves}) == 1
    if len(views) == 1 and alike:
        raise ValueError(
            f"x is a list of {len(leaves)} arrays of shape {leaves[0].shape}, but the model has "
            f"one input, {views[0].name!r}. If they are the samples, did you mean np.stack(x)?"
        )
    raise ValueError(
        f"x holds {len(leaves)} arrays, but the model has {len(views)} inputs: "
        f"{', '.join(repr(view.name) for view in views)}. Pass one array for each, as a list in "
        "this order or as a dict by name."
    )


def _check_shape(view: InputView, column: Column, has_targets: bool) -> None:
    expected, shape = tuple(view.spec.shape), column.shape
    if len(shape) == len(expected) and _fits(shape[1:], expected[1:]):
        return
    if shape[-1:] == (1,) and len(shape) == len(expected) + 1 and _fits(shape[1:-1], expected[1:]):
        return  # a last axis of size 1 is dropped ...
    if len(shape) == len(expected) - 1 and expected[-1] == 1 and _fits(shape[1:], expected[1:-1]):
        return  # ... or added
    name = column.name
    facts = f"`{name}` has shape {shape}, but the model's input {view.name!r} expects {expected}: "
    without_batch = len(shape) == len(expected) - 1
    is_sample = without_batch and _fits(shape, expected[1:])
    if is_sample and not has_targets:
        raise ValueError(
            f"{facts}this is one sample without the batch axis. Add the axis: {name}[None], such "
            "as model.predict(x[0][None])."
        )
    if without_batch and _fits(shape[1:], expected[2:]):
        raise ValueError(
            f"{facts}the batch size seems to be in the Input's shape. Leave it out: "
            f"Input({tuple(shape[1:])})."
        )
    raise ValueError(facts + _input_advice(name, shape, expected))


def _fits(shape: Sequence[Any], expected: Sequence[Any]) -> bool:
    return len(shape) == len(expected) and all(
        have == want or want is None for have, want in zip(shape, expected, strict=True)
    )


def _input_advice(name: str, shape: Sequence[int], expected: Sequence[Any]) -> str:
    if len(shape) == len(expected) == 2:
        return (
            f"{name} has {shape[1]} features, the model expects {expected[1]}. Use "
            f"Input(({shape[1]},)), or pass {expected[1]} columns."
        )
    if len(shape) == len(expected) > 2:
        if _fits((*shape[2:], shape[1]), expected[1:]):
            return f"the channels come first. Move them: np.moveaxis({name}, 1, -1)."
        if _fits((shape[-1], *shape[1:-1]), expected[1:]):
            return f"the channels come last. Move them: np.moveaxis({name}, -1, 1)."
        axis = next(i for i in range(1, len(shape)) if expected[i] not in (None, shape[i]))
        return (
            f"axis {axis} is {shape[axis]}, not {expected[axis]}. Use Input({tuple(shape[1:])}), "
            f"or resize {name}."
        )
    size = np.prod(shape[1:], dtype=np.int64)
    if None not in expected[1:] and size == np.prod(expected[1:], dtype=np.int64):
        return f"use {name}.reshape{(-1, *expected[1:])}, or Input({tuple(shape[1:])})."
    return (
        f"it has {len(shape)} axes instead of {len(expected)}. Use Input({tuple(shape[1:])}), or "
        f"reshape {name}."
    )


def _check_finite(columns: Iterable[Column], mode: str) -> None:
    """Raise if an array has NaN or infinite values."""
    for column in columns:
        array = column.scanned()
        if array.dtype.kind != "f" or not array.size:
            continue
        # Minimum and maximum pass NaN on, and are much faster than looking at each value.
        if np.isfinite(array.min()) and np.isfinite(array.max()):
            continue
        bad = ~np.isfinite(array)
        kind = "NaN" if np.isnan(array).any() else "infinite value"
        bad = np.isnan(array) if kind == "NaN" else bad
        count = int(bad.sum())
        plural = "s" if count > 1 and kind != "NaN" else ""
        place = _place(np.unravel_index(int(bad.argmax()), bad.shape))
        raise ValueError(
            f"`{column.name}` has {count} {kind}{plural}, first at {place}: "
            f"{_SPOILT_BY_NAN.get(mode, 'the loss would be NaN')}. Drop those rows or impute the "
            "values (np.nan_to_num, kerata.layers.Imputation)."
        )


def _place(position: Sequence[Any]) -> str:
    row, *rest = (int(k) for k in position)
    if not rest:
        return f"row {row}"
    return f"row {row}, " + (f"column {rest[0]}" if len(rest) == 1 else f"index {tuple(rest)}")


def _check_ids(embedding: EmbeddingView, column: Column) -> None:
    ids = column.scanned()
    if ids.size and ids.max() >= embedding.input_dim:
        largest = int(ids.max())
        raise ValueError(
            f"`{column.name}` has the id {largest}, but the layer {embedding.name!r} is an "
            f"Embedding({embedding.input_dim}), for ids 0 to {embedding.input_dim - 1}: set "
            f"input_dim >= {largest + 1}."
        )
    if ids.size and ids.min() < 0:
        raise ValueError(
            f"`{column.name}` has the id {int(ids.min())}, but the layer {embedding.name!r} takes "
            f"ids 0 to {embedding.input_dim - 1}: shift or replace the negative ones."
        )


# -- targets --------------------------------------------------------------


def _check_targets(view: ModelView, y: Any, whole: Any, mode: str) -> None:
    outputs = [] if view.outputs is None else tree.flatten(view.outputs)
    trained = [output for output in outputs if output.loss is not None]
    if not trained:
        return
    if y is None:
        raise ValueError(
            f"{mode} needs targets for the loss {loss_name(trained[0].loss)!r}: pass y, or data "
            "that yields (x, y)."
        )
    for output, column in _targets(view, y, whole, outputs, trained):
        name = loss_name(output.loss)
        if output.spec is not None:
            spec = TensorSpec((None, *column.shape[1:]), column.array.dtype.name)
            where = f"output {output.name!r}, {name}" if len(outputs) > 1 else name
            check_target(output.loss, spec, output.spec, where)
        if registry.kind_of(_kind(output.loss)) is not None:
            _check_finite([column], mode)
            _check_labels(output, name, column)


def _targets(
    view: ModelView, y: Any, whole: Any, outputs: list[OutputView], trained: list[OutputView]
) -> list[tuple[OutputView, Column]]:
    """Pair each output that has a loss with its target: by name for dicts, else by order."""
    if isinstance(y, dict):
        missing = [output.name for output in trained if output.name not in y]
        if missing:
            raise ValueError(
                f"y is a dict without a target for the output {missing[0]!r}: the outputs are "
                f"{', '.join(repr(output.name) for output in outputs)}, y has "
                f"{', '.join(map(repr, y))}."
            )
        rows = whole or {}
        return [(o, Column(f"y[{o.name!r}]", y[o.name], rows.get(o.name))) for o in trained]
    columns = _columns("y", y, whole)
    chosen = trained if len(columns) == len(trained) else outputs
    if len(columns) != len(chosen):
        example = ", ".join(f"{output.name!r}: ..." for output in trained[:4])
        raise ValueError(
            f"The model has {len(outputs)} outputs, {', '.join(o.name for o in outputs)}, but y "
            f"is given for {len(columns)}: pass y={{{example}}}."
        )
    pairs = zip(chosen, columns, strict=True)
    return [(output, column) for output, column in pairs if output.loss is not None]


def _kind(loss: Any) -> Any:
    return loss if hasattr(loss, "__name__") else type(loss)


def loss_name(loss: Any) -> str:
    """Return the name of a loss as one writes it: `"mean_squared_error"`.

    >>> import kerata
    >>> loss_name(kerata.losses.BinaryCrossentropy())
    'binary_crossentropy'
    """
    kind = _kind(loss)
    known = registry.kind_of(kind) is not None
    return registry.snake_case(registry.own_name(kind) if known else kind.__name__)


def _check_labels(output: OutputView, name: str, column: Column) -> None:
    """Hold the range of the labels against what the loss can use."""
    y = column.scanned()
    if not y.size or y.dtype.kind not in "fiub":
        return
    if name == "sparse_categorical_crossentropy" and output.spec is not None:
        axis = getattr(output.loss, "axis", -1)
        classes = output.spec.shape[axis] if output.spec.shape else None
        ignored = getattr(output.loss, "ignore_class", None)
        if classes is not None:
            _check_classes(column.name, y if ignored is None else y[y != ignored], classes)
    if name in ("binary_crossentropy", "binary_focal_crossentropy"):
        low, high = y.min(), y.max()
        if low < -1e-3 or high > 1 + 1e-3:
            warnings.warn(
                f"`{column.name}` runs from {low:g} to {high:g}, but {name} takes targets from 0 "
                f"to 1. For labels use ({column.name} > {low:g}); scale other targets to 0..1.",
                KerataWarning,
                stacklevel=2,
            )


def _check_classes(name: str, labels: np.ndarray, classes: int) -> None:
    if not labels.size:
        return
    low, high = labels.min(), labels.max()
    if labels.dtype.kind == "f" and (labels != np.rint(labels)).any():
        raise ValueError(
            f"`{name}` has labels between whole numbers, but sparse_categorical_crossentropy takes "
            f"classes 0 to {classes - 1}. For a regression use loss='mse'."
        )
    if low >= 0 and high < classes:
        return
    fix = f"use {int(high) + 1} units in the last layer"
    if high - low < classes:
        fix = f"subtract {int(low)}" if low > 0 else f"add {-int(low)}"
        fix += f" ({name} {'-' if low > 0 else '+'} {abs(int(low))})"
        if low > 0:
            fix += f", or use {int(high) + 1} units in the last layer"
    elif low < 0:
        fix = "number the classes from 0: np.unique(y, return_inverse=True)[1]"
    raise ValueError(
        f"The labels in `{name}` run from {int(low)} to {int(high)}, but the model has classes 0 "
        f"to {classes - 1}: {fix}."
    )


def _check_weights(sample_weight: Any, x: Any) -> None:
    rows = {len(leaf) for leaf in tree.flatten(x) if leaf is not None and leaf.ndim}
    for weight in tree.flatten(sample_weight):
        if weight is not None and (weight.ndim == 0 or len(weight) not in rows):
            raise ValueError(
                f"`sample_weight` has shape {weight.shape}, but the batch has "
                f"{next(iter(rows), 0)} rows: give one weight per sample."
            )


# -- the end of the model --------------------------------------------------------------


def check_outputs(view: ModelView) -> None:
    """Hold the last activation of each output against its loss; needs no data.

    Raises:
        ValueError: if an output is constant: softmax over one unit.

    Warns:
        KerataWarning: if a loss expects probabilities and gets none, or the other way round.
    """
    for output in [] if view.outputs is None else tree.flatten(view.outputs):
        units = output.spec.shape[-1] if output.spec is not None and output.spec.shape else None
        layer = repr(output.layer or output.name)
        if output.activation == "softmax" and units == 1:
            raise ValueError(
                f"The layer {layer} is a softmax over 1 unit, which is always 1: nothing can be "
                "learned. Use Dense(1, activation='sigmoid') with loss='binary_crossentropy'."
            )
        if output.loss is not None:
            _check_logits(output, layer)


def _check_logits(output: OutputView, layer: str) -> None:
    name = loss_name(output.loss)
    wanted = _ON_PROBABILITIES.get(name)
    if wanted is None or output.activation is None:
        return
    from_logits = bool(getattr(output.loss, "from_logits", False))
    call = "".join(word.capitalize() for word in name.split("_"))
    if from_logits and output.activation in _PROBABILITIES:
        message = (
            f"The layer {layer} ends in {output.activation}, but the loss {name} has "
            f"from_logits=True and applies it once more: set from_logits=False, or leave out "
            f"activation={output.activation!r}."
        )
    elif not from_logits and output.activation in _NO_PROBABILITIES:
        message = (
            f"The layer {layer} ends in a {output.activation} activation, but the loss {name} "
            f"expects probabilities: add activation={wanted!r}, or use "
            f"loss={call}(from_logits=True)."
        )
    else:
        return
    warnings.warn(message, KerataWarning, stacklevel=3)
