"""No public op without a test: each one is a primitive, which has cases, or is named by a test."""

from __future__ import annotations

import pathlib
import re

import pytest

import kerata
from kerata.core.primitive import PRIMITIVES

TESTS = pathlib.Path(__file__).parents[1]

#: where tests of ops are, and of the layers and losses that are thin covers of one
PLACES = ("ops", "conformance", "core", "layers", "losses", "activations")


@pytest.fixture(scope="module")
def words():
    """The names that are called, or stand in a row, anywhere in these tests."""
    text = "\n".join(file.read_text() for place in PLACES for file in (TESTS / place).glob("*.py"))
    return set(re.findall(r"(?:ops|image|linalg|nn)\.(\w+)", text)) | set(
        re.findall(r"""["'](\w+)["']""", text)
    )


@pytest.mark.parametrize("namespace", ["ops", "ops.image", "ops.linalg", "ops.nn", "ops.numpy"])
def test_every_op_has_a_row(namespace, words):
    module = kerata
    for part in namespace.split("."):
        module = getattr(module, part)
    public = {name for name in dir(module) if is_op(module, name)}
    assert len(public) > 10
    assert public - set(PRIMITIVES) - words == set()


def is_op(module, name):
    """Tell whether a name of a namespace is an op, and not what its file imports."""
    home = getattr(getattr(module, name), "__module__", "")
    is_folder = hasattr(module, "__path__") or module is kerata.ops.numpy
    own = home.startswith("kerata.ops") if is_folder else home == module.__name__
    return own and callable(getattr(module, name)) and not name.startswith("_")
