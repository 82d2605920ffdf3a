"""Small namespaces: settings, questions about dtypes, registered objects, older names."""

import keras
import numpy as np
import pytest

import kerata
from kerata import config, utils


def test_ops_that_numpy_has():
    assert kerata.ops.numpy.add is kerata.ops.add
    assert set(kerata.ops.numpy.__all__) <= set(dir(kerata.ops.numpy)) & set(kerata.ops.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'softmax'"):
        kerata.ops.numpy.softmax  # noqa: B018


@pytest.mark.parametrize(
    "dtypes",
    [("int32", "float16"), (int, "float16"), (), ("int8", float), (np.uint8, "int8")],
)
def test_result_type_is_that_of_keras(dtypes):
    assert kerata.backend.result_type(*dtypes) == keras.backend.result_type(*dtypes)


@pytest.mark.parametrize(
    "dtype", ["float16", "bfloat16", "int8", "uint8", "bool", "complex64", np.float32, np.int64]
)
def test_questions_about_dtypes(dtype):
    for name in ("is_float_dtype", "is_int_dtype", "standardize_dtype"):
        assert getattr(kerata.backend, name)(dtype) == getattr(keras.backend, name)(dtype)


def test_numbers_that_make_names_unique():
    assert [kerata.backend.get_uid("voice") for _ in range(2)] == [1, 2]
    assert kerata.core.names.unique("voice") == "voice_2"


def test_settings_in_the_namespace_of_backends():
    kerata.backend.set_epsilon(1e-5)
    try:
        assert kerata.backend.epsilon() == config.epsilon() == 1e-5
    finally:
        config.set_epsilon(1e-7)


# -- limits --------------------------------------------------------------------------------------


@pytest.fixture
def limits():
    yield
    config.set_max_epochs(None)
    config.set_max_steps_per_epoch(None)


class Counting(kerata.callbacks.Callback):
    """Counts the batches of evaluations."""

    batches = 0

    def on_test_batch_end(self, batch, logs=None):
        self.batches += 1


def test_runs_are_cut_short(training_backend, limits):
    x, y = np.ones((10, 2), "float32"), np.ones((10, 1), "float32")
    model = kerata.Sequential([kerata.Input((2,)), kerata.layers.Dense(1)])
    model.compile("sgd", "mse")
    config.set_max_epochs(2)
    config.set_max_steps_per_epoch(3)
    history = model.fit(x, y, batch_size=1, epochs=5, verbose=0)
    assert history.epoch == [0, 1] and int(model.optimizer.iterations.numpy()) == 6
    assert model.predict(x, batch_size=1, verbose=0).shape == (3, 1)
    assert model.predict(x, batch_size=5, verbose=0).shape == (10, 1)
    counting = Counting()
    model.evaluate(x, y, batch_size=1, verbose=0, callbacks=[counting])
    assert counting.batches == 3

    def batches():
        while True:
            yield x, y

    model.fit(batches, epochs=1, verbose=0)
    assert int(model.optimizer.iterations.numpy()) == 9


def test_limits_are_checked(limits):
    for wrong in (0, -1, 1.5, "3", True):
        with pytest.raises(ValueError, match="max_epochs.* integer >= 1"):
            config.set_max_epochs(wrong)
        with pytest.raises(ValueError, match="max_steps_per_epoch.* integer >= 1"):
            config.set_max_steps_per_epoch(wrong)
    config.set_max_steps_per_epoch(4)
    assert config.max_steps_per_epoch() == 4 and config.max_epochs() is None


def test_progress_stands_still_without_interactive_logging(monkeypatch):
    from kerata.training.progress import Terminal

    class Screen:
        encoding = "utf-8"

        def isatty(self):
            return True

    monkeypatch.setenv("TERM", "xterm")
    assert Terminal(Screen()).redraws
    utils.disable_interactive_logging()
    try:
        assert not config.is_interactive_logging_enabled()
        assert not Terminal(Screen()).redraws
    finally:
        utils.enable_interactive_logging()


def test_code_in_files_is_never_run():
    with pytest.warns(UserWarning, match="never runs code"):
        config.enable_unsafe_deserialization()
    assert config.is_nnx_enabled() is False


# -- Config --------------------------------------------------------------------------------------


def test_config_is_a_dictionary_with_attributes():
    settings = utils.Config(a=1)
    settings.b = 2
    settings["c"] = 3
    settings.update({"d": 4})
    del settings.a
    assert settings.as_dict() == dict(settings) == {"b": 2, "c": 3, "d": 4}
    assert settings.to_json() == '{"b": 2, "c": 3, "d": 4}'
    assert settings.get("z", 5) == 5 and "c" in settings and settings.pop("d") == 4
    with pytest.raises(AttributeError, match="has no 'z'"):
        settings.z  # noqa: B018


def test_a_frozen_config_does_not_change():
    settings = utils.Config(a=1)
    settings.freeze()
    assert settings.frozen
    for change in (
        lambda: setattr(settings, "b", 1),
        lambda: settings.pop("a"),
        lambda: delattr(settings, "a"),
        lambda: settings.update(a=2),
    ):
        with pytest.raises(ValueError, match="frozen"):
            change()
    settings.unfreeze()
    settings.a = 2
    assert settings.a == 2


# -- objects by name -----------------------------------------------------------------------------


def test_older_configurations():
    layer = kerata.layers.Dense(2, name="d")
    config = utils.legacy.serialize_keras_object(layer)
    assert config["class_name"] == "Dense"
    for objects in ({"Dense": kerata.layers.Dense}, None):
        copy = utils.legacy.deserialize_keras_object(config, objects)
        assert type(copy) is kerata.layers.Dense and copy.get_config() == layer.get_config()
    assert utils.legacy.serialize_keras_object(kerata.activations.relu) == "relu"
    assert utils.legacy.serialize_keras_object(None) is None
    read = kerata.legacy.saving.deserialize_keras_object
    assert read(None) is None
    assert read("f", {"f": np.sin}) is np.sin and read("f", custom_objects={"f": np.cos}) is np.cos
    assert isinstance(read("L2", {"L2": kerata.regularizers.L2}), kerata.regularizers.L2)
    with pytest.raises(ValueError, match="Unknown layer 'Dens'.*Dense"):
        read("Dens", {"Dense": kerata.layers.Dense}, printable_module_name="layer")
    with pytest.raises(ValueError, match="from a int"):
        read(5)
    with pytest.raises(ValueError, match="no get_config"):
        utils.legacy.serialize_keras_object(5)


def test_source_inputs():
    a, b = kerata.Input((2,), name="a"), kerata.Input((2,), name="b")
    hidden = kerata.layers.Dense(2)(a)
    output = kerata.layers.Add()([hidden, b, a * 2.0])
    assert [t.name for t in utils.get_source_inputs(output)] == ["a", "b"]
    assert utils.get_source_inputs(a) == [a] and utils.get_source_inputs(5) == 5
    assert utils.is_keras_tensor(output) and not utils.is_keras_tensor("a")


def test_clearing_the_session_collects():
    import weakref

    layer = kerata.layers.Dense(1)
    layer.itself = [layer]
    gone = weakref.ref(layer)
    del layer
    utils.clear_session()
    assert gone() is None and kerata.layers.Dense(1).name == "dense"
