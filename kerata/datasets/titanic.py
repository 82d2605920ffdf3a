"""Titanic: 891 of the people who were on board, and who of them survived."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerata.datasets import sources, tables

if TYPE_CHECKING:
    import pandas

__all__ = ["load_data"]

_FILE = "titanic/train.csv"


def load_data() -> pandas.DataFrame:
    """Return the passengers, one row for each, with numbers, text and missing cells.

    Kaggle gives the file to those who have an account: save it as ``titanic/train.csv`` in one of
    the folders of ``kerata.datasets.sources``.

    Returns:
        891 rows of the columns PassengerId, Survived (1 or 0), Pclass, Name, Sex, Age, SibSp,
        Parch, Ticket, Fare, Cabin and Embarked.

    Raises:
        ImportError: when pandas is missing.
        FileNotFoundError: when the file is not there.

    Source: Kaggle: Titanic, machine learning from disaster, https://www.kaggle.com/c/titanic

    >>> import kerata
    >>> passengers = kerata.datasets.titanic.load_data()  # doctest: +SKIP
    >>> int(passengers["Survived"].sum())                 # doctest: +SKIP
    342
    """
    file = sources.find(_FILE)
    if file is None:
        raise FileNotFoundError(
            f"{_FILE} is not here. Get train.csv from https://www.kaggle.com/c/titanic/data and "
            f"save it as {sources.cache_folder() / _FILE}, or set KERATA_DATA_DIR to a folder "
            "that has it."
        )
    return tables.read(file)
