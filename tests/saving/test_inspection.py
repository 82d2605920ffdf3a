"""What `kerata inspect` tells of a file, without building the model."""

import subprocess
import sys
import zipfile

import h5py
import keras
import numpy as np
import pytest

import kerata
from kerata import cli
from kerata.saving import LoadError
from kerata.saving.inspection import inspect


@kerata.saving.register_keras_serializable("inspected")
class Own(kerata.layers.Layer):
    def call(self, inputs):
        return inputs


def model_of(library, *more):
    layers = library.layers
    inner = library.Sequential([library.Input((4,)), layers.Dense(3, name="deep")], name="inner")
    inputs = library.Input((4,), name="given")
    x = inner(inputs)
    for layer in more:
        x = layer(x)
    model = library.Model(inputs, layers.Dense(1, name="last")(x), name="net")
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(np.ones((4, 4)), np.ones((4, 1)), verbose=0)
    return model


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("inspected") / "model.keras"
    with kerata.use_backend("jax"):
        model_of(kerata, Own(name="own")).save(path)
    return path


def test_everything_is_told(file):
    report = inspect(file)
    assert report.model == "Functional 'net'" and report.versions["keras_version"] == "3.15.1"
    assert report.compiled == {"optimizer": "Adam", "loss": "mse", "metrics": "mae"}
    assert [part.name for part in report.parts][:5] == ["given", "inner", "deep", "own", "last"]
    last = report.parts[4]
    assert (last.kind, last.input_shape) == ("Dense", [None, 3])
    assert last.arrays == [((3, 1), "float32"), ((1,), "float32")]
    assert report.custom == {"inspected>Own": __name__}
    assert report.checked and not report.unchecked and not report.damaged


def test_files_of_keras(tmp_path):
    path = tmp_path / "model.keras"
    model_of(keras).save(path)
    report = inspect(path)
    assert [part.name for part in report.parts][:4] == ["given", "inner", "deep", "last"]
    assert report.unchecked and not report.checked and not report.custom
    model_of(keras).save_weights(tmp_path / "model.weights.h5")
    weights = inspect(tmp_path / "model.weights.h5")
    assert weights.model == "" and "last" in {part.name for part in weights.parts}


def test_the_command_shows_it_and_imports_no_engine(file):
    program = (
        "import sys; from kerata import cli; cli.main(['inspect', sys.argv[1]]); "
        "print('ENGINES', [name for name in ('jax', 'torch') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(file)], capture_output=True, text=True, check=True
    )
    assert "ENGINES []" in done.stdout and "inspected>Own" in done.stdout
    assert "  deep" in done.stdout


def test_damaged_numbers_are_named(file, tmp_path, capsys):
    path = tmp_path / "damaged.keras"
    with zipfile.ZipFile(file) as good, zipfile.ZipFile(path, "w") as bad:
        for name in good.namelist():
            data = good.read(name)
            if name.endswith(".h5"):
                weights = tmp_path / "weights.h5"
                weights.write_bytes(data)
                with h5py.File(weights, "r+") as opened:
                    opened["layers/dense/vars/0"][0] += 1.0
                data = weights.read_bytes()
            bad.writestr(name, data)
    assert inspect(path).damaged == ["layers/dense/vars/0"]
    assert cli.main(["inspect", str(path)]) == 1 and "DAMAGED" in capsys.readouterr().out


def test_what_is_no_model_file_is_refused(tmp_path, capsys):
    path = tmp_path / "text.keras"
    path.write_text("not a zip")
    with pytest.raises(LoadError, match="not a sound"):
        inspect(path)
    (tmp_path / "text.weights.h5").write_text("not HDF5")
    with pytest.raises(LoadError, match="not a readable HDF5"):
        inspect(tmp_path / "text.weights.h5")
    assert cli.main(["inspect", str(tmp_path / "missing.keras")]) == 1
    assert "missing.keras" in capsys.readouterr().err
