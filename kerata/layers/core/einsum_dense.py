"""EinsumDense: a dense layer whose contraction is written as an einsum equation."""

from __future__ import annotations

import re
from typing import Any

from kerata import activations, constraints, initializers, ops, regularizers
from kerata.core.registry import register
from kerata.layers.arguments import Named, Shape, refuse_transformations
from kerata.layers.core.lora import Adaptable, AdaptableLayer


@register("layers")
class EinsumDense(AdaptableLayer):
    """Contracts the input with a kernel as an einsum equation says.

    `outputs = activation(einsum(equation, inputs, kernel) + bias)`

    Args:
        equation: `"inputs,kernel->outputs"`, such as `"abc,cd->abd"`. Inputs and outputs may
            both begin or both end with an ellipsis.
        output_shape: Sizes of the output axes without the batch; `None` for those that the
            input determines. One integer stands for the last axis alone.
        activation: Function applied to the result, or its name; none by default.
        bias_axes: Output letters along which the bias has a value of its own, or `None` for
            no bias.
        kernel_initializer, bias_initializer: First values of the variables.
        kernel_regularizer, bias_regularizer: Penalties on the variables.
        kernel_constraint, bias_constraint: Projections applied after each update.
        lora_rank, lora_alpha: If given, `enable_lora(lora_rank, lora_alpha)` as soon as built.
        gptq_unpacked_column_size, quantization_config: `None`; quantization is a transformation
            of a layer from outside.

    Raises:
        ValueError: If the equation is not of the form above, or does not fit the shapes.

    >>> import kerata
    >>> layer = kerata.layers.EinsumDense("abc,cd->abd", output_shape=(None, 4), bias_axes="d")
    >>> layer(kerata.ops.ones((2, 3, 5))).shape
    (2, 3, 4)
    """

    kernel = Adaptable()

    def __init__(
        self,
        equation: str,
        output_shape: int | tuple[int | None, ...],
        activation: Named = None,
        bias_axes: str | None = None,
        kernel_initializer: Named = "glorot_uniform",
        bias_initializer: Named = "zeros",
        kernel_regularizer: Named = None,
        bias_regularizer: Named = None,
        kernel_constraint: Named = None,
        bias_constraint: Named = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        gptq_unpacked_column_size: int | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        refuse_transformations(
            "EinsumDense",
            gptq_unpacked_column_size=gptq_unpacked_column_size,
            quantization_config=quantization_config,
        )
        super().__init__(**kwargs)
        self.equation = equation
        self.output_shape = (
            (output_shape,) if isinstance(output_shape, int) else tuple(output_shape)
        )
        self.activation = activations.get(activation)
        self.bias_axes = bias_axes
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.lora_rank = lora_rank
        self.lora_alpha = lora_alpha
        self.quantization_config = None

    def build(self, input_shape: Shape) -> None:
        """Make `kernel` and `bias`, with the sizes that the equation gives their axes."""
        kernel_shape, bias_shape = einsum_shapes(
            self.equation, self.bias_axes, input_shape, self.output_shape
        )
        self.kernel = self.add_weight(
            name="kernel",
            shape=kernel_shape,
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = None
        if bias_shape is not None:
            self.bias = self.add_weight(
                name="bias",
                shape=bias_shape,
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self._adapt_if_asked()

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Return `activation(einsum(equation, inputs, kernel) + bias)`."""
        outputs = ops.einsum(self.equation, inputs, self.kernel)
        if self.bias is not None:
            outputs = ops.add(outputs, self.bias)
        return self.activation(outputs)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments; what is not an option of the layer is left out."""
        config = super().get_config()
        del config["gptq_unpacked_column_size"]
        config["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        return config


_EQUATION = re.compile(r"(\.\.\.)?([a-zA-Z]+)(\.\.\.)?,([a-zA-Z]+)->(\.\.\.)?([a-zA-Z]+)(\.\.\.)?")


def einsum_shapes(
    equation: str, bias_axes: str | None, input_shape: Shape, output_shape: Shape
) -> tuple[tuple[int, ...], tuple[int, ...] | None]:
    """Return the shapes of the kernel and of the bias (`None` without bias axes).

    >>> einsum_shapes("abc,cd->abd", "d", (None, 3, 5), (None, 4))
    ((5, 4), (4,))
    """
    match = _EQUATION.fullmatch(equation.replace(" ", ""))
    if match is None:
        raise ValueError(
            f"`equation` is {equation!r}; expected 'inputs,kernel->outputs', such as "
            "'abc,cd->abd' or '...c,cd->...d'."
        )
    before, inputs, after, kernel, before_out, outputs, after_out = match.groups()
    if (before, after) != (before_out, after_out) or (before and after):
        raise ValueError(
            f"`equation` is {equation!r}; the ellipsis must stand at the same end of the inputs "
            "and of the outputs."
        )
    sizes = _sizes_of(inputs, input_shape, from_end=bool(before), equation=equation)
    known = _sizes_of(
        outputs, (input_shape[0], *output_shape), from_end=bool(before), equation=equation
    )
    sizes |= {axis: size for axis, size in known.items() if sizes.get(axis) is None}
    kernel_shape = tuple(_size(axis, sizes, equation) for axis in kernel)
    if not bias_axes:
        return kernel_shape, None
    return kernel_shape, _bias_shape(bias_axes, outputs, sizes, equation, trailing=bool(after))


def _sizes_of(axes: str, shape: Shape, from_end: bool, equation: str) -> dict[str, int | None]:
    """Return letter -> size; letters stand at the end of the shape after an ellipsis."""
    if len(axes) > len(shape):
        raise ValueError(
            f"`equation` {equation!r} names {len(axes)} axes {axes!r} for a tensor of shape "
            f"{shape}. Name one letter per axis, the batch included."
        )
    return dict(zip(axes, shape[-len(axes) :] if from_end else shape, strict=False))


def _size(axis: str, sizes: dict[str, int | None], equation: str) -> int:
    size = sizes.get(axis)
    if size is None:
        raise ValueError(
            f"`equation` {equation!r}: the size of axis {axis!r} is not known. Give it in "
            "`output_shape`, or in the shape of the Input."
        )
    return size


def _bias_shape(
    bias_axes: str, outputs: str, sizes: dict[str, int | None], equation: str, trailing: bool
) -> tuple[int, ...]:
    """Return a shape that broadcasts to the outputs, from the first bias axis on."""
    unknown = [axis for axis in bias_axes if axis not in outputs]
    if unknown:
        raise ValueError(
            f"`bias_axes` {bias_axes!r} must be letters of the outputs {outputs!r} of {equation!r}."
        )
    first = min(outputs.index(axis) for axis in bias_axes)
    shape = tuple(
        _size(axis, sizes, equation) if axis in bias_axes else 1 for axis in outputs[first:]
    )
    return shape
