"""Targets: what a model learns from in place of an estimator's `y`, and how its outputs are read.

Labels of any kind are numbered in sorted order. In which form a model gets the numbers, is decided
by its outputs and losses: one unit is the probability of the second class; more units are a class
each, given as a number to a loss that is called "sparse" and as a one-hot row to others.
"""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
from scipy.special import expit, softmax
from sklearn.exceptions import DataConversionWarning
from sklearn.preprocessing import LabelEncoder
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from kerata import losses
from kerata.core import tree
from kerata.core.config import floatx
from kerata.core.symbolic import SymbolicTensor
from kerata.training.first_batch import loss_name
from kerata.training.outputs import output_names_of, per_output


class Head(NamedTuple):
    """An output of a model: how many units it has, and its loss."""

    units: int
    loss: Any

    @property
    def loss_name(self) -> str:
        """The name of the loss, such as `"mean_squared_error"`; empty if there is none."""
        return "" if self.loss is None else loss_name(self.loss)

    def probabilities(self, outputs: np.ndarray) -> np.ndarray:
        """Return what a row says of each unit by itself, as a probability if the loss knows how."""
        outputs = outputs.reshape(len(outputs), -1)
        if "hinge" in self.loss_name and self.units == 1:  # from -1 to 1
            return (outputs + 1) / 2
        if not getattr(self.loss, "from_logits", False):
            return outputs
        return expit(outputs) if "binary" in self.loss_name else softmax(outputs, axis=1)


def heads_of(model: Any, X: np.ndarray) -> list[Head]:
    """Return the outputs of a model, which is built for rows like those of `X` if it was not."""
    outputs = model.output if model.outputs else _outputs_for(model, X)
    names = output_names_of(outputs, model.output_names if model.outputs else None)
    given = [losses.get(loss) for loss in per_output(model.loss, names, "loss")]
    tensors = tree.flatten(outputs)
    return [
        Head(tensor.shape[-1] if len(tensor.shape) > 1 else 1, loss)
        for tensor, loss in zip(tensors, given, strict=True)
    ]


def _outputs_for(model: Any, X: np.ndarray) -> Any:
    dtype = floatx() if X.dtype.kind == "f" else X.dtype.name
    return model.compute_output_spec(SymbolicTensor((None, *X.shape[1:]), dtype))


class Targets:
    """Targets of one kind.

    Attributes:
        kind: the kind, as `sklearn.utils.multiclass.type_of_target` calls it.
        facts: what the estimator shows of them, by the name of its attribute.
    """

    def __init__(self, kind: str, outputs: int = 1, heads: int = 1, **facts: Any):
        self.kind = kind
        self.facts = {
            "target_type_": kind, "n_outputs_": outputs, "n_outputs_expected_": heads, **facts
        }

    def for_building(self, y: np.ndarray) -> np.ndarray:
        """Return targets as a function that builds a model gets them: a table of numbers."""
        raise NotImplementedError

    def for_training(self, y: np.ndarray, heads: list[Head]) -> Any:
        """Return targets as a model with these outputs learns from them."""
        raise NotImplementedError

    def default_loss(self, head: Head) -> str:
        """Return the loss for an output that has been given none."""
        raise NotImplementedError

    def read(self, outputs: list[np.ndarray], heads: list[Head]) -> np.ndarray:
        """Return what the outputs of a model say, as targets."""
        raise NotImplementedError

    def strata(self, y: np.ndarray, fraction: float) -> np.ndarray | None:
        """Return the classes whose shares a fraction of the rows shall keep, `None` for none."""
        return None


class Numbers(Targets):
    """The targets of a regression: one or more columns of numbers."""

    def __init__(self, y: np.ndarray):
        columns = 1 if y.ndim == 1 else y.shape[1]
        super().__init__("continuous" if columns == 1 else "continuous-multioutput", columns)
        self._shape = y.shape[1:]
        self._dtype = y.dtype if y.dtype.kind == "f" else None

    def for_building(self, y: np.ndarray) -> np.ndarray:
        """Return the columns."""
        return y.reshape(len(y), -1)

    def for_training(self, y: np.ndarray, heads: list[Head]) -> Any:
        """Return the columns, dealt out to the outputs from left to right."""
        columns = self.for_building(y).astype(floatx())
        if len(heads) == 1:
            return columns
        ends = np.cumsum([head.units for head in heads])
        if ends[-1] != columns.shape[1]:
            raise ValueError(
                f"y has {columns.shape[1]} columns, but the outputs of the model have {ends[-1]} "
                "units together: give them a unit for each column."
            )
        return np.split(columns, ends[:-1], axis=1)

    def default_loss(self, head: Head) -> str:
        """Return the squared error."""
        return "mean_squared_error"

    def read(self, outputs: list[np.ndarray], heads: list[Head]) -> np.ndarray:
        """Return the outputs side by side, in the shape and, for floats, the dtype of y."""
        found = outputs[0] if len(outputs) == 1 else np.concatenate(outputs, axis=1)
        found = found.astype(self._dtype or found.dtype)
        return found.reshape(len(found)) if not self._shape and found[0].size == 1 else found


class Labels(Targets):
    """One column of labels, of which each row has one."""

    def __init__(self, labels: np.ndarray, kind: str = "", outputs: int = 1):
        self._encoder = LabelEncoder().fit(labels)
        self.classes = self._encoder.classes_
        if len(self.classes) == 1:
            raise ValueError(
                f"A classifier cannot learn from one class: all labels are {self.classes[0]!r}."
            )
        kind = kind or ("binary" if len(self.classes) == 2 else "multiclass")
        super().__init__(
            kind, outputs, classes_=self.classes, n_classes_=len(self.classes)
        )

    def numbered(self, y: np.ndarray) -> np.ndarray:
        """Return the number of each label.

        Raises:
            ValueError: for a label that is none of the classes.
        """
        return self._encoder.transform(y)

    def for_building(self, y: np.ndarray) -> np.ndarray:
        """Return one-hot rows."""
        return np.eye(len(self.classes), dtype=floatx())[self.numbered(y)]

    def for_training(self, y: np.ndarray, heads: list[Head]) -> Any:
        """Return numbers or one-hot rows."""
        (head,) = _as_many(heads, 1)
        return self.for_head(y, head)

    def for_head(self, y: np.ndarray, head: Head) -> np.ndarray:
        """Return what one output learns from."""
        count, units = len(self.classes), head.units
        if units < count and not (units == 1 and count == 2):
            raise ValueError(
                f"y has {count} classes, but the model has {units} unit{'s' * (units > 1)} in its "
                f"last layer: use Dense({count}, activation='softmax')."
            )
        numbers = self.numbered(y)
        if units == 1:
            return numbers.astype(floatx())
        return numbers if "sparse" in head.loss_name else np.eye(units, dtype=floatx())[numbers]

    def strata(self, y: np.ndarray, fraction: float) -> np.ndarray | None:
        """Return the classes, if each can be on both sides."""
        numbers = self.numbered(y)
        fewest = min(fraction, 1 - fraction) * len(y)
        enough = np.unique(numbers, return_counts=True)[1].min() > 1
        return numbers if enough and fewest >= len(self.classes) else None

    def default_loss(self, head: Head) -> str:
        """Return a cross-entropy."""
        return "binary_crossentropy" if head.units == 1 else "sparse_categorical_crossentropy"

    def scores(self, outputs: list[np.ndarray], heads: list[Head]) -> Any:
        """Return how much speaks for each class, a column each."""
        return self.of_head(outputs[0], heads[0])

    def of_head(self, output: np.ndarray, head: Head) -> np.ndarray:
        """Return the scores of one output."""
        found = head.probabilities(output)
        if found.shape[1] == 1:
            return np.concatenate([1 - found, found], axis=1)
        return found[:, : len(self.classes)]

    def margins(self, outputs: list[np.ndarray], heads: list[Head]) -> np.ndarray:
        """Return the scores; for two classes, by how much the second exceeds the first."""
        scores = self.scores(outputs, heads)
        return scores[:, 1] - scores[:, 0] if self.kind == "binary" else scores

    def probabilities(self, outputs: list[np.ndarray], heads: list[Head]) -> Any:
        """Return the probability of each class, a column each; they add up to 1."""
        return _adding_up(self.scores(outputs, heads))

    def read(self, outputs: list[np.ndarray], heads: list[Head]) -> np.ndarray:
        """Return the label for which most speaks."""
        return self.classes[self.scores(outputs, heads).argmax(axis=1)]


class OneHot(Labels):
    """Labels that are given as one-hot rows, and predicted as such."""

    def __init__(self, y: np.ndarray):
        super().__init__(np.arange(y.shape[1]), "multiclass-onehot", y.shape[1])
        self._dtype = y.dtype

    def numbered(self, y: np.ndarray) -> np.ndarray:
        """Return the number of the column that has a one."""
        return y.argmax(axis=1)

    def default_loss(self, head: Head) -> str:
        """Return the cross-entropy of one-hot rows."""
        return "categorical_crossentropy"

    def read(self, outputs: list[np.ndarray], heads: list[Head]) -> np.ndarray:
        """Return one-hot rows."""
        return np.eye(len(self.classes), dtype=self._dtype)[super().read(outputs, heads)]


class Indicators(Targets):
    """Columns of 0 and 1: a row may have any number of the labels."""

    def __init__(self, y: np.ndarray):
        count = y.shape[1]
        super().__init__(
            "multilabel-indicator", count, classes_=np.arange(count), n_classes_=count
        )

    def for_building(self, y: np.ndarray) -> np.ndarray:
        """Return the columns."""
        return y.astype(floatx())

    def for_training(self, y: np.ndarray, heads: list[Head]) -> Any:
        """Return the columns, for one output with a unit for each."""
        (head,) = _as_many(heads, 1)
        if head.units != y.shape[1]:
            raise ValueError(
                f"y has {y.shape[1]} columns of labels, but the model has {head.units} units in "
                f"its last layer: use Dense({y.shape[1]}, activation='sigmoid')."
            )
        return y.astype(floatx())

    def default_loss(self, head: Head) -> str:
        """Return the cross-entropy of each column by itself."""
        return "binary_crossentropy"

    def scores(self, outputs: list[np.ndarray], heads: list[Head]) -> Any:
        """Return the probability of each label."""
        return heads[0].probabilities(outputs[0])

    probabilities = scores

    def margins(self, outputs: list[np.ndarray], heads: list[Head]) -> np.ndarray:
        """Return by how much each label is more probable than not."""
        return self.scores(outputs, heads) - 0.5

    def read(self, outputs: list[np.ndarray], heads: list[Head]) -> np.ndarray:
        """Return 1 for the labels that are more probable than not."""
        return (self.scores(outputs, heads) > 0.5).astype(int)


class LabelColumns(Targets):
    """Several columns of labels, each learned by an output of its own."""

    def __init__(self, y: np.ndarray):
        self._columns = [Labels(column) for column in y.T]
        super().__init__(
            "multiclass-multioutput",
            len(self._columns),
            len(self._columns),
            classes_=[column.classes for column in self._columns],
            n_classes_=[len(column.classes) for column in self._columns],
        )

    def for_building(self, y: np.ndarray) -> np.ndarray:
        """Return the numbers of the labels."""
        numbers = [labels.numbered(column) for labels, column in self._each(y.T)]
        return np.stack(numbers, axis=1)

    def _each(self, *per_column: Any) -> Any:
        return zip(self._columns, *per_column, strict=True)

    def for_training(self, y: np.ndarray, heads: list[Head]) -> Any:
        """Return numbers or one-hot rows for each output."""
        heads = _as_many(heads, len(self._columns))
        return [labels.for_head(column, head) for labels, column, head in self._each(y.T, heads)]

    def default_loss(self, head: Head) -> str:
        """Return a cross-entropy."""
        return self._columns[0].default_loss(head)

    def scores(self, outputs: list[np.ndarray], heads: list[Head]) -> Any:
        """Return the scores of the classes for each column."""
        return [labels.of_head(output, head) for labels, output, head in self._each(outputs, heads)]

    margins = scores

    def probabilities(self, outputs: list[np.ndarray], heads: list[Head]) -> Any:
        """Return the probabilities of the classes for each column."""
        return [_adding_up(scores) for scores in self.scores(outputs, heads)]

    def read(self, outputs: list[np.ndarray], heads: list[Head]) -> np.ndarray:
        """Return the labels for which most speaks."""
        scores = self.scores(outputs, heads)
        return np.stack([labels.classes[s.argmax(axis=1)] for labels, s in self._each(scores)], 1)


def class_targets(y: np.ndarray, classes: Any = None) -> Any:
    """Return the targets of a classification.

    Args:
        y: labels of any kind, shape (n,); columns of labels, of 0 and 1, or one-hot rows (n, m).
        classes: all labels there may be, if `y` may lack some.

    Raises:
        ValueError: if these are no labels, or all are the same.
    """
    check_classification_targets(y)
    kind = type_of_target(y)
    if kind == "multilabel-indicator":
        one_hot = y.shape[1] > 1 and (np.count_nonzero(y, axis=1) == 1).all() and y.max() == 1
        return OneHot(y) if one_hot else Indicators(y)
    if kind == "multiclass-multioutput":
        return LabelColumns(y)
    return Labels(y if classes is None else np.asarray(classes))


def flat_labels(y: np.ndarray) -> np.ndarray:
    """Return labels that are given as one column in one row, with scikit-learn's warning."""
    if y.ndim == 1 or y.shape[1] > 1:
        return y
    warnings.warn(
        f"A column-vector y was passed when a 1d array was expected, shape {y.shape}: "
        "y.ravel() is used.",
        DataConversionWarning,
        stacklevel=5,
    )
    return y.ravel()


def _as_many(heads: list[Head], count: int) -> list[Head]:
    if len(heads) != count:
        raise ValueError(
            f"The model has {len(heads)} outputs, but y has {count} column{'s' * (count > 1)} of "
            "labels: give the model an output for each."
        )
    return heads


def _adding_up(scores: np.ndarray) -> np.ndarray:
    """Return scores as probabilities of classes of which one is right."""
    if scores.min() < 0 or scores.max() > 1:
        raise ValueError(
            f"The model's outputs run from {scores.min():.3g} to {scores.max():.3g}: these are no "
            "probabilities. End it with a softmax, or say from_logits=True to its loss."
        )
    total = scores.sum(axis=1, keepdims=True)
    return np.where(total > 0, scores / np.where(total > 0, total, 1), 1 / scores.shape[1])
