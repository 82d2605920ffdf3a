"""What is in a model file, told without building the model and without an engine."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerata.saving.archive import CONFIG, METADATA, open_archive, read_json
from kerata.saving.arrays import ArrayFile, StoredArray
from kerata.saving.checksums import Checksums
from kerata.saving.errors import LoadError
from kerata.saving.legacy_file import SUFFIXES, LayerArrays, has_layers, is_legacy, raw_configs
from kerata.saving.weights import readable_hdf5

if TYPE_CHECKING:
    from rich.console import Group

_MOST_SHAPES = 6  # that are written out
_VARIABLES = "vars"  # where the arrays of a layer lie, in its group


@dataclass
class Part:
    """A group of arrays in a file: a layer, an optimizer, or a part of one.

    Attributes:
        name: what the file calls it.
        path: where in the file it is.
        kind: its class, where the file tells.
        input_shape: the shape that it was built for, where the file tells.
        arrays: shapes and dtypes, in their order.
    """

    name: str
    path: str
    kind: str = ""
    input_shape: Any = None
    arrays: list[tuple[tuple[int, ...], str]] = field(default_factory=list)


@dataclass
class Report:
    """What a file holds.

    Attributes:
        path: the file.
        size: its bytes.
        versions: who wrote it and when, by name.
        model: class and name of the model; "" in a file of weights.
        compiled: optimizer, loss and metrics as the file names them.
        parts: layers and the optimizer, in the model's order.
        custom: classes and functions that whoever loads it must define, and where they came from.
        code: how many layers carry Python code, which is never run.
        assets: the files that layers keep beside their numbers, with their bytes.
        checked: how many arrays have a checksum that is right.
        unchecked: how many have none, as in files of Keras.
        damaged: arrays whose numbers are damaged.
    """

    path: str
    size: int
    versions: dict[str, str] = field(default_factory=dict)
    model: str = ""
    compiled: dict[str, str] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)
    custom: dict[str, str] = field(default_factory=dict)
    code: int = 0
    assets: dict[str, int] = field(default_factory=dict)
    checked: int = 0
    unchecked: int = 0
    damaged: list[str] = field(default_factory=list)


def inspect(filepath: str | os.PathLike[str]) -> Report:
    """Return what is in a model file; nothing is built, imported or run.

    Args:
        filepath: a ``.keras`` or ``.weights.h5`` file of kerata or Keras 3, or an HDF5 file of
            any Keras.

    Raises:
        FileNotFoundError: when there is no such file.
        LoadError: when the file is no such file, or breaks a rule of loading.

    >>> import kerata, tempfile
    >>> from kerata.saving.inspection import inspect
    >>> layers = [kerata.Input((3,)), kerata.layers.Dense(2, name="last")]
    >>> model = kerata.Sequential(layers, name="net")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     model.save(folder + "/m.keras")
    ...     report = inspect(folder + "/m.keras")
    >>> report.model, report.parts[-1].name, report.parts[-1].arrays, report.checked
    ("Sequential 'net'", 'last', [((3, 2), 'float32'), ((2,), 'float32')], 2)
    """
    path = Path(filepath)
    report = Report(os.fspath(filepath), path.stat().st_size)
    if is_legacy(filepath) or path.name.endswith(SUFFIXES):
        with readable_hdf5(os.fspath(filepath), filepath) as file:
            if has_layers(file):
                _read_legacy(report, file)
            else:
                _read_arrays(report, file, {})
        return report
    with open_archive(filepath, filepath) as archive:
        config = _json(filepath, CONFIG, archive.config)
        metadata = _json(filepath, METADATA, archive.metadata)
        report.versions = {str(name): str(value) for name, value in metadata.items()}
        report.assets = {name: len(data) for name, data in archive.assets.items()}
        described = _describe(report, config, config.get("compile_config"))
        with readable_hdf5(archive.weights, report.path) as file:
            _read_arrays(report, file, described, archive.checksums)
    return report


def _describe(report: Report, config: dict[str, Any], compiled: Any) -> dict[str, dict[str, Any]]:
    """Note what a configuration says; return its objects by name."""
    report.model = _title(config)
    report.compiled = _compiled(compiled)
    for found in _objects(config):
        _note_foreign(report, found)
    return {str(name): found for found in _objects(config) if (name := _name(found))}


# -- the configuration -----------------------------------------------------------------------


def _json(filepath: Any, member: str, data: bytes) -> dict[str, Any]:
    parsed = read_json(filepath, member, data)
    if not isinstance(parsed, dict):
        raise LoadError(filepath, member, "a JSON object was expected.")
    return parsed


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the serialized objects in a configuration, outermost first."""
    if isinstance(value, dict):
        if isinstance(value.get("class_name"), str) and "config" in value:
            yield value
        for inner in value.values():
            yield from _objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _objects(inner)


def _name(found: Mapping[str, Any]) -> Any:
    config = found["config"]
    return config.get("name") if isinstance(config, dict) else None


def _title(config: Mapping[str, Any]) -> str:
    named = isinstance(config.get("config"), dict) and "class_name" in config
    return f"{config['class_name']} {config['config'].get('name', '')!r}" if named else ""


def _compiled(told: Any) -> dict[str, str]:
    if not isinstance(told, dict):
        return {}
    wanted = ("optimizer", "loss", "metrics")
    return {name: _short(told[name]) for name in wanted if told.get(name) is not None}


def _short(value: Any) -> str:
    """Return what a configuration says of a loss or optimizer, in a word or two."""
    if isinstance(value, dict) and "class_name" in value:
        function = value["class_name"] == "function"
        return str(value.get("config") if function else value["class_name"])
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_short(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return ", ".join(map(_short, value))
    return str(value)


def _note_foreign(report: Report, found: Mapping[str, Any]) -> None:
    """Note an object of the user's, and Python code that a file of Keras carries."""
    if found["class_name"] == "__lambda__":
        report.code += 1
    elif found.get("registered_name") and not str(found.get("module")).startswith("keras"):
        function = found["class_name"] == "function"
        name = found["config"] if function else found["registered_name"]
        report.custom[str(name)] = str(found.get("module"))


# -- the arrays ------------------------------------------------------------------------------


def _read_arrays(
    report: Report,
    file: Any,
    described: Mapping[str, Mapping[str, Any]],
    checksums: Checksums | None = None,
) -> None:
    stored = ArrayFile(file, report.path, checksums)
    order = {name: place for place, name in enumerate(described)}
    groups = {_group(path) for path in (*stored.names, *stored.arrays)} - {""}
    for path in sorted(groups, key=lambda path: _place(path, stored.names, order)):
        report.parts.append(_part(path, stored, described))
    for path, array in stored.arrays.items():
        _check(report, path, array)


def _read_legacy(report: Report, file: Any) -> None:
    """Read an HDF5 file that has a configuration in its attributes, and weights by layers."""
    config, training = raw_configs(file, report.path)
    for name in ("keras_version", "backend"):
        if name in file.attrs:
            value = file.attrs[name]
            report.versions[name] = value.decode() if isinstance(value, bytes) else str(value)
    told = {**(training or {}), "optimizer": (training or {}).get("optimizer_config")}
    described = _describe(report, config or {}, told)
    stored = LayerArrays(file, report.path)
    groups = {f"layers/{name}": stored.weights(name) for name in stored.layers}
    groups["optimizer"] = [array for _, array in stored.of_optimizer()]
    for path, arrays in groups.items():
        name = path.removeprefix("layers/")
        kind = str(described.get(name, {}).get("class_name", ""))
        shapes = [(array.shape, array.dtype) for array in arrays]
        if shapes:
            report.parts.append(Part(name, path, kind, None, shapes))
        for array in arrays:
            _check(report, array.path, array)


def _group(path: str) -> str:
    """Return the layer's group that an array, or a layer's folder of arrays, lies in."""
    parts = path.split("/")
    return "/".join(parts[: parts.index(_VARIABLES)]) if _VARIABLES in parts else path


def _place(path: str, names: Mapping[str, str], order: Mapping[str, int]) -> list:
    """Return where a layer stands: by the model's order, each level inside the one above."""
    parts = path.split("/")
    above = ["/".join(parts[: i + 1]) for i in range(len(parts))]
    found = [(order.get(names.get(f"{p}/{_VARIABLES}", ""), len(order)), p) for p in above]
    return [parts[0] != "layers", *[each for each in found if not each[1].endswith("layers")]]


def _part(path: str, stored: ArrayFile, described: Mapping[str, Mapping[str, Any]]) -> Part:
    name = stored.names.get(f"{path}/{_VARIABLES}", path.rsplit("/", 1)[-1])
    told = described.get(name, {})
    built = told.get("build_config")
    arrays = stored.under(f"{path}/{_VARIABLES}")
    return Part(
        name,
        path,
        str(told.get("class_name", "")),
        built.get("input_shape") if isinstance(built, dict) else None,
        [(arrays[key].shape, arrays[key].dtype) for key in sorted(arrays, key=_number)],
    )


def _number(key: str) -> tuple[int, str]:
    return (int(key), "") if key.isdecimal() else (10**9, key)


def _check(report: Report, path: str, array: StoredArray) -> None:
    try:
        array.read()
    except LoadError:
        report.damaged.append(path)
        return
    if array.has_checksum:
        report.checked += 1
    else:
        report.unchecked += 1


# -- showing ---------------------------------------------------------------------------------


def as_table(report: Report) -> Group:
    """Return a report as a person reads it: facts first, then layer by layer."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    facts = Table(title=Text(report.path), show_header=False)
    for name, value in _facts(report).items():
        facts.add_row(name, Text(value))
    parts = Table()
    for heading in ("part", "class", "input shape", "arrays", "parameters"):
        parts.add_column(heading, justify="right" if heading == "parameters" else "left")
    for part in report.parts:
        cells = (_indented(part), part.kind, _shape(part.input_shape), _shapes(part))
        parts.add_row(*map(Text, cells), f"{_count(part):,}")
    return Group(facts, parts)


def _facts(report: Report) -> dict[str, str]:
    layers = [part for part in report.parts if part.path.startswith("layers")]
    dtypes = Counter(dtype for part in report.parts for _, dtype in part.arrays)
    facts = {
        "size": f"{report.size:,} bytes",
        **{name.replace("_", " "): value for name, value in report.versions.items()},
        "model": report.model,
        **report.compiled,
        "parameters of layers": f"{sum(map(_count, layers)):,}",
        "dtypes": ", ".join(f"{count} x {dtype}" for dtype, count in dtypes.items()),
        "files of layers": ", ".join(f"{name} ({size})" for name, size in report.assets.items()),
        "checksums": f"{report.checked} right, {report.unchecked} missing",
        "DAMAGED": ", ".join(report.damaged),
        "needs": ", ".join(f"{name} (was in {module})" for name, module in report.custom.items()),
        "Python code": f"in {report.code} layers; it is never run" if report.code else "",
    }
    return {name: value for name, value in facts.items() if value}


def _indented(part: Part) -> str:
    inside = part.path.removeprefix("layers/").count("/layers/")
    inside += part.path.rsplit("layers/", 1)[-1].count("/") if "layers/" in part.path else 0
    return "  " * inside + part.name


def _shape(shape: Any) -> str:
    return "" if shape is None else str(shape).replace("None", "?")


def _shapes(part: Part) -> str:
    if len(part.arrays) > _MOST_SHAPES:
        return f"{len(part.arrays)} arrays"
    return " ".join(f"({', '.join(map(str, shape))})" for shape, _ in part.arrays)


def _count(part: Part) -> int:
    return sum(math.prod(shape) for shape, _ in part.arrays)
