# The commands of the project. Each makes the environment that it needs, once, and again only
# when pyproject.toml has changed.

PYTHON ?= python3
WORKERS ?= 2

.PHONY: demo test test-tensorflow lint docs pictures bench clean

.venv-%/stamp: pyproject.toml
	test -x .venv-$*/bin/python || $(PYTHON) -m venv .venv-$*
	.venv-$*/bin/python -m pip install --quiet --editable ".[$*]"
	touch $@

demo: .venv-demo/stamp ## train on handwritten digits and draw what was learnt into demo/
	.venv-demo/bin/kerata demo

test: .venv-test/stamp ## every test and every example of the documentation
	.venv-test/bin/python -m pytest -n $(WORKERS) --dist worksteal -q

# TensorFlow joins the environment of the other tests: most of a second one would be the same.
.venv-test/tensorflow: .venv-test/stamp
	.venv-test/bin/python -m pip install --quiet --editable ".[test-tensorflow]"
	touch $@

test-tensorflow: .venv-test/tensorflow ## the same tests on TensorFlow, which is heavy
	KERATA_BACKEND=tensorflow .venv-test/bin/python -m pytest -n $(WORKERS) --dist worksteal -q tests

lint: .venv-lint/stamp ## style and types
	.venv-lint/bin/ruff check .
	.venv-lint/bin/mypy

docs: .venv-docs/stamp ## the documentation as a site, in build/site
	NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build --quiet --strict

pictures: .venv-docs/stamp ## draw the pictures of the documentation again
	.venv-docs/bin/python docs/generate/pictures.py docs/pictures

bench: .venv-test/stamp ## side-by-side measurements
	.venv-test/bin/python -m benchmarks

clean:
	rm -rf .venv-demo .venv-test .venv-lint .venv-docs demo build
