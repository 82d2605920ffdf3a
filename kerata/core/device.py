"""device: where new tensors are made."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from kerata.backend import select


def device(device_name: Any) -> AbstractContextManager:
    """Make new tensors and variables on a device inside a `with` block.

    Args:
        device_name: kind and number, such as `"cpu:0"`, `"gpu:1"` or `"gpu"`, also called `"cuda"`,
            or a device of the default backend's engine.

    Returns:
        The block's context; operations on tensors happen where these are.

    Raises:
        ValueError: if the default backend has no such device; the message lists those it has.

    >>> import kerata
    >>> with kerata.device("cpu:0"):
    ...     x = kerata.ops.ones((2, 2))
    >>> x.shape
    (2, 2)
    """
    backend = select.default()
    if not isinstance(device_name, str):
        return backend.placing(device_name)
    kind, _, number = device_name.lower().partition(":")
    wanted = f"{'gpu' if kind == 'cuda' else kind}:{number or 0}"
    devices = backend.devices()
    if wanted not in devices:
        raise ValueError(
            f"The backend {backend.name!r} has no device {device_name!r}; it has "
            f"{', '.join(devices)}."
        )
    return backend.placing(devices[wanted])
