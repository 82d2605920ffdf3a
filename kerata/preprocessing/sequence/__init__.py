"""Sequences of different lengths as one array, windows of a series, pairs of words.

For windows of a series use `kerata.utils.timeseries_dataset_from_array` in new code.
"""

from kerata.preprocessing.sequence.skipgrams import make_sampling_table, skipgrams
from kerata.preprocessing.sequence.timeseries_generator import TimeseriesGenerator
from kerata.utils.sequences import pad_sequences

__all__ = ["TimeseriesGenerator", "make_sampling_table", "pad_sequences", "skipgrams"]
