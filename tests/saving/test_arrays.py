"""HDF5 files are read with distrust: only plain arrays stored inside the file."""

import h5py
import ml_dtypes
import numpy as np
import pytest

from kerata.saving.arrays import ArrayFile, write_array
from kerata.saving.errors import LoadError


def read(path):
    with h5py.File(path, "r") as file:
        return {name: array.read() for name, array in ArrayFile(file, path).arrays.items()}


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype="float32").reshape(2, 3),
        np.float32(3),
        np.zeros((0, 3), "float16"),
        np.array([True, False]),
        np.arange(3, dtype="uint32"),
        np.ones((2, 2), ml_dtypes.bfloat16),
        np.ones(3, ml_dtypes.float8_e4m3fn),
        np.arange(6.0).reshape(2, 3).T,
    ],
    ids=lambda a: f"{a.dtype.name}{list(a.shape)}",
)
def test_round_trip(tmp_path, array):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        write_array(file.create_group("g"), "0", array)
    found = read(path)["g/0"]
    assert found.dtype == array.dtype and found.shape == array.shape
    np.testing.assert_array_equal(found.astype("float64"), np.asarray(array).astype("float64"))


def test_compressed_arrays_are_read(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        options = {"compression": "gzip", "shuffle": True, "fletcher32": True}
        file.create_dataset("a", data=np.arange(1000), **options)
    np.testing.assert_array_equal(read(path)["a"], np.arange(1000))


def external_link(file, folder):
    (folder / "secret.h5").write_bytes(b"")
    file["a"] = h5py.ExternalLink(str(folder / "secret.h5"), "/x")


def soft_link(file, folder):
    file["b"] = np.ones(2)
    file["a"] = h5py.SoftLink("/b")


def cycle(file, folder):
    group = file.create_group("g")
    group["loop"] = group


def loop_to_root(file, folder):
    file.create_group("g")["root"] = file["/"]


def shared_array(file, folder):
    file["a"] = np.ones(2)
    file["b"] = file["a"]


def external_storage(file, folder):
    (folder / "raw").write_bytes(b"secret!!")
    file.create_dataset("a", (1,), "f8", external=[(str(folder / "raw"), 0, 8)])


def virtual(file, folder):
    layout = h5py.VirtualLayout((2,), "f4")
    layout[:] = h5py.VirtualSource(str(folder / "other.h5"), "x", (2,))
    file.create_virtual_dataset("a", layout)


def strings(file, folder):
    file["a"] = "text"


def compound(file, folder):
    file["a"] = np.zeros(2, [("x", "f4"), ("y", "f4")])


def complex_numbers(file, folder):
    file["a"] = np.ones(2, "complex64")


def raw_bytes(file, folder):
    file["a"] = np.zeros(2, "V2")


def wrong_raw_width(file, folder):
    file["a"] = np.zeros(2, "V4")
    file["a"].attrs["dtype"] = "bfloat16"


def declared_only(file, folder):
    file.create_dataset("a", (10**12,), "f4")


def declared_chunks(file, folder):
    file.create_dataset("a", (10**12,), "f4", chunks=(2**20,), compression="gzip")


def null_space(file, folder):
    file["a"] = h5py.Empty("f4")


def lzf(file, folder):
    file.create_dataset("a", data=np.ones(100), compression="lzf")


def scale_offset(file, folder):
    file.create_dataset("a", data=np.ones(100, int), scaleoffset=2)


def named_type(file, folder):
    file["a"] = np.dtype("f4")


def deep(file, folder):
    file.create_group("/".join("g" * 70))["a"] = np.ones(1)


HOSTILE = [external_link, soft_link, cycle, loop_to_root, shared_array, external_storage, virtual,
           strings, compound, complex_numbers, raw_bytes, wrong_raw_width, declared_only,
           declared_chunks, null_space, lzf, scale_offset, named_type, deep]


@pytest.mark.parametrize("make", HOSTILE, ids=lambda f: f.__name__)
def test_refused_before_any_number_is_read(tmp_path, make):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        make(file, tmp_path)
    with h5py.File(path, "r") as file, pytest.raises(LoadError, match=str(path)):
        ArrayFile(file, path)


def test_flipped_bits_are_noticed(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        write_array(file, "a", np.arange(100, dtype="float32"))
        offset = file["a"].id.get_offset()
    damaged = bytearray(path.read_bytes())
    damaged[offset + 41] ^= 4
    path.write_bytes(damaged)
    with pytest.raises(LoadError, match="checksum"):
        read(path)
