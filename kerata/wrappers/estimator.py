"""What all estimators have in common: a model is made, trained on encoded targets, and read.

The order of `fit`: the data are checked as scikit-learn does it, a model is made from what `model`
is, and trained; `Targets` translate labels for it. How `model` is made and which arguments `fit`
gets is up to the subclasses, the public wrappers.
"""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np

from kerata.core import tree
from kerata.core.config import next_seed, seeded
from kerata.models import Model, clone_model

try:
    from sklearn.base import (
        BaseEstimator,
        ClassifierMixin,
        ClassNamePrefixFeaturesOutMixin,
        RegressorMixin,
        TransformerMixin,
    )
    from sklearn.model_selection import train_test_split
    from sklearn.utils import check_random_state, compute_sample_weight
    from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data
except ImportError as error:
    raise ImportError(
        "The wrappers need scikit-learn 1.6 or later: pip install 'kerata[sklearn]'"
    ) from error

from kerata.wrappers.targets import Head, Numbers, class_targets, flat_labels, heads_of


class Estimator(BaseEstimator):
    """A model as an estimator.

    Attributes:
        model_: the trained `Model`.
        history_: the metrics of each epoch.
        target_type_: the kind of targets, such as `"binary"`.
        n_outputs_: number of columns of y.
        n_features_in_: number of columns of X.
        feature_names_in_: their names, if X is a data frame.
    """

    # Parameters; subclasses that have no `random_state` follow `kerata.utils.set_random_seed`.
    model: Any
    warm_start: bool
    random_state: Any = None

    model_: Any
    _targets: Any
    _epochs: int

    # -- what subclasses say -----------------------------------------------------------------

    def _source(self) -> Any:
        """Return the model, or the callable that makes one."""
        return self.model

    def _build_arguments(self, X: np.ndarray, y: np.ndarray) -> dict[str, Any]:
        """Return what the callable that makes a model is called with."""
        raise NotImplementedError

    def _fit_arguments(self) -> dict[str, Any]:
        """Return the arguments of `Model.fit` that are parameters of the estimator."""
        raise NotImplementedError

    def _predict_arguments(self) -> dict[str, Any]:
        """Return the arguments of `Model.predict` that are parameters of the estimator."""
        return {}

    def _compile(self, model: Model, X: np.ndarray) -> None:
        """See to it that a new model is compiled."""
        if not model.compiled or model.loss is None or model.optimizer is None:
            raise RuntimeError(
                f"The model {model.name!r} is not compiled with a loss and an optimizer, which "
                f"{type(self).__name__} needs: call model.compile('adam', loss=...)."
            )

    def _targets_of(self, y: np.ndarray, classes: Any) -> Any:
        """Return how targets like these are translated."""
        return Numbers(y)

    # -- training ----------------------------------------------------------------------------

    def fit(self, X: Any, y: Any, sample_weight: Any = None, **kwargs: Any) -> Any:
        """Train a new model; with `warm_start`, the present one on.

        Args:
            X: the samples, an array or data frame (n, features), or an array (n, ...).
            y: the targets, (n,) or (n, columns).
            sample_weight: weight of each sample, (n,).
            **kwargs: arguments of `Model.fit`, for this call alone.

        Returns:
            The estimator.
        """
        afresh = not (self.warm_start and hasattr(self, "model_"))
        return self._train(X, y, sample_weight, kwargs, afresh)

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, **kwargs: Any) -> Any:
        """Train the present model for one more epoch; the first call makes it.

        Args:
            X, y, sample_weight: as for `fit`.
            **kwargs: arguments of `Model.fit`, for this call alone.

        Returns:
            The estimator.
        """
        afresh = not hasattr(self, "model_")
        return self._train(X, y, sample_weight, {"epochs": 1, **kwargs}, afresh)

    def _train(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        kwargs: dict[str, Any],
        afresh: bool,
        classes: Any = None,
    ) -> Any:
        X, y = self._validated(X, y, reset=afresh)
        arguments = {**self._fit_arguments(), **kwargs}
        weights = self._weights(X, y, sample_weight, arguments.pop("class_weight", None))
        with self._seeds(afresh):
            model = self._new_model(X, y, classes) if afresh else self.model_
            rows, held_back = self._divided((X, y, weights), arguments.pop("validation_split", 0))
            held_back = arguments.pop("validation_data", None) or held_back
            if isinstance(held_back, (list, tuple)):
                held_back = self._encoded(model, *held_back)
            X, y, weights = self._encoded(model, *rows)
            history = model.fit(
                X, y, sample_weight=weights, validation_data=held_back, **arguments
            )
        self.model_ = model
        self._remember(history, afresh)
        return self

    def _validated(self, X: Any, y: Any, reset: bool) -> tuple[np.ndarray, np.ndarray]:
        return validate_data(self, X, y, reset=reset, allow_nd=True, multi_output=True)

    def _weights(self, X: Any, y: Any, sample_weight: Any, class_weight: Any) -> Any:
        """Return the weights of the samples, those of their classes included; `None` for none."""
        if class_weight is not None:
            raise ValueError("`class_weight` is for classifiers: there are no classes of numbers.")
        return None if sample_weight is None else _check_sample_weight(sample_weight, X)

    def _seeds(self, afresh: bool) -> Any:
        """Return a context in which all seeds follow from `random_state`, if there is one."""
        if self.random_state is None:
            return contextlib.nullcontext()
        if afresh:
            self._random = check_random_state(self.random_state)
        return seeded(int(self._random.randint(2**31)))

    def _new_model(self, X: np.ndarray, y: np.ndarray, classes: Any) -> Model:
        """Return a compiled model for such data, after looking at the targets."""
        self._targets = self._targets_of(y, classes)
        self.__dict__.update(self._targets.facts, X_shape_=X.shape, X_dtype_=X.dtype)
        source = self._source()
        if isinstance(source, Model):
            model = source if self.warm_start else clone_model(source)
        elif callable(source):
            model = source(**self._build_arguments(X, self._targets.for_building(y)))
        else:
            raise TypeError(
                f"`model` of {type(self).__name__} is {source!r}; expected a kerata.Model, or a "
                "function that returns one."
            )
        if not isinstance(model, Model):
            raise TypeError(
                f"`model` of {type(self).__name__} has made a {type(model).__module__}."
                f"{type(model).__name__}; expected a kerata.Model."
            )
        self._compile(model, X)
        return model

    def _divided(self, rows: tuple, fraction: float) -> tuple[tuple, tuple | None]:
        """Divide X, y and weights: rows to train on, and to validate with if there is a fraction.

        Rows are drawn at random, from each class its share if there are enough.
        """
        if not fraction:
            return rows, None
        given = [part for part in rows if part is not None]
        strata = self._targets.strata(rows[1], fraction)
        parts = train_test_split(
            *given, test_size=fraction, stratify=strata, random_state=next_seed()
        )
        return (*parts[::2], None)[:3], tuple(parts[1::2])

    def _encoded(self, model: Model, X: Any, y: Any, weights: Any = None) -> tuple:
        """Return data as the model takes them."""
        X = np.asarray(X)
        return X, self._targets.for_training(np.asarray(y), heads_of(model, X)), weights

    def _remember(self, history: Any, afresh: bool) -> None:
        """Keep the metrics of the epochs, and count these."""
        self._epochs = len(history.epoch) + (0 if afresh else self._epochs)
        self.history_ = history

    @property
    def epoch_(self) -> int:
        """How many epochs the present model has been trained."""
        return getattr(self, "_epochs", 0)

    # -- predictions -------------------------------------------------------------------------

    def predict(self, X: Any, **kwargs: Any) -> np.ndarray:
        """Return what the model says of samples, in the form of the targets.

        Args:
            X: the samples, as for `fit`.
            **kwargs: arguments of `Model.predict`, for this call alone.
        """
        outputs, heads = self._outputs(X, kwargs)
        return self._targets.read(outputs, heads)

    def _outputs(self, X: Any, kwargs: dict[str, Any]) -> tuple[list[np.ndarray], list[Head]]:
        """Return the outputs of the model for samples, and what these are."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, allow_nd=True)
        arguments = {"verbose": 0, **self._predict_arguments(), **kwargs}
        return tree.flatten(self.model_.predict(X, **arguments)), heads_of(self.model_, X)

    def __sklearn_is_fitted__(self) -> bool:
        """Tell `check_is_fitted` whether there is a model to predict with."""
        return hasattr(self, "model_")

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn what the estimator can do."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.non_deterministic = self.random_state is None
        return tags


class Classifier(ClassifierMixin, Estimator):
    """An estimator whose targets are labels.

    Attributes:
        classes_: the labels in sorted order; a list of such for several columns of labels.
        n_classes_: their number, or a list of such.
    """

    def partial_fit(  # type: ignore[override]  # the order of scikit-learn's classifiers
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None, **kwargs: Any
    ) -> Any:
        """Train the present model for one more epoch; the first call makes it.

        Args:
            X, y, sample_weight: as for `fit`.
            classes: all labels there may be, if the y of the first call may lack some.
            **kwargs: arguments of `Model.fit`, for this call alone.

        Returns:
            The estimator.
        """
        afresh = not hasattr(self, "model_")
        return self._train(X, y, sample_weight, {"epochs": 1, **kwargs}, afresh, classes)

    def predict_proba(self, X: Any, **kwargs: Any) -> Any:
        """Return the probability of each class, in the order of `classes_`.

        Args:
            X: the samples, as for `fit`.
            **kwargs: arguments of `Model.predict`, for this call alone.

        Returns:
            Array (n, classes) whose rows add up to 1; for columns of 0 and 1 the probability of 1
            in each; for several columns of labels, a list of arrays.

        Raises:
            ValueError: if the model's outputs are no probabilities.
        """
        outputs, heads = self._outputs(X, kwargs)
        return self._targets.probabilities(outputs, heads)

    def _validated(self, X: Any, y: Any, reset: bool) -> tuple[np.ndarray, np.ndarray]:
        X, y = super()._validated(X, y, reset)
        return X, flat_labels(y)

    def _weights(self, X: Any, y: Any, sample_weight: Any, class_weight: Any) -> Any:
        weights = super()._weights(X, y, sample_weight, None)
        if class_weight is None:
            return weights
        of_class = compute_sample_weight(class_weight, y)
        return of_class if weights is None else of_class * weights

    def _targets_of(self, y: np.ndarray, classes: Any) -> Any:
        return class_targets(y, classes)

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn what the estimator can do."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class Regressor(RegressorMixin, Estimator):
    """An estimator whose targets are numbers."""


class Transformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, Estimator):
    """An estimator whose outputs are a pipeline's next input."""

    def transform(self, X: Any) -> np.ndarray:
        """Return the outputs of the model for samples.

        Args:
            X: the samples, as for `fit`.
        """
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, allow_nd=True)
        return self._present().predict(X, verbose=0)

    def _present(self) -> Any:
        return self.model_ if hasattr(self, "model_") else self.model

    def __sklearn_is_fitted__(self) -> bool:
        """Tell `check_is_fitted` whether there is a model with weights."""
        return isinstance(self._present(), Model) and self._present().built

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn what the estimator can do."""
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags

    @property
    def _n_features_out(self) -> int:
        return self._present().output_shape[-1]
