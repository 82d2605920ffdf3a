"""The examples as a user runs them, on real data where these are beside the project."""

import importlib.util
import pathlib

import pytest

import kerata

ROOT = pathlib.Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data"
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))

# Example -> (folder of its data or None, arguments of `main`, number to reach).
RUNS = {
    "mnist_mlp": ("mnist", {"epochs": 10}, 0.98),
    "mnist_cnn": ("mnist", {"epochs": 1, "pictures": 15_000}, 0.95),
    "votes": ("house_votes_84", {}, 0.93),
    "masses": ("mammographic_masses", {}, 0.79),
    "patients": (None, {}, 0.93),
    "imdb_lstm": ("imdb", {"epochs": 1, "reviews": 12_000}, 0.78),
    "reuters": ("reuters", {"epochs": 5}, 0.955),
    "flowers": ("flowers", {"epochs": 15, "size": 64}, 0.35),
    "titanic": ("titanic", {"epochs": 20, "folds": 5}, 0.80),
    "siamese": ("mnist", {"epochs": 1, "count": 10_000}, 0.9),
    "distillation": ("mnist", {"teacher_epochs": 1, "epochs": 12}, 0.8),
    "squeezenet": ("weights", {}, 0.9),
    "style_transfer": ("weights", {"size": 96, "steps": 60}, 0.2),
    "deep_dream": ("weights", {"size": 112, "octaves": 2, "steps": 8}, 3.0),
    "tiny_gpt": ("imdb", {"reviews": 400, "epochs": 2}, 220.0),
    "under_the_hood": ("mnist", {"steps": 3000}, 0.92),
    "fashion_vae": ("fashion_mnist", {"epochs": 2, "pictures": 2000}, 430.0),
    "fashion_gan": ("fashion_mnist", {"epochs": 3, "pictures": 9000}, 0.6),
    "fashion_dcgan": ("fashion_mnist", {"epochs": 2, "pictures": 2048}, 0.8),
    "fashion_wgan_gp": ("fashion_mnist", {"epochs": 3, "pictures": 3000}, 0.85),
}
# All run on JAX, and each on one of the others, which are slow where networks are small.
ENGINES = {name: ("jax", ("torch", "tensorflow")[i % 2]) for i, name in enumerate(RUNS)}
GENERATIVE = {"fashion_vae", "fashion_gan", "fashion_dcgan", "fashion_wgan_gp"}
SMALLER_IS_BETTER = {"style_transfer", "tiny_gpt"} | GENERATIVE
DRAWN = {"patients", "flowers", "siamese", "style_transfer", "deep_dream"} | GENERATIVE


def load(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "examples" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", RUNS)
def test_example(name, training_backend, compiled_once, monkeypatch, tmp_path):
    folder, arguments, wanted = RUNS[name]
    if training_backend not in ENGINES[name]:
        pytest.skip(f"runs on {' and '.join(ENGINES[name])}")
    if folder is not None and not (DATA / folder).is_dir():
        pytest.skip(f"the data set {folder} is not beside the project")
    monkeypatch.setenv("KERATA_DATA_DIR", str(DATA))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(ROOT / "examples"))  # where Python looks when it runs one
    reached = load(name).main(**arguments)
    assert reached <= wanted if name in SMALLER_IS_BETTER else reached >= wanted
    if name in DRAWN:
        assert (tmp_path / f"{name}.png").stat().st_size > 5000


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_are_short_and_all_run(path):
    text = path.read_text()
    assert len(text.splitlines()) < 150 and text.startswith('"""')
    assert path.stem in RUNS


def test_readme_example_runs(tmp_path, monkeypatch):
    """The README's program, on a few pictures instead of all."""
    if not (DATA / "mnist").is_dir():
        pytest.skip("the data set mnist is not beside the project")
    monkeypatch.setenv("KERATA_DATA_DIR", str(DATA))
    monkeypatch.chdir(tmp_path)
    readme = (ROOT / "README.md").read_text()
    program = readme.split("```python\n")[1].split("```")[0]
    (train, test) = kerata.datasets.mnist.load_data()
    few = tuple(tuple(array[:600] for array in part) for part in (train, test))
    monkeypatch.setattr(kerata.datasets.mnist, "load_data", lambda: few)
    exec(compile(program, "README.md", "exec"), {})
    assert (tmp_path / "digits.keras").exists()
