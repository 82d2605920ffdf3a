"""Raw columns of tables, whatever holds them, as NumPy arrays that layers can take.

A table is a data frame (pandas, polars), a dict of columns, or the path of a CSV file. Its columns
hold numbers, text, categories, dates, and gaps in several spellings: `None`, NaN, `pandas.NA`,
NaT, empty text. Here they become numbers with NaN for gaps, text with `""`, or dates with NaT.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from kerata.layers.preprocessing.text_arrays import as_array

#: how files write that an entry is missing; as pandas reads them
MISSING_WORDS = frozenset(
    ("", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NULL", "null", "None", "none")
)
#: further words that stand for a missing number, where they cannot be categories
_NO_NUMBER = MISSING_WORDS | {"?", "-", "."}

_DELIMITERS = ",;\t|"
_DATE = re.compile(
    r"\d{4}[-/]\d{2}[-/]\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?( ?(Z|[+-]\d{2}(:?\d{2})?))?)?"
)


# -- tables ------------------------------------------------------------------------------------


def is_frame(value: Any) -> bool:
    """Tell whether a value is a data frame: named columns with dtypes."""
    return hasattr(value, "columns") and hasattr(value, "dtypes") and hasattr(value, "to_numpy")


def is_table(value: Any) -> bool:
    """Tell whether a value is a table as a whole, and not a source of tables."""
    return isinstance(value, (Mapping, str, os.PathLike)) or is_frame(value)


def columns_of(table: Any) -> Mapping[str, Any]:
    """Return the columns of a table by name.

    Args:
        table: a data frame, a dict of columns, or the path of a CSV file.

    Raises:
        ValueError: if it is none of these, or two columns have one name.

    >>> import kerata
    >>> sorted(columns_of({"age": [20, 40], "city": ["Rome", None]}))
    ['age', 'city']
    """
    if isinstance(table, Mapping):
        return table
    if isinstance(table, (str, os.PathLike)):
        return read_csv(table)
    if not is_frame(table):
        raise ValueError(
            f"A table was expected, got a {type(table).__name__}: give a data frame of pandas or "
            "polars, a dict of columns, or the path of a CSV file."
        )
    names = [str(name) for name in table.columns]
    _check_unique(names, "The data frame")
    return {
        name: _frame_column(table[key]) for name, key in zip(names, table.columns, strict=True)
    }


def _frame_column(series: Any) -> np.ndarray:
    """Return a column of a frame; categories as the values that they stand for."""
    array = series.to_numpy()
    return array if isinstance(array, np.ndarray) else np.asarray(array, dtype=object)


def _check_unique(names: list[str], where: str) -> None:
    repeated = [name for name in names if names.count(name) > 1]
    if repeated:
        raise ValueError(f"{where} has two columns called {repeated[0]!r}; rename one of them.")


def read_csv(path: Any) -> dict[str, np.ndarray]:
    """Return the columns of a CSV file by the names in its first line.

    Columns of numbers alone become arrays of float64 (int64 if all are whole and none is missing),
    others arrays of text. Missing entries are NaN and `None`: they are empty, or one of the words
    that pandas knows (`"NA"`, `"NaN"`, `"null"`, ...). For all else that a file may need, such as
    another encoding, read it with pandas or polars, and pass the data frame.

    Args:
        path: the file, in UTF-8; its fields are separated by commas, semicolons, tabs or bars.

    Raises:
        ValueError: if it has no lines, columns of one name, or a line of another length.

    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "people.csv"
    ...     _ = path.write_text("age,city\\n20,Rome\\n,Oslo\\n")
    ...     read_csv(path)
    {'age': array([20., nan]), 'city': array(['Rome', 'Oslo'], dtype=object)}
    """
    with open(path, newline="", encoding="utf-8-sig") as file:
        first = file.readline()
        file.seek(0)
        delimiter = max(_DELIMITERS, key=first.count)
        lines = csv.reader(file, delimiter=delimiter, skipinitialspace=True)
        names = [name.strip() for name in next(lines, [])]
        _check_unique(names, f"The file {os.fspath(path)!r}")
        rows = []
        for row in lines:
            if row and len(row) != len(names):
                raise ValueError(
                    f"Line {lines.line_num} of {os.fspath(path)!r} has {len(row)} fields, the "
                    f"first line has {len(names)}: expected one field per column. Text with "
                    f"{delimiter!r} in it must stand between quotes."
                )
            if row:
                rows.append(row)
    if not rows:
        raise ValueError(
            f"The file {os.fspath(path)!r} has no rows: expected a line of names, then the data."
        )
    columns = zip(*rows, strict=True)
    return {name: _typed(column) for name, column in zip(names, columns, strict=True)}


def _typed(column: tuple[str, ...]) -> np.ndarray:
    """Return a column of a file as numbers if all are, else as text."""
    try:
        numbers = as_numbers(list(column))
    except ValueError:
        found = np.empty(len(column), dtype=object)
        stripped = (text.strip() for text in column)
        found[:] = [None if text in MISSING_WORDS else text for text in stripped]
        return found
    if np.isnan(numbers).all():
        return np.full(len(column), None, dtype=object)
    whole = np.isfinite(numbers) & (numbers == np.rint(numbers)) & (abs(numbers) < 2**53)
    return numbers.astype(np.int64) if whole.all() else numbers


# -- entries -----------------------------------------------------------------------------------


def entries_of(values: Any) -> Any:
    """Return a column as an array; lists of mixed entries as objects, tensors as they are.

    NumPy alone would make the text `'nan'` of a gap beside text.

    >>> entries_of([float("nan"), "a"]).tolist(), entries_of([1, 2.5]).dtype.name
    ([nan, 'a'], 'float64')
    """
    if values is None or isinstance(values, np.generic):
        return np.asarray(values)
    if not isinstance(values, (list, tuple)):
        return as_array(values)
    objects = np.array(values, dtype=object)
    kinds = {type(entry) for entry in objects.ravel()}
    return np.asarray(values) if kinds and (kinds <= {int, float} or kinds == {bool}) else objects


def is_gap(entry: Any) -> bool:
    """Tell whether a Python object stands for a missing entry.

    >>> [is_gap(entry) for entry in (None, float("nan"), "", 0, "a")]
    [True, True, True, False, False]
    """
    if entry is None or type(entry).__name__ in ("NAType", "NaTType"):
        return True
    if isinstance(entry, (str, bytes)):
        return not entry
    if isinstance(entry, (np.datetime64, np.timedelta64)):
        return bool(np.isnat(entry))
    return isinstance(entry, (float, np.floating)) and bool(np.isnan(entry))


def gaps_of(values: Any) -> np.ndarray:
    """Return where entries are missing: NaN and infinite numbers count as such.

    >>> gaps_of([1.0, float("nan"), float("inf")]).tolist(), gaps_of(["a", None]).tolist()
    ([False, True, True], [False, True])
    """
    array = np.asarray(entries_of(values))
    if array.dtype.kind in "mM":
        return np.isnat(array)
    if array.dtype.kind in "biu":
        return np.zeros(array.shape, bool)
    if array.dtype.kind in "OUST":
        return _each(array, is_gap, bool)
    return ~np.isfinite(array.astype(np.float64))


def as_numbers(values: Any) -> np.ndarray:
    """Return entries as float64, missing ones as NaN; text is read, times become seconds.

    Raises:
        ValueError: if an entry is no number; says which.

    >>> as_numbers(["1.5", " 2", None, "NA", True]).tolist()
    [1.5, 2.0, nan, nan, 1.0]
    """
    array = np.asarray(entries_of(values))
    kind = array.dtype.kind
    if kind == "m":
        return np.where(np.isnat(array), np.nan, array / np.timedelta64(1, "s"))
    if kind == "M":
        raise ValueError("The column holds dates, but numbers were expected.")
    if kind in "OUST":
        return _each(array, _number, np.float64)
    return array.astype(np.float64)


def finite_numbers(values: Any) -> np.ndarray:
    """Return entries as float64, NaN for those that are missing or not finite.

    Raises:
        ValueError: if an entry is no number; says which.

    >>> finite_numbers([1, float("inf"), None]).tolist()
    [1.0, nan, nan]
    """
    numbers = as_numbers(values)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _number(entry: Any) -> float:
    if is_gap(entry):
        return np.nan
    if isinstance(entry, bytes):
        entry = entry.decode()
    if isinstance(entry, str) and entry.strip() in _NO_NUMBER:
        return np.nan
    try:
        return float(entry)
    except (TypeError, ValueError):
        shown = f" {entry[:20]!r}" if isinstance(entry, str) else ""
        raise ValueError(f"holds a {type(entry).__name__}{shown}, which is no number") from None


def as_texts(values: Any) -> np.ndarray:
    """Return entries as text, missing ones as `""`.

    Whole numbers are written without a point, whatever their dtype, since a gap makes floats of
    integers; dates as in ISO 8601. Text, and bytes, stay as they are.

    >>> as_texts([3.0, None, True, 2.5]).tolist()
    ['3', '', 'True', '2.5']
    """
    array = np.asarray(entries_of(values))
    if array.dtype.kind == "M":
        found = np.datetime_as_string(array).astype(object)
        found[np.isnat(array)] = ""
        return found
    return _each(array, _text, object)


def _text(entry: Any) -> Any:
    if isinstance(entry, (str, bytes)):
        return entry
    if is_gap(entry):
        return ""
    if isinstance(entry, (float, np.floating)) and float(entry).is_integer():
        return str(int(entry))
    return str(entry)


def as_dates(values: Any) -> np.ndarray:
    """Return entries as `datetime64[s]`, missing ones as NaT; text is read as ISO 8601 has it.

    Times of other zones are turned into UTC.

    Raises:
        ValueError: if an entry is no date; says which.

    >>> as_dates(["2024-02-29", "2024-03-01T12:30", ""]).tolist()
    [datetime.datetime(2024, 2, 29, 0, 0), datetime.datetime(2024, 3, 1, 12, 30), None]
    """
    array = np.asarray(entries_of(values))
    if array.dtype.kind == "M":
        return array.astype("datetime64[s]")
    return _each(array, _date, "datetime64[s]")


def _date(entry: Any) -> np.datetime64:
    if isinstance(entry, bytes):
        entry = entry.decode()
    if is_gap(entry) or (isinstance(entry, str) and entry.strip() in MISSING_WORDS):
        return np.datetime64("NaT", "s")
    if isinstance(entry, np.datetime64):
        return entry.astype("datetime64[s]")
    if isinstance(entry, str):
        # NumPy writes nanoseconds, which Python does not read; seconds are enough.
        if not _DATE.fullmatch(entry.strip()):
            raise ValueError(f"holds {entry[:20]!r}, which is no date like '2024-02-29 18:30'")
        entry = _from_iso(entry.strip())
    if isinstance(entry, datetime):
        if entry.tzinfo is not None:
            entry = entry.astimezone(UTC).replace(tzinfo=None)
        return np.datetime64(entry.replace(microsecond=0), "s")
    if isinstance(entry, date):
        return np.datetime64(entry, "s")
    raise ValueError(f"holds a {type(entry).__name__}, which is no date")


def _from_iso(text: str) -> datetime:
    try:
        return datetime.fromisoformat(re.sub(r"\.\d+", "", text.replace("/", "-")))
    except ValueError:
        raise ValueError(f"holds {text[:20]!r}, which no calendar has") from None


def _each(array: np.ndarray, function: Callable[[Any], Any], dtype: Any) -> np.ndarray:
    """Return a function's results for the entries of an array; errors say which entry."""
    entries = array.ravel().tolist() if array.dtype.kind != "O" else array.ravel()
    found = np.empty(array.size, dtype)
    for i, entry in enumerate(entries):
        try:
            found[i] = function(entry)
        except ValueError as error:
            place = tuple(int(k) for k in np.unravel_index(i, array.shape))
            where = f"row {place[0]}" if place else "it"
            raise ValueError(f"{where[0].upper()}{where[1:]} {error}.") from None
    return found.reshape(array.shape)
