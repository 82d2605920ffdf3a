"""Saving and loading of models and of their weights alone."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO

from kerata.core import registry
from kerata.core.serialization import deserialize
from kerata.saving import orbax
from kerata.saving.archive import (
    ASSETS,
    CONFIG,
    WEIGHTS,
    Archive,
    open_archive,
    read_json,
    write_archive,
)
from kerata.saving.arrays import ArrayFile
from kerata.saving.assets import collect_assets, restore_assets
from kerata.saving.atomic import write_file
from kerata.saving.checksums import Checksums
from kerata.saving.errors import LoadError
from kerata.saving.legacy_file import (
    SUFFIXES,
    has_layers,
    is_legacy,
    read_configs,
    read_legacy_weights,
    write_legacy,
)
from kerata.saving.model_config import model_config
from kerata.saving.safetensors_file import SUFFIX as SAFETENSORS
from kerata.saving.safetensors_file import as_safetensors, read_safetensors
from kerata.saving.weights import read_weights, readable_hdf5, write_weights

#: the release of Keras whose layout is written
KERAS_VERSION = "3.15.1"

_Path = str | os.PathLike[str]
#: what code raises that is given nonsense, none of which says which file it came from
_FAULTS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
    ValueError,
)
_MODEL_SUFFIX, _WEIGHTS_SUFFIX = ".keras", ".weights.h5"


def save_model(
    model: Any, filepath: _Path, overwrite: bool = True, zipped: bool | None = None
) -> None:
    """Write a model to a file: structure, weights, compile state.

    The file has the layout of Keras 3, which can load it if it knows the classes. It is
    replaced in one step: whoever reads at the same time, or after a crash, finds the old file
    or the new one.

    Args:
        model: the model.
        filepath: a path that ends in ``.keras``; or in ``.h5`` or ``.hdf5``, for programs that
            read the format of Keras 1 and 2.
        overwrite: whether an existing file is replaced.
        zipped: None or True. A folder instead of one file could not be replaced in one step.

    Raises:
        ValueError: for another ending, or ``zipped=False``.
        FileExistsError: when the file exists and `overwrite` is False.
        TypeError: when a part of the model cannot be written.

    >>> import kerata, tempfile
    >>> model = kerata.Sequential([kerata.layers.Input((3,)), kerata.layers.Dense(2)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     kerata.saving.save_model(model, folder + "/m.keras")
    ...     kerata.saving.load_model(folder + "/m.keras").count_params()
    8
    """
    if zipped is False:
        raise ValueError("A model is written as one file; leave out zipped=False.")
    if os.fspath(filepath).endswith(SUFFIXES) and not os.fspath(filepath).endswith(_WEIGHTS_SUFFIX):
        _check_free(filepath, overwrite)
        _check_built(model)
        write_file(filepath, lambda file: write_legacy(file, model, KERAS_VERSION))
        return
    _check_target(filepath, _MODEL_SUFFIX, overwrite)
    write_file(filepath, lambda file: write_model(file, model))


def write_model(file: BinaryIO, model: Any) -> None:
    """Write what a ``.keras`` file of a model holds to an open file."""
    metadata, config = _metadata(), model_config(model)
    write_archive(
        file,
        json.dumps(metadata).encode(),
        json.dumps(config).encode(),
        lambda weights: write_weights(weights, model),
        collect_assets(model),
    )


def _metadata() -> dict[str, str]:
    from kerata import __version__

    return {
        "keras_version": KERAS_VERSION,
        "kerata_version": __version__,
        "date_saved": time.strftime("%Y-%m-%d@%H:%M:%S"),
    }


def _check_target(filepath: _Path, suffix: str, overwrite: bool) -> None:
    if not os.fspath(filepath).endswith(suffix):
        raise ValueError(f"The path must end in {suffix}, got {os.fspath(filepath)!r}.")
    _check_free(filepath, overwrite)


def _check_free(filepath: _Path, overwrite: bool) -> None:
    if not overwrite and os.path.exists(filepath):
        raise FileExistsError(f"{os.fspath(filepath)} exists; pass overwrite=True to replace it.")


def load_model(
    filepath: _Path,
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
) -> Any:
    """Read a model from a ``.keras`` file of kerata or Keras 3, an HDF5 file of any Keras, or a
    folder of Orbax.

    A file is data: its classes come from kerata or from `custom_objects`, no module is imported
    and no code is run because a file names it.

    Args:
        filepath: the file, or a folder that `OrbaxCheckpoint` has written: the latest step in it,
            or the step whose folder it is.
        custom_objects: your own classes and functions, by the name that the file gives.
        compile: whether to restore optimizer, loss and metrics, so that training goes on where
            it stopped.
        safe_mode: accepted for Keras' signature; loading is always safe, see `deserialize`.

    Returns:
        The model, built, with its weights.

    Raises:
        FileNotFoundError: when there is no such file.
        LoadError: (a ValueError) when the file is damaged or breaks a rule, when a class is
            unknown, or when the arrays do not fit the model.
    """
    if orbax.is_checkpoint(filepath):
        return _load_checkpoint(orbax.Step(filepath), custom_objects, compile, safe_mode)
    if is_legacy(filepath):
        return _load_legacy(filepath, custom_objects, compile, safe_mode)
    with open_archive(filepath, filepath) as archive:
        return model_in(archive, filepath, custom_objects, compile, safe_mode)


def model_in(
    archive: Archive,
    filepath: _Path,
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
) -> Any:
    """Return the model that an open archive holds; see `load_model`."""
    model = _build(filepath, _parse(filepath, archive.config), custom_objects, compile, safe_mode)
    with _faults_named(filepath, WEIGHTS), _readable_weights(archive, filepath) as file:
        arrays = _read_opened(model, file, filepath, archive.checksums, by_name=True)
        if archive.assets:
            with _faults_named(filepath, ASSETS):
                restore_assets(model, archive.assets, arrays.names)
    return model


def _load_legacy(
    filepath: _Path, custom_objects: Mapping[str, Any] | None, compile: bool, safe_mode: bool
) -> Any:
    with readable_hdf5(os.fspath(filepath), filepath) as file, _faults_named(filepath, "HDF5"):
        config, arguments = read_configs(file, filepath)
        model = _build(filepath, config, custom_objects, compile, safe_mode)
        _check_built(model)
        with_optimizer = compile and arguments is not None
        if with_optimizer:
            with registry.custom_objects_in_scope(custom_objects):
                model.compile_from_config(arguments)
        read_legacy_weights(file, filepath, model, with_optimizer=with_optimizer)
    return model


def _load_checkpoint(
    step: orbax.Step, custom_objects: Mapping[str, Any] | None, compile: bool, safe_mode: bool
) -> Any:
    config = _parse(step.path, step.config())
    model = _build(step.path, config, custom_objects, compile, safe_mode)
    with _faults_named(step.path, orbax.STATE):
        _set_from_checkpoint(model, step)
    with _faults_named(step.path, orbax.ASSETS):
        restore_assets(model, step.assets(), {})
    return model


def _set_from_checkpoint(model: Any, step: orbax.Step) -> None:
    _check_built(model)
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None and not optimizer.built:
        optimizer.build(model.trainable_variables)
    step.set_state(model)


def _parse(filepath: _Path, config: bytes) -> dict[str, Any]:
    parsed = read_json(filepath, CONFIG, config)
    if not isinstance(parsed, dict) or not isinstance(parsed.get("config"), dict):
        raise LoadError(filepath, CONFIG, "the configuration of a model was expected.")
    return parsed


def _build(
    filepath: _Path,
    config: dict[str, Any],
    custom_objects: Mapping[str, Any] | None,
    compile: bool,
    safe_mode: bool,
) -> Any:
    """The model that a configuration describes, with fresh weights."""
    from kerata.layers.layer import Layer

    if not compile:
        config = {key: value for key, value in config.items() if key != "compile_config"}
    with _faults_named(filepath, CONFIG):
        model = deserialize(config, custom_objects, safe_mode)
    # A model, or a layer that is saved on its own as well: a FeatureSpace.
    if not isinstance(model, Layer) or not hasattr(model, "save"):
        raise LoadError(filepath, CONFIG, f"holds a {type(model).__name__}, not a model.")
    return model


@contextlib.contextmanager
def _faults_named(filepath: _Path, place: str) -> Iterator[None]:
    """Raise what values from a file lead to, deep inside of layers, as an error of the file."""
    try:
        yield
    except LoadError:
        raise
    except _FAULTS as error:
        raise LoadError(filepath, place, _text(error)) from error


def _text(error: Exception) -> str:
    """The message of an error, with its type where the message alone says too little."""
    return str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"


def _readable_weights(archive: Archive, filepath: _Path) -> Any:
    return readable_hdf5(archive.weights, filepath, WEIGHTS)


def _read_opened(
    model: Any, file: Any, filepath: _Path, checksums: Checksums | None = None, **options: Any
) -> ArrayFile:
    """Set the weights of a model from an open HDF5 file; return what the file holds."""
    _build_optimizer(model, file)
    arrays = ArrayFile(file, filepath, checksums)
    read_weights(arrays, model, **options)
    return arrays


def _build_optimizer(model: Any, file: Any) -> None:
    """Make the optimizer's variables, so that the file's can be set."""
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None and not optimizer.built and "optimizer" in file and model.built:
        optimizer.build(model.trainable_variables)


def save_weights(
    model: Any, filepath: _Path, overwrite: bool = True, max_shard_size: float | None = None
) -> None:
    """Write the weights of a model to a ``.weights.h5`` file, replaced in one step.

    Args:
        model: a built model.
        filepath: a path that ends in ``.weights.h5``; or in ``.safetensors``, for other libraries.
        overwrite: whether an existing file is replaced.
        max_shard_size: None: all weights go into one file.

    Raises:
        ValueError: for another ending, a model without weights yet, or a `max_shard_size`.
        FileExistsError: when the file exists and `overwrite` is False.
    """
    as_tensors = os.fspath(filepath).endswith(SAFETENSORS)
    _check_target(filepath, SAFETENSORS if as_tensors else _WEIGHTS_SUFFIX, overwrite)
    if max_shard_size is not None:
        raise ValueError("All weights go into one file; leave out max_shard_size.")
    _check_built(model)
    if as_tensors:
        content = as_safetensors(model)
        write_file(filepath, lambda file: file.write(content))
    else:
        write_file(filepath, lambda file: write_weights(file, model))


def load_weights(
    model: Any,
    filepath: _Path,
    skip_mismatch: bool = False,
    objects_to_skip: Iterable[Any] | None = None,
    by: str | None = None,
    by_name: bool = False,
) -> None:
    """Set the weights of a model from a ``.weights.h5`` or ``.keras`` file, an HDF5 file of Keras 1
    or 2, a ``.safetensors`` file, or a folder of Orbax.

    Every shape is compared before anything is changed.

    Args:
        model: a built model.
        filepath: the path.
        skip_mismatch: whether to leave layers as they are, with a warning, that do not fit.
        objects_to_skip: layers that shall stay as they are.
        by: `"position"` accepts layers that were given other names than those in the file.
        by_name: of files of Keras 1 and 2: whether to load the layers that have a namesake in the
            file, and to leave the others as they are, with a warning that lists them.

    Raises:
        FileNotFoundError: when there is no such file.
        LoadError: (a ValueError) when the arrays do not fit (with a table of path, shape in the
            file, shape in the model) or the file is damaged.
        ValueError: for another ending, or a model without weights yet.
    """
    _check_built(model)
    if by not in (None, "position"):
        raise ValueError(f"`by` is {by!r}; expected 'position' or None.")
    options = {"skip_mismatch": skip_mismatch, "objects_to_skip": objects_to_skip, "by": by}
    name = os.fspath(filepath)
    if orbax.is_checkpoint(name):
        if skip_mismatch or objects_to_skip or by or by_name:
            raise ValueError("A checkpoint of Orbax is loaded as a whole: give no other arguments.")
        _set_from_checkpoint(model, orbax.Step(name))
    elif name.endswith(SAFETENSORS):
        _refuse_by_name(by_name)
        read_safetensors(filepath, model, skip_mismatch, objects_to_skip)
    elif name.endswith(_MODEL_SUFFIX):
        _refuse_by_name(by_name)
        with (
            open_archive(filepath, filepath) as archive,
            _readable_weights(archive, filepath) as file,
        ):
            _read_opened(model, file, filepath, archive.checksums, **options)
    elif name.endswith(SUFFIXES):
        _load_hdf5(model, filepath, by_name, **options)
    else:
        raise ValueError(f"The path must end in {_WEIGHTS_SUFFIX} or {_MODEL_SUFFIX}: {name!r}.")


def _load_hdf5(model: Any, filepath: _Path, by_name: bool, **options: Any) -> None:
    """Set weights from an HDF5 file of today's layout, or of that by layers."""
    with readable_hdf5(os.fspath(filepath), filepath) as file:
        if not has_layers(file):
            _refuse_by_name(by_name)
            _read_opened(model, file, filepath, **options)
            return
        options["by"] = "name" if by_name else options["by"]
        with _faults_named(filepath, "HDF5"):
            read_legacy_weights(file, filepath, model, **options)


def _refuse_by_name(by_name: bool) -> None:
    if by_name:
        raise ValueError(
            "by_name=True is for files of Keras 1 and 2. In others the layers are found by their "
            "place in the model; skip_mismatch=True loads those that fit."
        )


def _check_built(model: Any) -> None:
    if not model.built:
        raise ValueError(
            f"{model.name!r} has no weights yet: call it on data, or build(input_shape), first."
        )
