"""What a target must look like for a loss, and what to say when it does not.

The trainer asks before the first batch is computed, the loss functions ask when called by hand;
both raise the same text. A rule reads two specs and raises a `ValueError`, or lets them pass:
no target is ever broadcast silently.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

from kerata.core import registry
from kerata.core.spec import Shape, TensorSpec


class Target(NamedTuple):
    """A target `y_true` to be held against predictions `y_pred`.

    Attributes:
        y_true: spec of the target.
        y_pred: spec of the predictions.
        where: what the message begins with: the name of the loss, an output of a model.
        axis: the axis of the classes in the predictions.
    """

    y_true: TensorSpec
    y_pred: TensorSpec
    where: str
    axis: int = -1


Rule = Callable[[Target], None]


def check_target(loss: Any, y_true: TensorSpec, y_pred: TensorSpec, where: str = "") -> None:
    """Raise if a target does not fit the predictions of a built-in loss or metric.

    Losses that are not built in may use their targets as they like and are not checked.

    Args:
        loss: a loss or metric: an instance, a class or a function.
        y_true: spec of the target; unknown dimensions fit anything.
        y_pred: spec of the predictions.
        where: what the message begins with; the name of the loss by default.

    Raises:
        ValueError: saying both shapes, why they do not fit, and what to change.

    >>> import kerata
    >>> from kerata.core.spec import TensorSpec
    >>> from kerata.losses.shapes import check_target
    >>> loss = kerata.losses.CategoricalCrossentropy()
    >>> check_target(loss, TensorSpec((None, 3)), TensorSpec((None, 3)))
    """
    name = _builtin_name(loss)
    rule = RULES.get(name or "")
    if rule is not None:
        rule(Target(y_true, y_pred, where or name or "", getattr(loss, "axis", -1)))


def _builtin_name(loss: Any) -> str | None:
    """Return the function name of a built-in loss, whichever form it has."""
    thing = loss if hasattr(loss, "__name__") else type(loss)
    if registry.kind_of(thing) is None:
        return None
    return registry.snake_case(registry.own_name(thing))


# -- rules -----------------------------------------------------------------------------------


def same(target: Target) -> None:
    """The target has the shape of the predictions, but for a last axis of size 1.

    >>> from kerata.core.spec import TensorSpec
    >>> same(Target(TensorSpec((8,)), TensorSpec((8, 1)), "mean_squared_error"))
    """
    if not _fits(target):
        _refuse(target, _advice(target))


def binary(target: Target) -> None:
    """As `same`, for the yes-or-no questions of a binary loss."""
    if _fits(target):
        return
    units = target.y_pred.shape[-1] if target.y_pred.ndim else None
    if _is_class_index(target) and units == 2:
        _refuse(
            target,
            "the model has 2 outputs for one yes-or-no label. Use Dense(1, activation='sigmoid'), "
            "or Dense(2, activation='softmax') with loss='sparse_categorical_crossentropy'.",
        )
    if _is_class_index(target):
        _refuse(
            target,
            f"each sample has one label for {units} outputs. For one of {units} classes use "
            "'sparse_categorical_crossentropy'; for several labels at once give y with "
            f"{units} columns of 0 and 1.",
        )
    _refuse(target, _advice(target))


def one_hot(target: Target) -> None:
    """The target has the shape of the predictions, whose last axis holds the classes."""
    _refuse_single_class(target)
    if _compatible(target.y_true.shape, target.y_pred.shape):
        return
    if _is_class_index(target):
        classes = target.y_pred.shape[target.axis]
        _refuse(
            target,
            "y holds one label per sample, not one column per class. Use "
            f"'sparse_categorical_{_kind(target)}', or y = to_categorical(y, {classes}).",
        )
    _refuse(target, _advice(target))


def class_index(target: Target) -> None:
    """The target has the shape of the predictions without the axis of the classes."""
    _refuse_single_class(target)
    if _is_class_index(target):
        return
    shape = target.y_true.shape
    if target.y_true.ndim > 1 and _compatible(shape, target.y_pred.shape):
        _refuse(
            target,
            "y is one-hot, but class numbers are expected. Use "
            f"'categorical_{_kind(target)}', or y = y.argmax(-1).",
        )
    _refuse(target, _advice(target))


#: the rule of each built-in loss and metric, by the name of its function
RULES: dict[str, Rule] = {
    **dict.fromkeys(
        (
            "mean_squared_error",
            "mean_absolute_error",
            "mean_absolute_percentage_error",
            "mean_squared_logarithmic_error",
            "root_mean_squared_error",
            "cosine_similarity",
            "huber",
            "log_cosh",
            "log_cosh_error",
            "kl_divergence",
            "poisson",
            "dice",
            "tversky",
            "accuracy",
            "pearson_correlation",
            "concordance_correlation",
            "r2_score",
        ),
        same,
    ),
    **dict.fromkeys(
        (
            "binary_crossentropy",
            "binary_focal_crossentropy",
            "binary_accuracy",
            "hinge",
            "squared_hinge",
        ),
        binary,
    ),
    **dict.fromkeys(
        (
            "categorical_crossentropy",
            "categorical_focal_crossentropy",
            "categorical_hinge",
            "categorical_accuracy",
            "top_k_categorical_accuracy",
        ),
        one_hot,
    ),
    **dict.fromkeys(
        (
            "sparse_categorical_crossentropy",
            "sparse_categorical_accuracy",
            "sparse_top_k_categorical_accuracy",
            "categorical_generalized_cross_entropy",
        ),
        class_index,
    ),
}


# -- facts about two shapes ------------------------------------------------------------------


def _compatible(first: Shape, second: Shape) -> bool:
    """Tell whether two shapes are equal where both are known."""
    return len(first) == len(second) and all(
        a is None or b is None or a == b for a, b in zip(first, second, strict=True)
    )


def _fits(target: Target) -> bool:
    """Tell whether the shapes are equal, or would be with one last axis of size 1 added."""
    true, pred = target.y_true.shape, target.y_pred.shape
    if len(true) == len(pred) + 1:
        return true[-1] == 1 and _compatible(true[:-1], pred)
    if len(pred) == len(true) + 1:
        return pred[-1] == 1 and _compatible(true, pred[:-1])
    return _compatible(true, pred)


def _is_class_index(target: Target) -> bool:
    """Tell whether the target has one number for each vector over the classes."""
    true, pred = target.y_true.shape, target.y_pred.shape
    if not pred:
        return False
    axis = target.axis % len(pred)
    wanted = pred[:axis] + pred[axis + 1 :]
    if len(true) == len(pred) and true[-1] == 1:
        true = true[:-1]
    return _compatible(true, wanted)


# -- messages --------------------------------------------------------------------------------


def _refuse(target: Target, reason: str) -> NoReturn:
    raise ValueError(
        f"{target.where}: y has shape {_shown(target.y_true.shape)}, the predictions have shape "
        f"{_shown(target.y_pred.shape)}: {reason}"
    )


def _kind(target: Target) -> str:
    return "accuracy" if target.where.endswith("accuracy") else "crossentropy"


def _refuse_single_class(target: Target) -> None:
    if target.y_pred.ndim and target.y_pred.shape[target.axis] == 1:
        _refuse(
            target,
            "with a single class nothing can be learned. For yes or no, use "
            "Dense(1, activation='sigmoid') with loss='binary_crossentropy'.",
        )


def _advice(target: Target) -> str:
    """Return what is wrong with shapes that no rule for labels explains, and what to do."""
    true, pred = target.y_true.shape, target.y_pred.shape
    if true and pred and None not in (true[0], pred[0]) and true[0] != pred[0]:
        return f"{true[0]} targets for {pred[0]} predictions. Give each sample its own target."
    if len(pred) > len(true) and len(pred) > 2:
        return _advice_to_flatten(target)
    if len(true) == len(pred) and true[:-1] == pred[:-1]:
        return _advice_on_columns(true[-1], pred[-1])
    if len(true) == 1 and len(pred) == 2:
        return _advice_on_columns(1, pred[-1])
    return "they must be equal. Reshape y, or change the last layer."


def _advice_to_flatten(target: Target) -> str:
    true, pred = target.y_true.shape, target.y_pred.shape
    labels = "one number" if len(true) < 2 else f"shape {_shown(true[1:])}"
    pooling = f"GlobalAveragePooling{len(pred) - 2}D" if len(pred) in (3, 4, 5) else "Reshape"
    return (
        f"the output is {_shown(pred[1:])} per sample, but y is {labels} per sample. "
        f"Add Flatten() or {pooling}() before the last Dense({pred[-1]})."
    )


def _advice_on_columns(true: int | None, pred: int | None) -> str:
    columns = f"y has {true} column{'' if true == 1 else 's'}, the model has {pred} outputs"
    return f"{columns}. Give y with {pred} columns, or end the model with Dense({true})."


def _shown(shape: Shape) -> str:
    return str(tuple(shape))
