"""The programs in the documents run as they stand."""

import doctest
import pathlib

import pytest

import kerata

DOCS = pathlib.Path(__file__).parents[1] / "docs"


def programs(text):
    """Return the Python programs of a text, which go on from one to the next."""
    return [part.split("```")[0] for part in text.split("```python\n")[1:]]


def run(text):
    """Run the programs of a text and return the names that they define."""
    names = {"__name__": "guide"}
    for program in programs(text):
        exec(compile(program, "guide.md", "exec"), names)
    return names


INTEROP = (DOCS / "interop.md").read_text().split("\n## ")[1:]


@pytest.mark.parametrize("section", INTEROP, ids=lambda section: section.split("\n")[0])
def test_interop_guide(section, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert programs(section)
    with kerata.use_backend("jax" if section.startswith("JAX") else kerata.config.backend()):
        names = run(section)
    if "params" in names:
        assert names["value"] < 0.1
    elif "module" in names:
        assert (tmp_path / "module.pt").exists() and float(names["loss"].detach()) < 0.5


def test_derivatives_of_the_guide_run_on_each_backend(training_backend):
    names = run(INTEROP[0])
    assert all(product is not None for product in names["curvature"])


def test_custom_training_guide(training_backend):
    text = (DOCS / "custom_training.md").read_text()
    assert len(programs(text)) == 7
    run(text)


def test_debugging_guide():
    """The guide is a session, errors included; its last example shows what JAX is told."""
    pytest.importorskip("jax")
    blocks = programs((DOCS / "debugging.md").read_text())
    session = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "guide", None, 0)
    runner = doctest.DocTestRunner(
        optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.REPORT_NDIFF
    )
    assert len(session.examples) > 15
    report = []
    with kerata.use_backend("jax"):
        runner.run(session, out=report.append)
    assert not runner.failures, "".join(report)
