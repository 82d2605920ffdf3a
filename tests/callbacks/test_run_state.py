"""The state of a run survives in one file, complete or not at all."""

import ml_dtypes
import numpy as np
import pytest

from kerata.callbacks import run_state

STATE = {
    "epoch": 3,
    "history": {"loss": [0.5, float("inf")]},
    "nothing": None,
    "flag": True,
    "name": "ä",
    "nested": [[1, 2.5], {"deep": np.arange(6, dtype="float64").reshape(2, 3)}],
    "scalar": np.float32(0.25),
    "zero_dim": np.array(7, "int64"),
    "empty": np.zeros((0, 3), "uint8"),
    "half": np.array([1.5, -2], ml_dtypes.bfloat16),
    "strided": np.arange(10)[::2],
    "bools": np.array([True, False]),
}


def same(a, b):
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and (a == b).all()
    return a == b


def test_what_is_written_is_read(tmp_path):
    run_state.write(tmp_path / "run", STATE)
    assert same(run_state.read(tmp_path / "run"), {**STATE, "scalar": 0.25})


def test_arrays_that_are_read_may_be_written_to(tmp_path):
    run_state.write(tmp_path / "run", [np.zeros(2)])
    run_state.read(tmp_path / "run")[0][0] = 1.0


@pytest.mark.parametrize("share", [0, 0.001, 0.01, 0.1, 0.5, 0.9, 0.999])
def test_an_incomplete_file_is_noticed(tmp_path, share):
    run_state.write(tmp_path / "run", STATE)
    content = (tmp_path / "run").read_bytes()
    (tmp_path / "run").write_bytes(content[: int(len(content) * share)])
    with pytest.raises(run_state.DamagedFile, match="not a complete run state"):
        run_state.read(tmp_path / "run")


def test_any_changed_byte_is_noticed(tmp_path):
    run_state.write(tmp_path / "run", {"a": np.arange(3)})
    content = (tmp_path / "run").read_bytes()
    for place in range(0, len(content), 7):
        changed = bytearray(content)
        changed[place] ^= 1
        (tmp_path / "run").write_bytes(changed)
        with pytest.raises(run_state.DamagedFile):
            run_state.read(tmp_path / "run")


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    run_state.write(tmp_path / "run", {"epoch": 1})

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        run_state.write(tmp_path / "run", {"epoch": 2})
    assert run_state.read(tmp_path / "run") == {"epoch": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_other_things_are_refused(tmp_path):
    with pytest.raises(TypeError, match="A set cannot be stored"):
        run_state.write(tmp_path / "run", {"a": {1}})
    assert not (tmp_path / "run").exists()
