"""Layers that look up, hash and split text or integers: cases, and what Keras makes of them.

Run as a program, it prints as JSON what Keras (on TensorFlow, which these layers need) gives for
each case.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, eq=False)
class Case:
    """One layer with its arguments, what it is adapted to, and its input, all as plain data.

    Attributes:
        name: class name.
        inputs: nested lists of text or integers; a tuple for several features.
        kwargs: constructor arguments.
        data: what to adapt to, `None` for nothing.
    """

    name: str
    inputs: Any
    kwargs: dict[str, Any] = field(default_factory=dict)
    data: Any = None

    def __str__(self) -> str:
        """Return the name of the test case."""
        text = f"{self.name}({self.kwargs}){self.inputs}"
        return text.encode("ascii", "ignore").decode()[:90]


LONG = ["word " * n for n in (1, 4, 6, 9, 13, 14, 30)]
WORDS = ["", "a", "bcd", "efghijkl", "mnopqrstuvwxyz", "é", "日本語", *LONG]
TEXTS = ["Hello, World! hello", "ÉCOLE été\u00a0x y\u3000z", "", "tab\there's  it_is"]
TOKENS = [["b", "a"], ["z", "b"]]
LETTERS = ["b", "a", "b", "c", "d", "c", "b"]
IDS = [5, 10, 1, 5, 7, -3, 10, 5]
VOCABULARY = {"vocabulary": ["a", "b"]}
NUMBERS = {"vocabulary": [5, 99]}
MODES = ("one_hot", "multi_hot", "count")

HASHING = [
    Case("Hashing", WORDS, {"num_bins": 1_000_000}),
    Case("Hashing", WORDS, {"num_bins": 1_000_000, "salt": 133}),
    Case("Hashing", WORDS, {"num_bins": 1_000_000, "salt": [133, 137]}),
    Case("Hashing", [1, 2, -3, 10**12], {"num_bins": 1000}),
    Case("Hashing", [["a", ""], ["b", "c"]], {"num_bins": 5, "mask_value": ""}),
    Case("Hashing", [0, 1, 2], {"num_bins": 5, "mask_value": 0}),
    *(
        Case("Hashing", TOKENS, {"num_bins": 4, "output_mode": mode, "mask_value": "a"})
        for mode in MODES
    ),
    Case("Hashing", [["a"], ["b"]], {"num_bins": 4, "output_mode": "one_hot"}),
    Case("Hashing", ["a"], {"num_bins": 4, "dtype": "int32"}),
    Case("HashedCrossing", (["a", "b"], [1, 2]), {"num_bins": 1_000_000}),
    Case("HashedCrossing", ([["a"], ["b"]], [["x"], ["y"]]), {"num_bins": 1_000_000}),
    Case("HashedCrossing", (["a"], [1], ["c"]), {"num_bins": 1_000_000}),
    Case("HashedCrossing", ([["a"], ["b"]], [[1], [2]]), {"num_bins": 5, "output_mode": "one_hot"}),
]

STRINGS = [
    Case("StringLookup", TOKENS, {}, LETTERS),
    Case("StringLookup", TOKENS, {"num_oov_indices": 3}, LETTERS),
    Case("StringLookup", ["", "q", "b", "[UNK]"], {"mask_token": ""}, LETTERS),
    Case("StringLookup", TOKENS, {"max_tokens": 3}, LETTERS),
    Case(
        "StringLookup",
        TOKENS,
        {"mask_token": "m", "num_oov_indices": 2, "max_tokens": 5},
        LETTERS,
    ),
    Case("StringLookup", TOKENS, {}, ["", "a", "", "b", "[UNK]", "[UNK]", "é", "ü"]),
    Case("StringLookup", WORDS, {**VOCABULARY, "num_oov_indices": 4}),
    Case("StringLookup", WORDS, {**VOCABULARY, "num_oov_indices": 4, "salt": 7}),
    Case("StringLookup", [["a", "b"]], {**VOCABULARY, "num_oov_indices": 0}),
    Case("StringLookup", [0, 1, 2, 5, -1], {**VOCABULARY, "invert": True}),
    Case("StringLookup", [0, 1, 2, 5], {**VOCABULARY, "invert": True, "mask_token": ""}),
    Case("StringLookup", [0, 1, 2, 5], {**VOCABULARY, "invert": True, "num_oov_indices": 0}),
    *(
        Case("StringLookup", data, {**VOCABULARY, "output_mode": mode})
        for mode in MODES
        for data in (["b", "z"], TOKENS, [["b"], ["a"]])
    ),
    *(
        Case("StringLookup", [["", "a"]], {**VOCABULARY, "output_mode": mode, "mask_token": ""})
        for mode in MODES
    ),
    Case(
        "StringLookup",
        TOKENS,
        {**VOCABULARY, "output_mode": "tf_idf", "idf_weights": [0.5, 0.25]},
    ),
    Case("StringLookup", TOKENS, {"output_mode": "tf_idf"}, LETTERS),
    Case("StringLookup", TOKENS, {"output_mode": "tf_idf", "num_oov_indices": 2}, [LETTERS]),
    Case(
        "StringLookup",
        TOKENS,
        {**VOCABULARY, "output_mode": "count", "max_tokens": 6, "pad_to_max_tokens": True},
    ),
    Case("StringLookup", TOKENS, {"vocabulary": ["[UNK]", "a", "b"]}),
    Case("StringLookup", TOKENS, {"vocabulary": ["m", "[UNK]", "a"], "mask_token": "m"}),
]

INTEGERS = [
    Case("IntegerLookup", [[5, 7], [99, -3]], {}, IDS),
    Case("IntegerLookup", [5, 7, 99, -3, 98], {"num_oov_indices": 2}, IDS),
    Case("IntegerLookup", [5, 0, 99], {"mask_token": 0}, IDS),
    Case("IntegerLookup", [5, 10, 1], {"num_oov_indices": 0}, IDS),
    Case("IntegerLookup", [5, 7, 99], {"max_tokens": 3}, IDS),
    Case("IntegerLookup", [-5, -1, -2, 5], {**NUMBERS, "num_oov_indices": 3}),
    Case(
        "IntegerLookup",
        [5, 0, 99, 3],
        {**NUMBERS, "num_oov_indices": 3, "oov_method": "farmhash"},
    ),
    Case(
        "IntegerLookup",
        [5, 0, 99, 3],
        {**NUMBERS, "num_oov_indices": 3, "oov_method": "farmhash", "salt": 3},
    ),
    *(
        Case("IntegerLookup", data, {**NUMBERS, "output_mode": mode})
        for mode in MODES
        for data in ([[5, 0, 99]], [[5], [1]])
    ),
    Case("IntegerLookup", [[0, 5], [7, 0]], {**NUMBERS, "mask_token": 0, "output_mode": "count"}),
    Case("IntegerLookup", [0, 1, 2, 7, -1], {**NUMBERS, "invert": True}),
    Case("IntegerLookup", [[5, 2, 1]], {"output_mode": "tf_idf"}, [IDS]),
    Case("IntegerLookup", [2**40, 3], {"vocabulary": [2**40, 7]}),
]

TEXT = [
    *(
        Case("TextVectorization", TEXTS, {"standardize": standardize}, TEXTS)
        for standardize in ("lower_and_strip_punctuation", "lower", "strip_punctuation", None)
    ),
    Case("TextVectorization", TEXTS, {"split": "character", "max_tokens": 8}, TEXTS),
    Case("TextVectorization", TEXTS, {"split": None}, TEXTS),
    Case("TextVectorization", [["a", "b", "q"]], {"split": None, **VOCABULARY}),
    Case("TextVectorization", ["a b c", "b c d e"], {"ngrams": 2}, ["a b c", "b c d e"]),
    Case("TextVectorization", ["a b c", "b"], {"ngrams": (2, 3)}, ["a b c", "b c d e"]),
    Case("TextVectorization", [["a", "b"]], {"ngrams": 2, "split": None}, [["a", "b"]]),
    *(
        Case("TextVectorization", ["a b b q", "b d"], {"output_mode": mode}, ["a b b c", "b d"])
        for mode in ("int", "multi_hot", "count", "tf_idf")
    ),
    Case(
        "TextVectorization",
        [["a b b q"], ["b d"]],
        {"output_mode": "tf_idf", "ngrams": 2},
        [["a b b c"], ["b d"]],
    ),
    Case(
        "TextVectorization",
        ["a b"],
        {**VOCABULARY, "output_mode": "multi_hot", "max_tokens": 9, "pad_to_max_tokens": True},
    ),
    Case("TextVectorization", ["a b", "b"], {**VOCABULARY, "output_sequence_length": 3}),
    Case("TextVectorization", ["a b c d"], {**VOCABULARY, "output_sequence_length": 3}),
    Case("TextVectorization", [["a b"], ["b"]], {"vocabulary": ["", "[UNK]", "b"]}),
    Case("TextVectorization", [[["a b"]], [["b"]]], VOCABULARY),
    Case(
        "TextVectorization",
        ["a b z"],
        {**VOCABULARY, "output_mode": "tf_idf", "idf_weights": [0.5, 0.25]},
    ),
    Case("TextVectorization", [["a", "", "zz"]], {"split": None, "output_mode": "count"}, [["a"]]),
]

CASES = [*HASHING, *STRINGS, *INTEGERS, *TEXT]


def keras_results() -> list[dict[str, Any]]:
    """Return what Keras gives for each case: values, vocabulary, configuration."""
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-m", "tests.layers.lookup_cases"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def _run(case: Case) -> dict[str, Any]:
    import keras
    import numpy as np

    layer = getattr(keras.layers, case.name)(**case.kwargs, name="layer")
    if case.data is not None:
        layer.adapt(np.array(case.data))
    if isinstance(case.inputs, tuple):
        result = layer(tuple(np.array(each) for each in case.inputs))
    else:
        result = layer(np.array(case.inputs))
    values = np.asarray(result)
    if values.dtype == object:
        values = np.char.decode(values.astype(bytes), "utf-8")
    found = {"values": values.tolist(), "config": keras.layers.serialize(layer)["config"]}
    if hasattr(layer, "get_vocabulary"):
        tokens = layer.get_vocabulary()
        found["vocabulary"] = [int(t) if "Int" in case.name else str(t) for t in tokens]
    return found


if __name__ == "__main__":
    print(json.dumps([_run(case) for case in CASES]))
