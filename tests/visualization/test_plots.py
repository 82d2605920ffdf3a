"""Pictures: what is drawn and written, not how it looks."""

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import confusion_matrix

from kerata.visualization import (
    plot_confusion_matrix,
    plot_image_gallery,
    plot_mosaic,
    plot_training_curves,
)
from kerata.visualization.confusion import confusion_counts


def test_confusion_counts_are_those_of_scikit_learn():
    random = np.random.default_rng(0)
    true, predicted = random.integers(0, 5, (2, 200))
    np.testing.assert_array_equal(
        confusion_counts(true, predicted, 5), confusion_matrix(true, predicted)
    )


def test_curves_pair_training_with_validation(tmp_path):
    history = {"loss": [3, 2, 1], "val_loss": [3, 3, 2], "accuracy": [0, 1, 1],
               "learning_rate": [1, 1, 1]}
    figure = plot_training_curves(history, tmp_path / "curves.png")
    assert [axes.get_title() for axes in figure.axes] == ["loss", "accuracy"]
    assert [len(axes.lines) for axes in figure.axes] == [2, 1]
    np.testing.assert_array_equal(figure.axes[0].lines[1].get_xydata(), [[1, 3], [2, 3], [3, 2]])
    assert Image.open(tmp_path / "curves.png").format == "PNG"


def test_curves_need_an_epoch():
    with pytest.raises(ValueError, match="call fit"):
        plot_training_curves({})


def test_confusion_matrix_shows_counts(tmp_path):
    figure = plot_confusion_matrix([0, 1, 1, 2], [0, 1, 2, 2], ["a", "b", "c"], tmp_path / "c.pdf")
    texts = {text.get_position(): text.get_text() for text in figure.axes[0].texts}
    assert texts == {(0, 0): "1", (1, 1): "1", (2, 1): "1", (2, 2): "1"}
    assert "75.00% right" in figure.axes[0].get_title()
    assert (tmp_path / "c.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    "options, shape",
    [
        ({}, (2, 3)),
        ({"rows": 1}, (1, 5)),
        ({"cols": 3}, (2, 3)),
        ({"rows": 2, "cols": 4}, (2, 4)),
    ],
)
def test_gallery_grid(options, shape):
    figure = plot_image_gallery(np.zeros((5, 4, 4, 3)), show=False, **options)
    assert figure.axes[0].get_gridspec().get_geometry() == shape
    assert sum(len(axes.images) for axes in figure.axes) == 5


def test_gallery_titles_and_range(tmp_path):
    figure = plot_image_gallery(
        np.full((2, 1, 4, 4), 0.5), [0, 1], [0, 0], {0: "cat", 1: "dog"}, value_range=(0, 1),
        data_format="channels_first", path=tmp_path / "g.png",
    )
    titles = [axes.title for axes in figure.axes[:2]]
    assert [t.get_text() for t in titles] == ["guess cat, true cat", "guess cat, true dog"]
    assert titles[0].get_color() != titles[1].get_color()
    assert figure.axes[0].images[0].get_array().shape == (4, 4)
    assert (tmp_path / "g.png").stat().st_size > 0


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"images": np.zeros((5, 4, 4))}, r"images\[..., None\]"),
        ({"images": np.zeros((1, 4, 4, 1)), "y_true": [0]}, "label_map is needed"),
        ({"images": np.zeros((1, 4, 4, 1)), "path": "x.png", "show": True}, "either path="),
    ],
)
def test_gallery_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        plot_image_gallery(**arguments)


def test_mosaic_holds_each_picture_in_its_place(tmp_path):
    pictures = np.arange(5 * 4 * 6, dtype="float32").reshape(5, 4, 6, 1)
    path = tmp_path / "mosaic.png"
    figure = plot_mosaic(pictures, cols=3, value_range=(0, 120), path=path, magnification=1)
    drawn = np.asarray(figure.axes[0].images[0].get_array())
    assert drawn.shape == (8, 18)
    np.testing.assert_allclose(drawn[4:, 6:12] * 120, pictures[4, ..., 0], rtol=1e-6)
    assert (drawn[4:, 12:] == 0).all()
    written = np.asarray(Image.open(path).convert("L"), "float32")
    np.testing.assert_allclose(written / 255, drawn, atol=0.01)
