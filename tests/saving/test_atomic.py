"""A file is replaced whole or not at all."""

import os
import stat

import pytest

from kerata.saving.atomic import write_file


def test_replaces_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    write_file(path, lambda file: file.write(b"new"))
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["a"]


def test_failure_keeps_the_old_file(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def fail(file):
        file.write(b"half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_file(path, fail)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def test_reader_never_sees_a_half(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    seen = []

    def write(file):
        file.write(b"new and longer")
        file.flush()
        seen.append(path.read_bytes())

    write_file(path, write)
    assert seen == [b"old"]


def test_follows_symbolic_links(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"old")
    link.symlink_to(target)
    write_file(link, lambda file: file.write(b"new"))
    assert link.is_symlink() and target.read_bytes() == b"new"


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_mode_follows_umask(tmp_path):
    before = os.umask(0o027)
    try:
        write_file(tmp_path / "a", lambda file: file.write(b"x"))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


@pytest.mark.skipif(os.name != "posix", reason="folders are synced on POSIX")
def test_order_of_calls_survives_a_power_failure(tmp_path, monkeypatch):
    calls = []
    real = {name: getattr(os, name) for name in ("fsync", "replace")}
    monkeypatch.setattr(os, "fsync", lambda d: (calls.append(
        "folder" if stat.S_ISDIR(os.fstat(d).st_mode) else "file"), real["fsync"](d)))
    monkeypatch.setattr(os, "replace", lambda *a: (calls.append("rename"), real["replace"](*a)))
    write_file(tmp_path / "a", lambda file: file.write(b"x"))
    assert calls == ["file", "rename", "folder"]
