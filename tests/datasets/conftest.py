"""Folders in which data sets are looked for, empty, and no network."""

import urllib.error

import pytest

from kerata.utils import download


@pytest.fixture
def homes(tmp_path, monkeypatch):
    """Empty folders for the user's data and both caches; no network."""
    paths = {name: tmp_path / name for name in ("data", "kerata", "keras")}
    monkeypatch.setenv("KERATA_DATA_DIR", str(paths["data"]))
    monkeypatch.setenv("KERATA_HOME", str(paths["kerata"]))
    monkeypatch.setenv("KERAS_HOME", str(paths["keras"]))

    def refuse(*args, **kwargs):
        raise urllib.error.URLError("no network in tests")

    monkeypatch.setattr(download.urllib.request, "urlopen", refuse)
    return paths
