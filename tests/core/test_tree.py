"""The public functions of trees give what Keras' give, and say what is wrong."""

import collections

import keras
import pytest

import kerata

Point = collections.namedtuple("Point", "x y")
NESTED = {"b": [1, (2,)], "a": Point(3, None)}


def replace_lists(value):
    return tuple(value) if isinstance(value, list) else None


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("is_nested", (Point(1, 2),)),
        ("is_nested", ({1, 2},)),
        ("flatten_with_path", (NESTED,)),
        ("flatten_with_path", (5,)),
        ("flatten_with_path", ([],)),
        ("lists_to_tuples", ({"a": [1, [2, {"b": [3]}], (4,)]},)),
        ("map_shape_structure", (str, {"a": (2, 3), "b": [(1, None), [4, 5]]})),
        ("map_structure_up_to", ((1, 1), lambda a, b: (a, b), ([1], 2), (3, [4]))),
        ("map_structure_up_to", ({"b": 0, "a": 0}, lambda a: a, {"a": [1], "b": 2})),
        ("pack_sequence_as", ({"b": 0, "a": [0]}, [1, 2])),
        ("pack_sequence_as", (0, [1])),
        ("traverse", (replace_lists, [1, [2]])),
        ("traverse", (replace_lists, [1, [2]], False)),
        ("traverse", (lambda v: v + 1 if isinstance(v, int) else None, NESTED, False)),
        ("map_structure", (str, [1, None, (2,)])),
        ("assert_same_paths", ([1, [2]], {0: 1, 1: [2]})),
    ],
)
def test_as_keras(name, arguments):
    actual = getattr(kerata.tree, name)(*arguments)
    expected = getattr(keras.tree, name)(*arguments)
    assert actual == expected and type(actual) is type(expected)


def test_traverse_goes_through_containers_and_leaves_in_order():
    for top_down in (True, False):
        seen, expected = [], []
        kerata.tree.traverse(seen.append, NESTED, top_down)
        keras.tree.traverse(expected.append, NESTED, top_down)
        assert seen == expected


def test_none_in_the_place_of_a_value():
    drop = lambda tree: lambda v: tree.MAP_TO_NONE if v == 1 else None  # noqa: E731
    for top_down in (True, False):
        assert kerata.tree.traverse(drop(kerata.tree), [1, 2], top_down) == [None, 2]
        assert keras.tree.traverse(drop(keras.tree), [1, 2], top_down) == [None, 2]


def test_none_may_stay_none():
    assert kerata.tree.map_structure(str, [1, None], none_is_leaf=False) == ["1", None]


def test_other_structures_are_refused():
    with pytest.raises(ValueError, match="Structures differ"):
        kerata.tree.map_structure_up_to([1, [2]], str, [1, 2])
    with pytest.raises(ValueError, match=r"\('a',\).* only in the first"):
        kerata.tree.assert_same_paths({"a": 1}, {"b": 1})
