"""Tests here that are about no engine run on torch, which has nothing to compile."""

import importlib.util

import pytest

import kerata


@pytest.fixture(autouse=True)
def quick_engine(request):
    if "training_backend" in request.fixturenames or not importlib.util.find_spec("torch"):
        yield
    else:
        with kerata.use_backend("torch"):
            yield
