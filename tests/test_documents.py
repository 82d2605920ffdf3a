"""The programs in the documents run as they stand."""

import pathlib

import pytest

import kerata

DOCS = pathlib.Path(__file__).parents[1] / "docs"
INTEROP = (DOCS / "interop.md").read_text().split("\n## ")[1:]


def programs(section):
    """Return the Python programs of a section, which go on from one to the next."""
    return [part.split("```")[0] for part in section.split("```python\n")[1:]]


@pytest.mark.parametrize("section", INTEROP, ids=lambda section: section.split("\n")[0])
def test_interop_guide(section, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = programs(section)
    assert found
    names = {}
    for program in found:
        exec(compile(program, "interop.md", "exec"), names)
    if "params" in names:
        assert names["value"] < 0.1
    elif "module" in names:
        assert (tmp_path / "module.pt").exists() and float(names["loss"].detach()) < 0.5


@pytest.mark.parametrize("backend_name", ["jax", "torch"])
def test_derivatives_of_the_guide_run_on_each_backend(backend_name):
    names = {}
    with kerata.use_backend(backend_name):
        for program in programs(INTEROP[0]):
            exec(compile(program, "interop.md", "exec"), names)
    assert all(product is not None for product in names["curvature"])
