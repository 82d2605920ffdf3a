"""House votes: how 435 members of the US House of Representatives voted on 16 questions in 1984."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerata.datasets import tables

if TYPE_CHECKING:
    import pandas

__all__ = ["load_data"]

#: the party, "democrat" or "republican", then votes: "y" for yea, "n" for nay
COLUMNS = (
    "party",
    "handicapped_infants",
    "water_project_cost_sharing",
    "adoption_of_the_budget_resolution",
    "physician_fee_freeze",
    "el_salvador_aid",
    "religious_groups_in_schools",
    "anti_satellite_test_ban",
    "aid_to_nicaraguan_contras",
    "mx_missile",
    "immigration",
    "synfuels_corporation_cutback",
    "education_spending",
    "superfund_right_to_sue",
    "crime",
    "duty_free_exports",
    "export_administration_act_south_africa",
)
_FOLDER, _FILE = "house_votes_84", "house-votes-84.data"
_URL = "https://archive.ics.uci.edu/ml/machine-learning-databases/voting-records/" + _FILE
_SHA256 = "c87c14110a5ba91d4a1e313ec7392824458152bf071fa5f5452340488337936e"


def load_data() -> pandas.DataFrame:
    """Return the votes, one row for each member; a vote that nobody knows is missing.

    The file ``house_votes_84/house-votes-84.data`` is read from one of the folders of
    ``kerata.datasets.sources``; it is fetched if missing.

    Returns:
        435 rows of the columns ``COLUMNS``, all text.

    Raises:
        ImportError: when pandas is missing.
        OSError: when the file is not there and cannot be fetched.

    Source: Schlimmer: Congressional voting records, UCI Machine Learning Repository (1987),
    CC BY 4.0.

    >>> import kerata
    >>> votes = kerata.datasets.house_votes.load_data()  # doctest: +SKIP
    >>> votes["party"].value_counts().to_dict()          # doctest: +SKIP
    {'democrat': 267, 'republican': 168}
    """
    return tables.read(tables.find_or_fetch(_FOLDER, [_FILE], _URL, _SHA256), COLUMNS)
