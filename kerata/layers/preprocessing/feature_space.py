"""FeatureSpace: the columns of a table, each prepared as its kind needs, side by side."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from kerata import ops
from kerata.core import dtypes, names, tree
from kerata.core.errors import closest
from kerata.core.primitive import any_symbolic, convert_to_numpy
from kerata.core.registry import register
from kerata.core.serialization import Configurable, serialize
from kerata.layers.core.identity import Identity
from kerata.layers.core.input_layer import Input
from kerata.layers.layer import Layer
from kerata.layers.merge.concatenate import Concatenate
from kerata.layers.preprocessing.category_encoding import CategoryEncoding
from kerata.layers.preprocessing.date_encoding import DateEncoding
from kerata.layers.preprocessing.discretization import Discretization
from kerata.layers.preprocessing.hashing import HashedCrossing, Hashing
from kerata.layers.preprocessing.imputation import Imputation, MissingIndicator
from kerata.layers.preprocessing.index_lookup import IndexLookup
from kerata.layers.preprocessing.integer_lookup import IntegerLookup
from kerata.layers.preprocessing.normalization import Normalization
from kerata.layers.preprocessing.raw_columns import (
    as_numbers,
    as_texts,
    columns_of,
    entries_of,
    gaps_of,
    is_table,
)
from kerata.layers.preprocessing.rescaling import Rescaling
from kerata.layers.preprocessing.string_lookup import StringLookup

#: what stands for a missing integer: a category of its own
MISSING_INTEGER = int(np.iinfo(np.int32).min)


@register("utils")
class TFDIdentity(Identity):
    """What leaves a feature as it is; files of Keras have this name."""


@register("utils")
class Feature(Configurable):
    """How one column is prepared.

    Args:
        dtype: of the column: "float32", "int32" or "string".
        preprocessor: the layer that prepares it.
        output_mode: "float": as the layer gives it; "int": its integers; "one_hot": its integers
            as vectors.
        imputation: the layer that fills gaps before, an `Imputation`; `None` if there are none.
        indicator: whether another column says which entries are missing.
    """

    def __init__(
        self,
        dtype: str,
        preprocessor: Layer,
        output_mode: str,
        imputation: Layer | None = None,
        indicator: bool = False,
    ):
        if output_mode not in ("float", "int", "one_hot"):
            raise ValueError(
                f"output_mode={output_mode!r} of a feature; expected 'float', 'int' or 'one_hot'."
            )
        self.dtype = dtype
        self.preprocessor = preprocessor
        self.output_mode = output_mode
        self.imputation = imputation
        self.indicator = indicator

    @property
    def input_dtype(self) -> str:
        """Dtype of the column as it enters a model: integers with gaps are floats."""
        with_gaps = self.imputation is not None and dtypes.is_integer(self.dtype)
        return dtypes.floatx() if with_gaps else self.dtype

    def get_config(self) -> dict[str, Any]:
        """Return the arguments; what Keras does not know only where it is used."""
        config = {
            "dtype": self.dtype,
            "preprocessor": serialize(self.preprocessor),
            "output_mode": self.output_mode,
        }
        if self.imputation is not None:
            config["imputation"] = serialize(self.imputation)
        if self.indicator:
            config["indicator"] = True
        return config


@register("utils")
class Cross(Configurable):
    """Combinations of the categories of several columns, put into bins by a hash.

    Args:
        feature_names: the columns, two or more.
        crossing_dim: number of bins.
        output_mode: "int" or "one_hot".
    """

    def __init__(
        self, feature_names: Sequence[str], crossing_dim: int, output_mode: str = "one_hot"
    ):
        if isinstance(feature_names, str) or len(feature_names) < 2:
            raise ValueError(f"A cross takes two or more features, got {feature_names!r}.")
        if output_mode not in ("int", "one_hot"):
            raise ValueError(
                f"output_mode={output_mode!r} of a cross; expected 'int' or 'one_hot'."
            )
        self.feature_names = tuple(feature_names)
        self.crossing_dim = crossing_dim
        self.output_mode = output_mode

    @property
    def name(self) -> str:
        """The name of the crossed feature."""
        return "_X_".join(self.feature_names)


@register("utils")
class FeatureSpace(Layer):
    """Prepares the columns of a table, and puts them side by side as numbers.

    Args:
        features: how each column is prepared, by its name: what one of the class methods below
            returns, or their names: "float", "float_normalized", "float_rescaled",
            "float_discretized", "integer_categorical", "integer_hashed", "string_categorical",
            "string_hashed", "date".
        output_mode: "concat": one vector for each row: first the columns in the order of their
            sorted names, then the crosses; "dict": each by its name.
        crosses: combinations of columns: what `FeatureSpace.cross` returns, or tuples of names.
        crossing_dim: number of bins of crosses that are given as names.
        hashing_dim: number of bins of hashed columns that are given by name.
        num_discretization_bins: number of bins of discretized columns that are given by name.
        name: name of the layer.

    Input: a data frame of pandas or polars, the path of a CSV file, or a dict of columns, `()`,
    `(batch,)` or `(batch, 1)`: arrays, tensors, lists of text.
    Output: float `(batch, width)`, without batch for single values; or a dict of such.

    Missing entries: where `adapt` meets some in a column of numbers, their median takes the place
    of missing ones from then on, and a further column, called `<name>_is_missing` in a dict, tells
    which they are. A missing category is a category of its own, and a missing date is zeros. In a
    column that had no gap when it was learned, a missing number stays NaN, and a missing category
    is an unknown one.

    Unknown categories: those that `adapt` has not met, or that are beyond `max_tokens`, share the
    first place of the column's vector (as many as `num_oov_indices`).

    >>> import kerata, numpy as np
    >>> table = {"age": [20.0, 40.0], "city": ["Rome", "Oslo"]}
    >>> space = kerata.utils.FeatureSpace({"age": "float_normalized", "city": "string_categorical"})
    >>> space.adapt(table)
    >>> space(table).tolist()
    [[-1.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 1.0]]
    """

    def __init__(
        self,
        features: Mapping[str, Any],
        output_mode: str = "concat",
        crosses: Sequence[Any] | None = None,
        crossing_dim: int = 32,
        hashing_dim: int = 32,
        num_discretization_bins: int = 32,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        if not features:
            raise ValueError("FeatureSpace got no features; expected a dict of columns by name.")
        if output_mode not in ("concat", "dict"):
            raise ValueError(f"output_mode={output_mode!r}; expected 'concat' or 'dict'.")
        self.crossing_dim = crossing_dim
        self.hashing_dim = hashing_dim
        self.num_discretization_bins = num_discretization_bins
        self.output_mode = output_mode
        self.features = {key: self._as_feature(key, value) for key, value in features.items()}
        # Where `adapt` decides whether there are gaps to fill.
        self._may_impute = [key for key, f in self.features.items() if f.imputation is None]
        self.crosses = [self._as_cross(cross) for cross in crosses or ()]
        self.preprocessors = {key: f.preprocessor for key, f in self.features.items()}
        self.crossers = {
            cross.name: HashedCrossing(cross.crossing_dim, name=cross.name)
            for cross in self.crosses
        }
        self.one_hot_encoders: dict[str, CategoryEncoding] = {}
        self.indicators: dict[str, MissingIndicator] = {}
        self.concat = Concatenate(axis=-1, name="tfd_concat")
        self._learning = [name for name, p in self.preprocessors.items() if _learns(p)]
        to_fill = [f.imputation for f in self.features.values() if _learns_to_fill(f.imputation)]
        self._adapted = not self._learning and not any(map(_learns, to_fill))
        self._inputs: dict[str, Any] | None = None

    def _as_feature(self, name: str, feature: Any) -> Feature:
        if isinstance(feature, Feature):
            return copy.copy(feature)  # `adapt` may add what fills gaps
        kinds: dict[str, Callable[[], Feature]] = {
            "float": lambda: self.float(name),
            "float_rescaled": lambda: self.float_rescaled(name=name),
            "float_normalized": lambda: self.float_normalized(name),
            "float_discretized": lambda: self.float_discretized(
                self.num_discretization_bins, name=name
            ),
            "integer_categorical": lambda: self.integer_categorical(name=name),
            "integer_hashed": lambda: self.integer_hashed(self.hashing_dim, name=name),
            "string_categorical": lambda: self.string_categorical(name=name),
            "string_hashed": lambda: self.string_hashed(self.hashing_dim, name=name),
            "date": lambda: self.date(name=name),
        }
        if not isinstance(feature, str) or feature not in kinds:
            raise ValueError(
                f"Feature {name!r} is given as {feature!r}; expected one of {tuple(kinds)}, or "
                f"what FeatureSpace.{next(iter(kinds))}() and its like return."
                f"{closest(str(feature), kinds)}"
            )
        return kinds[feature]()

    def _as_cross(self, cross: Any) -> Cross:
        if not isinstance(cross, Cross):
            cross = Cross(cross, self.crossing_dim)
        for name in cross.feature_names:
            if name not in self.features:
                raise ValueError(
                    f"The cross {cross.name!r} names {name!r}, which is no feature; there are "
                    f"{sorted(self.features)}."
                )
            if self.features[name].output_mode == "float":
                raise ValueError(
                    f"The cross {cross.name!r} takes categories, but {name!r} is a number: put it "
                    "into bins, by 'float_discretized'."
                )
        return cross

    # -- kinds of features -----------------------------------------------------------------

    @classmethod
    def cross(
        cls, feature_names: Sequence[str], crossing_dim: int, output_mode: str = "one_hot"
    ) -> Cross:
        """Return a combination of columns, put into bins by a hash.

        Args:
            feature_names: the columns, two or more.
            crossing_dim: number of bins.
            output_mode: "one_hot" or "int".
        """
        return Cross(feature_names, crossing_dim, output_mode)

    @classmethod
    def feature(
        cls,
        dtype: str,
        preprocessor: Layer,
        output_mode: str,
        imputation: Layer | None = None,
        indicator: bool = False,
    ) -> Feature:
        """Return a column that a layer of your own prepares.

        Args:
            dtype: of the column: "float32", "int32" or "string".
            preprocessor: the layer; with `adapt`, if it has to learn from data.
            output_mode: "float": as the layer gives it; "int"; or "one_hot": its integers, below
                its `vocabulary_size()` or `num_bins`, as vectors.
            imputation: the layer that fills gaps before, such as `layers.Imputation("mean")`; by
                default `adapt` finds out whether one is needed.
            indicator: whether another column says which entries are missing, with `imputation`.
        """
        return Feature(dtype, preprocessor, output_mode, imputation, indicator)

    @classmethod
    def float(cls, name: str | None = None) -> Feature:
        """Return a column of numbers that is left as it is.

        Args:
            name: of the layer, which is called "<name>_preprocessor".
        """
        return Feature("float32", TFDIdentity(name=_named(name, "float")), "float")

    @classmethod
    def float_rescaled(
        cls, scale: Any = 1.0, offset: Any = 0.0, name: str | None = None
    ) -> Feature:
        """Return a column of numbers that becomes `scale * x + offset`.

        Args:
            scale: the factor.
            offset: what is added.
            name: of the layer, which is called "<name>_preprocessor".
        """
        layer = Rescaling(scale=scale, offset=offset, name=_named(name, "float_rescaled"))
        return Feature("float32", layer, "float")

    @classmethod
    def float_normalized(cls, name: str | None = None) -> Feature:
        """Return a column of numbers that gets mean 0 and variance 1.

        Args:
            name: of the layer, which is called "<name>_preprocessor".
        """
        return Feature("float32", Normalization(name=_named(name, "float_normalized")), "float")

    @classmethod
    def float_discretized(
        cls,
        num_bins: int,
        bin_boundaries: Any = None,
        output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """Return a column of numbers that is put into bins of about equal counts.

        Args:
            num_bins: number of bins.
            bin_boundaries: numbers between the bins, in order; by default they are learned.
            output_mode: "one_hot" or "int".
            name: of the layer, which is called "<name>_preprocessor".
        """
        bins = {"num_bins": num_bins} if bin_boundaries is None else {}
        layer = Discretization(bin_boundaries, name=_named(name, "float_discretized"), **bins)
        return Feature("float32", layer, output_mode)

    @classmethod
    def integer_categorical(
        cls,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """Return a column of integers that are learned as categories.

        Args:
            max_tokens: the most categories that are kept, the most frequent ones.
            num_oov_indices: how many categories unknown integers are divided among.
            output_mode: "one_hot" or "int".
            name: of the layer, which is called "<name>_preprocessor".
        """
        layer = IntegerLookup(
            max_tokens, num_oov_indices, name=_named(name, "integer_categorical")
        )
        return Feature("int32", layer, output_mode)

    @classmethod
    def integer_hashed(
        cls, num_bins: int, output_mode: str = "one_hot", name: str | None = None
    ) -> Feature:
        """Return a column of integers that are put into bins by a hash.

        Args:
            num_bins: number of bins.
            output_mode: "one_hot" or "int".
            name: of the layer, which is called "<name>_preprocessor".
        """
        return Feature("int32", Hashing(num_bins, name=_named(name, "integer_hashed")), output_mode)

    @classmethod
    def string_categorical(
        cls,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """Return a column of texts that are learned as categories.

        Args:
            max_tokens: the most categories that are kept, the most frequent ones.
            num_oov_indices: how many categories unknown texts are divided among.
            output_mode: "one_hot" or "int".
            name: of the layer, which is called "<name>_preprocessor".
        """
        layer = StringLookup(max_tokens, num_oov_indices, name=_named(name, "string_categorical"))
        return Feature("string", layer, output_mode)

    @classmethod
    def string_hashed(
        cls, num_bins: int, output_mode: str = "one_hot", name: str | None = None
    ) -> Feature:
        """Return a column of texts that are put into bins by a hash.

        Args:
            num_bins: number of bins.
            output_mode: "one_hot" or "int".
            name: of the layer, which is called "<name>_preprocessor".
        """
        return Feature("string", Hashing(num_bins, name=_named(name, "string_hashed")), output_mode)

    @classmethod
    def date(
        cls, cycles: Sequence[str] = ("day", "week", "year"), name: str | None = None
    ) -> Feature:
        """Return a column of dates, which becomes what `layers.DateEncoding` makes of it.

        Args:
            cycles: in which cycles the place of a date is told.
            name: of the layer, which is called "<name>_preprocessor".
        """
        return Feature("string", DateEncoding(cycles, name=_named(name, "date")), "float")

    # -- learning --------------------------------------------------------------------------

    def adapt(self, dataset: Any) -> None:
        """Learn what the columns need: means, bins, vocabularies, what takes the place of gaps.

        Args:
            dataset: a table: a dict of columns, a data frame, or the path of a CSV file; or dicts
                of single values or batches of them, from something that can be read several
                times: a `kerata.data.Dataset`, a `tf.data.Dataset`, a list.

        Raises:
            ValueError: if it gives anything but tables, lacks a column, or can be read only once.
        """
        dataset = columns_of(dataset) if is_table(dataset) else dataset
        for name, feature in self.features.items():
            must_learn = name in self._learning
            parts = [
                convert_to_numpy(_column(part, name, feature.dtype))
                for part in _parts_of(dataset)
                if must_learn or name in part
            ]
            self._learn_to_fill(name, feature, parts)
            if must_learn:
                if feature.imputation is not None:
                    parts = [convert_to_numpy(feature.imputation(part)) for part in parts]
                feature.preprocessor.adapt(iter(parts))
        self._adapted = True
        self.one_hot_encoders = {}
        self.built = True

    def _learn_to_fill(self, name: str, feature: Feature, parts: list[np.ndarray]) -> None:
        """Let gaps of a column be filled: as its feature says, else if there are any."""
        if name in self._may_impute:
            feature.imputation, feature.indicator = None, False
            if any(gaps_of(part).any() for part in parts):
                self._impute(name, feature)
        if _learns_to_fill(feature.imputation):
            feature.imputation.adapt(iter(parts))  # type: ignore[union-attr]

    def _impute(self, name: str, feature: Feature) -> None:
        if getattr(feature.preprocessor, "takes_gaps", False):
            return
        own_name = layer_name(self._free_name(f"{name}_imputation"))
        if feature.dtype == "string":
            feature.imputation = Imputation("constant", fill_value="", name=own_name)
        elif dtypes.is_integer(feature.dtype):
            feature.imputation = Imputation(
                "constant", fill_value=MISSING_INTEGER, dtype="int64", name=own_name
            )
        else:
            feature.imputation = Imputation("median", name=own_name)
            feature.indicator = True

    def _free_name(self, name: str) -> str:
        """Return a name that no column has."""
        while name in self.features:
            name += "_"
        return name

    # -- calling ---------------------------------------------------------------------------

    def __call__(self, data: Any) -> Any:
        """Return the prepared columns.

        Args:
            data: dict of columns; or of symbolic tensors, as `get_inputs` returns them.

        Raises:
            ValueError: if `adapt` has not been called, or a column is missing.
        """
        if not self._adapted:
            raise ValueError(
                f"FeatureSpace {self.name!r} has columns to learn: call `adapt(table)` first."
            )
        data = _as_columns(data)
        if any_symbolic([data[name] for name in self.features if name in data]):
            return self._merged(data)
        single = all(np.ndim(_values(data, name)) == 0 for name in self.features)
        columns = {name: _column(data, name, f.dtype) for name, f in self.features.items()}
        merged = self._merged(columns)
        if not single:
            return merged
        return tree.map_structure(lambda tensor: ops.squeeze(tensor, 0), merged)

    def call(self, data: Any) -> Any:
        """Return the prepared columns of a dict of columns `(batch, 1)`."""
        return self._merged(data)

    def _merged(self, columns: Mapping[str, Any]) -> Any:
        """Prepare columns `(batch, 1)` and put them side by side."""
        prepared, found = {}, {}
        for name, feature in sorted(self.features.items()):
            column = columns[name]
            filled = column if feature.imputation is None else feature.imputation(column)
            prepared[name] = value = feature.preprocessor(filled)
            found[name] = self._encoded(name, value, feature.output_mode, feature.preprocessor)
            if feature.indicator:
                key = self._free_name(f"{name}_is_missing")
                found[key] = self._indicated(key, column)
        for cross in self.crosses:
            # Categories are crossed, not the values that they stand for.
            crosser = self.crossers[cross.name]
            value = crosser([prepared[name] for name in cross.feature_names])
            found[cross.name] = self._encoded(cross.name, value, cross.output_mode, crosser)
        if self.output_mode == "dict":
            return found
        modes = {**self.features, **{cross.name: cross for cross in self.crosses}}
        for name, what in modes.items():
            if what.output_mode == "int":
                raise ValueError(
                    f"{name!r} gives integers, which do not go side by side with numbers: use "
                    "output_mode='one_hot' for it, or FeatureSpace(..., output_mode='dict')."
                )
        if len(found) == 1:
            return next(iter(found.values()))
        return self.concat(list(found.values()))

    def _encoded(self, name: str, value: Any, mode: str, layer: Any) -> Any:
        if mode != "one_hot":
            return value
        if name not in self.one_hot_encoders:
            self.one_hot_encoders[name] = CategoryEncoding(_depth(layer), output_mode="one_hot")
        return self.one_hot_encoders[name](value)

    def _indicated(self, key: str, column: Any) -> Any:
        if key not in self.indicators:
            self.indicators[key] = MissingIndicator(name=layer_name(key))
        return self.indicators[key](column)

    def get_inputs(self) -> dict[str, Any]:
        """Return one symbolic input `(batch, 1)` per column, always the same ones."""
        dtypes_now = {name: feature.input_dtype for name, feature in self.features.items()}
        if self._inputs is None or dtypes_now != {n: i.dtype for n, i in self._inputs.items()}:
            self._inputs = {
                name: Input((1,), dtype=dtype, name=layer_name(name))
                for name, dtype in dtypes_now.items()
            }
        return self._inputs

    def get_encoded_features(self) -> Any:
        """Return what becomes of `get_inputs`, as the beginning of a model.

        Raises:
            ValueError: if `adapt` has not been called.
        """
        return self(self.get_inputs())

    # -- files -----------------------------------------------------------------------------

    def save(self, filepath: Any) -> None:
        """Write it to a `.keras` file, which `kerata.saving.load_model` reads.

        Args:
            filepath: the path.
        """
        from kerata.saving import save_model

        save_model(self, filepath)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            "features": {name: serialize(feature) for name, feature in self.features.items()},
            "output_mode": self.output_mode,
            "crosses": [serialize(cross) for cross in self.crosses],
            "crossing_dim": self.crossing_dim,
            "hashing_dim": self.hashing_dim,
            "num_discretization_bins": self.num_discretization_bins,
        }

    def get_build_config(self) -> dict[str, Any]:
        """Return the shapes that the layers of columns were built with, by column."""
        return {
            name: layer.get_build_config() or {} for name, layer in self.preprocessors.items()
        }

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Build the layers of columns; what they learned is in the file."""
        for name, shapes in config.items():
            self.preprocessors[name].build_from_config(shapes)
        self._adapted = True
        self.built = True


def layer_name(column: str) -> str:
    """Return the name of a column as a layer may have it.

    >>> layer_name("km/h")
    'km_h'
    """
    return column.replace("/", "_")


def _named(name: str | None, kind: str) -> str:
    return layer_name(f"{name or names.unique(kind)}_preprocessor")


def _learns(layer: Any) -> bool:
    """Tell whether a new layer has to learn from data."""
    if isinstance(layer, IndexLookup):
        return not layer.get_vocabulary(include_special_tokens=False)
    if isinstance(layer, Normalization):
        return layer.mean_given is None and not layer.built
    if isinstance(layer, Discretization):
        return not layer.bin_boundaries
    if isinstance(layer, Imputation):
        return layer.fill_value is None
    if isinstance(layer, DateEncoding):
        return layer.mean is None
    return hasattr(layer, "adapt") and not layer.built


def _learns_to_fill(layer: Any) -> bool:
    """Tell whether what fills gaps is learned from data, and not given once and for all."""
    return hasattr(layer, "adapt") and getattr(layer, "strategy", None) != "constant"


def _depth(layer: Any) -> int:
    """The number of integers that a layer gives."""
    if hasattr(layer, "vocabulary_size"):
        return layer.vocabulary_size()
    if getattr(layer, "num_bins", None) is not None:
        return layer.num_bins
    if getattr(layer, "bin_boundaries", None) is not None:
        return len(layer.bin_boundaries) + 1
    raise ValueError(
        f"The {type(layer).__name__} {layer.name!r} has no `vocabulary_size()` and no `num_bins`, "
        "so it is not known how long one-hot vectors of its integers are."
    )


# -- tables --------------------------------------------------------------------------------------


def _as_columns(table: Any) -> Mapping[str, Any]:
    """Return the columns of a table."""
    if is_table(table):
        return columns_of(table)
    raise ValueError(
        "FeatureSpace takes a dict of columns, a data frame, or the path of a CSV file, got a "
        f"{type(table).__name__}. Of (x, y) take x: `dataset.map(lambda x, y: x)`."
    )


def _values(table: Mapping[str, Any], name: str) -> Any:
    """Return a column, as an array unless it is a tensor."""
    if name not in table:
        raise ValueError(f"The column {name!r} is missing; there are {sorted(table)}.")
    return entries_of(table[name])


def _column(table: Mapping[str, Any], name: str, dtype: str) -> Any:
    """Return a column as `(batch, 1)`: numbers, or text where the dtype is "string"."""
    values = _values(table, name)
    if not isinstance(values, np.ndarray):
        return ops.reshape(values, (-1, 1))
    values = values.reshape(-1, 1)
    if dtype == "string":
        return as_texts(values)
    if values.dtype.kind in "biuf" or dtypes.is_float(values.dtype.name):
        return values
    try:
        numbers = as_numbers(values)
    except ValueError as error:
        raise ValueError(f"The column {name!r} is {dtype}: {error}") from None
    whole = dtypes.is_integer(dtype) and not np.isnan(numbers).any()
    return numbers.astype(np.int64) if whole else numbers


def _parts_of(dataset: Any) -> Iterator[Mapping[str, Any]]:
    """Yield a table, or those that a source of tables gives."""
    if is_table(dataset):
        yield columns_of(dataset)
        return
    if hasattr(dataset, "__next__") or not hasattr(dataset, "__iter__"):
        raise ValueError(
            f"`adapt` reads the data once for each column; a {type(dataset).__name__} cannot be "
            "read again. Pass a table, a list, or a data set."
        )
    source = dataset.as_numpy_iterator() if hasattr(dataset, "as_numpy_iterator") else dataset
    yield from map(_as_columns, source)
