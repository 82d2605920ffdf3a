"""Layers: what models are made of.

>>> import kerata
>>> kerata.layers.Dense(3)(kerata.ops.ones((2, 5))).shape
(2, 3)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kerata.core import serialization
from kerata.layers.activations.elu import ELU
from kerata.layers.activations.leaky_relu import LeakyReLU
from kerata.layers.activations.prelu import PReLU
from kerata.layers.activations.relu import ReLU
from kerata.layers.activations.softmax import Softmax
from kerata.layers.attention.attention import AdditiveAttention, Attention
from kerata.layers.attention.grouped_query_attention import GroupQueryAttention
from kerata.layers.attention.multi_head_attention import MultiHeadAttention
from kerata.layers.conv.conv import (
    Conv1D,
    Conv2D,
    Conv3D,
    Convolution1D,
    Convolution2D,
    Convolution3D,
)
from kerata.layers.conv.depthwise import DepthwiseConv1D, DepthwiseConv2D
from kerata.layers.conv.separable import (
    SeparableConv1D,
    SeparableConv2D,
    SeparableConvolution1D,
    SeparableConvolution2D,
)
from kerata.layers.conv.transpose import (
    Conv1DTranspose,
    Conv2DTranspose,
    Conv3DTranspose,
    Convolution1DTranspose,
    Convolution2DTranspose,
    Convolution3DTranspose,
)
from kerata.layers.core.activation import Activation
from kerata.layers.core.dense import Dense
from kerata.layers.core.einsum_dense import EinsumDense
from kerata.layers.core.embedding import Embedding
from kerata.layers.core.identity import Identity
from kerata.layers.core.input_layer import Input, InputLayer
from kerata.layers.core.lambda_layer import Lambda
from kerata.layers.core.masking import Masking
from kerata.layers.core.reversible_embedding import ReversibleEmbedding
from kerata.layers.core.wrapper import Wrapper
from kerata.layers.foreign.flax_layer import FlaxLayer
from kerata.layers.foreign.jax_layer import JaxLayer
from kerata.layers.foreign.tfsm_layer import TFSMLayer
from kerata.layers.foreign.torch_module_wrapper import TorchModuleWrapper
from kerata.layers.input_spec import InputSpec
from kerata.layers.layer import Layer
from kerata.layers.merge.concatenate import Concatenate, concatenate
from kerata.layers.merge.dot import Dot, dot
from kerata.layers.merge.elementwise import (
    Add,
    Average,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
    add,
    average,
    maximum,
    minimum,
    multiply,
    subtract,
)
from kerata.layers.normalization.batch_normalization import BatchNormalization
from kerata.layers.normalization.group_normalization import GroupNormalization
from kerata.layers.normalization.layer_normalization import LayerNormalization
from kerata.layers.normalization.rms_normalization import RMSNormalization
from kerata.layers.normalization.spectral_normalization import SpectralNormalization
from kerata.layers.normalization.unit_normalization import UnitNormalization
from kerata.layers.pooling.adaptive import (
    AdaptiveAveragePooling1D,
    AdaptiveAveragePooling2D,
    AdaptiveAveragePooling3D,
    AdaptiveMaxPooling1D,
    AdaptiveMaxPooling2D,
    AdaptiveMaxPooling3D,
)
from kerata.layers.pooling.global_pooling import (
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GlobalAvgPool1D,
    GlobalAvgPool2D,
    GlobalAvgPool3D,
    GlobalMaxPool1D,
    GlobalMaxPool2D,
    GlobalMaxPool3D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
)
from kerata.layers.pooling.windows import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    AvgPool1D,
    AvgPool2D,
    AvgPool3D,
    MaxPool1D,
    MaxPool2D,
    MaxPool3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
)
from kerata.layers.preprocessing.auto_contrast import AutoContrast
from kerata.layers.preprocessing.category_encoding import CategoryEncoding
from kerata.layers.preprocessing.center_crop import CenterCrop
from kerata.layers.preprocessing.date_encoding import DateEncoding
from kerata.layers.preprocessing.discretization import Discretization
from kerata.layers.preprocessing.equalization import (
    ContrastLimitedAdaptiveHistogramEqualization,
    Equalization,
)
from kerata.layers.preprocessing.hashing import HashedCrossing, Hashing
from kerata.layers.preprocessing.imputation import Imputation, MissingIndicator
from kerata.layers.preprocessing.integer_lookup import IntegerLookup
from kerata.layers.preprocessing.max_num_bounding_boxes import MaxNumBoundingBoxes
from kerata.layers.preprocessing.mel_spectrogram import MelSpectrogram
from kerata.layers.preprocessing.mixing import CutMix, MixUp
from kerata.layers.preprocessing.normalization import Normalization
from kerata.layers.preprocessing.pipeline import Pipeline
from kerata.layers.preprocessing.rand_augment import AugMix, RandAugment
from kerata.layers.preprocessing.random_brightness import RandomBrightness
from kerata.layers.preprocessing.random_color_jitter import RandomColorJitter
from kerata.layers.preprocessing.random_contrast import RandomContrast
from kerata.layers.preprocessing.random_crop import RandomCrop
from kerata.layers.preprocessing.random_elastic_transform import RandomElasticTransform
from kerata.layers.preprocessing.random_erasing import RandomErasing
from kerata.layers.preprocessing.random_flip import RandomFlip
from kerata.layers.preprocessing.random_gaussian_blur import RandomGaussianBlur
from kerata.layers.preprocessing.random_grayscale import RandomColorDegeneration, RandomGrayscale
from kerata.layers.preprocessing.random_hue import RandomHue, RandomSaturation
from kerata.layers.preprocessing.random_invert import RandomInvert, Solarization
from kerata.layers.preprocessing.random_perspective import RandomPerspective
from kerata.layers.preprocessing.random_posterization import RandomPosterization
from kerata.layers.preprocessing.random_rotation import RandomRotation
from kerata.layers.preprocessing.random_sharpness import RandomSharpness
from kerata.layers.preprocessing.random_shear import RandomShear
from kerata.layers.preprocessing.random_translation import RandomTranslation
from kerata.layers.preprocessing.random_zoom import RandomZoom
from kerata.layers.preprocessing.rescaling import Rescaling
from kerata.layers.preprocessing.resizing import Resizing
from kerata.layers.preprocessing.stft_spectrogram import STFTSpectrogram
from kerata.layers.preprocessing.string_lookup import StringLookup
from kerata.layers.preprocessing.text_vectorization import TextVectorization
from kerata.layers.regularization.activity_regularization import ActivityRegularization
from kerata.layers.regularization.alpha_dropout import AlphaDropout
from kerata.layers.regularization.dropout import (
    Dropout,
    SpatialDropout1D,
    SpatialDropout2D,
    SpatialDropout3D,
)
from kerata.layers.regularization.gaussian import GaussianDropout, GaussianNoise
from kerata.layers.reshape.cropping import Cropping1D, Cropping2D, Cropping3D
from kerata.layers.reshape.flatten import Flatten
from kerata.layers.reshape.permute import Permute
from kerata.layers.reshape.repeat_vector import RepeatVector
from kerata.layers.reshape.reshape import Reshape
from kerata.layers.reshape.up_sampling import UpSampling1D, UpSampling2D, UpSampling3D
from kerata.layers.reshape.zero_padding import ZeroPadding1D, ZeroPadding2D, ZeroPadding3D
from kerata.layers.rnn import (
    GRU,
    LSTM,
    RNN,
    Bidirectional,
    ConvLSTM1D,
    ConvLSTM2D,
    ConvLSTM3D,
    GRUCell,
    LSTMCell,
    SimpleRNN,
    SimpleRNNCell,
    StackedRNNCells,
    TimeDistributed,
)

__all__ = [
    "Activation",
    "ActivityRegularization",
    "AdaptiveAveragePooling1D",
    "AdaptiveAveragePooling2D",
    "AdaptiveAveragePooling3D",
    "AdaptiveMaxPooling1D",
    "AdaptiveMaxPooling2D",
    "AdaptiveMaxPooling3D",
    "Add",
    "AdditiveAttention",
    "AlphaDropout",
    "Attention",
    "AugMix",
    "AutoContrast",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "AvgPool1D",
    "AvgPool2D",
    "AvgPool3D",
    "BatchNormalization",
    "Bidirectional",
    "CategoryEncoding",
    "CenterCrop",
    "Concatenate",
    "ContrastLimitedAdaptiveHistogramEqualization",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "ConvLSTM1D",
    "ConvLSTM2D",
    "ConvLSTM3D",
    "Convolution1D",
    "Convolution1DTranspose",
    "Convolution2D",
    "Convolution2DTranspose",
    "Convolution3D",
    "Convolution3DTranspose",
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "CutMix",
    "DateEncoding",
    "Dense",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "Discretization",
    "Dot",
    "Dropout",
    "ELU",
    "EinsumDense",
    "Embedding",
    "Equalization",
    "Flatten",
    "FlaxLayer",
    "GRU",
    "GRUCell",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalAvgPool3D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPool3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
    "GroupNormalization",
    "GroupQueryAttention",
    "HashedCrossing",
    "Hashing",
    "Identity",
    "Imputation",
    "Input",
    "InputLayer",
    "InputSpec",
    "IntegerLookup",
    "JaxLayer",
    "LSTM",
    "LSTMCell",
    "Lambda",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Masking",
    "MaxNumBoundingBoxes",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPool3D",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "Maximum",
    "MelSpectrogram",
    "Minimum",
    "MissingIndicator",
    "MixUp",
    "MultiHeadAttention",
    "Multiply",
    "Normalization",
    "PReLU",
    "Permute",
    "Pipeline",
    "RMSNormalization",
    "RNN",
    "RandAugment",
    "RandomBrightness",
    "RandomColorDegeneration",
    "RandomColorJitter",
    "RandomContrast",
    "RandomCrop",
    "RandomElasticTransform",
    "RandomErasing",
    "RandomFlip",
    "RandomGaussianBlur",
    "RandomGrayscale",
    "RandomHue",
    "RandomInvert",
    "RandomPerspective",
    "RandomPosterization",
    "RandomRotation",
    "RandomSaturation",
    "RandomSharpness",
    "RandomShear",
    "RandomTranslation",
    "RandomZoom",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "Resizing",
    "ReversibleEmbedding",
    "STFTSpectrogram",
    "SeparableConv1D",
    "SeparableConv2D",
    "SeparableConvolution1D",
    "SeparableConvolution2D",
    "SimpleRNN",
    "SimpleRNNCell",
    "Softmax",
    "Solarization",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "SpectralNormalization",
    "StackedRNNCells",
    "StringLookup",
    "Subtract",
    "TFSMLayer",
    "TextVectorization",
    "TimeDistributed",
    "TorchModuleWrapper",
    "UnitNormalization",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "Wrapper",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
    "add",
    "average",
    "concatenate",
    "deserialize",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "serialize",
    "subtract",
]


def serialize(layer: Layer) -> dict[str, Any]:
    """Return plain data from which `deserialize` builds an equal layer, without weights.

    Args:
        layer: a layer of this module, or one of your own.

    >>> import kerata
    >>> kerata.layers.serialize(kerata.layers.Dense(3))["class_name"]
    'Dense'
    """
    return serialization.serialize(layer)


def deserialize(config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Layer:
    """Return the layer that `serialize` described.

    Args:
        config: What `serialize` returned, of kerata or of Keras 3.
        custom_objects: Your own classes and functions, by the name that the data gives.

    Raises:
        ValueError: If the data names a class that is neither built in nor passed, or one that
            is no layer.

    >>> import kerata
    >>> config = kerata.layers.serialize(kerata.layers.Dense(3))
    >>> kerata.layers.deserialize(config).units
    3
    """
    layer = serialization.deserialize(config, custom_objects)
    if not isinstance(layer, Layer):
        raise ValueError(
            f"The data describes a {type(layer).__name__}, not a layer. Pass what "
            "`kerata.layers.serialize(layer)` returned."
        )
    return layer
