"""`kerata doctor`: what is installed, which engine would compute, and where data are found."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys

from kerata.backend import select

_PACKAGES = ("numpy", "jax", "torch", "tensorflow", "h5py", "matplotlib", "scikit-learn", "keras")

# Packages that also come under other names, for other machines.
_BUILDS = {"tensorflow": ("tensorflow-cpu",)}


def run() -> int:
    """Print the report; return 0, or 1 if no engine that can train is installed."""
    from rich.console import Console
    from rich.table import Table

    import kerata

    table = Table(title=f"kerata {kerata.__version__}", show_header=False)
    table.add_row("Python", f"{platform.python_version()} on {platform.platform(terse=True)}")
    table.add_row("processors", str(os.cpu_count()))
    for package in _PACKAGES:
        table.add_row(package, version(package) or "[dim]not installed[/dim]")
    table.add_row("default backend", select.default().name)
    for name, device in _devices().items():
        table.add_row(f"{name} computes on", device)
    table.add_row("digits (MNIST)", "here" if kerata.datasets.mnist.is_local() else "not here yet")
    Console().print(table)
    if any(version(engine) for engine in ("jax", "torch", "tensorflow")):
        return 0
    print("Nothing that can train is installed: pip install jax", file=sys.stderr)
    return 1


def version(package: str) -> str | None:
    """Return the installed version of a package, or None.

    >>> from kerata.doctor import version
    >>> version("no-such-package") is None
    True
    """
    for name in (package, *_BUILDS.get(package, ())):
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return None


def _devices() -> dict[str, str]:
    """The device that each installed engine computes on."""
    found = {}
    if version("jax"):
        import jax

        found["jax"] = ", ".join(str(device) for device in jax.devices())
    if version("torch"):
        import torch

        cuda = torch.cuda.is_available()
        found["torch"] = torch.cuda.get_device_name() if cuda else "cpu"
    if version("tensorflow"):
        select.load("tensorflow")  # without TensorFlow's start-up messages
        import tensorflow as tf

        devices = tf.config.list_physical_devices()
        found["tensorflow"] = ", ".join(d.name.removeprefix("/physical_device:") for d in devices)
    return found
