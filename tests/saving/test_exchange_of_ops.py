"""Ops between layers: Keras reads those in our files, and its files are read."""

import keras
import numpy as np
import pytest

import kerata
from kerata.core import tree
from kerata.core.primitive import PRIMITIVES
from kerata.models.op_config import _MODULE_OF, _REWRITTEN
from tests.conformance.cases import map_arrays
from tests.conformance.test_primitives import CASES
from tests.ops.test_elementwise import ROWS as ELEMENTWISE
from tests.ops.test_linalg import ROWS as LINALG
from tests.ops.test_reduce import ROWS as REDUCE
from tests.ops.test_shape import ROWS as SHAPE

pytestmark = pytest.mark.usefixtures("quick_compilation")

#: ops that are computed by something that Keras does not have, or that it cannot read itself
OURS_ALONE = {
    "get_item": "Keras cannot read its own file, if an index is a tensor",
    "histogram": "fills a shape, which `FullLike` of Keras does not",
    "scatter": "likewise",
    "unique": "Keras has no class for it",
}
#: ops that depend on values where a model is built, in one of the libraries
NO_MODEL = {"bincount", "repeat"}


def has_tensors(row):
    return any(isinstance(x, np.ndarray) and x.ndim for x in tree.flatten((row.args, row.kwargs)))


#: the last row of each op and number of arguments, which has the most options
ROWS = list(
    {
        (row.name, len(row.args)): row
        for row in (*ELEMENTWISE, *LINALG, *REDUCE, *SHAPE)
        if has_tensors(row) and row.name not in NO_MODEL and row.dtype is None
    }.values()
)


def model_of(library, function, args, kwargs):
    """A model whose inputs are the arrays among the arguments, and those arrays."""
    arrays, inputs = [], []

    def as_input(leaf):
        if not isinstance(leaf, np.ndarray) or not leaf.ndim:
            return leaf
        arrays.append(leaf)
        inputs.append(library.Input(batch_shape=leaf.shape, dtype=leaf.dtype.name))
        return inputs[-1]

    args, kwargs = map_arrays(as_input, (args, dict(kwargs)))
    return library.Model(inputs, function(*args, **kwargs)), arrays


def results(model, arrays):
    found = model(arrays)
    flat = found if isinstance(found, (list, tuple)) else [found]
    return [np.asarray(kerata.ops.convert_to_numpy(leaf)) for leaf in flat]


def same(found, expected):
    for a, b in zip(found, expected, strict=True):
        assert a.dtype == b.dtype
        tolerance = 1e-2 if a.dtype.itemsize == 2 else 1e-4
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=1e-5)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_ops_of_keras_are_read(row, tmp_path):
    path = tmp_path / "m.keras"
    try:
        theirs, arrays = model_of(keras, getattr(keras.ops, row.name), row.args, row.kwargs)
        theirs.save(path)
        expected = results(keras.saving.load_model(path), arrays)
    except (ValueError, TypeError, AttributeError, IndexError, NotImplementedError) as error:
        pytest.skip(f"Keras cannot save it and compute it again: {str(error)[:80]}")
    same(results(kerata.saving.load_model(path), arrays), expected)


ALONE = [row for row in ROWS if row.name in OURS_ALONE]


@pytest.mark.parametrize("row", ALONE, ids=str)
def test_some_ops_are_read_here_only(row, tmp_path):
    ours, arrays = model_of(kerata, getattr(kerata.ops, row.name), row.args, row.kwargs)
    ours.save(tmp_path / "m.keras")
    with pytest.raises(Exception, match=r"(?s)."):
        keras.saving.load_model(tmp_path / "m.keras")
    same(results(kerata.saving.load_model(tmp_path / "m.keras"), arrays), results(ours, arrays))


EXCHANGED = sorted({*_MODULE_OF, *_REWRITTEN})


@pytest.mark.parametrize("name", EXCHANGED)
def test_primitives_go_to_keras_and_back(name, tmp_path):
    case = next(case for case in CASES if case.name == name and has_tensors(case))
    ours, arrays = model_of(kerata, PRIMITIVES[name].op, case.args, case.kwargs)
    ours.save(tmp_path / "m.keras")
    theirs = keras.saving.load_model(tmp_path / "m.keras")
    theirs.save(tmp_path / "again.keras")
    again = kerata.saving.load_model(tmp_path / "again.keras")
    for model in (theirs, again):
        same(viewed(case, results(model, arrays)), viewed(case, results(ours, arrays)))


def viewed(case, found):
    """What of the results is compared, as a list."""
    view = case.view or (lambda *leaves: leaves)
    seen = view(*found) if case.view is None or len(found) > 1 else view(found[0])
    return list(seen) if isinstance(seen, (tuple, list)) else [seen]


def test_an_op_without_tensors_of_the_model_is_not_computed(tmp_path):
    ours, _ = model_of(kerata, kerata.ops.exp, (np.ones((2, 3), "float32"),), {})
    config = ours.get_config()
    config["layers"][1]["inbound_nodes"][0]["args"] = [[1.0, 2.0]]
    with pytest.raises(ValueError, match="without any tensor of the model"):
        kerata.Model.from_config(config)
    config["layers"][1]["class_name"] = "Open"
    with pytest.raises(ValueError, match="uses an op 'Open', which kerata does not have"):
        kerata.Model.from_config(config)
