"""What "accuracy" and "crossentropy" mean in `compile`."""

from __future__ import annotations

import pytest

import kerata
from kerata.core.spec import TensorSpec
from kerata.metrics import matching


@pytest.mark.parametrize(
    ("y_true", "y_pred", "kind"),
    [
        ((None, 1), (None, 1), "Binary"),
        ((None,), (None, 1), "Binary"),
        ((None,), (None,), "Binary"),
        ((None, 8, 8, 1), (None, 8, 8, 1), "Binary"),
        ((None,), (None, 3), "SparseCategorical"),
        ((None, 1), (None, 3), "SparseCategorical"),
        ((None, 5), (None, 5, 3), "SparseCategorical"),
        ((None, 3), (None, 3), "Categorical"),
        ((None, 5, 3), (None, 5, 3), "Categorical"),
    ],
)
@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("accuracy", "Accuracy"),
        ("acc", "Accuracy"),
        ("crossentropy", "Crossentropy"),
        ("ce", "Crossentropy"),
    ],
)
def test_shapes_decide(y_true, y_pred, kind, name, family):
    metric = matching(name, TensorSpec(y_true), TensorSpec(y_pred))
    assert type(metric).__name__ == kind + family
    assert metric.name == name


def test_logits():
    column = TensorSpec((None, 1))
    assert matching("accuracy", column, column, from_logits=True).threshold == 0.0
    assert matching("crossentropy", column, column, from_logits=True).from_logits
    labels, scores = TensorSpec((None,)), TensorSpec((None, 3))
    assert matching("crossentropy", labels, scores, from_logits=True).from_logits
    assert matching("accuracy", labels, scores, from_logits=True).name == "accuracy"


def test_other_names():
    spec = TensorSpec((None, 3))
    assert matching("mse", spec, spec).name == "mean_squared_error"
    assert matching("huber", spec, spec).fn is kerata.losses.huber
    with pytest.raises(ValueError, match="'auc'"):
        matching("aucc", spec, spec)
