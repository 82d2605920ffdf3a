"""Estimators of which each argument is a parameter, so that searches can vary it.

The names are those of `keras.wrappers.scikit_learn`, which Keras has no more, and of SciKeras.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from kerata.core.errors import closest
from kerata.core.serialization import renewed, resolve
from kerata.models import Model
from kerata.wrappers.estimator import Classifier, Estimator, Regressor
from kerata.wrappers.targets import heads_of

#: what a parameter such as `model__units` is an argument of
ROUTES = ("model", "compile", "fit", "predict", "optimizer", "loss", "callbacks")

_COMPILED = ("optimizer", "loss", "metrics")
_TRAINED = ("epochs", "batch_size", "validation_split", "class_weight", "shuffle", "verbose")
_FIT = frozenset(inspect.signature(Model.fit).parameters) - {"self", "x", "y", "sample_weight"}


class _Wrapper(Estimator):
    """The parameters of the estimators below.

    Any argument of the function that makes the model, or of `Model.fit`, may be given, under its
    own name or after that of what takes it: `units` or `model__units`, `fit__initial_epoch`,
    `compile__jit_compile`, `predict__batch_size`. `optimizer__learning_rate` and the like change an
    option of the optimizer, and `loss__label_smoothing` one of a loss that is a class or an object,
    whoever made them; `callbacks__patience` is an argument of callbacks given as classes.

    Args:
        model: a function that returns a model; or a `Model`, of which each `fit` trains a copy with
            fresh weights. A function is called with those of the parameters that it takes, and
            with `X`, `y`, `meta` (a dict of the attributes `n_features_in_`, `n_classes_`, ...) and
            `compile_kwargs` (a dict of optimizer, loss and metrics) if it has arguments of these
            names. A model that it does not compile is compiled with the parameters below.
        build_fn: the older name of `model`.
        optimizer: optimizer, in place of the model's own; `"rmsprop"` if it has none.
        loss: loss, in place of the model's own; if it has none, squares for numbers and the
            cross-entropy that fits for labels.
        metrics: metrics, in place of the model's own.
        epochs: number of epochs of a `fit`.
        batch_size: samples per step, 32 by default.
        validation_split: share of the rows to validate with, drawn at random, of each class alike.
        callbacks: a callback, a class of such, or a list of them.
        class_weight: weights of classes: `"balanced"`, or a dict by label. For classifiers.
        shuffle: whether rows are shuffled before each epoch.
        verbose: 0 silent, 1 progress bar, 2 one line per epoch.
        warm_start: whether `fit` trains the present model on. A `Model` is then trained itself, not
            a copy.
        random_state: seed, or generator of seeds, of weights, shuffling and dropout. By default
            they follow from `kerata.utils.set_random_seed`.
        **parameters: further parameters, as above.
    """

    def __init__(
        self,
        model: Any = None,
        *,
        build_fn: Any = None,
        optimizer: Any = None,
        loss: Any = None,
        metrics: Any = None,
        epochs: int = 1,
        batch_size: int | None = None,
        validation_split: float = 0.0,
        callbacks: Any = None,
        class_weight: Any = None,
        shuffle: bool = True,
        verbose: Any = 0,
        warm_start: bool = False,
        random_state: Any = None,
        **parameters: Any,
    ):
        self.model = model
        self.build_fn = build_fn
        self.optimizer = optimizer
        self.loss = loss
        self.metrics = metrics
        self.epochs = epochs
        self.batch_size = batch_size
        self.validation_split = validation_split
        self.callbacks = callbacks
        self.class_weight = class_weight
        self.shuffle = shuffle
        self.verbose = verbose
        self.warm_start = warm_start
        self.random_state = random_state
        self.__dict__.update(parameters)

    # -- parameters ---------------------------------------------------------------------------

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return all parameters by name.

        Args:
            deep: kept for scikit-learn: there are no estimators inside.
        """
        return {
            name: value
            for name, value in sorted(vars(self).items())
            if not (name.startswith("_") or name.endswith("_"))
        }

    def set_params(self, **params: Any) -> Any:
        """Set parameters by name and return the estimator.

        Raises:
            ValueError: for a parameter that nothing takes; says the nearest name.
        """
        self.__dict__.update(params)
        self._check_parameters(params)
        return self

    def _check_parameters(self, names: Any) -> None:
        """Raise for a parameter that nothing takes."""
        taken, any_name = self._taken_by_source()
        known = {*_named(), *taken, *_FIT}
        for name in names:
            route, _, nested = name.partition("__")
            routed = nested in taken if route == "model" else nested and route in ROUTES
            if name not in known and not routed and not any_name:
                raise ValueError(
                    f"{type(self).__name__} has no parameter {name!r}, and neither the function "
                    f"that makes the model nor Model.fit takes it.{closest(name, known)}"
                )

    def _further(self) -> dict[str, Any]:
        """Return the parameters that have no place in the signature."""
        return {name: v for name, v in self.get_params().items() if name not in _named()}

    def _routed(self, route: str) -> dict[str, Any]:
        """Return the parameters after the name of what takes them, without it."""
        start = route + "__"
        return {n[len(start) :]: v for n, v in self._further().items() if n.startswith(start)}

    # -- the model ----------------------------------------------------------------------------

    def _source(self) -> Any:
        return self.build_fn if self.model is None else self.model

    def _taken_by_source(self) -> tuple[set[str], bool]:
        """Return the names of the arguments of what makes the model, and whether it takes any."""
        source = self._source()
        if isinstance(source, Model) or not callable(source):
            return set(), False
        return _arguments_of(source)

    def _build_arguments(self, X: np.ndarray, y: np.ndarray) -> dict[str, Any]:
        taken, any_name = self._taken_by_source()
        plain = {name: value for name, value in self._further().items() if "__" not in name}
        asked = self._asked()
        named = {name: getattr(self, name) for name in (*_TRAINED, "random_state")}
        offered = {
            **{name: value for name, value in named.items() if value is not None},
            **asked,
            **plain,
            "X": X,
            "y": y,
            "meta": self._facts(),
            "compile_kwargs": {"optimizer": "rmsprop", "loss": None, "metrics": None, **asked},
        }
        wanted = taken | (set(plain) - _FIT if any_name else set())
        return {name: offered[name] for name in wanted & set(offered)} | self._routed("model")

    def _facts(self) -> dict[str, Any]:
        """Return what is known of the data: the attributes that end in an underscore."""
        later = ("model_", "history_")
        return {n: v for n, v in vars(self).items() if n.endswith("_") and n not in later}

    def _asked(self) -> dict[str, Any]:
        """Return optimizer, loss and metrics as far as they are given; an optimizer anew."""
        asked = {name: getattr(self, name) for name in _COMPILED if getattr(self, name) is not None}
        if hasattr(self.optimizer, "get_config") and not inspect.isclass(self.optimizer):
            asked["optimizer"] = renewed(self.optimizer)
        return asked

    def _compile(self, model: Model, X: np.ndarray) -> None:
        """Compile a model that is not, or otherwise than parameters ask for."""
        present: Any = model._compile_arguments if model.compiled else {"optimizer": "rmsprop"}
        arguments = {**present, **self._unheard(model), **self._routed("compile")}
        if arguments.get("loss") is None and not model.compiled:
            arguments["loss"] = [self._targets.default_loss(head) for head in heads_of(model, X)]
        for kind in ("optimizer", "loss"):
            options = self._routed(kind)
            if options:
                arguments[kind] = _changed(kind, arguments.get(kind), options)
        if arguments != present or not model.compiled:
            model.compile(**arguments)

    def _unheard(self, model: Model) -> dict[str, Any]:
        """Return what was asked for, and was not handed to a function that compiled the model."""
        taken, _ = self._taken_by_source()
        if not model.compiled:
            return self._asked()
        if "compile_kwargs" in taken:
            return {}
        return {name: value for name, value in self._asked().items() if name not in taken}

    # -- training and predictions --------------------------------------------------------------

    def _fit_arguments(self) -> dict[str, Any]:
        if (self.model is None) == (self.build_fn is None):
            raise ValueError(
                "Give a model, or a function that returns one, as `model`; `build_fn` is an older "
                f"name of it, to be used alone: {type(self).__name__}(model=build, epochs=10)."
            )
        further = self._further()
        self._check_parameters(further)
        return {
            **{name: getattr(self, name) for name in _TRAINED},
            **{name: value for name, value in further.items() if name in _FIT},
            "callbacks": self._made_callbacks(),
            **self._routed("fit"),
        }

    def _made_callbacks(self) -> list[Any] | None:
        """Return the callbacks; of classes, objects with the parameters that these take."""
        if self.callbacks is None:
            return None
        listed = isinstance(self.callbacks, (list, tuple))
        given = self.callbacks if listed else [self.callbacks]
        options = self._routed("callbacks")
        taken = {each: _arguments_of(each) for each in given if inspect.isclass(each)}
        for name in options:
            if not any(any_name or name in names for names, any_name in taken.values()):
                raise ValueError(f"`callbacks__{name}`: no class among `callbacks` takes {name!r}.")

        def made(callback: Any) -> Any:
            if callback not in taken:
                return callback
            names, any_name = taken[callback]
            return callback(**{n: v for n, v in options.items() if any_name or n in names})

        return [made(callback) for callback in given]

    def _predict_arguments(self) -> dict[str, Any]:
        return {"batch_size": self.batch_size, **self._routed("predict")}

    def _remember(self, history: Any, afresh: bool) -> None:
        """Add the metrics of the epochs to those of the model's earlier ones."""
        before = {} if afresh else self.history_
        super()._remember(history, afresh)
        found = {name: [*before.get(name, []), *values] for name, values in history.history.items()}
        self.history_ = {**before, **found}


@functools.cache
def _named() -> set[str]:
    """Return the names of the parameters in the signature."""
    return _arguments_of(_Wrapper)[0]


def _arguments_of(function: Callable) -> tuple[set[str], bool]:
    """Return the names of a callable's arguments, and whether it takes any others as well."""
    parameters = inspect.signature(function).parameters.values()
    kinds = {parameter.kind for parameter in parameters}
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return {p.name for p in parameters if p.kind not in variadic}, variadic[1] in kinds


def _changed(kind: str, thing: Any, options: dict[str, Any]) -> Any:
    """Return an optimizer or a loss with some of its options changed."""
    found = resolve({"optimizer": "optimizers", "loss": "losses"}[kind], thing)
    if not hasattr(found, "get_config"):
        raise ValueError(
            f"`{kind}__{next(iter(options))}` is an option of a class or an object, but the {kind} "
            f"is {thing!r}: give one such as kerata.losses.BinaryCrossentropy."
        )
    return renewed(found, **options)


class KerasClassifier(Classifier, _Wrapper):
    """A model as a classifier of scikit-learn, whose arguments are parameters one by one.

    Labels may be of any kind, also strings, and are given to the model in the form that its loss
    takes. For two classes, the model ends in one unit with a sigmoid or in two with a softmax.

    >>> import kerata, numpy as np
    >>> from sklearn.model_selection import GridSearchCV
    >>> def network(meta, units=4):
    ...     return kerata.Sequential([
    ...         kerata.layers.Dense(units, activation="relu"),
    ...         kerata.layers.Dense(meta["n_classes_"], activation="softmax"),
    ...     ])
    >>> X, y = np.eye(4), np.array(["yes", "yes", "no", "no"])
    >>> estimator = KerasClassifier(network, epochs=2, units=8, random_state=1)
    >>> search = GridSearchCV(estimator, {"units": [4, 8], "optimizer": ["sgd", "adam"]}, cv=2)
    >>> sorted(search.fit(X, y).best_params_), search.classes_
    (['optimizer', 'units'], array(['no', 'yes'], dtype='<U3'))
    """


class KerasRegressor(Regressor, _Wrapper):
    """A model as a regressor of scikit-learn, whose arguments are parameters one by one.

    >>> import kerata, numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> model = kerata.Sequential([kerata.Input((2,)), kerata.layers.Dense(1)])
    >>> estimator = KerasRegressor(model, optimizer="sgd", optimizer__learning_rate=0.1, epochs=3)
    >>> X = np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> make_pipeline(StandardScaler(), estimator).fit(X, X.sum(axis=1)).predict(X).shape
    (3,)
    """
