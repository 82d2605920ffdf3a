"""Whole models in HDF5: files of Keras 2 that are kept here, and exchange with Keras 3."""

import json
import pathlib

import h5py
import keras
import numpy as np
import pytest

import kerata
from kerata.core.errors import KerataWarning
from kerata.models.legacy_config import modern
from kerata.saving.errors import LoadError
from kerata.saving.inspection import inspect

FIXTURES = pathlib.Path(__file__).parents[1] / "fixtures"
KERAS2, KERAS3 = np.load(FIXTURES / "keras2.npz"), np.load(FIXTURES / "keras3.npz")


def close(actual, expected, tolerance=1e-5):
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)


# -- files that are kept ---------------------------------------------------------------------


def test_a_sequential_model_of_keras_2(backend):
    model = kerata.saving.load_model(FIXTURES / "keras2_sequential.h5")
    close(model.predict(KERAS2["sequential_x"], verbose=0), KERAS2["sequential_predictions"])
    assert model.input_shape == (None, 6) and model.name == "sequential_1"
    assert int(model.optimizer.iterations.numpy()) == 7
    moments = [v.numpy() for v in model.optimizer.variables[2:]]
    for place, name in enumerate(("k1", "b1", "k2", "b2")):
        np.testing.assert_array_equal(moments[2 * place], KERAS2[f"sequential_m_{name}"])
        np.testing.assert_array_equal(moments[2 * place + 1], KERAS2[f"sequential_v_{name}"])


def test_the_next_step_is_that_of_the_formula(training_backend):
    """Adam goes on from the moments in the file; only the last bias is followed by hand."""
    model = kerata.saving.load_model(FIXTURES / "keras2_sequential.h5")
    x, y = KERAS2["sequential_x"], np.array([0, 2, 1, 1, 0])
    model.layers[1].rate = 0.0
    before = model.get_weights()[-1]
    gradient = (KERAS2["sequential_predictions"] - np.eye(3)[y]).mean(0)
    m = 0.9 * KERAS2["sequential_m_b2"] + 0.1 * gradient
    v = 0.999 * KERAS2["sequential_v_b2"] + 0.001 * gradient**2
    rate = 0.01 * np.sqrt(1 - 0.999**8) / (1 - 0.9**8)
    model.train_on_batch(x, y)
    close(model.get_weights()[-1], before - rate * m / (np.sqrt(v) + 1e-7))


def test_a_graph_of_keras_2(backend):
    model = kerata.saving.load_model(FIXTURES / "keras2_functional.hdf5")
    inputs = [KERAS2["functional_a"], KERAS2["functional_b"]]
    close(model.predict(inputs, verbose=0), KERAS2["functional_predictions"])
    rates = [float(model.optimizer.learning_rate)]
    if backend != "numpy":
        for _ in range(2):
            model.train_on_batch(inputs, np.zeros((4, 1)))
            rates.append(float(model.optimizer.learning_rate))
        close(rates, [0.1, 0.1 / 1.01, 0.1 / 1.02])


@pytest.mark.parametrize("name", sorted(path.name for path in FIXTURES.glob("keras2*.h*5")))
def test_structures_of_keras_2_as_text(name):
    """What `model.to_json()` of Keras 2 gave is what its files hold."""
    with h5py.File(FIXTURES / name) as file:
        text = file.attrs["model_config"]
    model = kerata.models.model_from_json(text)
    whole = kerata.saving.load_model(FIXTURES / name)
    assert model.output_shape == whole.output_shape
    assert [w.shape for w in model.weights] == [w.shape for w in whole.weights]


def test_text_of_keras_2(backend):
    model = kerata.saving.load_model(FIXTURES / "keras2_text.h5")
    close(model.predict(KERAS2["text_x"], verbose=0), KERAS2["text_predictions"])
    assert model.optimizer is None


@pytest.mark.parametrize("name", ["keras3.keras", "keras3.h5"])
def test_models_of_keras_3(backend, name):
    model = kerata.saving.load_model(FIXTURES / name)
    close(model.predict(KERAS3["x"], verbose=0), KERAS3["predictions"])
    assert int(model.optimizer.iterations.numpy()) == KERAS3["iterations"]
    again = kerata.saving.load_model(FIXTURES / name, compile=False)
    assert again.optimizer is None
    again.load_weights(FIXTURES / "keras3.weights.h5")
    close(again.predict(KERAS3["x"], verbose=0), KERAS3["predictions"])


# -- exchange with Keras 3 ---------------------------------------------------------------------

X = np.random.default_rng(0).normal(size=(16, 5)).astype("float32")
Y = X[:, :2] * 2


def deep(k):
    """A model in a model, an op between layers, frozen weights, named metrics."""
    layers = k.layers
    inner = k.Sequential(
        [layers.Input((5,)), layers.Dense(3), layers.BatchNormalization()], name="inner"
    )
    inner.layers[0].trainable = False
    inputs = k.Input((5,))
    x = layers.PReLU()(inner(inputs) + 1.0)
    return k.Model(inputs, layers.Dense(2, name="out", kernel_regularizer="l2")(x))


def sequence(k):
    layers = k.layers
    return k.Sequential(
        [
            layers.Input((5,)),
            layers.Reshape((5, 1)),
            layers.Bidirectional(layers.GRU(3, return_sequences=True)),
            layers.TimeDistributed(layers.Dense(2, activation="tanh")),
            layers.GlobalAveragePooling1D(),
        ]
    )


MODELS = {"deep": deep, "sequence": sequence}
OPTIMIZERS = ("SGD", "Adam", "RMSprop", "Adagrad", "Adamax", "Nadam", "Ftrl", "Adadelta")


def trained(k, make, optimizer="Adam"):
    model = MODELS[make](k)
    model.compile(
        getattr(k.optimizers, optimizer)(0.01),
        k.losses.MeanSquaredError(),
        metrics=[k.metrics.RootMeanSquaredError(name="rmse")],
    )
    for _ in range(2):
        model.train_on_batch(X, Y)
    return model


@pytest.mark.parametrize("name", MODELS)
def test_files_of_keras_are_read(name, tmp_path, backend):
    theirs = trained(keras, name)
    theirs.save(tmp_path / "m.h5")
    ours = kerata.saving.load_model(tmp_path / "m.h5")
    close(ours.predict(X, verbose=0), theirs.predict(X, verbose=0))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_training_begun_in_keras_goes_on(optimizer, tmp_path):
    theirs = trained(keras, "deep", optimizer)
    theirs.save(tmp_path / "m.h5")
    ours = kerata.saving.load_model(tmp_path / "m.h5")
    for model in (theirs, ours):
        for _ in range(2):
            model.train_on_batch(X, Y)
    close(ours.predict(X, verbose=0), theirs.predict(X, verbose=0), 1e-4)
    found, expected = (m.evaluate(X, Y, verbose=0, return_dict=True) for m in (ours, theirs))
    close(found["rmse"], expected["rmse"], 1e-4)


@pytest.mark.parametrize("ending", [".h5", ".hdf5"])
@pytest.mark.parametrize("name", MODELS)
def test_keras_reads_our_files(name, ending, tmp_path):
    """Keras predicts the same. It cannot train such a model on, not even one of its own."""
    ours = trained(kerata, name)
    ours.save(tmp_path / f"m{ending}")
    theirs = keras.saving.load_model(tmp_path / f"m{ending}")
    close(theirs.predict(X, verbose=0), ours.predict(X, verbose=0))


@pytest.mark.parametrize("losses", ["mse", ["mse"], {"out": "mse"}])
def test_our_files_go_on_here(losses, tmp_path):
    ours = deep(kerata)
    ours.compile("adam", losses, metrics=["mae", "accuracy"])
    ours.train_on_batch(X, Y)
    ours.save(tmp_path / "m.h5")
    keras.saving.load_model(tmp_path / "m.h5")
    again = kerata.saving.load_model(tmp_path / "m.h5")
    for model in (ours, again):
        model.train_on_batch(X, Y)
    for a, b in zip(ours.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert set(again.evaluate(X, Y, verbose=0, return_dict=True)) == {"loss", "mae", "accuracy"}


def test_a_file_is_replaced_only_if_asked(tmp_path):
    model = deep(kerata)
    model.save(tmp_path / "m.h5")
    with pytest.raises(FileExistsError):
        model.save(tmp_path / "m.h5", overwrite=False)
    with pytest.raises(ValueError, match="no weights yet"):
        kerata.Sequential([kerata.layers.Dense(2)]).save(tmp_path / "n.h5")
    assert not (tmp_path / "n.h5").exists()


def test_many_names_are_kept_in_several_attributes(tmp_path):
    names = [f"{'long' * 60}_{i}" for i in range(400)]
    ours = kerata.Sequential(
        [kerata.Input((1,)), *(kerata.layers.Dense(1, name=name) for name in names)]
    )
    ours.save(tmp_path / "m.h5")
    again = kerata.saving.load_model(tmp_path / "m.h5")
    assert [layer.name for layer in again.layers] == names
    with h5py.File(tmp_path / "m.h5") as file:
        assert "layer_names1" in file["model_weights"].attrs


# -- weights ---------------------------------------------------------------------------------


def head(classes=3, name="classes"):
    layers = [kerata.layers.Dense(4, name="hidden"), kerata.layers.Dense(classes, name=name)]
    return kerata.Sequential([kerata.Input((6,)), *layers])


@pytest.fixture(scope="module")
def old_weights(tmp_path_factory):
    """Weights alone, in the layout of Keras 2: a group per layer."""
    path = tmp_path_factory.mktemp("old") / "weights.h5"
    rng = np.random.default_rng(0)
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"hidden", b"drop", b"classes"]
        for layer, shape in (("hidden", (6, 4)), ("drop", None), ("classes", (4, 3))):
            group = file.create_group(layer)
            names = [f"{layer}/kernel:0", f"{layer}/bias:0"] if shape else []
            group.attrs["weight_names"] = np.array(names, "S")
            for name, size in zip(names, (shape, shape and shape[1:]), strict=False):
                group[name] = rng.normal(size=size).astype("float32")
    return path


def test_weights_of_keras_2(old_weights):
    model = head()
    model.load_weights(old_weights)
    with h5py.File(old_weights) as file:
        np.testing.assert_array_equal(model.get_weights()[2], file["classes/classes/kernel:0"])


def test_weights_by_name_tell_what_was_left_out(old_weights):
    model = head(name="other")
    before = model.get_weights()
    with pytest.warns(KerataWarning, match="(?s)1 layers.*as they are: 'other'.*used: 'classes'"):
        model.load_weights(old_weights, by_name=True)
    after = model.get_weights()
    assert not np.array_equal(before[0], after[0]) and np.array_equal(before[2], after[2])
    with pytest.raises(LoadError, match=r"'classes' where the model has 'other'.*by='position'"):
        model.load_weights(old_weights)
    model.load_weights(old_weights, by="position")
    assert not np.array_equal(before[2], model.get_weights()[2])


def test_shapes_that_differ_are_a_table(old_weights):
    model = head(classes=7)
    before = model.get_weights()
    with pytest.raises(LoadError, match=r"(?s)2 arrays.*classes/0 +float32 \(4, 3\) +float32 \(4"):
        model.load_weights(old_weights)
    np.testing.assert_array_equal(before[0], model.get_weights()[0])
    with pytest.warns(KerataWarning, match="They were skipped"):
        model.load_weights(old_weights, skip_mismatch=True)
    assert not np.array_equal(before[0], model.get_weights()[0])
    np.testing.assert_array_equal(before[2], model.get_weights()[2])


def test_another_number_of_layers_is_told(old_weights):
    model = kerata.Sequential([kerata.Input((6,)), kerata.layers.Dense(4, name="hidden")])
    with pytest.raises(LoadError, match="2 layers with weights .'hidden', 'classes'.*by_name=True"):
        model.load_weights(old_weights)
    with pytest.raises(LoadError, match=r"no configuration of a model.*load_weights"):
        kerata.saving.load_model(old_weights)


def test_by_name_is_for_old_files(tmp_path):
    model = head()
    model.save_weights(tmp_path / "m.weights.h5")
    model.save(tmp_path / "m.keras")
    for name in ("m.weights.h5", "m.keras"):
        with pytest.raises(ValueError, match="Keras 1 and 2"):
            model.load_weights(tmp_path / name, by_name=True)


def test_weights_of_a_whole_file(tmp_path):
    model, other = head(), head()
    model.save(tmp_path / "m.h5")
    other.load_weights(tmp_path / "m.h5")
    np.testing.assert_array_equal(model.get_weights()[0], other.get_weights()[0])


# -- what is in them, and what is refused --------------------------------------------------------


def test_old_files_are_inspected():
    report = inspect(FIXTURES / "keras2_sequential.h5")
    assert report.model == "Sequential 'sequential_1'"
    assert report.versions["keras_version"] == "2.4.0"
    assert report.compiled == {"optimizer": "Adam", "loss": "sparse_categorical_crossentropy",
                               "metrics": "accuracy"}  # fmt: skip
    shapes = {part.name: [shape for shape, _ in part.arrays] for part in report.parts}
    assert shapes["dense_1"] == [(6, 4), (4,)] and shapes["dense_2"] == [(4, 3), (3,)]


def changed(tmp_path, **attributes):
    path = tmp_path / "m.h5"
    path.write_bytes((FIXTURES / "keras2_sequential.h5").read_bytes())
    with h5py.File(path, "r+") as file:
        for name, value in attributes.items():
            file.attrs[name] = value
    return path


@pytest.mark.parametrize(
    "config, message",
    [
        ("{", "Expecting"),
        ("[]", "an object was expected"),
        ('{"class_name": "Sequential", "config": 3}', "m.h5"),
        ('{"class_name": "Sequential", "config": {"layers": [3]}}', "m.h5"),
        ('{"class_name": "Sequential", "config": {"layers": [{"class_name": "os.system", '
         '"config": {}}]}}', "os.system"),
        ('{"class_name": "TFOpLambda", "config": {}}', "Save the model with Keras 3"),
        ('{"class_name": "Sequential", "config": {"layers": [{"class_name": "Lambda", "config": '
         '{"function": ["4wEAAAA=", null, null], "function_type": "lambda"}}]}}', "m.h5"),
        ('{"class_name": "Dense", "config": {"units": 3}}', "not a model"),
    ],
    ids=range(8),
)  # fmt: skip
def test_configurations_are_held_to_the_rules(tmp_path, config, message):
    with pytest.raises(LoadError, match=message):
        kerata.saving.load_model(changed(tmp_path, model_config=config))


def test_weights_are_held_to_the_rules(tmp_path):
    path = changed(tmp_path)
    with h5py.File(path, "r+") as file:
        del file["model_weights/dense_1/dense_1/kernel:0"]
    with pytest.raises(LoadError, match=r"the array 'dense_1/kernel:0' is missing"):
        kerata.saving.load_model(path)
    with h5py.File(path, "r+") as file:
        file["model_weights/dense_1/dense_1/kernel:0"] = h5py.ExternalLink("/etc/passwd", "x")
    with pytest.raises(LoadError, match="only hard links"):
        kerata.saving.load_model(path)


def test_a_state_that_is_not_understood_starts_anew(tmp_path):
    path = changed(tmp_path)
    with h5py.File(path, "r+") as file:
        names = file["optimizer_weights"].attrs["weight_names"]
        file["optimizer_weights"].attrs["weight_names"] = names[:-1]
    with pytest.warns(KerataWarning, match=r"optimizer Adam \(8 arrays\).*starts anew"):
        model = kerata.saving.load_model(path)
    assert int(model.optimizer.iterations.numpy()) == 0


def test_old_words_are_read():
    config = modern(
        {
            "class_name": "BatchNormalizationV1",
            "config": {"name": "b", "dtype": {"class_name": "Policy", "config": {"name": "x"}}},
        }
    )
    assert config == {"class_name": "BatchNormalization", "config": {"name": "b", "dtype": "x"}}
    gru = {"class_name": "GRU", "config": {"units": 3, "time_major": False, "implementation": 2}}
    assert modern(gru)["config"] == {"units": 3, "reset_after": False}
    own = {"class_name": "Mine", "config": {"input_length": 3}}
    assert modern(own)["config"] == {"input_length": 3}
    loss = {"class_name": "MeanSquaredError", "config": {"reduction": "auto"}}
    assert modern(loss)["config"]["reduction"] == "sum_over_batch_size"
    old = json.dumps({"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {
        "name": "d", "units": 2, "batch_input_shape": [None, 3]}}]})  # fmt: skip
    layers = modern(json.loads(old))["config"]["layers"]
    assert [layer["class_name"] for layer in layers] == ["InputLayer", "Dense"]
    assert layers[0]["config"]["batch_shape"] == [None, 3]
