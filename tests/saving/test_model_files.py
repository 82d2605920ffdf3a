"""Models in files: round trips, exact continuation, refusals that change nothing."""

import json
import os
import subprocess
import sys
import zipfile

import h5py
import numpy as np
import pytest

import kerata
from kerata.core.errors import KerataWarning
from kerata.saving import LoadError

layers = kerata.layers


def small(units=3, name=None):
    return kerata.Sequential(
        [
            layers.Input((6,)),
            layers.Dense(4, activation="relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.5),
            layers.Dense(units, activation="softmax"),
        ],
        name=name,
    )


def data(seed=0, n=16):
    random = np.random.default_rng(seed)
    return random.normal(size=(n, 6)).astype("float32"), random.integers(0, 3, n)


def compiled(model):
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(model, seed=0):
    x, y = data(seed)
    return model.fit(x, y, batch_size=8, epochs=1, shuffle=False, verbose=0).history


def assert_same_weights(a, b):
    assert [v.shape for v in a.variables] == [v.shape for v in b.variables]
    for one, other in zip(a.variables, b.variables, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy(), err_msg=one.path)


def test_round_trip_predicts_the_same(tmp_path, backend):
    model = small()
    model.save(tmp_path / "m.keras")
    again = kerata.saving.load_model(tmp_path / "m.keras")
    assert type(again) is type(model) and again.name == model.name
    assert again.get_config() == model.get_config()
    x, _ = data()
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
    assert os.listdir(tmp_path) == ["m.keras"]


def test_training_goes_on_exactly(tmp_path, training_backend):
    model = compiled(small())
    train(model)
    model.save(tmp_path / "m.keras")
    again = kerata.saving.load_model(tmp_path / "m.keras")
    assert int(again.optimizer.iterations.numpy()) == 2
    assert train(model, 1) == train(again, 1), "history differs"
    assert_same_weights(model, again)
    for one, other in zip(model.optimizer.variables, again.optimizer.variables, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_without_compile(tmp_path):
    model = compiled(small())
    train(model)
    model.save(tmp_path / "m.keras")
    again = kerata.saving.load_model(tmp_path / "m.keras", compile=False)
    assert getattr(again, "optimizer", None) is None
    np.testing.assert_array_equal(again.get_weights()[0], model.get_weights()[0])


def test_weights_alone(tmp_path, backend):
    model, other = small(), small()
    model.save_weights(tmp_path / "m.weights.h5")
    other.load_weights(tmp_path / "m.weights.h5")
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_weights_between_backends(tmp_path):
    with kerata.use_backend("torch"):
        torch_model = small()
        torch_model.save(tmp_path / "m.keras")
        x, _ = data()
        expected = torch_model.predict(x, verbose=0)
    with kerata.use_backend("jax"):
        found = kerata.saving.load_model(tmp_path / "m.keras").predict(x, verbose=0)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_mismatch_is_a_table_and_changes_nothing(tmp_path):
    small(units=5).save_weights(tmp_path / "m.weights.h5")
    model = small(units=3)
    before = model.get_weights()
    with pytest.raises(LoadError) as error:
        model.load_weights(tmp_path / "m.weights.h5")
    text = str(error.value)
    assert "layers/dense_1/vars/0" in text and "(4, 5)" in text and "(4, 3)" in text
    assert len(text) < 1000
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_skip_mismatch_loads_the_rest(tmp_path):
    source = small(units=5)
    source.save_weights(tmp_path / "m.weights.h5")
    model = small(units=3)
    last = model.layers[-1].get_weights()
    with pytest.warns(KerataWarning, match="layers/dense_1/vars/0"):
        model.load_weights(tmp_path / "m.weights.h5", skip_mismatch=True)
    np.testing.assert_array_equal(model.get_weights()[0], source.get_weights()[0])
    np.testing.assert_array_equal(model.layers[-1].get_weights()[0], last[0])


def test_objects_to_skip(tmp_path):
    source, model = small(), small()
    source.save_weights(tmp_path / "m.weights.h5")
    before = model.layers[0].get_weights()[0]
    model.load_weights(tmp_path / "m.weights.h5", objects_to_skip=[model.layers[0]])
    np.testing.assert_array_equal(model.layers[0].get_weights()[0], before)
    np.testing.assert_array_equal(model.layers[-1].get_weights()[0],
                                  source.layers[-1].get_weights()[0])


def test_other_optimizer_starts_anew(tmp_path):
    model = compiled(small())
    train(model)
    model.save_weights(tmp_path / "m.weights.h5")
    other = small()
    other.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.warns(KerataWarning, match="starts anew"):
        other.load_weights(tmp_path / "m.weights.h5")
    np.testing.assert_array_equal(other.get_weights()[0], model.get_weights()[0])


def test_not_finite_weights_warn(tmp_path):
    model = small()
    model.layers[0].kernel.assign(np.full((6, 4), np.nan))
    model.save(tmp_path / "m.keras")
    with pytest.warns(KerataWarning, match="layers/dense/vars/0"):
        kerata.saving.load_model(tmp_path / "m.keras")


@kerata.saving.register_keras_serializable("tests_model_files")
class Twice(kerata.Model):
    """A subclass with layers in attributes, lists and dictionaries."""

    def __init__(self, width=3, **kwargs):
        super().__init__(**kwargs)
        self.width = width
        self.blocks = [layers.Dense(width), {"b": layers.Dense(width), "a": layers.Dense(width)}]
        self._hidden = layers.Dense(2)

    def call(self, inputs):
        x = self.blocks[0](inputs)
        return self._hidden(self.blocks[1]["a"](x) + self.blocks[1]["b"](x))


def test_subclassed_model(tmp_path, backend):
    model = Twice()
    x, _ = data()
    expected = model(x)
    model.save(tmp_path / "m.keras")
    again = kerata.saving.load_model(tmp_path / "m.keras")
    assert again.width == 3
    np.testing.assert_array_equal(
        kerata.ops.convert_to_numpy(again(x)), kerata.ops.convert_to_numpy(expected)
    )


@kerata.saving.register_keras_serializable("tests_model_files")
class Joined(kerata.Model):
    """A subclass whose call takes two tensors."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.left, self.right = layers.Dense(2), layers.Dense(2)

    def call(self, first, second):
        return self.left(first) + self.right(second)


def test_subclass_of_two_arguments(tmp_path):
    model = Joined()
    x, _ = data()
    expected = model(x, x[:, :3])
    model.save(tmp_path / "m.keras")
    again = kerata.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(again(x, x[:, :3]), expected)


@kerata.saving.register_keras_serializable("tests_model_files")
class Counter(layers.Layer):
    """A layer that writes and reads a state of its own."""

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(), name="kernel")
        self.seen = 0

    def call(self, inputs):
        return inputs * self.kernel

    def save_own_variables(self, store):
        super().save_own_variables(store)
        store["seen"] = np.array(self.seen)

    def load_own_variables(self, store):
        self.seen = int(store["seen"])
        self.kernel.assign(store["0"])


def test_own_state_of_a_layer(tmp_path):
    model = kerata.Sequential([layers.Input((2,)), Counter()])
    model.layers[0].seen = 41
    model.save(tmp_path / "m.keras")
    again = kerata.saving.load_model(tmp_path / "m.keras")
    assert again.layers[0].seen == 41
    assert_same_weights(model, again)


def test_variables_made_to_be_trained_come_first(tmp_path):
    class Mixed(layers.Layer):
        def build(self, input_shape):
            self.fixed = self.add_weight(shape=(1,), trainable=False, name="fixed")
            self.free = self.add_weight(shape=(2,), name="free")

        def call(self, inputs):
            return inputs

    model = kerata.Sequential([layers.Input((2,)), Mixed()])
    frozen = kerata.Sequential([layers.Input((2,)), Mixed(trainable=False)])
    cases = ((model, True), (model, False), (frozen, False), (frozen, True))
    for model, trainable in cases:
        model.trainable = trainable
        assert len(model.trainable_variables) == trainable
        model.save_weights(tmp_path / "m.weights.h5")
        with h5py.File(tmp_path / "m.weights.h5") as file:
            group = file["layers/mixed/vars"]
            assert [group[key].shape for key in "01"] == [(2,), (1,)]


@pytest.mark.parametrize("width", [3, 1000], ids=["small", "large"])  # of 4 MB
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_each_array_is_checked(tmp_path, width, method):
    path = tmp_path / "m.keras"
    model = kerata.Sequential([kerata.Input((width,)), layers.Dense(width)])
    model.save(path)
    kernel = model.weights[0].numpy().tobytes()

    def damage(content):
        place = content.index(kernel) + len(kernel) // 2
        return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]

    with_member(path, "model.weights.h5", lambda content: content, method)
    assert_same_weights(kerata.saving.load_model(path), model)
    with_member(path, "model.weights.h5", damage, method)
    with pytest.raises(LoadError, match="dense/vars/0: the data does not match its checksum"):
        kerata.saving.load_model(path)


# --- what is refused ----------------------------------------------------------------------


def with_config(path, change):
    """Write a sound model file whose configuration is changed."""

    def in_member(content):
        config = json.loads(content)
        return json.dumps(change(config) or config).encode()

    small().save(path)
    with_member(path, "config.json", in_member)


def with_member(path, name, change, method=zipfile.ZIP_STORED):
    """Change a member of an archive, which is a sound one again."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts[name] = change(parts[name])
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def set_in_layer(index, **changes):
    def change(config):
        config["config"]["layers"][index].update(changes)

    return change


def set_units(value):
    def change(config):
        config["config"]["layers"][-1]["config"]["units"] = value

    return change


@pytest.mark.parametrize(
    "change, message",
    [
        (set_in_layer(1, module="os", class_name="system", registered_name="system"), "'system'"),
        (set_in_layer(1, class_name="Dence"), "Did you mean 'Dense'"),
        (set_in_layer(1, class_name="../../x"), "Unknown class"),
        (set_in_layer(1, config={"units": 4, "evil": 1}), "evil"),
        (set_in_layer(1, config=None), "must be a dict"),
        (set_units(5), "layers/dense_1/vars/0"),
        (set_units(-1), "units"),
        (set_units("4"), "units"),
        (lambda config: [1], "configuration of a model"),
        (lambda config: {**config, "config": {"layers": 3}}, "config.json"),
        (lambda config: config["config"]["layers"][0], "not a model"),
    ],
)
def test_refused_configurations(tmp_path, change, message):
    path = tmp_path / "m.keras"
    with_config(path, change)
    with pytest.raises(LoadError, match=message) as error:
        kerata.saving.load_model(path)
    assert str(path) in str(error.value) and len(str(error.value)) <= 1000


def lambda_config(config):
    function = {"class_name": "__lambda__", "config": {"code": "4wAA", "defaults": None}}
    config["config"]["layers"][2] = {
        "module": "keras.layers",
        "class_name": "Lambda",
        "config": {"name": "lambda", "function": function},
        "registered_name": None,
    }


@pytest.mark.parametrize("safe_mode", [True, False])
def test_code_in_a_file_is_never_run(tmp_path, safe_mode):
    path = tmp_path / "m.keras"
    with_config(path, lambda_config)
    with pytest.raises(LoadError, match="never run"):
        kerata.saving.load_model(path, safe_mode=safe_mode)


@pytest.mark.parametrize("loss", [{"made": "up"}, "no_such_loss"])
def test_unknown_loss_is_refused_unless_not_compiled(tmp_path, loss):
    path = tmp_path / "m.keras"
    with_config(path, lambda c: {**c, "compile_config": {"optimizer": "adam", "loss": loss}})
    with pytest.raises(ValueError):
        kerata.saving.load_model(path)
    assert kerata.saving.load_model(path, compile=False).built


AUDIT = """
import sys, kerata
kerata.Sequential([kerata.layers.Input((3,)), kerata.layers.Dense(2)]).save(sys.argv[1])
kerata.saving.load_model(sys.argv[1])
opened = []
def note(event, arguments):
    if event == "open" and not str(arguments[0]).endswith((".py", ".pyc", ".so")):
        opened.append(str(arguments[0]))
    if event.startswith(("socket.", "subprocess.", "os.system", "os.exec")) or event == "exec":
        opened.append(event)
sys.addaudithook(note)
kerata.saving.load_model(sys.argv[1])
print(sorted(set(opened) - {sys.argv[1]}))
"""


def test_loading_opens_one_file_and_no_socket(tmp_path):
    path = str(tmp_path / "m.keras")
    done = subprocess.run(
        [sys.executable, "-c", AUDIT, path], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda m: m.save("m.txt"), r"end in \.keras"),
        (lambda m: m.save("m.keras", zipped=False), "zipped"),
        (lambda m: m.save_weights("m.h5"), r"end in \.weights\.h5"),
        (lambda m: m.save_weights("m.weights.h5", max_shard_size=1.0), "max_shard_size"),
        (lambda m: m.load_weights("m.txt"), "must end in"),
    ],
)
def test_refused_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call(small())


def test_overwrite(tmp_path):
    model = small()
    model.save(tmp_path / "m.keras")
    with pytest.raises(FileExistsError):
        model.save(tmp_path / "m.keras", overwrite=False)
    model.save(tmp_path / "m.keras")


def test_missing_files(tmp_path):
    with pytest.raises(FileNotFoundError):
        kerata.saving.load_model(tmp_path / "m.keras")
    with pytest.raises(FileNotFoundError):
        small().load_weights(tmp_path / "m.weights.h5")


def test_unbuilt_model_has_no_weights(tmp_path):
    with pytest.raises(ValueError, match="no weights yet"):
        kerata.Sequential([layers.Dense(2)]).save_weights(tmp_path / "m.weights.h5")
