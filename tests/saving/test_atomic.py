"""A file is replaced whole or not at all."""

import os
import pathlib
import signal
import stat
import subprocess
import sys

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


KILLED = """
import os, signal, sys
from kerata.saving.atomic import write_file

left = int(sys.argv[2])

def killing(function):
    def call(*args, **kwargs):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*args, **kwargs)
    return call

for name in ("open", "fsync", "replace", "close"):
    setattr(os, name, killing(getattr(os, name)))

def write(file):
    for part in (b"new ", b"and longer"):
        killing(file.write)(part)
        killing(file.flush)()

write_file(sys.argv[1], write)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")
def test_killed_at_each_call_of_the_system(tmp_path):
    path = tmp_path / "a"
    environment = dict(os.environ, PYTHONPATH=str(pathlib.Path(__file__).parents[2]))
    seen = []
    for calls in range(1, 20):
        path.write_bytes(b"old")
        command = [sys.executable, "-c", KILLED, str(path), str(calls)]
        status = subprocess.run(command, env=environment).returncode
        seen.append((status, path.read_bytes()))
        if status == 0:
            break
        assert status == -signal.SIGKILL
    contents = [content for _, content in seen]
    assert set(contents) == {b"old", b"new and longer"} and len(seen) > 8
    assert contents == sorted(contents, reverse=True)  # first the old file, then the new one


@pytest.mark.skipif(os.name != "posix", reason="limits of the size of files are POSIX")
def test_a_full_disk_keeps_the_old_file_and_is_explained(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    program = (
        "import resource, sys; from kerata.saving.atomic import write_file\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "write_file(sys.argv[1], lambda file: file.write(bytes(5000)))"
    )
    environment = dict(os.environ, PYTHONPATH=str(pathlib.Path(__file__).parents[2]))
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], env=environment, capture_output=True, text=True
    )
    assert "File too large; the file is as it was before" in done.stderr
    assert str(path) in done.stderr.splitlines()[-1]
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["a"]


def test_a_folder_that_cannot_be_written_is_explained(tmp_path):
    with pytest.raises(FileNotFoundError, match="the file was not written: '.*missing/a'"):
        write_file(tmp_path / "missing" / "a", lambda file: file.write(b"x"))


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
