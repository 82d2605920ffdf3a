"""Mammographic masses: 961 findings, and whether they turned out to be cancer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerata.datasets import tables

if TYPE_CHECKING:
    import pandas

__all__ = ["load_data"]

#: the doctor's own judgement (1 to 5), the age in years, what the mass looks like, and the truth
COLUMNS = ("bi_rads", "age", "shape", "margin", "density", "severity")

_FOLDER = "mammographic_masses"
_FILES = ("mammographic_masses.data", "mammographic_masses.data.txt")
_URL = "https://archive.ics.uci.edu/ml/machine-learning-databases/mammographic-masses/" + _FILES[0]
_SHA256 = "2ed8bb60a517f631256d218a4885c56ef196d41023c63307ab40d69985be3b4a"


def load_data() -> pandas.DataFrame:
    """Return the findings, one row for each.

    The file ``mammographic_masses/mammographic_masses.data`` is read from one of the folders of
    ``kerata.datasets.sources``; it is fetched if missing.

    Returns:
        961 rows of the columns ``COLUMNS``, all numbers: ``shape`` and ``margin`` are kinds
        without an order, ``density`` goes from 1, high, to 4; ``severity`` is 0 for a benign mass
        and 1 for a malignant one. One ``bi_rads`` is 55, a slip for 5 in the original.

    Raises:
        ImportError: when pandas is missing.
        OSError: when the file is not there and cannot be fetched.

    Source: Elter, Schulz-Wendtland, Wittenberg: The prediction of breast cancer biopsy outcomes
    using two CAD approaches, Medical Physics 34 (2007); UCI Machine Learning Repository, CC BY 4.0.

    >>> import kerata
    >>> masses = kerata.datasets.mammographic_masses.load_data()  # doctest: +SKIP
    >>> int(masses["severity"].sum())                             # doctest: +SKIP
    445
    """
    return tables.read(tables.find_or_fetch(_FOLDER, _FILES, _URL, _SHA256), COLUMNS)
