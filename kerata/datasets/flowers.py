"""Flowers: photos of daisies, dandelions, roses, sunflowers and tulips, in a folder of each."""

from __future__ import annotations

from kerata.datasets import sources

__all__ = ["folder"]

#: the kinds, which are the names of the folders, in the order of their labels
CLASSES = ("daisy", "dandelion", "roses", "sunflowers", "tulips")

_NAMES = ("flowers", "flower_photos")


def folder() -> str:
    """Return the path of the photos, for ``kerata.utils.image_dataset_from_directory``.

    A folder ``flowers`` or ``flower_photos`` with a folder of each kind is looked for in the
    folders of ``kerata.datasets.sources``.

    Raises:
        FileNotFoundError: when it is not there.

    Source: The TensorFlow Team: Flowers (2019), photos under Creative Commons licences.

    >>> import kerata
    >>> photos = kerata.datasets.flowers.folder()                      # doctest: +SKIP
    >>> kerata.utils.image_dataset_from_directory(photos).class_names  # doctest: +SKIP
    ['daisy', 'dandelion', 'roses', 'sunflowers', 'tulips']
    """
    found = sources.find(*_NAMES)
    if found is None or not all((found / name).is_dir() for name in CLASSES):
        raise FileNotFoundError(
            "The photos of flowers are not here. Unpack "
            "https://storage.googleapis.com/download.tensorflow.org/example_images/"
            f"flower_photos.tgz in {sources.cache_folder()}, or set KERATA_DATA_DIR to a folder "
            "that has flower_photos."
        )
    return str(found)
