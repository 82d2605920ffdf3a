"""On which device PyTorch's new tensors are made."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Iterator

import torch


class _Chosen(threading.local):
    device: torch.device | None = None


_chosen = _Chosen()


def device() -> torch.device | None:
    """Return the device chosen by a `with` block, else the GPU; `None` for torch's own default."""
    return _chosen.device or _gpu()


@functools.cache
def _gpu() -> torch.device | None:
    return torch.device("cuda") if torch.cuda.is_available() else None


@contextlib.contextmanager
def on(chosen: torch.device) -> Iterator[None]:
    """Make new tensors on a device inside a `with` block."""
    before, _chosen.device = _chosen.device, chosen
    try:
        with chosen:
            yield
    finally:
        _chosen.device = before
