"""Models as estimators of scikit-learn: for pipelines, cross-validation and searches.

`KerasClassifier` and `KerasRegressor` are for searches: every argument is a parameter. The
`SKLearn...` classes have the names and parameters that Keras gives them. scikit-learn is an extra,
`pip install 'kerata[sklearn]'`, and imported when one of the names is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerata import lazy

_PUBLIC = {
    "KerasClassifier": "kerata.wrappers.scikit_learn:KerasClassifier",
    "KerasRegressor": "kerata.wrappers.scikit_learn:KerasRegressor",
    "SKLearnClassifier": "kerata.wrappers.sk_learn:SKLearnClassifier",
    "SKLearnRegressor": "kerata.wrappers.sk_learn:SKLearnRegressor",
    "SKLearnTransformer": "kerata.wrappers.sk_learn:SKLearnTransformer",
}

__all__ = [*_PUBLIC]

if TYPE_CHECKING:
    from kerata.wrappers.scikit_learn import KerasClassifier as KerasClassifier
    from kerata.wrappers.scikit_learn import KerasRegressor as KerasRegressor
    from kerata.wrappers.sk_learn import SKLearnClassifier as SKLearnClassifier
    from kerata.wrappers.sk_learn import SKLearnRegressor as SKLearnRegressor
    from kerata.wrappers.sk_learn import SKLearnTransformer as SKLearnTransformer

__getattr__, __dir__ = lazy.names(__name__, _PUBLIC)
