"""Weights in .safetensors files: here and back, and as other libraries see them."""

import json

import numpy as np
import pytest

import kerata
from kerata.saving import LoadError

safetensors = pytest.importorskip("safetensors.numpy")


def network(width=3, dtype=None):
    layers = kerata.layers
    listed = [kerata.Input((4,)), layers.Dense(width), layers.BatchNormalization()]
    inner = kerata.Sequential(listed)
    inputs = kerata.Input((4,))
    return kerata.Model(inputs, layers.Dense(2, name="out", dtype=dtype)(inner(inputs)))


def test_weights_come_back(backend, tmp_path):
    model, other = network(), network()
    model.save_weights(tmp_path / "m.safetensors")
    other.load_weights(tmp_path / "m.safetensors")
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_other_libraries_see(tmp_path):
    model = network()
    model.save_weights(tmp_path / "m.safetensors")
    found = safetensors.load_file(tmp_path / "m.safetensors")
    assert sorted(found) == [
        "layers/dense/bias",
        "layers/dense/kernel",
        "layers/sequential/layers/batch_normalization/beta",
        "layers/sequential/layers/batch_normalization/gamma",
        "layers/sequential/layers/batch_normalization/moving_mean",
        "layers/sequential/layers/batch_normalization/moving_variance",
        "layers/sequential/layers/dense/bias",
        "layers/sequential/layers/dense/kernel",
    ]
    np.testing.assert_array_equal(found["layers/dense/kernel"], model.get_weights()[-2])
    doubled = {name: 2 * array for name, array in found.items()}
    safetensors.save_file(doubled, tmp_path / "m.safetensors")
    before = model.get_weights()
    model.load_weights(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(model.get_weights()[-2], 2 * before[-2])


def test_torch_reads_them(tmp_path):
    torch = pytest.importorskip("safetensors.torch")
    model = network(dtype="bfloat16")
    model.save_weights(tmp_path / "m.safetensors")
    kernel = torch.load_file(tmp_path / "m.safetensors")["layers/dense/kernel"]
    assert str(kernel.dtype) == "torch.bfloat16"
    np.testing.assert_array_equal(kernel.float().numpy(), model.get_weights()[-2].astype("float32"))
    other = network(dtype="bfloat16")
    other.load_weights(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(other.get_weights()[-2], model.get_weights()[-2])


def test_what_does_not_fit_is_a_table(tmp_path):
    network(5).save_weights(tmp_path / "m.safetensors")
    model = network()
    before = model.get_weights()
    with pytest.raises(LoadError, match=r"(?s)7 arrays.*layers/dense/kernel +float32 \(5, 2\)"):
        model.load_weights(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    with pytest.warns(UserWarning, match="They were skipped"):
        model.load_weights(tmp_path / "m.safetensors", skip_mismatch=True)
    with pytest.raises(ValueError, match="Keras 1 and 2"):
        model.load_weights(tmp_path / "m.safetensors", by_name=True)
    network().save_weights(tmp_path / "n.safetensors")
    model.load_weights(tmp_path / "n.safetensors", objects_to_skip=[model.layers[1]])
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    assert not np.array_equal(model.get_weights()[-2], before[-2])


HEADER = {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}
HOSTILE = {
    "text": b"no tensors",
    "huge header": (2**62).to_bytes(8, "little") + b"{}",
    "beyond the end": json.dumps({"a": {**HEADER["a"], "shape": [2**40],
                                        "data_offsets": [0, 2**42]}}).encode(),
    "unknown dtype": json.dumps({"a": {**HEADER["a"], "dtype": "F3"}}).encode(),
    "no header": b"[]",
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files_are_refused(case, tmp_path):
    content = HOSTILE[case]
    if content[:1] in b"{[":
        content = len(content).to_bytes(8, "little") + content + bytes(8)
    (tmp_path / "m.safetensors").write_bytes(content)
    with pytest.raises(LoadError, match="not a sound .safetensors file"):
        network().load_weights(tmp_path / "m.safetensors")
