"""Arguments that say how windows move over inputs, spelled out and checked."""

from __future__ import annotations

from collections.abc import Sequence

from kerata.core.spec import Shape, TensorSpec


def per_dimension(
    op: str, name: str, value: int | Sequence[int], rank: int, least: int = 1
) -> tuple[int, ...]:
    """Return one number per spatial dimension, repeating a single one.

    Raises:
        ValueError: for another length, or numbers below `least`.
    """
    sizes = (value,) * rank if isinstance(value, int) else tuple(int(each) for each in value)
    if len(sizes) == 1:
        sizes = sizes * rank
    if len(sizes) != rank or min(sizes) < least:
        raise ValueError(
            f"`{op}` got {name}={value!r} for {rank} spatial dimension(s); expected one integer "
            f">= {least}, or {rank} of them."
        )
    return sizes


def padding_mode(op: str, padding: str) -> str:
    """Return "valid" or "same" in lower case.

    Raises:
        ValueError: for anything else.
    """
    mode = padding.lower() if isinstance(padding, str) else padding
    if mode not in ("valid", "same"):
        raise ValueError(f"`{op}` got padding={padding!r}; expected 'valid' or 'same'.")
    return mode


def spatial_shape(spec: TensorSpec, data_format: str) -> Shape:
    """Return the spatial sizes of (batch, *spatial, channels) or (batch, channels, *spatial)."""
    return spec.shape[1:-1] if data_format == "channels_last" else spec.shape[2:]


def with_spatial_shape(
    spec: TensorSpec, sizes: Shape, channels: int | None, data_format: str
) -> TensorSpec:
    """Return the spec of the same batch with other spatial sizes and channels."""
    batch = spec.shape[0]
    if data_format == "channels_last":
        return spec.with_shape((batch, *sizes, channels))
    return spec.with_shape((batch, channels, *sizes))
