"""Names of older releases."""

from kerata.legacy import saving

__all__ = ["saving"]
