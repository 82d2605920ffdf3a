"""Data sets: from tables, from folders of pictures, texts and sounds, and from arrays."""

from kerata.data.audio_folder import audio_dataset_from_directory
from kerata.data.dataset import Dataset
from kerata.data.image_folder import image_dataset_from_directory
from kerata.data.splitting import split_dataset
from kerata.data.table import Table, from_dataframe
from kerata.data.text_folder import text_dataset_from_directory
from kerata.data.time_series import timeseries_dataset_from_array
from kerata.layers.preprocessing.raw_columns import read_csv
from kerata.training.data import Examples

__all__ = [
    "Dataset",
    "Examples",
    "Table",
    "audio_dataset_from_directory",
    "from_dataframe",
    "image_dataset_from_directory",
    "read_csv",
    "split_dataset",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
]
