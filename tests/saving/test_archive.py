"""The .keras archive: exactly three sound members, and assets."""

import struct
import zipfile
import zlib
from typing import NamedTuple

import pytest

from kerata.saving.archive import open_archive, write_archive
from kerata.saving.checksums import Piece
from kerata.saving.errors import LoadError

NAMES = ("metadata.json", "config.json", "model.weights.h5")


class Contents(NamedTuple):
    """What a .keras file holds."""

    metadata: bytes
    config: bytes
    weights: bytes
    assets: dict[str, bytes] = {}


CONTENTS = Contents(b"{}", b'{"config": {}}', b"weights" * 10)


def write(path, contents):
    """Write the weights as HDF5 does, not from the first byte to the last."""

    def write_weights(file):
        half = len(contents.weights) // 2
        file.seek(half)
        file.write(contents.weights[half:])
        file.seek(0)
        file.write(contents.weights[:half])
        return [Piece(2, 5, zlib.crc32(contents.weights[2:7]))]

    with open(path, "w+b") as file:
        write_archive(file, contents.metadata, contents.config, write_weights, contents.assets)


def read(path):
    with open_archive(path, path) as archive:
        assert archive.checksums.whole == zlib.crc32(archive.weights.read())
        archive.weights.seek(0)
        weights = archive.weights.read()
        return Contents(archive.metadata, archive.config, weights, dict(archive.assets))


def write_zip(path, members, method=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)


def members(contents=CONTENTS):
    return list(zip(NAMES, contents[:3], strict=True))


def test_round_trip(tmp_path):
    path = tmp_path / "m.keras"
    write(path, CONTENTS)
    assert read(path) == CONTENTS
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == list(NAMES)
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}


def test_assets_are_kept_by_path(tmp_path):
    path = tmp_path / "m.keras"
    contents = CONTENTS._replace(assets={"layers/lookup/vocabulary.txt": b"a\nb", "x": b""})
    write(path, contents)
    assert read(path) == contents
    write_zip(path, [*members(), ("assets/", b""), ("assets/a/", b"")])
    assert read(path) == CONTENTS


def test_deflated_members_are_read(tmp_path):
    path = tmp_path / "m.keras"
    write_zip(path, members(), zipfile.ZIP_DEFLATED)
    assert read(path) == CONTENTS


@pytest.mark.parametrize(
    "extra, method, message",
    [
        ([("config.json", b"{}")], zipfile.ZIP_STORED, "exactly the members"),
        ([("assets/../x.txt", b"")], zipfile.ZIP_STORED, "exactly the members"),
        ([("assets//x.txt", b"")], zipfile.ZIP_STORED, "exactly the members"),
        ([("assets/C:x.txt", b"")], zipfile.ZIP_STORED, "exactly the members"),
        ([("assets/x", b"")] * 2, zipfile.ZIP_STORED, "each once"),
        ([("../evil", b"")], zipfile.ZIP_STORED, "exactly the members"),
        ([(f"n{i}", b"") for i in range(5000)], zipfile.ZIP_STORED, "exactly the members"),
        ([], zipfile.ZIP_LZMA, "only stored or deflated"),
        ([], zipfile.ZIP_BZIP2, "only stored or deflated"),
    ],
    ids="twice asset-up asset-empty asset-drive asset-twice traversal many lzma bzip2".split(),
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_refused_members(tmp_path, extra, method, message):
    path = tmp_path / "m.keras"
    write_zip(path, members() + extra, method)
    with pytest.raises(LoadError, match=message) as error:
        read(path)
    assert str(path) in str(error.value) and len(str(error.value)) <= 1000


def test_decompression_bomb_is_refused_unread(tmp_path):
    path = tmp_path / "m.keras"
    write_zip(path, members(CONTENTS._replace(weights=bytes(10**8))), zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 200_000
    with pytest.raises(LoadError, match="claim to be 100000000"):
        read(path)


def test_many_small_bombs_are_refused_unread(tmp_path):
    path = tmp_path / "m.keras"
    bombs = [(f"assets/{i}", bytes(2**20)) for i in range(300)]
    write_zip(path, members() + bombs, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 500_000
    with pytest.raises(LoadError, match=r"claim to be 3\d{8}"):
        read(path)


def test_a_long_directory_is_refused_unread(tmp_path):
    path = tmp_path / "m.keras"
    sound = sound_bytes(tmp_path)
    start = sound.index(b"PK\x01\x02")
    entry = sound[start : sound.index(b"PK\x01\x02", start + 1)]
    count = 5_000_000 // len(entry)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0, 0, count * len(entry), start, 0)
    path.write_bytes(sound[:start] + entry * count + end)
    with pytest.raises(LoadError, match="directory has more than"):
        read(path)


def sound_bytes(tmp_path):
    path = tmp_path / "sound.keras"
    write(path, CONTENTS)
    return path.read_bytes()


def test_every_flipped_bit_of_the_contents_is_noticed(tmp_path):
    sound = sound_bytes(tmp_path)
    start = sound.index(b"weightsweights")
    path = tmp_path / "m.keras"
    for offset in range(start, start + 70, 7):
        for bit in range(8):
            damaged = bytearray(sound)
            damaged[offset] ^= 1 << bit
            path.write_bytes(damaged)
            with pytest.raises(LoadError, match="CRC"):
                read(path)


@pytest.mark.parametrize(
    "damage",
    [
        lambda b: b[: len(b) // 2],
        lambda b: b[:-5],
        lambda b: b"",
        lambda b: b"not a zip at all",
        lambda b: b.replace(b"config.json", b"confiG.json", 1),
        lambda b: b[: b.index(b"PK\x01\x02")] + b[b.index(b"PK\x01\x02") :].replace(
            struct.pack("<II", 70, 70), struct.pack("<II", 2**31, 2**31), 1
        ),
    ],
    ids=["half", "tail", "empty", "text", "local name differs", "size lies"],
)
def test_damaged_archive(tmp_path, damage):
    path = tmp_path / "m.keras"
    path.write_bytes(damage(sound_bytes(tmp_path)))
    with pytest.raises(LoadError):
        read(path)


def test_every_flip_is_refused_or_harmless(tmp_path):
    sound = sound_bytes(tmp_path)
    path = tmp_path / "m.keras"
    for offset in range(0, len(sound), 3):
        damaged = bytearray(sound)
        damaged[offset] ^= 0x11
        path.write_bytes(damaged)
        try:
            assert read(path) == CONTENTS
        except LoadError:
            pass


def test_missing_file_is_called_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "none.keras")


def test_control_characters_are_escaped():
    error = LoadError("a\x1b[31m.keras", "co\x00nfig", "bad \x07" + "x" * 2000)
    text = str(error)
    assert "\x1b" not in text and "\x00" not in text and r"\x1b" in text
    assert len(text) <= 1000
