"""Preparing data before they reach a model, under Keras' names.

>>> import kerata
>>> kerata.preprocessing.sequence.pad_sequences([[1], [2, 3]]).tolist()
[[0, 1], [2, 3]]
"""

from kerata.preprocessing import sequence

__all__ = ["sequence"]
