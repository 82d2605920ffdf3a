"""Shapes, axes and numbers as constant tensors, made once.

Handed over as Python tuples they would be converted again in each call, which takes several times
as long as a small operation. TensorFlow copies such constants into the graphs that use them.
"""

import functools
from collections.abc import Sequence

import numpy as np
import tensorflow as tf


def _vector(integers: Sequence[int]) -> tf.Tensor:
    """Return sizes, axes and the like as an int32 vector."""
    return _made_vector(tuple(integers))


@functools.lru_cache(maxsize=4096)
def _made_vector(integers: tuple[int, ...]) -> tf.Tensor:
    with tf.init_scope():
        return tf.constant(integers, tf.int32)


def _number(value: float | int | bool, dtype: tf.DType | str) -> tf.Tensor:
    """Return a number, cast as NumPy does it, as a tensor of shape ()."""
    return _made_number(value, type(value), tf.as_dtype(dtype))


@functools.lru_cache(maxsize=1024)
def _made_number(value: float | int | bool, _kind: type, dtype: tf.DType) -> tf.Tensor:
    with tf.init_scope():
        return tf.constant(np.asarray(value).astype(dtype.as_numpy_dtype))


def _shape(x: tf.Tensor) -> tf.Tensor:
    """Return the shape of a tensor as a vector, computed where it is not known."""
    return _vector(x.shape) if x.shape.is_fully_defined() else tf.shape(x)
