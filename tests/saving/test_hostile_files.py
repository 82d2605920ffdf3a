"""Files that were made or changed to do harm: each is refused as such, or is a harmless model.

A refusal is a LoadError of at most 1,000 characters. Whatever the file, nothing else is opened,
no process or connection is begun, and no more memory is taken than the file can explain.
"""

import copy
import io
import json
import pathlib
import sys
import tracemalloc
import warnings
import zipfile

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import kerata
from kerata import layers
from kerata.saving import LoadError

MEBIBYTE = 2**20


# -- files to change -------------------------------------------------------------------------


def compiled():
    inputs = kerata.Input((4,), name="a")
    x = layers.Dense(3, "relu", kernel_regularizer="l2")(inputs)
    x = layers.BatchNormalization()(x)
    model = kerata.Model(inputs, layers.Add()([x, layers.Dropout(0.5)(x)]))
    schedule = kerata.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    model.compile(kerata.optimizers.Adam(schedule), "mse", metrics=["mae"])
    model.fit(np.ones((4, 4)), np.zeros((4, 3)), verbose=0)
    return model


def of_pictures():
    return kerata.Sequential([
        kerata.Input((6, 6, 1)), layers.Conv2D(2, 3, padding="same"), layers.MaxPooling2D(),
        layers.Flatten(), layers.Dense(1),
    ])  # fmt: skip


def of_sequences():
    return kerata.Sequential([
        kerata.Input((5,)), layers.Embedding(10, 4, mask_zero=True),
        layers.Bidirectional(layers.LSTM(3)),
    ])  # fmt: skip


def of_texts():
    return kerata.Sequential([
        kerata.Input((1,), dtype="string"),
        layers.StringLookup(vocabulary=["a", "b"], output_mode="one_hot"), layers.Dense(1),
    ])  # fmt: skip


def with_attention():
    inputs = kerata.Input((4, 3))
    return kerata.Model(inputs, layers.MultiHeadAttention(2, 2)(inputs, inputs))


def with_ops():
    inputs = kerata.Input((4, 3))
    x = kerata.ops.concatenate([inputs[:, 1:], kerata.ops.relu(inputs) * 2.0], axis=1)
    return kerata.Model(inputs, kerata.ops.reshape(kerata.ops.mean(x, axis=1), (-1, 3, 1)))


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """The members of sound files, of one model each."""
    path = tmp_path_factory.mktemp("sound") / "m.keras"
    found = []
    with kerata.use_backend("jax"):
        for make in (compiled, of_pictures, of_sequences, of_texts, with_attention, with_ops):
            make().save(path)
            with zipfile.ZipFile(path) as archive:
                found.append({name: archive.read(name) for name in archive.namelist()})
    return found


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return str(tmp_path_factory.mktemp("hostile") / "m.keras")


def write(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


# -- what loading may do ---------------------------------------------------------------------

_events = None


def _note(event, arguments):
    if _events is None:
        return
    if event == "open" and isinstance(arguments[0], str):
        _events.append(arguments[0])
    elif event.startswith(("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn")):
        _events.append(event)


sys.addaudithook(_note)  # one cannot be taken away again, so it is asleep most of the time


def load(path):
    """Load a file; return the model, or None if it was refused as it should be."""
    global _events
    with warnings.catch_warnings(), kerata.use_backend("jax"):
        warnings.simplefilter("ignore")
        _events = []
        try:
            return kerata.saving.load_model(path)
        except LoadError as error:
            assert path in str(error) and len(str(error)) <= 1000
            return None
        finally:
            events, _events = _events, None
            code = (".py", ".pyc", ".so")  # modules of the project that are loaded when used
            assert not [e for e in events if e != path and not e.endswith(code) and not own(e)]


def own(path):
    """Tell whether a file is in a folder that loading has made for the files of layers."""
    return path.endswith("vocabulary.txt") and "/tmp" in path


# -- changed configurations ------------------------------------------------------------------

VALUES = [
    None, True, False, 0, -1, 1, 2**31, 2**40, 2**62, 1e308, -1e308, 1e-320, "", "x", "a" * 5000,
    "../../etc/passwd", "/etc/passwd", "http://127.0.0.1/x", "relu", "Dense", "keras.layers",
    "builtins", "os", "system", [], {}, [[[]]], [None], [2**40, 2**40], [1] * 2000, "float13",
    "int4", "channels_first", "\0", "\U0001f600",
    {"module": "keras.layers", "class_name": "Dense", "config": {"units": 2**40},
     "registered_name": None},
    {"class_name": "__lambda__", "config": {"code": "4wAA"}},
    {"module": "builtins", "class_name": "function", "config": "eval",
     "registered_name": "function"},
    {"module": "os", "class_name": "system", "config": {}, "registered_name": "system"},
    {"class_name": "__tensor__", "config": {"value": [1], "dtype": "float32"}},
    {"class_name": "__numpy__", "config": {"value": [1], "dtype": "object"}},
    {"class_name": "slice", "config": [1]},
]  # fmt: skip


def places(value, path=()):
    """Yield the path of every value in nested dicts and lists, but of the outermost."""
    if not isinstance(value, (dict, list)):
        return
    for key in value if isinstance(value, dict) else range(len(value)):
        yield (*path, key)
        yield from places(value[key], (*path, key))


def at(value, path):
    for key in path:
        value = value[key]
    return value


def changed(config, random):
    """Return a copy in which one to three values are replaced, moved, removed or added."""
    config = copy.deepcopy(config)
    for _ in range(random.randint(1, 3)):
        everywhere = list(places(config))
        *way, last = random.choice(everywhere)
        inside = at(config, way)
        how = random.choice(("replace", "replace", "replace", "move", "remove", "add"))
        if how == "replace":
            inside[last] = copy.deepcopy(random.choice(VALUES))
        elif how == "move":
            inside[last] = copy.deepcopy(at(config, random.choice(everywhere)))
        elif how == "remove":
            del inside[last]
        elif isinstance(inside, dict):
            inside["added"] = copy.deepcopy(random.choice(VALUES))
        else:
            inside.append(copy.deepcopy(random.choice(VALUES)))
    return config


SHARED_FIXTURES = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(max_examples=400, deadline=None, suppress_health_check=SHARED_FIXTURES)
@given(which=st.integers(0, 5), random=st.randoms(use_true_random=False))
def test_changed_configurations(sound, file, which, random):
    members = dict(sound[which])
    config = changed(json.loads(members["config.json"]), random)
    write(file, {**members, "config.json": json.dumps(config)})
    load(file)


FIXTURES = pathlib.Path(__file__).parents[1] / "fixtures"
OLD = ("keras2_sequential.h5", "keras2_functional.hdf5", "keras2_text.h5", "keras3.h5")


@settings(max_examples=150, deadline=None, suppress_health_check=SHARED_FIXTURES)
@given(name=st.sampled_from(OLD), random=st.randoms(use_true_random=False))
def test_changed_configurations_of_old_files(file, name, random):
    pathlib.Path(file).write_bytes((FIXTURES / name).read_bytes())
    with h5py.File(file, "r+") as opened:
        attribute = random.choice([a for a in opened.attrs if a.endswith("_config")])
        told = json.loads(opened.attrs[attribute])
        opened.attrs[attribute] = json.dumps(changed(told, random))
    load(file)


def bytes_of_numbers(weights):
    """Return the places in an HDF5 file at which the numbers of layers stand.

    Of what is around them libhdf5 itself makes sense, or does not, before anybody else sees it.
    """
    found = []

    def note(name, item):
        if isinstance(item, h5py.Dataset) and name.startswith("layers/"):
            start = item.id.get_offset()
            found.extend(range(start, start + item.nbytes))

    with h5py.File(io.BytesIO(weights), "r") as opened:
        opened.visititems(note)
    return found


@settings(max_examples=50, deadline=None, suppress_health_check=SHARED_FIXTURES)
@given(which=st.integers(0, 4), random=st.randoms(use_true_random=False))
def test_changed_numbers_are_noticed(sound, file, which, random):
    members = dict(sound[which])
    weights = bytearray(members["model.weights.h5"])
    for place in random.sample(bytes_of_numbers(bytes(weights)), random.randint(1, 3)):
        weights[place] ^= 1 << random.randrange(8)
    write(file, {**members, "model.weights.h5": bytes(weights)})
    assert load(file) is None


# -- files that were made to do harm ---------------------------------------------------------


def set_at(*path, value):
    def change(members):
        config = json.loads(members["config.json"])
        at(config, path[:-1])[path[-1]] = value
        members["config.json"] = json.dumps(config)

    return change


def text(content):
    return lambda members: members.update({"config.json": content})


def huge_array(members):
    file = io.BytesIO(members["model.weights.h5"])
    with h5py.File(file, "r+") as opened:
        del opened["layers/dense/vars/0"]
        # 4 GB of zeros that no byte is stored for
        opened.create_dataset("layers/dense/vars/0", (2**15, 2**15), "float32", chunks=(64, 64))
    members["model.weights.h5"] = file.getvalue()


LAYERS = ("config", "layers")
#: which of the models, and what is changed in its file
HOSTILE = {
    "units": (0, set_at(*LAYERS, 1, "config", "units", value=2**40)),
    "input": (0, set_at(*LAYERS, 0, "config", "batch_shape", value=[None, 2**40])),
    "filters": (1, set_at(*LAYERS, 1, "config", "filters", value=2**40)),
    "words": (2, set_at(*LAYERS, 1, "config", "input_dim", value=2**40)),
    "out of vocabulary": (3, set_at(*LAYERS, 1, "config", "num_oov_indices", value=2**31)),
    "heads": (4, set_at(*LAYERS, 1, "config", "num_heads", value=2**40)),
    "no shape": (0, set_at(*LAYERS, 1, "build_config", value={"input_shape": [None, -5]})),
    "array": (0, huge_array),
    "nested": (0, text("[" * 100_000 + "]" * 100_000)),
    "nested in the layers": (0, text('{"config":' * 1000 + "1" + "}" * 1000)),
    "digits": (0, text('{"config": {"layers": ' + "9" * 100_000 + "}}")),
    "twice": (0, text('{"config": {}, "config": {}}')),
    "no number": (0, text('{"config": {"x": NaN}}')),
    "no text": (0, lambda members: members.update({"config.json": b"\xff\xfe\x00"})),
    "same name": (0, set_at(*LAYERS, 1, "config", "name", value="a")),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_refused_within_bounds(sound, file, case):
    which, change = HOSTILE[case]
    members = dict(sound[which])
    change(members)
    write(file, members)
    tracemalloc.start()
    try:
        assert load(file) is None
        assert tracemalloc.get_traced_memory()[1] < 64 * MEBIBYTE
    finally:
        tracemalloc.stop()


def test_no_path_of_a_vocabulary_is_opened(sound, file, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("a\nb\n")
    members = dict(sound[3])
    set_at(*LAYERS, 1, "config", "vocabulary", value=str(secret))(members)
    write(file, members)
    load(file)  # asserts that nothing else was opened
    for made in (layers.StringLookup, layers.TextVectorization):
        config = {**made(vocabulary=["a"]).get_config(), "vocabulary": str(secret)}
        assert len(made.from_config(config).get_vocabulary()) < 3
