"""Arrays in an HDF5 file, read with distrust.

Before any number is read, the whole structure is walked: hard links only, no cycles, data
stored inside the file, numeric types, sizes that the stored bytes can explain. What the HDF5
library could fetch from elsewhere (external links and storage, virtual data sets, filter
plug-ins) is refused unopened.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kerata.core.threads import meanwhile
from kerata.core.variable import numpy_dtype
from kerata.saving.checksums import BLOCK, Checksums, Piece, checksum, in_memory
from kerata.saving.errors import LoadError

if TYPE_CHECKING:
    import h5py

MAX_DEPTH = 64
MAX_OBJECTS = 1_000_000
#: the most that gzip can unpack to, per stored byte, and what is always allowed
_GZIP_RATIO, _ALLOWANCE = 1032, 2**16

_GZIP, _SHUFFLE, _FLETCHER32 = 1, 2, 3
_FILTERS = {_GZIP, _SHUFFLE, _FLETCHER32}
#: types that HDF5 does not know: stored as raw bytes with the name in the attribute "dtype"
_RAW_DTYPES = ("bfloat16", "float8_e4m3fn", "float8_e5m2")
_CHECKSUM = "crc32"
#: what h5py raises for a damaged file, by kind of damage
_DAMAGE = (KeyError, OSError, RuntimeError, TypeError, ValueError)


def write_array(group: h5py.Group, name: str, value: Any) -> Piece:
    """Write one array with its checksum; types unknown to HDF5 go as raw bytes, as in Keras.

    Returns:
        Where in the file its numbers are, and their checksum.
    """
    array = np.ascontiguousarray(value).reshape(np.shape(value))
    raw = array.dtype.name in _RAW_DTYPES
    stored = array.view(f"V{array.dtype.itemsize}") if raw else array
    # Another thread reads the numbers while this one writes them, unless there are few.
    data = in_memory(array)
    computed = meanwhile(zlib.crc32, data) if len(data) > BLOCK else None
    dataset = group.create_dataset(name, data=stored)
    crc = computed.result() if computed else zlib.crc32(data)
    if raw:
        dataset.attrs["dtype"] = array.dtype.name
    dataset.attrs[_CHECKSUM] = np.uint32(crc)
    return Piece(dataset.id.get_offset() or 0, array.nbytes, crc)


class StoredArray(NamedTuple):
    """The header of an array in a file; the numbers are read when asked for."""

    file: str
    path: str
    shape: tuple[int, ...]
    dtype: str
    dataset: Any
    checksums: Checksums | None = None  # of the file, if it has been read as a whole

    @property
    def has_checksum(self) -> bool:
        """Whether the file can tell damaged numbers, as those of kerata can."""
        return _CHECKSUM in self.dataset.attrs

    def read(self) -> np.ndarray:
        """Return the numbers.

        Raises:
            LoadError: when they are damaged.
        """
        try:
            value = self.dataset[()]
            expected = self.dataset.attrs.get(_CHECKSUM)
        except _DAMAGE as error:
            raise LoadError(self.file, self.path, "the data is damaged.") from error
        array = np.asarray(value)
        if self.dtype in _RAW_DTYPES:
            array = array.view(numpy_dtype(self.dtype))
        if expected is not None and int(expected) != self._checksum(array):
            raise LoadError(self.file, self.path, "the data does not match its checksum.")
        return array

    def _checksum(self, array: np.ndarray) -> int:
        start = self.dataset.id.get_offset()  # None, if the numbers lie in several places
        if self.checksums is None or start is None or array.nbytes < 2 * BLOCK:
            return checksum(array)
        return self.checksums.of(start, array.nbytes)


class ArrayFile:
    """All arrays of an HDF5 file by path, and the names that groups carry.

    Args:
        file: an open ``h5py.File``.
        label: the file's name for errors.
        checksums: those of the file, if they are known.

    Raises:
        LoadError: when the file uses anything but the safe part of HDF5.
    """

    def __init__(
        self,
        file: h5py.File,
        label: str | os.PathLike[str],
        checksums: Checksums | None = None,
    ) -> None:
        self.label = os.fspath(label)
        self._checksums = checksums
        self.arrays: dict[str, StoredArray] = {}
        self.names: dict[str, str] = {}
        try:
            for path, dataset in self._walk(file):
                self.arrays[path] = self._header(path, dataset)
        except LoadError:
            raise
        except _DAMAGE as error:
            raise self._error("", f"the HDF5 file is damaged ({error}).") from error

    def under(self, group: str) -> dict[str, StoredArray]:
        """Return the arrays that lie directly in a group, by their own name."""
        prefix = f"{group}/" if group else ""
        return {
            path[len(prefix) :]: array
            for path, array in self.arrays.items()
            if path.startswith(prefix) and "/" not in path[len(prefix) :]
        }

    def _walk(self, file: h5py.File) -> Iterator[tuple[str, h5py.Dataset]]:
        """Yield the data sets; each object is met once, by hard links."""
        import h5py

        pending: list[tuple[str, h5py.Group]] = [("", file)]
        seen: set[int] = set()
        while pending:
            path, group = pending.pop()
            if path.count("/") >= MAX_DEPTH:
                raise self._error(path, f"groups are nested deeper than {MAX_DEPTH}.")
            self._read_name(path, group)
            for key in group:
                below = f"{path}/{key}" if path else key
                if not isinstance(group.get(key, getlink=True), h5py.HardLink):
                    raise self._error(below, "a link to elsewhere; only hard links are followed.")
                item = group[key]
                address = h5py.h5o.get_info(item.id).addr
                if address in seen or len(seen) > MAX_OBJECTS:
                    raise self._error(below, "an object is linked twice, or there are too many.")
                seen.add(address)
                if isinstance(item, h5py.Group):
                    pending.append((below, item))
                elif isinstance(item, h5py.Dataset):
                    yield below, item
                else:
                    raise self._error(below, "neither a group nor a data set.")

    def _read_name(self, path: str, group: h5py.Group) -> None:
        name = group.attrs.get("name") if "name" in group.attrs else None
        if isinstance(name, str):
            self.names[path] = name

    def _header(self, path: str, dataset: h5py.Dataset) -> StoredArray:
        """The header of a data set whose storage is safe to read."""
        plan = dataset.id.get_create_plist()
        filters = {plan.get_filter(i)[0] for i in range(plan.get_nfilters())}
        if dataset.is_virtual or dataset.external:
            raise self._error(path, "its data lies in another file.")
        if not filters <= _FILTERS:
            raise self._error(path, "only the gzip, shuffle and fletcher32 filters are read.")
        dtype = self._dtype(path, dataset)
        if dataset.shape is None:
            raise self._error(path, "it has no shape.")
        believed = dataset.id.get_storage_size()
        if _GZIP in filters:
            believed = believed * _GZIP_RATIO + _ALLOWANCE
        if dataset.nbytes > believed + dataset.dtype.itemsize * 64:
            raise self._error(path, f"shape {dataset.shape} needs more bytes than are stored.")
        return StoredArray(
            self.label, path, tuple(dataset.shape), dtype, dataset, self._checksums
        )

    def _dtype(self, path: str, dataset: h5py.Dataset) -> str:
        if dataset.dtype.kind in "fiub":
            return dataset.dtype.name
        name = dataset.attrs.get("dtype") if dataset.dtype.kind == "V" else None
        if name in _RAW_DTYPES and dataset.dtype.itemsize == numpy_dtype(str(name)).itemsize:
            return str(name)
        raise self._error(path, f"numbers were expected, not the type {dataset.dtype}.")

    def _error(self, place: str, problem: str) -> LoadError:
        return LoadError(self.label, place, problem)


class ArrayReader(Mapping[str, np.ndarray]):
    """What ``load_own_variables(store)`` of a user's layer receives: names to arrays."""

    def __init__(self, arrays: Mapping[str, StoredArray]) -> None:
        self._arrays = arrays

    def __getitem__(self, name: str) -> np.ndarray:
        return self._arrays[name].read()

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)


class ArrayWriter:
    """What ``save_own_variables(store)`` receives: ``store[name] = array`` writes to the file.

    Args:
        group: where to write.
        written: the list to which is added what has been written.
    """

    def __init__(self, group: h5py.Group, written: list[Piece]) -> None:
        self._group, self._written = group, written

    def __setitem__(self, name: str, value: Any) -> None:
        from kerata.core.primitive import convert_to_numpy

        self._written.append(write_array(self._group, str(name), convert_to_numpy(value)))
