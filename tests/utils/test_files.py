"""get_file: downloads from a server of this machine, broken in many ways; hostile archives."""

import bz2
import contextlib
import functools
import gzip
import hashlib
import http.server
import io
import lzma
import os
import stat
import tarfile
import threading
import zipfile

import keras
import numpy as np
import pytest

import kerata
from kerata.utils import download, unpacking

CONTENT = np.random.default_rng(0).bytes(300_000)
SHA256, MD5 = hashlib.sha256(CONTENT).hexdigest(), hashlib.md5(CONTENT).hexdigest()


class Server(http.server.ThreadingHTTPServer):
    """Serves CONTENT; breaks off after as many bytes as `breaks` says, once for each entry."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = CONTENT
        self.etag = '"1"'
        self.breaks = []
        self.errors = []
        self.ranges = True
        self.asked = []  # the Range header of each request

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/folder/file.bin?version=3"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        asked = self.headers.get("Range")
        server.asked.append(asked)
        if server.errors:
            self.send_error(server.errors.pop(0))
            return
        start = 0
        if asked and server.ranges and self.headers.get("If-Range") == server.etag:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            if start >= len(server.content):
                self.send_error(416)
                return
        body = server.content[start:]
        self.send_response(206 if start else 200)
        if start:
            last = len(server.content) - 1
            self.send_header("Content-Range", f"bytes {start}-{last}/{last + 1}")
        self.send_header("Content-Length", str(len(body)))
        if server.etag:
            self.send_header("ETag", server.etag)
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(body[: server.breaks.pop(0)] if server.breaks else body)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(download, "_PAUSE", 0.0)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    made = Server()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture
def get(server, tmp_path):
    return functools.partial(
        kerata.utils.get_file, origin=server.url, cache_dir=tmp_path / "cache"
    )


def cached(tmp_path):
    folder = tmp_path / "cache" / "datasets"
    return sorted(os.listdir(folder)) if folder.exists() else []


def content_of(path):
    with open(path, "rb") as file:
        return file.read()


# -- downloads -----------------------------------------------------------------------------------


def test_files_are_fetched_once(get, server, tmp_path):
    for _ in range(2):
        path = get(file_hash=SHA256)
        assert path == str(tmp_path / "cache" / "datasets" / "file.bin")
        assert content_of(path) == CONTENT
    assert len(server.asked) == 1 and cached(tmp_path) == ["file.bin"]
    get(force_download=True)
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        {"file_hash": SHA256},
        {"file_hash": SHA256.upper(), "hash_algorithm": "sha256"},
        {"file_hash": MD5},
        {"md5_hash": MD5},
        {"file_hash": MD5, "hash_algorithm": "md5"},
    ],
)
def test_digests(get, server, tmp_path, arguments):
    assert content_of(get("a", **arguments)) == CONTENT
    server.content = b"other"
    (tmp_path / "cache" / "datasets" / "a").write_bytes(b"damaged")
    with pytest.raises(ValueError, match=r"has (SHA-256|MD5) .* was expected"):
        get("a", **arguments)
    assert cached(tmp_path) == ["a"]  # the old one: nothing of the wrong one is kept


def test_other_content_is_no_file_of_ours(get, server, tmp_path):
    with pytest.raises(OSError, match="it was not kept"):
        get(file_hash="0" * 64)
    assert cached(tmp_path) == []


def test_broken_downloads_are_resumed(get, server):
    server.breaks = [100_000, 50_000]
    assert content_of(get(file_hash=SHA256)) == CONTENT
    assert server.asked == [None, "bytes=100000-", "bytes=150000-"]


def test_a_later_call_goes_on(get, server, tmp_path):
    server.breaks = [1000] + [0] * 4
    with pytest.raises(OSError, match="the connection ended after 1000 of 300000 bytes"):
        get()
    assert "file.bin" not in cached(tmp_path) and ".file.bin.part" in cached(tmp_path)
    assert content_of(get(file_hash=SHA256)) == CONTENT
    assert server.asked[-1] == "bytes=1000-"
    assert cached(tmp_path) == ["file.bin"]


@pytest.mark.parametrize("change", ["etag", "no etag", "weak etag", "no ranges", "other url"])
def test_what_cannot_be_resumed_begins_again(get, server, tmp_path, change):
    if change in ("no etag", "weak etag"):
        server.etag = None if change == "no etag" else 'W/"1"'
    if change == "no ranges":
        server.ranges = False
    server.breaks = [1000] + [0] * 4
    with pytest.raises(OSError):
        get()
    if change == "etag":
        server.content, server.etag = CONTENT[::-1], '"2"'
    origin = server.url + ("4" if change == "other url" else "")
    assert content_of(get(origin=origin)) == server.content
    assert cached(tmp_path) == ["file.bin"]


def test_a_part_that_is_too_long(get, server, tmp_path):
    server.breaks = [1000] + [0] * 4
    with pytest.raises(OSError):
        get()
    server.content = CONTENT[:900]
    assert content_of(get()) == CONTENT[:900]


def test_two_at_a_time(server, tmp_path):
    """Whoever comes second does not write into the part of the first."""
    target = tmp_path / "file.bin"
    with download._partial(target) as first:
        first.file.write(b"mine")
        download.fetch(server.url, target, SHA256)
        assert content_of(target) == CONTENT
    assert os.listdir(tmp_path) == ["file.bin"]


@pytest.mark.parametrize("errors, requests", [([404], 1), ([503, 500], 3)])
def test_errors_of_servers(get, server, tmp_path, errors, requests):
    server.errors = list(errors)
    if 404 in errors:
        with pytest.raises(OSError, match=r"HTTP 404 .*put the file there by hand: .*file\.bin"):
            get()
        assert cached(tmp_path) == []
    else:
        assert content_of(get()) == CONTENT
    assert len(server.asked) == requests


def test_without_a_network(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "_PAUSE", 0.0)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(OSError, match="could not be fetched .*Without a network"):
        kerata.utils.get_file("a", "http://127.0.0.1:9/a", cache_dir=tmp_path)


@pytest.mark.parametrize(
    "arguments, text",
    [
        ({"origin": None}, "`origin`"),
        ({"origin": "http://127.0.0.1/"}, "pass `fname`"),
        ({"fname": "../up"}, "no plain name"),
        ({"fname": "/etc/passwd"}, "no plain name"),
        ({"fname": ".."}, "no plain name"),
        ({"fname": "a\\b"}, "no plain name"),
        ({"origin": "http://127.0.0.1/%2e%2e%5cb"}, "no plain name"),
        ({"origin": "ftp://127.0.0.1/a"}, "begins with 'ftp'"),
        ({"origin": "a.txt"}, "begins with ''"),
        ({"file_hash": "0" * 64, "hash_algorithm": "sha1"}, "hash_algorithm='sha1'"),
        ({"file_hash": "0" * 40}, "none of auto"),
        ({"file_hash": "0" * 32, "hash_algorithm": "sha256"}, "none of sha256"),
        ({"extract": True, "archive_format": "rar"}, "archive_format='rar'"),
        ({"extract": True, "archive_format": None}, "extract=False"),
    ],
)
def test_wrong_arguments(get, server, arguments, text):
    with pytest.raises(ValueError, match=text):
        get(**arguments)
    assert server.asked == []


def test_what_is_shown(get, server, capsys):
    get("a")
    assert "Downloading http://127.0.0.1" in capsys.readouterr().out
    kerata.utils.disable_interactive_logging()
    try:
        get("b")
    finally:
        kerata.utils.enable_interactive_logging()
    assert capsys.readouterr().out == ""


# -- archives ------------------------------------------------------------------------------------


def tar(members, compress=bytes):
    """A tar file of pairs of a name, or a whole TarInfo, and a content."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for member, content in members:
            info = member if isinstance(member, tarfile.TarInfo) else tarfile.TarInfo(member)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return compress(file.getvalue())


def zipped(members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members:
            archive.writestr(member, content)
    return file.getvalue()


def special(name, kind, link=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def zip_link(name):
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return info


MEMBERS = [("top.txt", b"top"), ("deep/er/a.txt", b"a" * 5000), ("./dot.txt", b"")]
GOOD = {
    "tar": tar(MEMBERS),
    "tar.gz": tar(MEMBERS, gzip.compress),
    "tar.bz2": tar(MEMBERS, bz2.compress),
    "tar.xz": tar(MEMBERS, lzma.compress),
    "zip": zipped(MEMBERS),
}


def files_below(folder):
    found = {}
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            found[os.path.relpath(path, folder).replace(os.sep, "/")] = content_of(path)
    return found


EXPECTED = {name.removeprefix("./"): content for name, content in MEMBERS}


@pytest.mark.parametrize("kind", GOOD)
def test_archives_are_unpacked(get, server, tmp_path, kind):
    server.content = GOOD[kind]
    folder = get(f"set.{kind}", extract=True)
    assert folder == str(tmp_path / "cache" / "datasets" / "set_extracted")
    assert files_below(folder) == EXPECTED
    assert cached(tmp_path) == [f"set.{kind}", "set_extracted"]
    os.remove(os.path.join(folder, "top.txt"))  # what is there stays as it is
    assert get(f"set.{kind}", extract=True) == folder and len(server.asked) == 1
    assert "top.txt" not in files_below(folder)
    get(f"set.{kind}", extract=True, force_download=True)
    assert files_below(folder) == EXPECTED


@pytest.mark.parametrize(
    "arguments",
    [
        {"fname": "set.tar.gz", "extract": True},
        {"fname": "set", "extract": True},
        {"fname": "set", "untar": True},
        {"extract": True, "archive_format": "tar"},
        {"extract": True, "archive_format": ["zip", "tar"]},
    ],
)
def test_names_are_those_of_keras(tmp_path, arguments):
    source = tmp_path / "source.tar.gz"
    source.write_bytes(GOOD["tar.gz"])
    trees = []
    for utils, name in ((kerata.utils, "ours"), (keras.utils, "theirs")):
        cache = tmp_path / name
        cache.mkdir()
        path = utils.get_file(origin=source.as_uri(), cache_dir=str(cache), **arguments)
        trees.append((os.path.relpath(path, cache), sorted(files_below(cache))))
    assert trees[0] == trees[1]


BIG = b"\0" * (unpacking.MIN_ALLOWANCE + 1)
OUT = ["../out", "a/../../out", "/tmp/out", "a\\..\\..\\out", "C:out", "..", "a\nb"]
HOSTILE = {
    **{f"tar {name!r}": tar([("a.txt", b"a"), (name, b"out")]) for name in OUT},
    **{f"zip {name!r}": zipped([("a.txt", b"a"), (name, b"out")]) for name in OUT},
    "symbolic link": tar([(special("a", tarfile.SYMTYPE, "/etc"), b""), ("a/b", b"x")]),
    "hard link": tar([(special("a", tarfile.LNKTYPE, "/etc/passwd"), b"")]),
    "device": tar([(special("a", tarfile.CHRTYPE), b"")]),
    "pipe": tar([(special("a", tarfile.FIFOTYPE), b"")]),
    "link in zip": zipped([(zip_link("a"), b"/etc"), ("a/b", b"x")]),
    "same name twice": tar([("a", b"1"), ("a", b"2")]),
    "file as folder": tar([("a", b"1"), ("a/b", b"2")]),
    "bomb": tar([("a", BIG)], gzip.compress),
    "bomb of bzip2": tar([("a", BIG)], bz2.compress),
    "bomb in zip": zipped([("a", BIG)]),
    "long name": tar([(f"{'n' * 300}", b"")]),
    "text": b"hello",
    "nothing": b"",
    "gzip of text": gzip.compress(b"hello"),
    "half a tar": GOOD["tar"][:1500],
    "half a gzip": GOOD["tar.gz"][:100],
    "gzip without its checksum": GOOD["tar.gz"][:-4] + b"1234",
    "half a zip": GOOD["zip"][:-30],
    "changed zip": GOOD["zip"].replace(b"top\n", b"").replace(b"top", b"tip", 1),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_archives(tmp_path, name):
    source = tmp_path / "in" / "set.bin"
    source.parent.mkdir()
    source.write_bytes(HOSTILE[name])
    cache = tmp_path / "in" / "cache"
    with pytest.raises((ValueError, OSError)) as caught:
        kerata.utils.get_file("set", source.as_uri(), cache_dir=cache, extract=True)
    assert "set_archive" in str(caught.value) or "name too long" in str(caught.value)
    assert os.listdir(tmp_path) == ["in"]
    assert sorted(os.listdir(source.parent)) == ["cache", "set.bin"]
    assert os.listdir(cache / "datasets") == ["set_archive"]


def test_headers_are_bounded_too(tmp_path):
    """A header that claims to be large is not read into memory."""
    info = tarfile.TarInfo("a")
    info.pax_headers = {"comment": "x" * (unpacking.MIN_ALLOWANCE + 1)}
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info)
    path = tmp_path / "a.tar.gz"
    path.write_bytes(gzip.compress(file.getvalue()))
    with pytest.raises(unpacking.UnsafeArchive, match="unpacks to more than 16,777,216 bytes"):
        unpacking.unpack(path, tmp_path / "a")
    assert os.listdir(tmp_path) == ["a.tar.gz"]


def test_bounds_can_be_moved(tmp_path, monkeypatch):
    path = tmp_path / "a.zip"
    path.write_bytes(zipped([("a", BIG)]))
    origin = path.as_uri()
    made = functools.partial(kerata.utils.get_file, "a", origin, cache_dir=tmp_path, extract=True)
    with pytest.raises(ValueError, match="pass a larger max_unpacked_bytes"):
        made(max_unpacked_bytes=10)
    assert files_below(made(max_unpacked_bytes=2**25)) == {"a": BIG}
    monkeypatch.setattr(unpacking, "MAX_MEMBERS", 2)
    (tmp_path / "many.tar").write_bytes(GOOD["tar"])
    with pytest.raises(ValueError, match="more than 2 members"):
        unpacking.unpack(tmp_path / "many.tar", tmp_path / "many")
