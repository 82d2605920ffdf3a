"""What the TensorBoard callback writes, as TensorBoard reads it; the tags are those of Keras."""

import io
import subprocess
import sys

import keras
import numpy as np
import pytest

import kerata
from kerata.callbacks import TensorBoard

pytest.importorskip("tensorboard", reason="TensorBoard is not installed")

X, Y = np.ones((8, 2), "float32"), np.ones((8, 1), "float32")


def trained(library, folder, layers=None, **options):
    layers = layers or [library.layers.Dense(1, name="d")]
    model = library.Sequential([library.Input((2,)), *layers], name="m")
    model.compile("sgd", "mse", metrics=["mae"])
    callback = library.callbacks.TensorBoard(folder, **options)
    model.fit(
        X, Y, batch_size=2, epochs=2, verbose=0, validation_data=(X, Y), callbacks=[callback]
    )
    return model


def events(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder), size_guidance={"tensors": 0})
    found.Reload()
    return found


def tags(folder):
    """Return (tag, plugin, steps) of all that a folder holds."""
    found = events(folder)
    return {
        (
            tag,
            found.SummaryMetadata(tag).plugin_data.plugin_name,
            tuple(event.step for event in found.Tensors(tag)),
        )
        for tag in found.Tags()["tensors"]
    }


def values(folder, tag):
    from tensorboard.util.tensor_util import make_ndarray

    return [make_ndarray(event.tensor_proto) for event in events(folder).Tensors(tag)]


@pytest.mark.parametrize(
    "options",
    [{}, {"update_freq": 2, "write_steps_per_second": True}, {"histogram_freq": 1}],
    ids=str,
)
@pytest.mark.tensorflow
def test_tags_and_steps_are_those_of_keras(options, tmp_path):
    trained(kerata, tmp_path / "mine", **options)
    trained(keras, tmp_path / "theirs", **options)
    for part in ("train", "validation"):
        assert tags(tmp_path / "mine" / part) == tags(tmp_path / "theirs" / part)


def test_numbers_are_those_of_the_history(training_backend, tmp_path):
    model = trained(kerata, tmp_path, update_freq="batch")
    history = model.history.history
    for name in ("loss", "mae"):
        np.testing.assert_allclose(values(tmp_path / "train", f"epoch_{name}"), history[name])
        found = values(tmp_path / "validation", f"epoch_{name}")
        np.testing.assert_allclose(found, history[f"val_{name}"])
    assert len(values(tmp_path / "train", "batch_loss")) == 8
    np.testing.assert_allclose(values(tmp_path / "train", "epoch_learning_rate"), [0.01, 0.01])
    assert '"class_name": "Dense"' in str(values(tmp_path / "train", "keras")[0])


def test_weights_as_histograms_and_pictures(tmp_path):
    from PIL import Image

    model = trained(kerata, tmp_path, histogram_freq=1, write_images=True)
    bars = values(tmp_path / "train", "m/d/kernel/histogram")[-1]
    assert bars.shape == (30, 3) and bars[:, 2].sum() == 2
    width, height, png = values(tmp_path / "train", "m/d/kernel/image")[-1]
    pixels = np.asarray(Image.open(io.BytesIO(png)))
    assert (int(height), int(width)) == pixels.shape == (2, 1)
    kernel = model.get_weights()[0]
    assert pixels[kernel.argmax()] == 255 and pixels[kernel.argmin()] == 0


def test_tables_of_embeddings(tmp_path):
    embedding = kerata.layers.Embedding(4, 3, name="words")
    layers = [embedding, kerata.layers.Flatten(), kerata.layers.Dense(1)]
    labels = tmp_path / "labels.tsv"
    trained(kerata, tmp_path, layers, embeddings_freq=1, embeddings_metadata=str(labels))
    table = np.loadtxt(tmp_path / "train" / "m_words.tsv")
    np.testing.assert_allclose(table, embedding.embeddings.numpy(), rtol=1e-5, atol=1e-7)
    config = (tmp_path / "train" / "projector_config.pbtxt").read_text()
    assert 'tensor_path: "m_words.tsv"' in config and f'metadata_path: "{labels}"' in config


def test_an_evaluation_by_itself(tmp_path):
    model = kerata.Sequential([kerata.Input((2,)), kerata.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.evaluate(X, Y, verbose=0, callbacks=[TensorBoard(tmp_path)])
    found = tags(tmp_path / "validation")
    assert found == {("evaluation_loss_vs_iterations", "scalars", (0,))}


def test_callbacks_may_write_more(tmp_path):
    class More(TensorBoard):
        def on_epoch_end(self, epoch, logs=None):
            self.summary.scalar("half", logs["loss"] / 2, step=epoch)
            self.summary.histogram("spread", kerata.ops.arange(6.0), step=epoch)
            self.summary.image("picture", np.eye(3)[None, ..., None], step=epoch)
            super().on_epoch_end(epoch, logs)

    model = kerata.Sequential([kerata.Input((2,)), kerata.layers.Dense(1)])
    model.compile("sgd", "mse")
    found = model.fit(X, Y, epochs=2, verbose=0, callbacks=[More(tmp_path)])
    train = tmp_path / "train"
    np.testing.assert_allclose(values(train, "half"), np.array(found.history["loss"]) / 2)
    assert {("spread", "histograms", (0, 1)), ("picture", "images", (0, 1))} <= tags(train)
    assert values(train, "spread")[0][:, 2].sum() == 6


@pytest.mark.parametrize("options", [{"profile_batch": 2}, {"update_freq": "step"}])
def test_wrong_arguments(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        TensorBoard(**options)


def test_it_works_without_tensorflow(tmp_path):
    code = f"""
import sys
sys.modules["tensorflow"] = None
import kerata, numpy as np
kerata.config.set_backend("jax")
model = kerata.Sequential([kerata.Input((2,)), kerata.layers.Dense(1)])
model.compile("sgd", "mse")
callback = kerata.callbacks.TensorBoard({str(tmp_path)!r})
model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0, callbacks=[callback])
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert ("epoch_loss", "scalars", (0,)) in tags(tmp_path / "train")
