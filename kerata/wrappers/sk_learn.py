"""The estimators that Keras has: the model's arguments in one dict, those of `fit` in another."""

from __future__ import annotations

from typing import Any

import numpy as np

from kerata.wrappers.estimator import Classifier, Estimator, Regressor, Transformer


class _Wrapper(Estimator):
    """The parameters of the estimators below.

    Args:
        model: a compiled `Model`, of which each `fit` trains a copy with fresh weights; or a
            function that returns one, called with `X`, `y` and `model_kwargs`. `X` is an array; `y`
            has one-hot rows for labels, and is a table (n, columns) otherwise.
        warm_start: whether `fit` trains the present model on. A `Model` is then trained itself, not
            a copy.
        model_kwargs: further arguments of the function.
        fit_kwargs: arguments of `Model.fit`; those given to `fit` take precedence.
    """

    def __init__(
        self,
        model: Any,
        warm_start: bool = False,
        model_kwargs: dict[str, Any] | None = None,
        fit_kwargs: dict[str, Any] | None = None,
    ):
        self.model = model
        self.warm_start = warm_start
        self.model_kwargs = model_kwargs
        self.fit_kwargs = fit_kwargs

    def _build_arguments(self, X: np.ndarray, y: np.ndarray) -> dict[str, Any]:
        return {"X": X, "y": y, **(self.model_kwargs or {})}

    def _fit_arguments(self) -> dict[str, Any]:
        return {"verbose": 0, **(self.fit_kwargs or {})}


class SKLearnClassifier(Classifier, _Wrapper):
    """A model as a classifier of scikit-learn, with the parameters that Keras gives it.

    Labels may be of any kind, also strings. The model is trained on them in the form that its loss
    takes. See `KerasClassifier` for one whose arguments can be searched over one by one.

    >>> import kerata, numpy as np
    >>> from kerata.wrappers import SKLearnClassifier
    >>> def network(X, y, units):
    ...     model = kerata.Sequential([
    ...         kerata.layers.Dense(units, activation="relu"),
    ...         kerata.layers.Dense(y.shape[1], activation="softmax"),
    ...     ])
    ...     model.compile("adam", "categorical_crossentropy")
    ...     return model
    >>> X, y = np.eye(3), np.array(["no", "yes", "no"])
    >>> estimator = SKLearnClassifier(network, model_kwargs={"units": 4}).fit(X, y, epochs=2)
    >>> estimator.classes_, estimator.predict_proba(X).shape
    (array(['no', 'yes'], dtype='<U3'), (3, 2))
    """

    def decision_function(self, X: Any) -> np.ndarray:
        """Return how much speaks for each class.

        Args:
            X: the samples, as for `fit`.

        Returns:
            The outputs of the model (n, classes), as probabilities if its loss takes logits. For
            two classes, as scikit-learn has it, by how much the second exceeds the first (n,); for
            columns of 0 and 1, by how much 1 is more probable than not.
        """
        outputs, heads = self._outputs(X, {})
        return self._targets.margins(outputs, heads)


class SKLearnRegressor(Regressor, _Wrapper):
    """A model as a regressor of scikit-learn, with the parameters that Keras gives it.

    See `KerasRegressor` for one whose arguments can be searched over one by one.

    >>> import kerata, numpy as np
    >>> from kerata.wrappers import SKLearnRegressor
    >>> model = kerata.Sequential([kerata.Input((2,)), kerata.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> X = np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> SKLearnRegressor(model, fit_kwargs={"epochs": 3}).fit(X, X.sum(axis=1)).predict(X).shape
    (3,)
    """


class SKLearnTransformer(Transformer, _Wrapper):
    """A model as a transformer of scikit-learn: what it puts out is a pipeline's next input.

    A `Model` that is built, and so has weights, can transform without being fitted: in a pipeline,
    `FrozenEstimator(SKLearnTransformer(model))` leaves it as it is.

    >>> import kerata, numpy as np
    >>> from kerata.wrappers import SKLearnTransformer
    >>> model = kerata.Sequential([kerata.Input((2,)), kerata.layers.Dense(3)])
    >>> SKLearnTransformer(model).transform(np.ones((5, 2))).shape
    (5, 3)
    """
