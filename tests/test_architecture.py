"""The laws of the house: who imports whom, what an import loads, who asks for a backend."""

import ast
import json
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[1]
PACKAGE = ROOT / "kerata"

# Lowest first; a package may import those before it, and itself, at the top of its modules.
ORDER = (
    "backend",
    "core",
    "ops",
    "random",
    "initializers",
    "activations",
    "regularizers",
    "constraints",
    "losses",
    "metrics",
    "optimizers",
    "layers",
    "callbacks",
    "training",
    "models",
    "saving",
    "visualization",
    "data",
    "utils",
    "preprocessing",
    "legacy",
    "datasets",
    "wrappers",
    "demo",
    "cli",
)
# callbacks and training know each other: callbacks show progress, training calls callbacks.
ALLOWED = {("callbacks", "training")}


def modules():
    return [path for path in sorted(PACKAGE.rglob("*.py")) if path.parent != PACKAGE]


def imported(tree):
    """Yield what a module imports when it is loaded (not in functions or for type checkers)."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def part_of(module):
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[0] == "kerata" else None


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_downward(path):
    mine = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    assert mine in ORDER, f"the package {mine!r} has no place in the order"
    for name in imported(ast.parse(path.read_text())):
        other = part_of(name)
        if other in ORDER and (mine, other) not in ALLOWED:
            assert ORDER.index(other) <= ORDER.index(mine), f"{path} imports {name}"


@pytest.mark.parametrize("engine", ["numpy", "jax", "torch", "tensorflow"])
def test_no_engine_imports_another(engine):
    foreign = {"jax", "jaxlib", "torch", "tensorflow"} - {engine}
    for path in (PACKAGE / "backend" / engine).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            for name in names:
                assert name.split(".")[0] not in foreign, f"{path} imports {name}"
                if name.startswith("kerata.backend."):
                    assert name.split(".")[2] in (engine, "interface", "windows", engine), path


def test_nobody_outside_backend_asks_which_backend_it_is():
    asks = re.compile(r"""backend(\(\)|_name|\.name)?\s*(==|!=|in \()\s*["'(]""")
    for path in modules():
        if path.relative_to(PACKAGE).parts[0] != "backend":
            assert not asks.search(path.read_text()), path


def fresh(code):
    """Run code in a new process and return what it prints as JSON."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_import_loads_no_engine():
    loaded = fresh("import kerata, sys, json; print(json.dumps(list(sys.modules)))")
    heavy = {"jax", "torch", "tensorflow", "h5py", "scipy", "pandas", "sklearn", "rich", "PIL"}
    assert not heavy & set(loaded)


def test_building_a_model_loads_no_engine_but_the_default():
    code = (
        "import os; os.environ['KERATA_BACKEND'] = 'numpy'\n"
        "import kerata, sys, json\n"
        "m = kerata.Sequential([kerata.Input((4,)), kerata.layers.Dense(2)])\n"
        "import numpy as np; m.predict(np.zeros((2, 4), 'float32'), verbose=0)\n"
        "print(json.dumps(list(sys.modules)))"
    )
    assert not {"jax", "torch", "tensorflow"} & set(fresh(code))


def test_py_typed_is_shipped():
    assert (PACKAGE / "py.typed").exists()


def test_every_public_name_can_be_reached():
    import kerata

    for name in kerata.__all__:
        assert getattr(kerata, name) is not None
