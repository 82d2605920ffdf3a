"""Every public name says what it is for, and what each of its arguments is.

An argument may also be explained by a class that a class inherits from, by a function that the text
refers to ("See `split`."), or for all functions of a file at once in the file's docstring, as
`axis` there: the reference shows it above them.
"""

import importlib
import inspect
import re
from types import ModuleType

import pytest

import kerata


def public_modules():
    """Return the public modules by name, also those inside of others."""
    found, todo = {}, [("kerata", kerata)]
    while todo:
        name, module = todo.pop()
        found[name] = module
        for inner in module.__all__:
            thing = getattr(module, inner)
            if isinstance(thing, ModuleType):
                todo.append((f"{name}.{inner}", thing))
    return found


def public_things():
    """Return what is public, each thing once, by one of its names."""
    found = {}
    for path, module in public_modules().items():
        for name in module.__all__:
            thing = getattr(module, name)
            if callable(thing):
                found.setdefault(id(thing), (f"{path}.{name}", thing))
    return dict(found.values())


THINGS = public_things()


def parameters(thing):
    """Return the names of the parameters that a docstring owes an explanation."""
    try:
        found = inspect.signature(thing).parameters.values()
    except ValueError:  # a class of C, such as an exception
        return []
    return [p.name for p in found if p.kind != p.VAR_KEYWORD and p.name not in ("self", "args")]


def explained(text):
    """Return the names that the lists of arguments in a docstring explain.

    >>> sorted(explained("Sum.\\n\\nArgs:\\n    a, b: what is added.\\n        Tensors."))
    ['a', 'b']
    """
    names = set()
    for section in re.findall(r"^(?:Args|Call arguments):\n((?: +.*\n?|\n)*)", text, re.MULTILINE):
        for entry in re.findall(r"^ {4}([*\w`, ]+):", section, re.MULTILINE):
            names |= {name.strip(" *`") for name in entry.split(",")}
    return names


def explained_by_another(thing):
    """Return the names that a function explains to which a docstring refers."""
    file = importlib.import_module(thing.__module__)
    named = re.findall(r"(?:[Ss]ee|[Aa]s|[Aa]s for) `(\w+)`", inspect.getdoc(thing) or "")
    found = [explained(inspect.getdoc(getattr(file, name, None)) or "") for name in named]
    return set().union(*found)


def explained_for_all(thing):
    """Return the names in backticks in the docstrings of the files that hold a thing."""
    file = importlib.import_module(thing.__module__)
    package = importlib.import_module(thing.__module__.rpartition(".")[0])
    return set(re.findall(r"`(\w+)`", f"{file.__doc__} {package.__doc__}"))


@pytest.mark.parametrize("name", public_modules())
def test_module(name):
    module = public_modules()[name]
    assert module.__doc__ and module.__all__


@pytest.mark.parametrize("name", THINGS)
def test_purpose(name):
    text = inspect.getdoc(THINGS[name]) or ""
    first = text.partition("\n\n")[0]
    assert first.endswith((".", ":")), f"{name}: a first sentence was expected, got {first!r}"


@pytest.mark.parametrize("name", THINGS)
def test_arguments(name):
    thing = THINGS[name]
    owed = set(parameters(thing)) - explained(inspect.getdoc(thing) or "")
    if inspect.isclass(thing):
        for base in thing.__mro__[1:]:
            owed -= explained(inspect.cleandoc(base.__doc__ or ""))
    elif inspect.isfunction(thing):
        owed -= explained_for_all(thing) | explained_by_another(thing)
    assert not owed, f"{name}: Args lacks {', '.join(sorted(owed))}"
