"""What the columns of a table hold: numbers, categories, dates, or nothing that can be learned.

A column is judged by its values alone, and its name where it may be an identifier. Each judgement
comes with its reason, which the report of a table shows.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections import Counter
from typing import Any

import numpy as np

from kerata.layers.preprocessing.raw_columns import (
    as_dates,
    as_texts,
    entries_of,
    finite_numbers,
    gaps_of,
    is_gap,
)

#: what a column can be used as
KINDS = ("number", "category", "date", "missing")
#: the most values for which whole numbers are categories, and the rows that each must have
_FEW, _ROWS_PER_INTEGER = 10, 5
#: the most categories that get a place of their own
MOST_CATEGORIES = 50
#: text of this many words on average is prose
_WORDS_OF_PROSE = 4
#: rows from which on numbers that are all different may be identifiers
_ROWS_OF_IDS = 20
_ID_NAME = re.compile(r"^(?i:id|index|row|no|nr|key)$|[_\s.-](?i:id|no|nr|key)$|[a-z]I[Dd]$")


@dataclasses.dataclass
class Column:
    """What is in a column, and what is made of it.

    Attributes:
        name: its name.
        values: its entries as read: numbers with NaN, texts with `""`, dates with NaT.
        form: "numbers", "texts", "flags", "dates", or the name of a type that is none of these.
        gaps: which entries are missing.
        kind: one of `KINDS`, `None` if the column is left out.
        use: what is made of it, or why it is left out.
    """

    name: str
    values: np.ndarray
    form: str
    gaps: np.ndarray
    kind: str | None = None
    use: str = ""

    @property
    def known(self) -> np.ndarray:
        """The entries that are there."""
        return self.values[~self.gaps]

    @property
    def missing(self) -> float:
        """The share of missing entries."""
        return float(self.gaps.mean())

    @property
    def found(self) -> str:
        """What is in the column, in a few words."""
        if not len(self.known):
            return "nothing"
        if self.form in ("numbers", "dates"):
            low, high = self.known.min(), self.known.max()
            if self.form == "dates":
                return f"dates from {str(low)[:10]} to {str(high)[:10]}"
            return f"numbers from {low:.6g} to {high:.6g}"
        if self.form not in ("texts", "flags"):
            return f"objects of type {self.form}"
        values = [value for value, _ in Counter(self.known.tolist()).most_common()]
        shown = ", ".join(_shortened(value) for value in values[:3])
        return f"{len(values)} values: {shown}{', ...' if len(values) > 3 else ''}"


def read_column(name: str, values: Any) -> Column:
    """Return a column with its entries read as what they are; nothing is decided yet."""
    array = np.asarray(entries_of(values))
    array = array.reshape(len(array), -1)[:, 0] if array.ndim == 2 else array
    if array.ndim != 1:
        return Column(name, array, f"array of {array.ndim} axes", np.zeros(len(array), bool))
    kind = array.dtype.kind
    if kind == "M":
        dates = as_dates(array)
        return Column(name, dates, "dates", np.isnat(dates))
    if kind == "b":
        return Column(name, as_texts(array), "flags", np.zeros(len(array), bool))
    if kind not in "OUST":
        return _numbers(name, array)
    return _read_objects(name, array)


def _numbers(name: str, array: np.ndarray) -> Column:
    numbers = finite_numbers(array)
    return Column(name, numbers, "numbers", np.isnan(numbers))


def _dates(name: str, array: np.ndarray) -> Column:
    dates = as_dates(array)
    return Column(name, dates, "dates", np.isnat(dates))


def _read_objects(name: str, array: np.ndarray) -> Column:
    """Read text, and whatever else an array of objects holds."""
    entries = [entry for entry in array.tolist() if not is_gap(entry)]
    if entries and all(isinstance(entry, (bool, np.bool_)) for entry in entries):
        return Column(name, as_texts(array), "flags", gaps_of(array))
    for read in (_numbers, _dates) if entries else ():
        with contextlib.suppress(ValueError):  # the entries are something else
            return read(name, array)
    other = [e for e in entries if not isinstance(e, (str, bytes, int, float, np.generic))]
    if other:
        return Column(name, array, type(other[0]).__name__, gaps_of(array))
    texts = np.array([t.decode() if isinstance(t, bytes) else t for t in as_texts(array)], object)
    return Column(name, texts, "texts", texts == "")


def judge(column: Column, enough: int) -> Column:
    """Decide what a column is used as, and set `kind` and `use` where it is left out.

    Args:
        column: as `read_column` gives it.
        enough: in how many rows something must be seen to be learned from.
    """
    kind, reason = _judged(column)
    if kind is None and enough <= column.gaps.sum() <= len(column.gaps) - enough:
        kind = "missing"
    column.kind, column.use = kind, reason
    return column


def _judged(column: Column) -> tuple[str | None, str]:
    """Return the kind of a column, or `None` and why it is left out."""
    known = column.known
    if not len(known):
        return None, "no values"
    if column.form not in ("numbers", "texts", "flags", "dates"):
        return None, f"holds a {column.form}, from which nothing is known to be learned"
    different = len(np.unique(known.astype(str) if column.form == "texts" else known))
    if different == 1:
        return None, "the same value everywhere"
    if column.form == "numbers":
        return _judged_numbers(column, different)
    if column.form == "texts" and different > max(_FEW, len(known) / 2):
        words = np.mean([len(text.split()) for text in known])
        if words >= _WORDS_OF_PROSE:
            return None, f"free text of {words:.0f} words on average: see TextVectorization"
        return None, f"identifier: {different} different values in {len(known)} rows"
    return ("date" if column.form == "dates" else "category"), ""


def _judged_numbers(column: Column, different: int) -> tuple[str | None, str]:
    known = column.known
    if (known != np.rint(known)).any():
        return "number", ""
    counted = known.max() - known.min() < 2 * len(known)  # some were held back
    named = bool(_ID_NAME.search(column.name))
    if different == len(column.values) >= _ROWS_OF_IDS and (counted or named):
        return None, f"identifier: {different} different numbers in {len(known)} rows"
    few = different <= _FEW and len(known) >= _ROWS_PER_INTEGER * different
    return ("category" if few else "number"), ""


def frequent_categories(texts: np.ndarray, enough: int) -> list[str]:
    """Return the categories that `enough` rows have, the most frequent first, at most 50.

    >>> frequent_categories(np.array(["b", "a", "b", "c", "a", "b"]), 2)
    ['b', 'a']
    """
    counts = sorted(Counter(texts.tolist()).items(), key=lambda item: (-item[1], item[0]))
    return [value for value, count in counts[:MOST_CATEGORIES] if count >= enough]


def _shortened(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 20 else f"{text[:17]}..."
