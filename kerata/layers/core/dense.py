"""Dense: the fully connected layer."""

from __future__ import annotations

from typing import Any

from kerata import activations, constraints, initializers, ops, regularizers
from kerata.core.registry import register
from kerata.layers.arguments import Named, Shape, positive_integer, refuse_transformations
from kerata.layers.core.lora import Adaptable, AdaptableLayer
from kerata.layers.input_spec import InputSpec
from kerata.layers.shapes import known_size
from kerata.ops.linalg import affine


@register("layers")
class Dense(AdaptableLayer):
    """Connects every input feature with every output feature.

    `outputs = activation(inputs @ kernel + bias)`, over the last axis.

    Args:
        units: Number of output features, a positive integer.
        activation: Function applied to the result, or its name; none by default.
        use_bias: Whether a bias is added.
        kernel_initializer, bias_initializer: First values of the variables.
        kernel_regularizer, bias_regularizer: Penalties on the variables.
        activity_regularizer: Penalty on the output.
        kernel_constraint, bias_constraint: Projections applied after each update.
        lora_rank, lora_alpha: If given, `enable_lora(lora_rank, lora_alpha)` as soon as built.
        quantization_config: `None`; quantization is a transformation of a layer from outside.

    Input: `(batch, ..., features)`. Output: `(batch, ..., units)`.

    Raises:
        ValueError: If an argument is out of its range, or the number of features is unknown
            when the layer is built.

    >>> import kerata
    >>> kerata.layers.Dense(3)(kerata.ops.ones((2, 5))).shape
    (2, 3)
    """

    kernel = Adaptable()

    def __init__(
        self,
        units: int,
        activation: Named = None,
        use_bias: bool = True,
        kernel_initializer: Named = "glorot_uniform",
        bias_initializer: Named = "zeros",
        kernel_regularizer: Named = None,
        bias_regularizer: Named = None,
        activity_regularizer: Named = None,
        kernel_constraint: Named = None,
        bias_constraint: Named = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        refuse_transformations("Dense", quantization_config=quantization_config)
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.units = positive_integer(units, "units")
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.lora_rank = lora_rank
        self.lora_alpha = lora_alpha
        self.quantization_config = None
        self.input_spec = InputSpec(min_ndim=2)
        self.supports_masking = True

    def build(self, input_shape: Shape) -> None:
        """Make `kernel` (features, units) and `bias` (units,)."""
        features = known_size(self, input_shape, -1)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(features, self.units),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(self.units,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self.input_spec = InputSpec(min_ndim=2, axes={-1: features})
        self._adapt_if_asked()

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Return `activation(inputs @ kernel + bias)`."""
        if self.bias is None:
            return self.activation(ops.matmul(inputs, self.kernel))
        return self.activation(affine(inputs, self.kernel, self.bias))

    def shape_advice(self, shape: Shape) -> str:
        """Return what to do about an input of the wrong shape."""
        if len(shape) == 1:
            return " One sample needs a batch axis: pass x[None]."
        return ""

    def get_config(self) -> dict[str, Any]:
        """Return the arguments; what is not an option of the layer is left out."""
        config = super().get_config()
        if self.activity_regularizer is None:
            del config["activity_regularizer"]
        return config
