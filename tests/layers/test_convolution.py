"""Convolutions: causality, wrong arguments and shapes."""

from __future__ import annotations

import numpy as np
import pytest

import kerata
from kerata.layers import Conv1D, Conv2D, Conv2DTranspose, DepthwiseConv2D, SeparableConv2D
from tests.layers.driver import numpy_of


def test_causal_output_depends_on_no_later_input(backend):
    layer = Conv1D(2, 3, padding="causal", dilation_rate=2)
    x = np.random.default_rng(0).normal(size=(1, 8, 3)).astype("float32")
    before = numpy_of(layer(x))
    x[:, 5:] += 1.0
    after = numpy_of(layer(x))
    np.testing.assert_array_equal(before[:, :5], after[:, :5])
    assert (before[:, 5:] != after[:, 5:]).all()


def test_sizes_may_be_unknown():
    assert Conv2D(4, 3)(kerata.Input((None, 8, 3))).shape == (None, None, 6, 4)
    assert Conv2DTranspose(4, 2, 2)(kerata.Input((None, 8, 3))).shape == (None, None, 16, 4)


def test_old_names_are_the_same_classes():
    assert kerata.layers.Convolution2D is Conv2D
    assert kerata.layers.SeparableConvolution2D is SeparableConv2D
    assert kerata.layers.Convolution2DTranspose is Conv2DTranspose


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Conv2D(0, 3), "`filters` is 0; expected a positive integer"),
        (lambda: Conv2D(4, 0), "`kernel_size` is 0; expected one integer or 2"),
        (lambda: Conv2D(4, (3,)), r"`kernel_size` is \(3,\); expected one integer or 2"),
        (lambda: Conv2D(4, 3, strides=0), "`strides` is 0"),
        (lambda: Conv2D(4, 3, padding="causal"), "expected one of 'valid', 'same'"),
        (lambda: Conv1D(4, 3, padding="full"), "expected one of 'valid', 'same', 'causal'"),
        (lambda: Conv2D(4, 3, data_format="x"), "expected one of 'channels_last'"),
        (lambda: Conv2D(4, 3, strides=2, dilation_rate=2), "cannot both be more than 1"),
        (lambda: Conv2D(4, 3, groups=3), "the groups must divide the filters"),
        (lambda: Conv2D(4, 3, groups=2).build((None, 8, 8, 3)), "do not divide the 3 channels"),
        (lambda: Conv2D(4, 3).build((None, 8, 8, None)), "size of axis -1 must be known"),
        (lambda: Conv2DTranspose(4, 3, 2, output_padding=2), "must be less than the strides"),
        (lambda: DepthwiseConv2D(3, depth_multiplier=0), "`depth_multiplier` is 0"),
    ],
)
def test_wrong_arguments(make, message):
    with pytest.raises(ValueError, match=message) as caught:
        make()
    assert len(str(caught.value)) < 600


def test_image_without_channels_says_what_to_add(backend):
    with pytest.raises(ValueError, match=r"has shape \(2, 8, 8\).*x\[\.\.\., None\]"):
        Conv2D(4, 3)(np.ones((2, 8, 8), "float32"))


def test_other_number_of_channels(backend):
    layer = Conv2D(4, 3)
    layer(np.ones((2, 8, 8, 3), "float32"))
    with pytest.raises(ValueError, match="has 1 features.*expected 3"):
        layer(np.ones((2, 8, 8, 1), "float32"))


def test_window_larger_than_the_image():
    with pytest.raises(ValueError, match="kernel|window"):
        Conv2D(4, 3)(kerata.Input((2, 2, 3)))
