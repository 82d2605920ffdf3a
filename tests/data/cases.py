"""Calls that are made to kerata and to Keras, for the same files and arrays."""

import pathlib
import wave

import numpy as np

IMAGES, TEXTS, SOUNDS = (
    f"{kind}_dataset_from_directory" for kind in ("image", "text", "audio")
)
SMALL = {"directory": "pictures", "image_size": (6, 8), "shuffle": False}

#: in the order of the sorted files: everything can be compared; Keras delivers it by Grain
ORDERED = {
    "classes": (IMAGES, {**SMALL}),
    "small batches": (IMAGES, {**SMALL, "batch_size": 4}),
    "single pictures": (IMAGES, {**SMALL, "batch_size": None}),
    "one size": (IMAGES, {**SMALL, "image_size": 5}),
    "categorical": (IMAGES, {**SMALL, "label_mode": "categorical"}),
    "binary": (IMAGES, {**SMALL, "label_mode": "binary", "class_names": ["c", "a"]}),
    "no label mode": (IMAGES, {**SMALL, "label_mode": None}),
    "no labels": (IMAGES, {**SMALL, "labels": None}),
    "given labels": (IMAGES, {**SMALL, "labels": [0, 2, 1, 1, 0, 2, 0, 0, 1, 2, 1, 2, 0]}),
    "given labels, categorical": (
        IMAGES,
        {**SMALL, "labels": [0, 2, 1, 1, 0, 2, 0, 0, 1, 2, 1, 2, 0], "label_mode": "categorical"},
    ),
    "other order of classes": (IMAGES, {**SMALL, "class_names": ["c", "a", "b"]}),
    "rgba": (IMAGES, {**SMALL, "directory": "pngs", "color_mode": "rgba"}),
    "nearest": (IMAGES, {**SMALL, "interpolation": "nearest"}),
    "bicubic": (IMAGES, {**SMALL, "interpolation": "bicubic"}),
    "lanczos3": (IMAGES, {**SMALL, "interpolation": "lanczos3"}),
    "lanczos5": (IMAGES, {**SMALL, "interpolation": "lanczos5"}),
    "crop": (IMAGES, {**SMALL, "crop_to_aspect_ratio": True}),
    "crop, high": (IMAGES, {**SMALL, "crop_to_aspect_ratio": True, "image_size": (9, 4)}),
    "pad": (IMAGES, {**SMALL, "pad_to_aspect_ratio": True}),
    "pad, high": (IMAGES, {**SMALL, "pad_to_aspect_ratio": True, "image_size": (9, 4)}),
    "channels first": (IMAGES, {**SMALL, "data_format": "channels_first"}),
    "first part": (IMAGES, {**SMALL, "validation_split": 0.3, "subset": "training"}),
    "last part": (IMAGES, {**SMALL, "validation_split": 0.3, "subset": "validation"}),
    "texts": (TEXTS, {"directory": "texts", "shuffle": False}),
    "texts without labels": (TEXTS, {"directory": "texts", "shuffle": False, "labels": None}),
    "short texts": (TEXTS, {"directory": "texts", "shuffle": False, "max_length": 3}),
}

#: what Keras delivers by TensorFlow only, and some of the above
ON_TENSORFLOW = {
    **{name: ORDERED[name] for name in ("classes", "crop", "texts", "first part")},
    "sounds": (SOUNDS, {"directory": "sounds", "shuffle": False}),
    "sounds, cut": (SOUNDS, {"directory": "sounds", "shuffle": False, "output_sequence_length": 4}),
    "sounds, padded": (
        SOUNDS,
        {"directory": "sounds", "shuffle": False, "output_sequence_length": 9},
    ),
    "single sounds": (SOUNDS, {"directory": "sounds", "shuffle": False, "batch_size": None}),
}

_MIXED = {"directory": "pictures", "seed": 3}
#: shuffled: which files there are, and in which part
SHUFFLED = {
    "mixed": (IMAGES, _MIXED),
    "mixed, training": (IMAGES, {**_MIXED, "validation_split": 0.3, "subset": "training"}),
    "mixed, validation": (IMAGES, {**_MIXED, "validation_split": 0.3, "subset": "validation"}),
    "mixed, both": (IMAGES, {**_MIXED, "validation_split": 0.45, "subset": "both"}),
    "mixed texts": (TEXTS, {"directory": "texts", "seed": 8}),
}

SERIES = np.arange(24.0).reshape(12, 2)
WINDOWS = {
    f"windows {i}": {"data": SERIES, "targets": None, "sequence_length": 3, **arguments}
    for i, arguments in enumerate(
        [
            {},
            {"targets": np.arange(12)},
            {"targets": np.arange(12)[3:], "batch_size": 4},
            {"targets": np.arange(5)},
            {"sequence_stride": 2, "sampling_rate": 2},
            {"start_index": 2, "end_index": 9},
            {"start_index": 2, "end_index": 9, "targets": np.arange(12) * 10},
            {"start_index": 1, "end_index": 11, "sequence_stride": 3, "targets": np.arange(12)},
            {"batch_size": None},
            {"sequence_length": 12},
            {"sequence_length": 13},
            {"sequence_length": 1, "sampling_rate": 11},
        ]
    )
}

_ROWS = np.arange(10)
SPLITS = {
    f"split {i}": case
    for i, case in enumerate(
        [
            (_ROWS, {"left_size": 0.65}),
            (_ROWS, {"right_size": 3}),
            (_ROWS, {"left_size": 0.5, "right_size": 2}),
            (_ROWS, {"left_size": 0.25}),
            (_ROWS, {"left_size": 0.3, "right_size": 0.3}),
            ((_ROWS, _ROWS[:, None] * 2.0), {"left_size": 2}),
            ([_ROWS, _ROWS * 2], {"left_size": 7}),
        ]
    )
}


def write_pictures(folder):
    """Three classes of small pictures: PNG, GIF, BMP, some deeper, and files that are none."""
    from PIL import Image

    random = np.random.default_rng(0)
    for name in ("c", "a", "b"):
        (folder / name / "deeper").mkdir(parents=True)
        for i, path in enumerate(["9.png", "10.PNG", "2.bmp", "deeper/1.png"]):
            points = random.integers(0, 256, (10 + 3 * i, 17 - 2 * i, 3), dtype="uint8")
            Image.fromarray(points).save(folder / name / path)
        (folder / name / "note.md").write_text("no picture")
    points = random.integers(0, 256, (8, 9), dtype="uint8")
    Image.fromarray(points).save(folder / "b" / "grey.gif")
    (folder / ".hidden").mkdir()


def write_pngs(folder):
    """One class of pictures with and without transparency."""
    from PIL import Image

    (folder / "one").mkdir(parents=True)
    for mode in ("RGB", "RGBA", "L", "LA", "P"):
        points = np.random.default_rng(1).integers(0, 256, (9, 9, 3), dtype="uint8")
        Image.fromarray(points).convert(mode).save(folder / "one" / f"{mode}.png")


def write_texts(folder):
    """Two classes of texts."""
    for name in ("poor", "good"):
        (folder / name).mkdir(parents=True)
        for i in range(4):
            (folder / name / f"{i}.txt").write_text(f"{name} film {i}\nnaïve" * i, "utf-8")


def write_sounds(folder):
    """Two classes of sounds of different lengths, of two channels."""
    for name in ("low", "high"):
        (folder / name).mkdir(parents=True)
        for i in range(3):
            write_wav(folder / name / f"{i}.wav", np.arange((4 + i) * 2) * 3001 - 12000, 2, 2)


def write_wav(path, samples, width, channels=1, rate=8000):
    """Write whole numbers as PCM of `width` bytes, lowest byte first."""
    shift = 128 if width == 1 else 0
    data = b"".join(int(s + shift).to_bytes(width, "little", signed=width > 1) for s in samples)
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, width, rate, 0, "NONE", ""))
        file.writeframes(data)


def write_all(folder):
    """Write the folders that the calls above name."""
    folder = pathlib.Path(folder)
    write_pictures(folder / "pictures")
    write_pngs(folder / "pngs")
    write_texts(folder / "texts")
    write_sounds(folder / "sounds")
