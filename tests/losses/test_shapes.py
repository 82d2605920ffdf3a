"""Targets that do not fit their predictions are refused, with one thing to do."""

from __future__ import annotations

import numpy as np
import pytest

import kerata
from kerata.core.spec import TensorSpec
from kerata.losses.shapes import RULES, check_target

# loss, shape of the targets, shape of the predictions, what the message must say
REFUSED = [
    (
        "sparse_categorical_crossentropy",
        (32,),
        (32, 6, 6, 3),
        r"output is \(6, 6, 3\) per sample, but y is one number .* Flatten\(\) or "
        r"GlobalAveragePooling2D\(\) before the last Dense\(3\)",
    ),
    (
        "mean_squared_error",
        (64,),
        (64, 6, 6, 1),
        r"\(64,\).*\(64, 6, 6, 1\).*Flatten\(\) or GlobalAveragePooling2D\(\)",
    ),
    (
        "mean_squared_error",
        (64,),
        (64, 6, 1),
        r"Flatten\(\) or GlobalAveragePooling1D\(\) before the last Dense\(1\)",
    ),
    (
        "categorical_crossentropy",
        (32,),
        (32, 3),
        r"Use 'sparse_categorical_crossentropy', or y = to_categorical\(y, 3\)",
    ),
    (
        "categorical_crossentropy",
        (32, 1),
        (32, 3),
        r"'sparse_categorical_crossentropy', or y = to_categorical\(y, 3\)",
    ),
    (
        "sparse_categorical_crossentropy",
        (32, 3),
        (32, 3),
        r"y is one-hot.*'categorical_crossentropy', or y = y.argmax\(-1\)",
    ),
    (
        "binary_crossentropy",
        (32,),
        (32, 2),
        r"2 outputs for one yes-or-no label. Use Dense\(1, activation='sigmoid'\), or "
        r"Dense\(2, activation='softmax'\) with loss='sparse_categorical_crossentropy'",
    ),
    ("binary_crossentropy", (32,), (32, 5), r"one label for 5 outputs.*5 columns of 0 and 1"),
    ("binary_crossentropy", (32, 4), (32, 5), r"y has 4 columns, the model has 5 outputs"),
    (
        "mean_squared_error",
        (64, 1),
        (64, 3),
        r"y has 1 column, the model has 3 outputs. Give y with 3 columns, or end the model with "
        r"Dense\(1\)",
    ),
    ("mean_squared_error", (64,), (64, 3), r"y has 1 column, the model has 3 outputs"),
    ("mean_squared_error", (64, 3), (64, 1), r"y has 3 columns, the model has 1 outputs"),
    ("mean_absolute_error", (60, 3), (64, 3), r"60 targets for 64 predictions"),
    ("huber", (4, 5, 3), (4, 3), "they must be equal"),
    ("cosine_similarity", (4, 5, 1, 2), (4, 5, 3, 2), "they must be equal"),
    (
        "categorical_crossentropy",
        (32, 1),
        (32, 1),
        r"with a single class .* Dense\(1, activation='sigmoid'\)",
    ),
    ("sparse_categorical_crossentropy", (32,), (32, 1), r"with a single class"),
    ("sparse_categorical_crossentropy", (32, 7), (32, 9, 3), r"\(32, 7\).*\(32, 9, 3\)"),
]
IDS = [f"{name}-{true}-{pred}" for name, true, pred, _ in REFUSED]

ACCEPTED = [
    ("mean_squared_error", (None, 3), (None, 3)),
    ("mean_squared_error", (8,), (None, 1)),
    ("mean_squared_error", (8, 1), (8,)),
    ("mean_squared_error", (8, 5), (8, 5, 1)),
    ("binary_crossentropy", (8,), (8, 1)),
    ("binary_crossentropy", (8, 4, 4), (8, 4, 4, 1)),
    ("sparse_categorical_crossentropy", (8,), (8, 3)),
    ("sparse_categorical_crossentropy", (8, 1), (8, 3)),
    ("sparse_categorical_crossentropy", (8, 5, 1), (None, 5, 3)),
    ("sparse_categorical_crossentropy", (None,), (None, None)),
    ("categorical_crossentropy", (8, 5, 3), (8, 5, 3)),
    ("categorical_crossentropy", (8, None), (8, 3)),
]


@pytest.mark.parametrize(("name", "true", "pred", "message"), REFUSED, ids=IDS)
def test_check_target_refuses(name, true, pred, message):
    function = getattr(kerata.losses, name)
    with pytest.raises(ValueError, match=message) as caught:
        check_target(function, TensorSpec(true), TensorSpec(pred), "output 'a'")
    text = str(caught.value)
    assert text.startswith(f"output 'a': y has shape {true}")
    assert len(text) <= 600


@pytest.mark.parametrize(("name", "true", "pred", "message"), REFUSED, ids=IDS)
def test_functions_called_by_hand_refuse(name, true, pred, message):
    function = getattr(kerata.losses, name)
    with kerata.use_backend("numpy"), pytest.raises(ValueError, match=message):
        function(np.zeros(true, "int32"), np.zeros(pred, "float32"))


@pytest.mark.parametrize(("name", "true", "pred", "message"), REFUSED, ids=IDS)
def test_classes_called_by_hand_refuse(backend, name, true, pred, message):
    identifier = {"huber": "Huber"}.get(name, "".join(w.capitalize() for w in name.split("_")))
    loss = kerata.losses.get(identifier)
    with pytest.raises(ValueError, match=message):
        loss(np.zeros(true, "int32"), np.zeros(pred, "float32"))


@pytest.mark.parametrize(("name", "true", "pred"), ACCEPTED)
def test_check_target_accepts(name, true, pred):
    check_target(getattr(kerata.losses, name), TensorSpec(true), TensorSpec(pred))


def test_axis_of_the_classes_is_obeyed():
    loss = kerata.losses.SparseCategoricalCrossentropy(axis=1)
    check_target(loss, TensorSpec((2, 5, 5)), TensorSpec((2, 3, 5, 5)))
    with pytest.raises(ValueError, match="y has shape"):
        check_target(loss, TensorSpec((2, 5, 3)), TensorSpec((2, 3, 5, 5)))


def test_losses_of_users_are_not_checked():
    class Mine(kerata.losses.Loss):
        def call(self, y_true, y_pred):
            return y_pred

    def mean_squared_error(y_true, y_pred):
        return y_pred

    for loss in (Mine(), mean_squared_error):
        check_target(loss, TensorSpec((3,)), TensorSpec((4, 5)))


def test_every_rule_belongs_to_a_loss_or_metric():
    public = {kerata.core.registry.snake_case(n) for n in kerata.losses.__all__}
    public |= {kerata.core.registry.snake_case(n) for n in kerata.metrics.__all__}
    assert set(RULES) <= public


def test_targets_of_another_backend_are_refused():
    import torch

    jax = pytest.importorskip("jax")
    with pytest.raises(TypeError, match="torch"):
        kerata.losses.mean_squared_error(torch.zeros(2, 3), jax.numpy.zeros((2, 3)))
