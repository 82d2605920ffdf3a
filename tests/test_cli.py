"""The command line: the demo from start to end on the small digits, and the report."""

import re

import pytest
from PIL import Image

from kerata import cli


@pytest.fixture
def no_mnist(monkeypatch):
    def refuse(*args):
        raise OSError("not here")

    monkeypatch.setattr("kerata.datasets.mnist.load_data", refuse)
    monkeypatch.setattr("kerata.datasets.mnist.is_local", lambda: False)


def test_demo(tmp_path, no_mnist, training_backend, capsys):
    folder = tmp_path / "demo"
    arguments = ["demo", "--backend", training_backend, "--epochs", "2", "--output", str(folder)]
    assert cli.main(arguments) == 0
    printed = capsys.readouterr().out
    assert "MNIST is not here" in printed and "predictions are the same" in printed
    assert float(re.search(r"Test accuracy: ([\d.]+)%", printed)[1]) > 60
    assert {path.name for path in folder.iterdir()} == {
        "curves.png", "confusion.png", "wrong.png", "digits.keras",
    }
    for name in ("curves", "confusion", "wrong"):
        with Image.open(folder / f"{name}.png") as image:
            assert min(image.size) > 150


def test_doctor(no_mnist, capsys):
    assert cli.main(["doctor"]) == 0
    printed = capsys.readouterr().out
    assert "default backend" in printed and "not here yet" in printed and "2.13" in printed


@pytest.mark.parametrize("arguments", [[], ["no-such"], ["demo", "--backend", "numpy"]])
def test_wrong_usage_ends_with_two(arguments, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(arguments)
    assert end.value.code == 2
    assert "usage: kerata" in capsys.readouterr().err
