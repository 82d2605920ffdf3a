"""CategoryEncoding: integer categories as one-hot, multi-hot or count vectors."""

from __future__ import annotations

from typing import Any

from kerata import ops
from kerata.core.registry import register
from kerata.layers.layer import Layer
from kerata.layers.preprocessing.categories import check_dense, check_mode, encoded


@register("layers")
class CategoryEncoding(Layer):
    """Turns integers from 0 to `num_tokens - 1` into vectors; others count nowhere.

    Args:
        num_tokens: number of categories.
        output_mode: `"multi_hot"`: one vector for each row of the last axis, 1 for the categories
            in it; `"count"`: likewise, how often each occurs; `"one_hot"`: a vector for each
            entry, where a last axis of size 1 is dropped first.
        sparse: kept for Keras' signature; output is dense.

    Input: integers of any shape. Output: the layer's dtype, with a last axis of `num_tokens`.

    >>> import kerata
    >>> kerata.layers.CategoryEncoding(4)([[0, 1], [1, 3]]).tolist()
    [[1.0, 1.0, 0.0, 0.0], [0.0, 1.0, 0.0, 1.0]]
    """

    def __init__(
        self,
        num_tokens: int | None = None,
        output_mode: str = "multi_hot",
        sparse: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_mode("CategoryEncoding", output_mode, ("multi_hot", "count", "one_hot"))
        check_dense("CategoryEncoding", sparse)
        if num_tokens is None or num_tokens < 1:
            raise ValueError(
                f"CategoryEncoding got num_tokens={num_tokens}; expected the number of categories. "
                "If it is not known, let an IntegerLookup learn them."
            )
        self.num_tokens = num_tokens
        self.output_mode = output_mode
        self.sparse = sparse

    def call(self, inputs: Any, count_weights: Any = None) -> Any:
        """Return the vectors.

        Args:
            inputs: integers.
            count_weights: what each entry counts, for `"count"`.

        Raises:
            ValueError: if weights are given for another mode.
        """
        if count_weights is not None and self.output_mode != "count":
            raise ValueError("`count_weights` are used with output_mode='count' only.")
        return encoded(
            ops.cast(inputs, "int32"),
            self.output_mode,
            self.num_tokens,
            self.compute_dtype,
            count_weights,
        )

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments; `sparse`, always false, is left out as in Keras."""
        config = super().get_config()
        config.pop("sparse", None)
        return config
