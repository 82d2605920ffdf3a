"""docs/debugging.md is a session that runs as it stands, errors included."""

import doctest
import pathlib

import pytest

import kerata

GUIDE = (pathlib.Path(__file__).parents[1] / "docs" / "debugging.md").read_text()


@pytest.fixture
def jax_backend():
    pytest.importorskip("jax")
    with kerata.use_backend("jax"):  # the last example shows what compiled code is told
        yield


def test_debugging_guide(jax_backend):
    blocks = [part.split("```")[0] for part in GUIDE.split("```python\n")[1:]]
    session = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "guide", None, 0)
    runner = doctest.DocTestRunner(
        optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.REPORT_NDIFF
    )
    assert len(session.examples) > 15
    report = []
    runner.run(session, out=report.append)
    assert not runner.failures, "".join(report)
