"""Data sets of samples and batches: from folders of pictures, texts and sounds, and from arrays."""

from kerata.data.audio_folder import audio_dataset_from_directory
from kerata.data.dataset import Dataset
from kerata.data.image_folder import image_dataset_from_directory
from kerata.data.splitting import split_dataset
from kerata.data.text_folder import text_dataset_from_directory
from kerata.data.time_series import timeseries_dataset_from_array

__all__ = [
    "Dataset",
    "audio_dataset_from_directory",
    "image_dataset_from_directory",
    "split_dataset",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
]
