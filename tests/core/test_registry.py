"""What may be named: built-ins, custom objects, and their order of precedence."""

import threading

import pytest

from kerata.core import registry


@pytest.fixture
def scratch(monkeypatch):
    """A registry of its own with one kind, so that the tests leave no names behind."""
    monkeypatch.setattr(registry, "HOMES", {"things": "kerata.core"})
    monkeypatch.setattr(registry, "_tables", {"things": {}})
    monkeypatch.setattr(registry, "_kinds_of", {})
    monkeypatch.setattr(registry, "_loaded", {"things"})
    return registry


def make(name):
    return type(name, (), {"__module__": __name__, "__qualname__": name})


def test_names_of_a_class(scratch):
    cls = scratch.register("things", "short")(make("GlorotThing"))
    for name in ("GlorotThing", "glorot_thing", "glorotthing", "short"):
        assert scratch.lookup("things", name) is cls
    assert scratch.lookup("things", "glorot") is None
    assert scratch.names("things") == ["GlorotThing"]
    assert scratch.keras_module(cls) == "keras.things"


@pytest.mark.parametrize("class_first", [True, False])
def test_own_name_beats_derived_spelling(scratch, class_first):
    def mean_error():
        pass

    definitions = [make("MeanError"), mean_error]
    for thing in definitions if class_first else reversed(definitions):
        scratch.register("things")(thing)
    assert scratch.lookup("things", "mean_error") is mean_error
    assert scratch.lookup("things", "MeanError") is definitions[0]


def test_taken_name_is_refused(scratch):
    scratch.register("things")(make("A"))
    other = make("A")
    other.__module__ = "elsewhere"
    with pytest.raises(ValueError, match="'A' is taken"):
        scratch.register("things")(other)


def test_same_definition_again_replaces(scratch):
    scratch.register("things")(make("A"))
    again = scratch.register("things")(make("A"))
    assert scratch.lookup("things", "A") is again


def test_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="Unknown kind 'thing'"):
        registry.register("thing")


@pytest.mark.parametrize(
    "module", ["keras.regularizers", "kerata.regularizers", "keras.src.regularizers.regularizers"]
)
def test_find_builtin_by_module(module):
    from kerata.regularizers import L2

    assert registry.find_builtin(module, "L2") is L2
    assert registry.find_builtin(module, "l2") is None, "files give the class name itself"
    assert registry.find_builtin("keras.layers", "L2") is None


def test_registered_user_class_is_found_by_package():
    @registry.register_keras_serializable("tests_registry", name="Thing")
    class Anything:
        def get_config(self):
            return {}

    assert registry.get_registered_name(Anything) == "tests_registry>Thing"
    assert registry.get_registered_object("tests_registry>Thing") is Anything
    assert registry.get_registered_object("Thing") is None


def test_registering_needs_get_config():
    with pytest.raises(ValueError, match="no get_config"):
        registry.register_keras_serializable()(make("Bare"))


@pytest.mark.parametrize("package, name", [("a>b", None), ("a", "b>c")])
def test_registering_refuses_separator(package, name):
    with pytest.raises(ValueError, match="must not contain '>'"):
        registry.register_keras_serializable(package, name)(len)


def test_scope_ends_and_nests():
    outer, inner = object(), object()
    with registry.custom_object_scope({"x": outer}):
        with registry.custom_object_scope({"y": inner}):
            assert registry.get_registered_object("x") is outer
            assert registry.get_registered_object("y") is inner
        assert registry.get_registered_object("y") is None
    assert registry.get_registered_object("x") is None


def test_scope_belongs_to_its_thread():
    seen = []
    with registry.custom_object_scope({"x": 1}):
        thread = threading.Thread(target=lambda: seen.append(registry.get_registered_object("x")))
        thread.start()
        thread.join()
    assert seen == [None]
