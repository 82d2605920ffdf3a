"""Pictures in files and as arrays, and generators of distorted ones: Keras' names."""

from kerata.data.image_files import (
    array_to_img,
    img_to_array,
    load_img,
    save_img,
    smart_resize,
)
from kerata.preprocessing.image.array_iterator import NumpyArrayIterator
from kerata.preprocessing.image.file_iterators import DataFrameIterator, DirectoryIterator
from kerata.preprocessing.image.generator import ImageDataGenerator
from kerata.preprocessing.image.iterator import Iterator

__all__ = [
    "DataFrameIterator",
    "DirectoryIterator",
    "ImageDataGenerator",
    "Iterator",
    "NumpyArrayIterator",
    "array_to_img",
    "img_to_array",
    "load_img",
    "save_img",
    "smart_resize",
]
