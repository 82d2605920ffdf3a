"""The programs in the documents run as they stand."""

import doctest
import pathlib
import re
import sys
import types

import pytest

import kerata

DOCS = pathlib.Path(__file__).parents[1] / "docs"


def programs(text):
    """Return the Python programs of a text, which go on from one to the next."""
    return re.findall(r"^```(?:python|pycon)\n(.*?)```", text, re.DOTALL | re.MULTILINE)


def run(text):
    """Run the programs of a text and return the names that they define.

    A program that begins with `>>>` is a session: what it shows, errors too, must come.
    The programs make a module, so that what they define can be pickled.
    """
    module = sys.modules["guide"] = types.ModuleType("guide")
    names = vars(module)
    for program in programs(text):
        if program.startswith(">>>"):
            run_session(program, names)
        else:
            exec(compile(program, "guide.md", "exec"), names)
    return names


def run_session(program, names):
    """Run a session of the interpreter among names, to which it adds its own."""
    session = doctest.DocTestParser().get_doctest(program, {}, "guide", None, 0)
    session.globs = names
    runner = doctest.DocTestRunner(
        optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.REPORT_NDIFF
    )
    report = []
    runner.run(session, out=report.append, clear_globs=False)
    assert session.examples and not runner.failures, "".join(report)


# Guides that are run in another way than the rest, below.
SPECIAL = {"custom_training", "debugging", "interop"}
GUIDES = sorted(
    path.stem
    for path in DOCS.glob("*.md")
    if programs(path.read_text()) and path.stem not in SPECIAL | {"architecture"}
)


@pytest.mark.parametrize("guide", GUIDES)
def test_guide(guide, training_backend, compiled_once, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run((DOCS / f"{guide}.md").read_text())


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
    text = (DOCS / "debugging.md").read_text()
    assert len(programs(text)) > 5 and all(p.startswith(">>>") for p in programs(text))
    with kerata.use_backend("jax"):
        run(text)


PAGES = sorted(DOCS.glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_of_a_page_lead_somewhere(page):
    assert f" {page.name}\n" in (DOCS.parent / "mkdocs.yml").read_text(), "not in the navigation"
    for target in re.findall(r"\]\(([\w/.]+\.\w+)[)#]", page.read_text()):
        module = re.fullmatch(r"reference/(.+)\.md", target)
        known = ("kerata", *kerata.__all__)
        assert module[1] in known if module else (DOCS / target).is_file(), target


def test_pictures_are_small():
    pictures = list((DOCS / "pictures").iterdir())
    assert pictures and all(picture.stat().st_size < 60_000 for picture in pictures)
