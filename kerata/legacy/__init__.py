"""Names of older releases."""

from kerata.legacy import saving as saving
