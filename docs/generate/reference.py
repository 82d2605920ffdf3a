"""The pages of the reference, made from the public names while the site is built (MkDocs hook).

A public module is one that `kerata` names; its public names are its `__all__`. Each gets a page,
on which names stand by theme: the file, or folder of files, that defines them. A name that
several modules offer is described where it is defined, and linked elsewhere.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import griffe
from docstrings import with_code_blocks
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

import kerata

TITLES = {
    "conv": "Convolution",
    "iou": "Intersection over union",
    "linalg": "Linear algebra",
    "nn": "Neural networks",
    "rnn": "Recurrent networks",
}
# A file of fewer names than these is no theme of its own.
SMALLEST_THEME = 3


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages to the site, and to the end of its navigation."""
    pages = Reference()
    entries: list[Any] = []
    for module in pages.modules:
        path = f"reference/{module.removeprefix('kerata.')}.md"
        files.append(File.generated(config, path, content=pages.page(module)))
        entries.append({module: path})
    assert config.nav is not None
    config.nav.append({"Reference": entries})
    return files


class Reference:
    """All public modules, and for each public object the one name that it is described under."""

    def __init__(self) -> None:
        self.modules: dict[str, dict[str, Any]] = dict(_public_modules())
        self.code = griffe.load("kerata", search_paths=[Path(kerata.__file__).parents[1]])
        self.names: dict[int, str] = {}
        for choose in (_is_at_home, lambda module, thing: True):
            for module, things in self.modules.items():
                for name, thing in sorted(things.items(), key=lambda item: not _is_own(*item)):
                    if choose(module, thing):
                        self.names.setdefault(id(thing), f"{module}.{name}")

    def page(self, module: str) -> str:
        """Return the page of a module as Markdown."""
        things = self.modules[module]
        described = {n: t for n, t in things.items() if self.names[id(t)] == f"{module}.{n}"}
        parts = [f"# {module}", with_code_blocks(inspect.getdoc(_import(module)) or "")]
        for title, text, names in _themes(module, described):
            parts += [f"## {title}", with_code_blocks(text)] if title else []
            parts += [self._entry(module, name) for name in names]
        here = {id(thing) for thing in described.values()}
        links = [
            f"* `{name}`: [`{self.names[id(thing)]}`][{self.names[id(thing)]}]"
            for name, thing in things.items()
            if id(thing) not in here
        ]
        if links:
            parts += ["## Described elsewhere", "\n".join(links)]
        return "\n\n".join(parts) + "\n"

    def _entry(self, module: str, name: str) -> str:
        """Return what asks mkdocstrings to describe a name."""
        thing = self.modules[module][name]
        members = self._members(thing)
        lines = [
            f"::: {_source(f'{module}.{name}', thing, self.code)}",
            "    options:",
            f"      heading: {name}",
            f"      toc_label: {name}",
            "      heading_level: 3",
            f"      members: {members}",
            f"      inherited_members: {members or 'false'}",
        ]
        other = [n for n, t in self.modules[module].items() if t is thing and n != name]
        if other:
            lines += ["", "Also called " + ", ".join(f"`{n}`" for n in other) + "."]
        return "\n".join(lines)

    def _members(self, thing: Any) -> list[str]:
        """Return the methods that a class adds to those of the public classes it is made of."""
        if not inspect.isclass(thing):
            return []
        known = {name for base in thing.__mro__[1:] if id(base) in self.names for name in dir(base)}
        names = (
            name
            for base in thing.__mro__
            if base.__module__.startswith("kerata")
            for name, member in vars(base).items()
            if not name.startswith("_") and name not in known and _is_method(member)
        )
        return list(dict.fromkeys(names))


def _public_modules() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each public module with its public names, also those of its public modules."""
    for name in ("kerata", *sorted(f"kerata.{name}" for name in kerata.__all__)):
        module = kerata if name == "kerata" else getattr(kerata, name.partition(".")[2])
        if isinstance(module, ModuleType) and (names := _public_names(module)):
            yield name, names


def _public_names(module: ModuleType) -> dict[str, Any]:
    """Return the public things of a module by name; those of its modules as `module.name`."""
    found = {}
    for name in module.__all__:
        thing = getattr(module, name)
        if not isinstance(thing, ModuleType):
            found[name] = thing
        elif module is not kerata:
            found |= {f"{name}.{inner}": t for inner, t in _public_names(thing).items()}
    return {name: thing for name, thing in found.items() if callable(thing)}


def _import(module: str) -> ModuleType:
    return kerata if module == "kerata" else getattr(kerata, module.partition(".")[2])


def _is_at_home(module: str, thing: Any) -> bool:
    """Tell whether a public module is the one whose files define a thing."""
    return module != "kerata" and f"{thing.__module__}.".startswith(f"{_import(module).__name__}.")


def _is_own(name: str, thing: Any) -> bool:
    """Tell whether a name is the one that a thing was defined with, not a further one."""
    return name.rpartition(".")[2] == thing.__name__


def _source(path: str, thing: Any, code: griffe.Module) -> str:
    """Return the path under which mkdocstrings finds a thing, which reads code and runs none.

    That is the public one, unless only running code gives the thing this name.
    """
    with contextlib.suppress(KeyError, griffe.AliasResolutionError):
        found = code[path.removeprefix("kerata.")]
        if found.is_class or found.is_function:
            return path
    return f"{thing.__module__}.{thing.__qualname__}"


def _is_method(member: Any) -> bool:
    if isinstance(member, classmethod | staticmethod):
        member = member.__func__
    return (inspect.isfunction(member) or isinstance(member, property)) and bool(member.__doc__)


def _themes(module: str, things: dict[str, Any]) -> Iterator[tuple[str, str, list[str]]]:
    """Yield title, text and names of each theme, first of what has none."""
    by_file: dict[str, list[str]] = defaultdict(list)
    for name, thing in things.items():
        by_file[_theme_of(module, thing)].append(name)
    own: list[str] = []
    themes = []
    for file, names in by_file.items():
        home = importlib.import_module(file) if file else kerata
        if file and (len(names) >= SMALLEST_THEME or hasattr(home, "__path__")):
            last = file.rpartition(".")[2]
            title = TITLES.get(last, last.replace("_", " ").capitalize())
            themes.append((title, inspect.getdoc(home) or "", names))
        else:
            own += names
    yield "", "", sorted(own, key=lambda name: (not inspect.isclass(things[name]), name.lower()))
    yield from sorted(themes)


def _theme_of(module: str, thing: Any) -> str:
    """Return the file or folder right below a module that defines a thing; "" if none does."""
    package = _import(module).__name__
    if module == "kerata" or not thing.__module__.startswith(f"{package}."):
        return ""
    return f"{package}.{thing.__module__.removeprefix(f'{package}.').partition('.')[0]}"
