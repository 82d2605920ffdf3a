"""Tables: from a data frame or a CSV file to data and a model that takes raw rows, in one call.

What the columns hold is found in the rows to train on, and so is all that preparing them needs:
medians, means, categories. The rows held back for validation are only prepared with it.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from kerata.core import names
from kerata.core.errors import closest
from kerata.core.primitive import convert_to_numpy
from kerata.data.column_kinds import (
    KINDS,
    Column,
    frequent_categories,
    judge,
    read_column,
)
from kerata.layers.core.input_layer import Input
from kerata.layers.preprocessing.feature_space import Feature, FeatureSpace, layer_name
from kerata.layers.preprocessing.imputation import Imputation, MissingIndicator
from kerata.layers.preprocessing.normalization import Normalization
from kerata.layers.preprocessing.raw_columns import (
    as_numbers,
    as_texts,
    columns_of,
    entries_of,
    finite_numbers,
)
from kerata.layers.preprocessing.rescaling import Rescaling
from kerata.layers.preprocessing.string_lookup import StringLookup
from kerata.models import Model
from kerata.training.data.batches import Examples
from kerata.training.data.split import held_out_rows

#: the most different whole numbers that are classes rather than a quantity
_MOST_CLASSES = 20
#: a class with a smaller share than this is called rare
_RARE_CLASS = 0.1


def from_dataframe(
    df: Any,
    target: str,
    *,
    task: str | None = None,
    kinds: Mapping[str, str | None] | None = None,
    validation_split: float = 0.2,
    seed: int = 0,
) -> Table:
    """Make a table ready for training: find out what its columns hold, and prepare them.

    Numbers are scaled to mean 0 and deviation 1; the median takes the place of missing ones, and a
    further column tells which they are. Categories (text, flags, whole numbers with up to 10
    values) become zeros and ones; a missing entry is a category of its own, and rare and unseen
    categories share one, which counts nothing where there were no rare ones to learn from. Dates
    become their place in time, week and year. Columns of identifiers, of free text and of one value
    are left out. `print` the result to see what was done, and why.

    Args:
        df: a data frame of pandas or polars, a dict of columns, or the path of a CSV file.
        target: the column to predict. Rows in which it is missing are left out.
        task: `"classification"` or `"regression"`; by default text, flags, categories and whole
            numbers with up to 20 values are classes.
        kinds: for columns to be used in another way than found: `"number"`, `"category"`, `"date"`,
            `"missing"` (only whether an entry is missing), or `None` to leave it out.
        validation_split: share of the rows that is held back, between 0 and 1; the same share of
            each class. With 0 there are none.
        seed: decides which rows.

    Returns:
        A `Table`.

    Raises:
        ValueError: if there is no such column, or nothing to learn from.

    >>> import kerata
    >>> ages, sexes = [20.5, 35, None, 50] * 25, ["f", "m"] * 50
    >>> people = {"age": ages, "sex": sexes, "ill": ["no", "yes"] * 50}
    >>> table = kerata.data.from_dataframe(people, target="ill")
    >>> table.columns["age"].use
    'scaled; missing ones: 35, and a column for them'
    >>> model = table.model([kerata.layers.Dense(1, activation="sigmoid")])
    >>> history = model.fit(table.train, validation_data=table.validation, verbose=0)
    >>> model.predict({"age": [33, None], "sex": ["f", None]}, verbose=0).shape
    (2, 1)
    """
    declared = _declared_categories(df)
    columns = dict(columns_of(df))
    if target not in columns:
        raise ValueError(
            f"There is no column {target!r} to predict; the columns are "
            f"{', '.join(map(repr, columns))}.{closest(target, columns)}"
        )
    kinds = {**dict.fromkeys(declared, "category"), **(kinds or {})}
    _check_arguments(columns, kinds, task, validation_split)
    if task is None and kinds.pop(target, None) == "category":
        task = "classification"
    return Table(columns, target, task, kinds, validation_split, seed)


class Table:
    """The columns of a table, prepared; `kerata.data.from_dataframe` makes it.

    Args:
        columns: the columns by name, that of the target included.
        target: the column to predict.
        task: "classification", "regression", or `None` to find out.
        kinds: how columns are used, where that is not to be found out.
        validation_split: share of the rows that is held back.
        seed: decides which rows.

    Attributes:
        train: `Examples(x, y)` to train on: a dict of raw columns, and the target as numbers.
        validation: the same of the rows held back; `None` if there are none.
        columns: what was found in each column, and what is made of it: `name`, `found`, `missing`,
            `kind`, `use`; `kind` is `None` for those left out.
        task: "classification" or "regression".
        classes: the values of the target in the order of their numbers in `y`; empty in a
            regression.
        inputs: the inputs of a model by column, symbolic.
        features: what the preparing layers make of them, symbolic `(batch, width)`.
        preprocessing: these layers, as a model.
    """

    def __init__(
        self,
        columns: Mapping[str, Any],
        target: str,
        task: str | None,
        kinds: Mapping[str, str | None],
        validation_split: float,
        seed: int,
    ):
        self.target = target
        self._goal = _Goal(target, columns[target], task)
        self.task, self.classes = self._goal.task, self._goal.classes
        self._left_over = int(self._goal.gaps.sum())
        rows = np.flatnonzero(~self._goal.gaps)
        y = self._goal.encoded(columns[target])[rows]
        raw = {name: _rows_of(values, rows) for name, values in columns.items() if name != target}
        held_out = np.zeros(len(y), bool)
        if validation_split:
            labels = y if self.classes else np.zeros(len(y), np.int64)
            held_out = held_out_rows(labels, validation_split, seed)
        self._seed = seed
        #: in how many rows something must be seen to be learned from
        self._enough = max(1, min(5, int((~held_out).sum()) // 100))
        self._counts = np.bincount(y) if self.classes else None
        self.columns, features = self._judged(raw, ~held_out, kinds)
        x = {name: self._read(name, raw[name]) for name in features}
        self.train = _examples(x, y, ~held_out)
        self.validation = _examples(x, y, held_out) if held_out.any() else None
        self.preprocessing = self._prepared(features)
        for name in self.preprocessing.input:
            names.uid(name)  # a layer without a name is not called as a column is
        self.inputs = {
            name: Input((1,), dtype=tensor.dtype, name=layer_name(name))
            for name, tensor in self.preprocessing.input.items()
        }
        self.features = self.preprocessing(self.inputs)

    # -- finding out -------------------------------------------------------------------------

    def _judged(
        self, raw: Mapping[str, np.ndarray], train: np.ndarray, kinds: Mapping[str, str | None]
    ) -> tuple[dict[str, Column], dict[str, Feature]]:
        """Judge the columns by the rows to train on; return how those that are used are prepared.

        Raises:
            ValueError: if none is used.
        """
        columns, features = {}, {}
        for name, values in raw.items():
            column = judge(read_column(name, values[train]), self._enough)
            if name in kinds:
                column.kind, column.use = kinds[name], "you said so"
            columns[name] = column
            if column.kind is not None:
                feature = _PREPARE[column.kind](column, self._enough)
                if feature is None:
                    column.kind = None
                else:
                    features[name] = feature
        if not features:
            reasons = "; ".join(f"{column.name!r}: {column.use}" for column in columns.values())
            raise ValueError(
                f"No column is left to predict {self.target!r} from. {reasons}. Say with `kinds` "
                "how to use them."
            )
        return columns, features

    def _read(self, name: str, values: Any) -> np.ndarray:
        """Return a raw column as numbers or text, as its input takes it."""
        try:
            return as_numbers(values) if self.columns[name].kind == "number" else as_texts(values)
        except ValueError as error:
            raise ValueError(f"The column {name!r} is used as a number. {error}") from None

    def _prepared(self, features: dict[str, Feature]) -> Model:
        """Return the layers that prepare rows, which have learned from those to train on."""
        space = FeatureSpace(features)
        space.adapt(self.train.x)
        inputs, outputs = space.get_inputs(), space.get_encoded_features()
        # Weights of a place that was always 0 are not trained: unseen categories stay without
        # effect where there were no rare ones to learn from.
        seen = np.asarray(convert_to_numpy(space(self.train.x))).any(axis=0)
        if not seen.all():
            outputs = Rescaling(seen.astype(float).tolist(), name="seen_in_training")(outputs)
        return Model(inputs, outputs, name="preprocessing")

    # -- using -------------------------------------------------------------------------------

    def examples(self, df: Any) -> Examples:
        """Return other rows of the same table as `Examples(x, y)`, to evaluate a model on.

        Args:
            df: a data frame, a dict of columns, or the path of a CSV file, with the target. Rows
                in which it is missing are left out.

        Raises:
            ValueError: if a column is missing, or the target has a class that is not known.
        """
        columns = columns_of(df)
        for name in (self.target, *self.inputs):
            if name not in columns:
                raise ValueError(
                    f"There is no column {name!r}; the columns are "
                    f"{', '.join(map(repr, columns))}.{closest(name, columns)}"
                )
        y = self._goal.encoded(columns[self.target])
        rows = np.flatnonzero(~read_column(self.target, columns[self.target]).gaps)
        x = {name: self._read(name, _rows_of(columns[name], rows)) for name in self.inputs}
        return Examples(x, y[rows])

    def model(
        self, network: Sequence[Any] | Callable[[Any], Any], **compile_arguments: Any
    ) -> Model:
        """Return a compiled model that takes raw rows: preparation, your network, and the target.

        In a regression a last layer brings what the network gives to the mean and the deviation of
        the target, so that the network computes with numbers near 0, and predictions, loss and
        metrics are in units of the target.

        Args:
            network: layers one after the other, or a function from `features` to the outputs. It
                ends in `Dense(1, activation="sigmoid")` for two classes, `Dense(n,
                activation="softmax")` for `n`, `Dense(1)` for a number.
            compile_arguments: for `Model.compile`; by default the optimizer "adam", the loss that
                suits the target, and the metric "accuracy", or "mae" in a regression.

        Raises:
            ValueError: if the network ends in another number of units.
        """
        outputs = self.features
        for layer in [network] if callable(network) else network:
            outputs = layer(outputs)
        loss, metric = self._loss_for(tuple(outputs.shape))
        if not self.classes:
            outputs = self._goal.in_its_units(outputs)
        model = Model(self.inputs, outputs)
        model.compile(
            **{"optimizer": "adam", "loss": loss, "metrics": [metric], **compile_arguments}
        )
        return model

    def _loss_for(self, shape: tuple) -> tuple[str, str]:
        """Return loss and metric for outputs of a shape."""
        count = len(self.classes)
        if count == 2 and shape[1:] == (1,):
            return "binary_crossentropy", "accuracy"
        if count and shape[1:] == (count,):
            return "sparse_categorical_crossentropy", "accuracy"
        if not count and shape[1:] == (1,):
            return "mse", "mae"
        wanted = {0: "Dense(1)", 2: "Dense(1, activation='sigmoid')"}.get(
            count, f"Dense({count}, activation='softmax')"
        )
        what = f"has {count} classes" if count else "is a number"
        raise ValueError(
            f"The network ends in shape {shape}, but the target {self.target!r} {what}: let it end "
            f"in {wanted}."
        )

    # -- report ------------------------------------------------------------------------------

    def __str__(self) -> str:
        from rich.console import Console

        console = Console(file=io.StringIO(), width=100, color_system=None, legacy_windows=False)
        console.print(self)
        return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())  # type: ignore[attr-defined]

    __repr__ = __str__

    def __rich__(self) -> Any:
        from rich.console import Group
        from rich.table import Table as RichTable
        from rich.text import Text

        lines = RichTable(box=None, pad_edge=False, header_style="bold")
        for title, side in (("column", "left"), ("found", "left"), ("missing", "right"),
                            ("what is made of it", "left")):  # fmt: skip
            lines.add_column(title, justify=side)  # type: ignore[arg-type]
        for column in sorted(self.columns.values(), key=lambda each: each.kind is None):
            use = column.use if column.kind else f"left out: {column.use}"
            cells = (column.name, column.found, _percent(column.missing), use)
            lines.add_row(*map(Text, cells), style=None if column.kind else "dim")
        head = [Text(line) for line in self._headlines()]
        return Group(*head, Text(), lines, *map(Text, self._advice()))

    def _headlines(self) -> list[str]:
        x, y = self.train
        held_back = 0 if self.validation is None else len(self.validation.y)
        rows = f"{len(y)} rows to train on, {held_back} to validate with"
        if held_back:
            rows += " (the same share of each class)" if self.classes else " (chosen at random)"
        if self._left_over:
            rows += f"; {self._left_over} left out, as their {self.target!r} is missing"
        width = self.features.shape[-1]
        return [
            f"{self.task} of {self.target!r}: {self._goal.described(self._counts)}",
            rows,
            f"{width} features made of {len(x)} columns; {len(self.columns) - len(x)} left out",
        ]

    def _advice(self) -> list[str]:
        found = []
        if self._counts is not None and self._counts.min() < _RARE_CLASS * self._counts.sum():
            rare = self.classes[int(self._counts.argmin())]
            found.append(
                f"The class {rare!r} is rare: fit(..., class_weight='balanced') lets all classes "
                "count alike."
            )
        if any(column.kind == "date" for column in self.columns.values()):
            found.append(
                "There are dates, but the rows to validate with were chosen at random: to predict "
                "the future, hold the latest rows back yourself."
            )
        return found


class _Goal:
    """The target: its classes, or its mean and deviation."""

    def __init__(self, name: str, values: Any, task: str | None):
        column = read_column(name, values)
        if not len(column.known):
            raise ValueError(f"The target {name!r} has no values: there is nothing to predict.")
        self.name, self.gaps = name, column.gaps
        self.task = task or _likely_task(column)
        self.classes: list[Any] = []
        if self.task == "classification":
            self._set_classes(column)
        else:
            numbers = self._numbers(values)[~self.gaps]
            self.mean, self.variance = float(numbers.mean()), float(numbers.var()) or 1.0

    def _set_classes(self, column: Column) -> None:
        found = np.unique(column.known) if column.form == "numbers" else sorted(set(column.known))
        if len(found) < 2 or len(found) > max(_MOST_CLASSES, len(column.known) / 2):
            what = "one value" if len(found) < 2 else f"{len(found)} different values"
            raise ValueError(
                f"The target {column.name!r} has {what} in {len(column.known)} rows, which are no "
                "classes: is it the right column? For a quantity say task='regression'."
            )
        self._texts = as_texts(np.asarray(found)).tolist()
        self.classes = self._texts
        if column.form == "numbers":
            self.classes = [int(n) if float(n).is_integer() else float(n) for n in found]
        elif column.form == "flags":
            self.classes = [text == "True" for text in self._texts]

    def _numbers(self, values: Any) -> np.ndarray:
        try:
            return as_numbers(values)
        except ValueError as error:
            raise ValueError(
                f"The target {self.name!r} is to be a number. {error} For classes say "
                "task='classification'."
            ) from None

    def encoded(self, values: Any) -> np.ndarray:
        """Return the number of each value's class, or the value itself; anything for gaps."""
        if not self.classes:
            return self._numbers(values)
        numbers = {text: number for number, text in enumerate(self._texts)}
        texts = as_texts(read_column(self.name, values).values)
        unknown = [text for text in texts if text and text not in numbers]
        if unknown:
            raise ValueError(
                f"The target {self.name!r} has a class {unknown[0]!r} that was not there in "
                f"training; the classes are {self.classes}."
            )
        return np.array([numbers.get(text, 0) for text in texts], np.int32)

    def in_its_units(self, outputs: Any) -> Any:
        """Return outputs of mean 0 and deviation 1 as values of the target."""
        return Normalization(
            mean=self.mean, variance=self.variance, invert=True, name="in_units_of_target"
        )(outputs)

    def described(self, counts: np.ndarray | None) -> str:
        """Return what is in the target, in a few words."""
        if counts is None:
            deviation = self.variance**0.5
            return (
                f"mean {self.mean:.6g}, deviation {deviation:.6g}; the network learns it scaled, "
                "the model gives it as it is"
            )
        order = np.argsort(-counts, kind="stable")[:5]
        shares = [f"{self.classes[i]!r} {_percent(counts[i] / counts.sum())}" for i in order]
        return f"{len(counts)} classes, {', '.join(shares)}{', ...' if len(counts) > 5 else ''}"


def _likely_task(column: Column) -> str:
    """Tell classes from a quantity."""
    if column.form in ("texts", "flags"):
        return "classification"
    if column.form != "numbers":
        raise ValueError(
            f"The target {column.name!r} holds {column.found}; expected numbers or classes."
        )
    different = np.unique(column.known)
    whole = bool((different == np.rint(different)).all())
    few = len(different) <= 2 or len(column.known) >= 5 * len(different)
    return "classification" if whole and few and len(different) <= _MOST_CLASSES else "regression"


# -- how each kind of column is prepared -----------------------------------------------------------


def _number(column: Column, enough: int) -> Feature:
    """Scale numbers, and tell which are missing."""
    indicator = int(column.gaps.sum()) >= enough
    column.use = "scaled"
    if indicator:
        median = np.median(_numbers_of(column))
        column.use += f"; missing ones: {median:.6g}, and a column for them"
    imputation = Imputation("median", name=_named(column, "imputation"))
    scale = Normalization(name=_named(column, "scale"))
    return FeatureSpace.feature("float32", scale, "float", imputation, indicator)


def _numbers_of(column: Column) -> np.ndarray:
    numbers = finite_numbers(column.values)
    return numbers[~np.isnan(numbers)]


def _category(column: Column, enough: int) -> Feature | None:
    """Make zeros and ones of categories."""
    texts = as_texts(column.values)
    known = frequent_categories(texts, enough)
    if not [text for text in known if text]:
        column.use = f"no category is in {enough} rows or more"
        return None
    rare = len(set(texts.tolist()) - {*known, ""})
    column.use = f"one-hot of {len(known) - ('' in known)} categories"
    if "" in known:
        column.use += ", and of missing"
    if rare:
        column.use += f"; {rare} rare: taken as unseen"
    lookup = StringLookup(vocabulary=known, name=_named(column, "lookup"))
    imputation = Imputation("constant", fill_value="", name=_named(column, "imputation"))
    return FeatureSpace.feature("string", lookup, "one_hot", imputation)


def _date(column: Column, enough: int) -> Feature:
    """Tell the time of dates, and their places in the cycles that they show."""
    dates = column.known
    with_times = column.form == "dates" and (dates != dates.astype("datetime64[D]")).any()
    cycles = ("day", "week", "year") if with_times else ("week", "year")
    column.use = f"how late it is, and where in {', '.join(cycles)}"
    return FeatureSpace.date(cycles, column.name)


def _missing(column: Column, enough: int) -> Feature:
    """Tell whether there is a value, whatever it is."""
    column.use = f"only whether it is missing ({column.use})"
    indicator = MissingIndicator(name=_named(column, "missing"))
    return FeatureSpace.feature("string", indicator, "float")


def _named(column: Column, purpose: str) -> str:
    return layer_name(f"{column.name}: {purpose}")  # which no other column is called


_PREPARE: dict[str, Callable[[Column, int], Feature | None]] = {
    "number": _number,
    "category": _category,
    "date": _date,
    "missing": _missing,
}


# -- small things ----------------------------------------------------------------------------------


def _declared_categories(df: Any) -> list[str]:
    """Return the columns whose dtype in the data frame says that they are categories."""
    types = zip(getattr(df, "columns", ()), getattr(df, "dtypes", ()), strict=False)
    return [str(name) for name, dtype in types if str(dtype).lower().startswith(("cat", "enum"))]


def _check_arguments(
    columns: Mapping[str, Any], kinds: Mapping[str, Any], task: str | None, validation_split: float
) -> None:
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        (one, rows), (other, others) = sorted(lengths.items(), key=lambda item: item[1])[:: len(
            lengths) - 1]  # fmt: skip
        raise ValueError(
            f"The column {one!r} has {rows} rows, {other!r} has {others}; expected equal numbers."
        )
    for name, kind in kinds.items():
        if name not in columns:
            raise ValueError(f"`kinds` names {name!r}, which is no column.{closest(name, columns)}")
        if kind is not None and kind not in KINDS:
            raise ValueError(
                f"`kinds` says {kind!r} of {name!r}; expected one of {KINDS}, or None to leave it "
                "out."
            )
    if task not in (None, "classification", "regression"):
        raise ValueError(f"task={task!r}; expected 'classification', 'regression' or None.")
    if not 0 <= validation_split < 1:
        raise ValueError(f"validation_split={validation_split}; expected 0, or a share below 1.")


def _rows_of(values: Any, rows: np.ndarray) -> np.ndarray:
    return np.asarray(entries_of(values))[rows]


def _examples(x: Mapping[str, np.ndarray], y: np.ndarray, chosen: np.ndarray) -> Examples:
    return Examples({name: values[chosen] for name, values in x.items()}, y[chosen])


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %" if share else ""
