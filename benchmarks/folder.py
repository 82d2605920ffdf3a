"""How fast pictures of a folder are decoded, resized to 150 x 150 and put into batches.

    python -m benchmarks.folder kerata FOLDER

prints pictures per second as JSON. Contestants are `kerata`, `keras` (whose loader is `tf.data`)
and `torch`, a `DataLoader` by hand with a process for each processor. `kerata` decodes by OpenCV,
which its tests install; `pillow` is kerata without.
"""

from __future__ import annotations

import importlib.util
import json
import os
import pathlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from benchmarks.structure import in_a_process

#: and what each needs
CONTESTANTS = {"kerata": "cv2", "pillow": "kerata", "keras": "tensorflow", "torch": "torch"}
SIZE, BATCH = (150, 150), 32
COUNT, PASSES = 400, 5


def make_photos(folder: pathlib.Path) -> None:
    """Write JPEG files of two classes that compress about as photos do."""
    from PIL import Image

    rng = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (folder / name).mkdir()
        for i in range(COUNT // 2):
            coarse = Image.fromarray(rng.integers(0, 256, (24, 32, 3), "uint8"))
            coarse.resize((320, 240), Image.Resampling.BICUBIC).save(folder / name / f"{i}.jpg")


def kerata_loader(folder: str) -> Iterable[Any]:
    """Return kerata's loader."""
    import kerata

    return kerata.utils.image_dataset_from_directory(
        folder, image_size=SIZE, batch_size=BATCH, verbose=False
    )


def pillow_loader(folder: str) -> Iterable[Any]:
    """Return kerata's loader as it is without OpenCV."""
    sys.modules["cv2"] = None  # type: ignore[assignment]  # cannot be imported
    return kerata_loader(folder)


def keras_loader(folder: str) -> Iterable[Any]:
    """Return Keras' loader, which is one of TensorFlow."""
    os.environ["KERAS_BACKEND"] = "jax"
    import keras

    return keras.utils.image_dataset_from_directory(
        folder, image_size=SIZE, batch_size=BATCH, verbose=False
    )


def torch_loader(folder: str) -> Iterable[Any]:
    """Return what one writes by hand."""
    import torch
    from PIL import Image

    paths = sorted(pathlib.Path(folder).rglob("*.jpg"))

    class Photos(torch.utils.data.Dataset):
        def __len__(self) -> int:
            return len(paths)

        def __getitem__(self, index: int) -> tuple[Any, int]:
            photo = Image.open(paths[index]).convert("RGB")
            photo = photo.resize(SIZE[::-1], Image.Resampling.BILINEAR)
            pixels = torch.from_numpy(np.array(photo, "float32"))
            return pixels, int(paths[index].parent.name == "dog")

    return torch.utils.data.DataLoader(
        Photos(), BATCH, shuffle=True, num_workers=os.cpu_count() or 1, persistent_workers=True
    )


LOADERS: dict[str, Callable[[str], Iterable[Any]]] = {
    "kerata": kerata_loader,
    "pillow": pillow_loader,
    "keras": keras_loader,
    "torch": torch_loader,
}


def pictures_per_second(contestant: str, folder: str) -> float:
    """Return the median over some passes, after one that is not counted."""
    loader, rates = LOADERS[contestant](folder), []
    for turn in range(PASSES + 1):
        start = time.perf_counter()
        seen = sum(len(x) for x, _ in loader)
        if turn:
            rates.append(seen / (time.perf_counter() - start))
    return statistics.median(rates)


def loading_rates(rounds: int = 3) -> dict[str, float]:
    """Return the pictures per second of each contestant, in turns."""
    here = [name for name, module in CONTESTANTS.items() if importlib.util.find_spec(module)]
    rates: dict[str, list[float]] = {contestant: [] for contestant in here}
    with tempfile.TemporaryDirectory() as folder:
        make_photos(pathlib.Path(folder))
        for _ in range(rounds):
            for contestant in here:
                rates[contestant].append(in_a_process(__name__, contestant, folder))
    return {contestant: statistics.median(found) for contestant, found in rates.items()}


if __name__ == "__main__":
    print(json.dumps(pictures_per_second(sys.argv[1], sys.argv[2])))
