"""The table: every layer, in the configurations that the driver checks."""

from __future__ import annotations

from tests.layers.driver import Row

SEQUENCE, IMAGE, VOLUME = (2, 6, 4), (2, 6, 5, 4), (2, 4, 5, 3, 2)
#: the same sizes with the channels first
SEQUENCE_CF, IMAGE_CF, VOLUME_CF = (2, 4, 6), (2, 4, 6, 5), (2, 2, 4, 5, 3)
FIRST = {"data_format": "channels_first"}

CORE = [
    Row("Dense", {"units": 3}),
    Row("Dense", {"units": 3, "activation": "tanh", "use_bias": False}, SEQUENCE),
    Row("Dense", {"units": 2, "kernel_initializer": "he_normal"}, IMAGE),
    Row("EinsumDense", {"equation": "ab,bc->ac", "output_shape": 3}),
    Row(
        "EinsumDense",
        {"equation": "abc,cd->abd", "output_shape": (None, 3), "bias_axes": "d"},
        SEQUENCE,
    ),
    Row(
        "EinsumDense",
        {"equation": "abc,cde->abde", "output_shape": (None, 3, 2), "bias_axes": "de"},
        SEQUENCE,
    ),
    Row(
        "EinsumDense",
        {"equation": "...x,xy->...y", "output_shape": 3, "bias_axes": "y", "activation": "tanh"},
        IMAGE,
    ),
    Row(
        "EinsumDense",
        {"equation": "abc,bd->adc", "output_shape": (3, None), "bias_axes": "d"},
        SEQUENCE,
    ),
    Row("Embedding", {"input_dim": 7, "output_dim": 3}, (2, 5), integers=7),
    Row("Embedding", {"input_dim": 7, "output_dim": 3, "mask_zero": True}, (2, 3, 2), integers=7),
    Row("ReversibleEmbedding", {"input_dim": 7, "output_dim": 3}, (2, 5), integers=7),
    Row(
        "ReversibleEmbedding",
        {
            "input_dim": 7,
            "output_dim": 3,
            "mask_zero": True,
            "reverse_dtype": "float32",
            "logit_soft_cap": 3.0,
        },
        integers=7,
    ),
    Row("Activation", {"activation": "tanh"}),
    Row("Activation", {"activation": "relu"}, IMAGE),
    Row("Identity"),
    Row("Masking", {"mask_value": 0.0}, SEQUENCE),
]

RESHAPE = [
    Row("Flatten", {}, IMAGE),
    Row("Flatten", {}, (3,)),
    Row("Flatten", FIRST, IMAGE_CF),
    Row("Reshape", {"target_shape": (4, 6)}, SEQUENCE),
    Row("Reshape", {"target_shape": (2, -1, 3)}, SEQUENCE),
    Row("Permute", {"dims": (2, 1)}, SEQUENCE),
    Row("Permute", {"dims": (3, 1, 2)}, IMAGE),
    Row("RepeatVector", {"n": 3}),
    Row("Cropping1D", {}, SEQUENCE),
    Row("Cropping1D", {"cropping": (0, 2)}, SEQUENCE),
    Row("Cropping2D", {"cropping": 1}, IMAGE),
    Row("Cropping2D", {"cropping": ((1, 2), (0, 3))}, IMAGE),
    Row("Cropping2D", {"cropping": (1, 2), **FIRST}, IMAGE_CF),
    Row("Cropping3D", {"cropping": ((1, 0), (0, 2), (1, 1))}, VOLUME),
    Row("Cropping3D", {**FIRST}, VOLUME_CF),
    Row("ZeroPadding1D", {"padding": 2}, SEQUENCE),
    Row("ZeroPadding1D", {"padding": (1, 3), **FIRST}, SEQUENCE_CF),
    Row("ZeroPadding2D", {}, IMAGE),
    Row("ZeroPadding2D", {"padding": ((1, 0), (2, 3)), **FIRST}, IMAGE_CF),
    Row("ZeroPadding3D", {"padding": (1, 2, 0)}, VOLUME),
    Row("ZeroPadding3D", {**FIRST}, VOLUME_CF),
    Row("UpSampling1D", {"size": 3}, SEQUENCE),
    Row("UpSampling2D", {"size": (2, 3)}, IMAGE),
    Row("UpSampling2D", {"size": 2, **FIRST}, IMAGE_CF),
    Row("UpSampling2D", {"size": (2, 3), "interpolation": "bilinear"}, IMAGE),
    Row("UpSampling2D", {"size": 2, "interpolation": "bilinear", **FIRST}, IMAGE_CF),
    Row("UpSampling3D", {}, VOLUME),
    Row("UpSampling3D", {"size": (1, 2, 3), **FIRST}, VOLUME_CF),
]

MERGE = [
    Row("Add", {}, [(2, 5), (2, 5), (2, 5)]),
    Row("Add", {}, [(2, 4), (2, 6, 4)]),
    Row("Add", {}, [(2, 1, 4), (2, 6, 1)]),
    Row("Subtract", {}, [SEQUENCE, SEQUENCE]),
    Row("Multiply", {}, [SEQUENCE, SEQUENCE, SEQUENCE]),
    Row("Average", {}, [SEQUENCE, SEQUENCE, SEQUENCE]),
    Row("Maximum", {}, [SEQUENCE, SEQUENCE]),
    Row("Minimum", {}, [SEQUENCE, SEQUENCE]),
    Row("Concatenate", {}, [(2, 3), (2, 4)]),
    Row("Concatenate", {"axis": 1}, [(2, 3, 4), (2, 5, 4)]),
    Row("Dot", {"axes": 1}, [(2, 5), (2, 5)]),
    Row("Dot", {"axes": (2, 1)}, [(2, 3, 4), (2, 4, 5)]),
    Row("Dot", {"axes": -1, "normalize": True}, [(2, 3, 4), (2, 6, 4)]),
    Row("Dot", {"axes": 1, "normalize": True}, [(2, 5), (2, 5)]),
]

ACTIVATIONS = [
    Row("ReLU"),
    Row("ReLU", {"max_value": 1.0, "negative_slope": 0.2, "threshold": 0.3}, SEQUENCE),
    Row("LeakyReLU"),
    Row("LeakyReLU", {"negative_slope": 0.1}, SEQUENCE),
    Row("ELU", {"alpha": 0.7}),
    Row("PReLU", {}, SEQUENCE),
    Row("PReLU", {"shared_axes": [1, 2], "alpha_initializer": "ones"}, IMAGE),
    Row("Softmax"),
    Row("Softmax", {"axis": 1}, SEQUENCE),
    Row("Softmax", {"axis": (1, 2)}, SEQUENCE),
]

REGULARIZATION = [
    Row("Dropout", {"rate": 0.4}, random=True),
    Row("Dropout", {"rate": 0.4, "noise_shape": (None, 1, None), "seed": 3}, SEQUENCE, random=True),
    Row("Dropout", {"rate": 0.0}),
    Row("SpatialDropout1D", {"rate": 0.4}, SEQUENCE, random=True),
    Row("SpatialDropout2D", {"rate": 0.4}, IMAGE, random=True),
    Row("SpatialDropout2D", {"rate": 0.4, **FIRST}, IMAGE_CF, random=True),
    Row("SpatialDropout3D", {"rate": 0.4}, VOLUME, random=True),
    Row("GaussianNoise", {"stddev": 0.3}, random=True),
    Row("GaussianDropout", {"rate": 0.3}, random=True),
    Row("AlphaDropout", {"rate": 0.3}, random=True),
    Row("ActivityRegularization", {"l1": 0.1, "l2": 0.2}),
]

NORMALIZATION = [
    Row("BatchNormalization", {}, (8, 5), offset=1.0),
    Row("BatchNormalization", {"momentum": 0.7, "epsilon": 0.1}, IMAGE, offset=1.0),
    Row("BatchNormalization", {"axis": 1, "scale": False}, IMAGE_CF),
    Row("BatchNormalization", {"center": False}, SEQUENCE),
    Row("BatchNormalization", {"renorm": True, "renorm_momentum": 0.8}, (8, 5)),
    Row(
        "BatchNormalization",
        {"renorm": True, "renorm_clipping": {"rmin": 0.8, "rmax": 1.2, "dmax": 0.3}},
        SEQUENCE,
    ),
    Row("LayerNormalization", {}, SEQUENCE),
    Row("LayerNormalization", {"axis": [1, 2], "center": False}, SEQUENCE),
    Row("LayerNormalization", {"axis": 1, "epsilon": 0.1}, SEQUENCE),
    Row("LayerNormalization", {"scale": False}, (2, 5)),
    Row("GroupNormalization", {"groups": 2}, SEQUENCE),
    Row("GroupNormalization", {"groups": -1, "axis": 1}, IMAGE_CF),
    Row("GroupNormalization", {"groups": 2, "scale": False, "center": False}, IMAGE),
    Row("GroupNormalization", {"groups": 1}, (2, 5)),
    Row("UnitNormalization", {}, SEQUENCE),
    Row("UnitNormalization", {"axis": [1, 2]}, SEQUENCE),
    Row("RMSNormalization", {}, SEQUENCE),
    Row("RMSNormalization", {"axis": -1, "epsilon": 0.1}),
]

CONVOLUTION = [
    Row("Conv1D", {"filters": 3, "kernel_size": 3}, SEQUENCE),
    Row("Conv1D", {"filters": 3, "kernel_size": 2, "padding": "causal"}, SEQUENCE),
    Row(
        "Conv1D",
        {"filters": 3, "kernel_size": 3, "padding": "causal", "dilation_rate": 2, **FIRST},
        SEQUENCE_CF,
    ),
    Row("Conv1D", {"filters": 4, "kernel_size": 3, "strides": 2, "padding": "same"}, SEQUENCE),
    Row("Conv2D", {"filters": 3, "kernel_size": 3, "activation": "tanh"}, IMAGE),
    Row("Conv2D", {"filters": 4, "kernel_size": (2, 3), "strides": 2, "padding": "same"}, IMAGE),
    Row("Conv2D", {"filters": 6, "kernel_size": 3, "groups": 2, "use_bias": False}, IMAGE),
    Row("Conv2D", {"filters": 3, "kernel_size": 2, "dilation_rate": (2, 1)}, IMAGE),
    Row("Conv2D", {"filters": 3, "kernel_size": 1, "strides": 2}, IMAGE),
    Row("Conv2D", {"filters": 3, "kernel_size": 3, "padding": "same", **FIRST}, IMAGE_CF),
    Row("Conv3D", {"filters": 3, "kernel_size": 2, "strides": (1, 2, 1)}, VOLUME),
    Row("Conv3D", {"filters": 3, "kernel_size": 2, "padding": "same", **FIRST}, VOLUME_CF),
    Row("Conv1DTranspose", {"filters": 3, "kernel_size": 3, "strides": 2}, SEQUENCE),
    Row(
        "Conv1DTranspose",
        {"filters": 3, "kernel_size": 3, "padding": "same", **FIRST},
        SEQUENCE_CF,
    ),
    Row(
        "Conv2DTranspose",
        {"filters": 3, "kernel_size": 3, "strides": 2, "padding": "same"},
        IMAGE,
    ),
    Row(
        "Conv2DTranspose",
        {"filters": 3, "kernel_size": (3, 2), "strides": 2, "output_padding": 1},
        IMAGE,
    ),
    Row(
        "Conv2DTranspose",
        {"filters": 3, "kernel_size": 4, "strides": 2, "padding": "same", **FIRST},
        IMAGE_CF,
    ),
    Row("Conv2DTranspose", {"filters": 3, "kernel_size": 2, "dilation_rate": 2}, IMAGE),
    Row("Conv3DTranspose", {"filters": 3, "kernel_size": 2, "strides": 2}, VOLUME),
    Row("DepthwiseConv1D", {"kernel_size": 3, "depth_multiplier": 2}, SEQUENCE),
    Row("DepthwiseConv1D", {"kernel_size": 3, "padding": "same", **FIRST}, SEQUENCE_CF),
    Row("DepthwiseConv2D", {"kernel_size": 3, "depth_multiplier": 2, "padding": "same"}, IMAGE),
    Row("DepthwiseConv2D", {"kernel_size": 2, "strides": 2, "activation": "tanh"}, IMAGE),
    Row("DepthwiseConv2D", {"kernel_size": 2, "use_bias": False, **FIRST}, IMAGE_CF),
    Row("SeparableConv1D", {"filters": 3, "kernel_size": 3, "depth_multiplier": 2}, SEQUENCE),
    Row("SeparableConv1D", {"filters": 3, "kernel_size": 2, "strides": 2, **FIRST}, SEQUENCE_CF),
    Row("SeparableConv2D", {"filters": 3, "kernel_size": 3, "padding": "same"}, IMAGE),
    Row("SeparableConv2D", {"filters": 3, "kernel_size": 2, "dilation_rate": 2}, IMAGE),
    Row("SeparableConv2D", {"filters": 3, "kernel_size": 2, **FIRST}, IMAGE_CF),
]

POOLING = [
    Row("MaxPooling1D", {}, SEQUENCE),
    Row("MaxPooling1D", {"pool_size": 3, "strides": 1, "padding": "same", **FIRST}, SEQUENCE_CF),
    Row("MaxPooling2D", {}, IMAGE),
    Row("MaxPooling2D", {"pool_size": (3, 2), "strides": 2, "padding": "same"}, IMAGE),
    Row("MaxPooling2D", {"pool_size": 3, "strides": 1, **FIRST}, IMAGE_CF),
    Row("MaxPooling3D", {}, VOLUME),
    Row("MaxPooling3D", {"pool_size": 2, "padding": "same", **FIRST}, VOLUME_CF),
    Row("AveragePooling1D", {"pool_size": 2}, SEQUENCE),
    Row("AveragePooling1D", {"pool_size": 3, "padding": "same", **FIRST}, SEQUENCE_CF),
    Row("AveragePooling2D", {"pool_size": 2, "strides": 1}, IMAGE),
    Row("AveragePooling2D", {"pool_size": 3, "strides": 2, "padding": "same"}, IMAGE),
    Row("AveragePooling2D", {"pool_size": 2, **FIRST}, IMAGE_CF),
    Row("AveragePooling3D", {"pool_size": 2}, VOLUME),
    Row("AveragePooling3D", {"pool_size": 2, "padding": "same", **FIRST}, VOLUME_CF),
    Row("AdaptiveAveragePooling1D", {"output_size": 4}, SEQUENCE),
    Row("AdaptiveAveragePooling2D", {"output_size": (3, 2)}, IMAGE),
    Row("AdaptiveAveragePooling3D", {"output_size": 3, **FIRST}, VOLUME_CF),
    Row("AdaptiveMaxPooling1D", {"output_size": 5, **FIRST}, SEQUENCE_CF),
    Row("AdaptiveMaxPooling2D", {"output_size": 4}, IMAGE),
    Row("AdaptiveMaxPooling3D", {"output_size": (2, 3, 1)}, VOLUME),
    Row("GlobalMaxPooling1D", {}, SEQUENCE),
    Row("GlobalMaxPooling2D", {"keepdims": True}, IMAGE),
    Row("GlobalMaxPooling2D", {**FIRST}, IMAGE_CF),
    Row("GlobalMaxPooling3D", {}, VOLUME),
    Row("GlobalAveragePooling1D", {"keepdims": True}, SEQUENCE),
    Row("GlobalAveragePooling1D", {**FIRST}, SEQUENCE_CF),
    Row("GlobalAveragePooling2D", {}, IMAGE),
    Row("GlobalAveragePooling2D", {"keepdims": True, **FIRST}, IMAGE_CF),
    Row("GlobalAveragePooling3D", {}, VOLUME),
]

SMALL_MEL = {
    "fft_length": 32,
    "sequence_stride": 10,
    "num_mel_bins": 6,
    "sampling_rate": 8000,
}
SMALL_STFT = {"frame_length": 12, "frame_step": 5}
PREPROCESSING = [
    Row("Rescaling", {"scale": 1 / 255, "offset": -0.5}, IMAGE, integers=256),
    Row("Rescaling", {"scale": [1.0, 2.0, 3.0, 4.0], "offset": 1.0}, IMAGE),
    Row("Normalization", {"mean": 3.0, "variance": 2.0}, SEQUENCE),
    Row("Normalization", {"mean": [1.0, 2.0], "variance": [4.0, 0.5], "axis": 1}, (3, 2, 4)),
    Row("Normalization", {"mean": 3.0, "variance": 2.0, "invert": True, "axis": None}, IMAGE),
    Row("Discretization", {"bin_boundaries": [-1.0, 0.0, 0.5]}, SEQUENCE),
    Row("Discretization", {"bin_boundaries": [1.0, 3.0]}, (4, 3), integers=5),
    Row("Discretization", {"bin_boundaries": [0.0, 0.5], "output_mode": "one_hot"}, (4, 1)),
    Row("Discretization", {"bin_boundaries": [0.0, 0.5], "output_mode": "one_hot"}, SEQUENCE),
    Row("Discretization", {"bin_boundaries": [0.0, 0.5], "output_mode": "multi_hot"}, (3, 6)),
    Row("Discretization", {"bin_boundaries": [0.0, 0.5], "output_mode": "count"}, (3, 4)),
    Row("CategoryEncoding", {"num_tokens": 4}, (3, 2), integers=4),
    Row("CategoryEncoding", {"num_tokens": 4}, (3, 6), integers=6),
    Row("CategoryEncoding", {"num_tokens": 4, "output_mode": "count"}, (3, 6), integers=4),
    Row("CategoryEncoding", {"num_tokens": 4, "output_mode": "one_hot"}, (3, 1), integers=5),
    Row("CategoryEncoding", {"num_tokens": 4, "output_mode": "one_hot"}, (3, 2), integers=4),
    Row("MelSpectrogram", SMALL_MEL, (2, 200)),
    Row("MelSpectrogram", {**SMALL_MEL, "power_to_db": False, "mag_exp": 1.0}, (2, 200)),
    Row(
        "MelSpectrogram",
        {**SMALL_MEL, "window": "hamming", "sequence_length": 30, "ref_power": 2.0},
        (2, 200),
    ),
    Row("MelSpectrogram", {**SMALL_MEL, "window": None, "min_power": 0.1}, (2, 200)),
    *(
        Row("STFTSpectrogram", {"mode": mode, **SMALL_STFT}, (2, 40, 1))
        for mode in ("log", "magnitude", "psd", "real", "imag", "angle", "stft")
    ),
    Row("STFTSpectrogram", {"mode": "stft", "expand_dims": True, **SMALL_STFT}, (2, 40, 2)),
    Row("STFTSpectrogram", {"mode": "real", "window": None, **SMALL_STFT}, (2, 40, 1)),
    Row("STFTSpectrogram", {"mode": "imag", "scaling": "spectrum", **SMALL_STFT}, (2, 40, 3)),
    Row("STFTSpectrogram", {"mode": "real", "scaling": None, **SMALL_STFT}, (2, 40, 1)),
    Row(
        "STFTSpectrogram",
        {"mode": "magnitude", "padding": "same", "periodic": True, **SMALL_STFT},
        (2, 40, 1),
    ),
    Row("STFTSpectrogram", {"window": "blackman", **SMALL_STFT, **FIRST}, (2, 3, 40)),
    Row("STFTSpectrogram", {"expand_dims": True, **SMALL_STFT, **FIRST}, (2, 3, 40)),
]

RGB, RGB_CF = (2, 6, 5, 3), (2, 3, 6, 5)
COLOURS = [
    Row("RandomBrightness", {"factor": 0.2}, RGB, random=True),
    Row("RandomBrightness", {"factor": [0.1, 0.3], "value_range": [0, 1], "seed": 3}, RGB,
        random=True),
    Row("RandomContrast", {"factor": 0.2}, RGB, random=True),
    Row("RandomContrast", {"factor": [0.1, 0.3], **FIRST}, RGB_CF, random=True),
    Row("RandomHue", {"factor": 0.2, "value_range": [0, 1]}, RGB, random=True),
    Row("RandomHue", {"factor": [0.1, 0.3], "seed": 3, **FIRST}, RGB_CF, random=True),
    Row("RandomSaturation", {"factor": [0.1, 0.3]}, RGB, random=True),
    Row("RandomColorDegeneration", {"factor": [0.1, 0.3], **FIRST}, RGB_CF, random=True),
    Row("RandomSharpness", {"factor": 0.2}, RGB, random=True),
    Row("RandomSharpness", {"factor": [0.1, 0.3], **FIRST}, RGB_CF, random=True),
    Row("RandomColorJitter", {}, RGB),
    Row("RandomColorJitter", {"brightness_factor": 0.2, "hue_factor": [0.1, 0.2]}, RGB,
        random=True),
    Row("RandomInvert", {}, RGB, random=True),
    Row("RandomInvert", {"factor": [0.1, 0.2], "value_range": [0, 1], "seed": 3}, RGB, random=True),
    Row("RandomPosterization", {"factor": 5}, RGB, random=True),
    Row("RandomPosterization", {"factor": [2, 4], **FIRST}, RGB_CF, random=True),
    Row("Solarization", {}, RGB, random=True),
    Row("Solarization", {"addition_factor": 0.2, "threshold_factor": [0.4, 0.6]}, RGB, random=True),
    Row("AutoContrast", {}, RGB),
    Row("AutoContrast", {"value_range": [-1, 1], **FIRST}, RGB_CF, compared=False),
    Row("Equalization", {}, RGB, compared=False),
    Row("Equalization", {"bins": 64, "value_range": [0, 1], **FIRST}, RGB_CF, compared=False),
    Row("ContrastLimitedAdaptiveHistogramEqualization", {}, RGB),
    Row(
        "ContrastLimitedAdaptiveHistogramEqualization",
        {"clip_limit": 2.0, "tile_grid_size": [2, 3], "value_range": [-2, 2]},
        RGB,
    ),
]  # fmt: skip

HEADS = {"num_heads": 2, "key_dim": 3}
GROUPS = {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2}
ATTENTION = [
    Row("Attention", {}, [SEQUENCE, (2, 3, 4)]),
    Row("Attention", {"use_scale": True}, [SEQUENCE, (2, 3, 5), (2, 3, 4)]),
    Row("Attention", {"score_mode": "concat"}, [SEQUENCE, (2, 3, 4)]),
    Row("Attention", {"score_mode": "concat", "use_scale": True}, [SEQUENCE, SEQUENCE, SEQUENCE]),
    Row("Attention", {"dropout": 0.2, "seed": 3}, [SEQUENCE, SEQUENCE], random=True),
    Row("AdditiveAttention", {}, [SEQUENCE, (2, 3, 4)]),
    Row("AdditiveAttention", {"use_scale": False}, [SEQUENCE, (2, 3, 5), (2, 3, 4)]),
    Row("GroupQueryAttention", GROUPS, [SEQUENCE, (2, 3, 4)], spread=True),
    Row(
        "GroupQueryAttention",
        {**GROUPS, "num_key_value_heads": 1, "use_bias": False, "use_gate": True},
        [SEQUENCE, (2, 3, 4), (2, 3, 2)],
        spread=True,
    ),
    Row(
        "GroupQueryAttention",
        {**GROUPS, "dropout": 0.3, "sliding_window": 2, "seed": 1},
        [SEQUENCE, SEQUENCE],
        random=True,
        spread=True,
    ),
    Row("MultiHeadAttention", HEADS, [SEQUENCE, SEQUENCE], spread=True),
    Row("MultiHeadAttention", HEADS, [SEQUENCE, (2, 3, 5), (2, 3, 2)], spread=True),
    Row(
        "MultiHeadAttention",
        # Without dropout, Keras on JAX cannot run with another size of the value.
        {**HEADS, "value_dim": 5, "use_bias": False, "output_shape": 7, "dropout": 0.2},
        [SEQUENCE, (2, 3, 4)],
        random=True,
        spread=True,
    ),
    Row(
        "MultiHeadAttention",
        {**HEADS, "use_gate": True, "output_shape": (3, 2)},
        [SEQUENCE, SEQUENCE],
        spread=True,
    ),
    Row(
        "MultiHeadAttention",
        {**HEADS, "sliding_window": 2, "kernel_initializer": "he_normal"},
        [SEQUENCE, SEQUENCE],
        spread=True,
    ),
    Row("MultiHeadAttention", HEADS, [IMAGE, (2, 3, 2, 4)], spread=True),
    Row("MultiHeadAttention", {**HEADS, "attention_axes": 2}, [IMAGE, IMAGE], spread=True),
    Row(
        "MultiHeadAttention",
        {**HEADS, "value_dim": 2, "use_gate": True, "dropout": 0.3, "seed": 1},
        [SEQUENCE, SEQUENCE],
        random=True,
        spread=True,
    ),
]

FAMILIES = {
    "core": CORE,
    "attention": ATTENTION,
    "reshape": RESHAPE,
    "merge": MERGE,
    "activations": ACTIVATIONS,
    "regularization": REGULARIZATION,
    "normalization": NORMALIZATION,
    "convolution": CONVOLUTION,
    "pooling": POOLING,
    "preprocessing": PREPROCESSING,
    "colours": COLOURS,
}
ROWS = [row for rows in FAMILIES.values() for row in rows]
