"""`kerata.device`: where new tensors and variables are made."""

import os
import subprocess
import sys

import pytest

import kerata
from kerata import layers, ops


def test_tensors_and_variables_are_made_on_the_cpu(backend):
    with kerata.device("cpu:0"):
        made = [ops.ones((2, 2)), ops.convert_to_tensor([1.0]), ops.arange(3)]
        dense = layers.Dense(2)
        made += [dense(ops.ones((1, 3))), kerata.random.normal((2,)), dense.kernel.value]
    for tensor in made:
        where = getattr(tensor, "device", "cpu")
        assert "cpu" in str(getattr(where, "platform", where)).lower()


def test_a_device_that_is_not_there_is_refused_with_a_list(backend):
    for missing in ("gpu:99", "tpu", "cpu:99"):
        with pytest.raises(ValueError, match=rf"no device '{missing}'; it has .*cpu:0"):
            kerata.device(missing)


def test_devices_of_an_engine_are_taken_as_they_are():
    import jax
    import torch

    for backend, device in (("jax", jax.devices("cpu")[0]), ("torch", torch.device("cpu"))):
        with kerata.use_backend(backend), kerata.device(device):
            assert ops.ones((2,)).shape == (2,)


SECOND = """
import kerata
with kerata.device("CPU:1"):
    inside = kerata.ops.ones((2,)) + 1.0
    variable = kerata.Variable([1.0])
    value = variable.value
outside = kerata.ops.ones((2,))
print(inside.device.id, value.device.id, outside.device.id)
"""


def test_the_second_of_two_devices():
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2", "KERATA_BACKEND": "jax"}
    done = subprocess.run(
        [sys.executable, "-c", SECOND], env={**os.environ, **flags}, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["1", "1", "0"]
