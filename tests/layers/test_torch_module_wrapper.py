"""TorchModuleWrapper: a module of PyTorch as a layer; weights, buffers, training, files."""

from __future__ import annotations

import jax
import numpy as np
import pytest
import torch
from torch import nn

import kerata
from kerata import ops
from tests.layers.driver import close, numpy_of

random = np.random.default_rng(1)
X = random.normal(size=(8, 5)).astype("float32")
Y = random.normal(size=(8, 2)).astype("float32")


@pytest.fixture(autouse=True)
def on_torch():
    with kerata.use_backend("torch"):
        yield


def network():
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 2))


def train_with_torch(module, epochs):
    """Train as `model.fit(X, Y, batch_size=4, shuffle=False)` with SGD(0.1) and mse does."""
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    module.train()
    for _ in range(epochs):
        for start in (0, 4):
            loss = nn.functional.mse_loss(
                module(torch.tensor(X[start : start + 4])), torch.tensor(Y[start : start + 4])
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return module.eval()


def test_weights_are_the_parameters_and_buffers():
    module = network()
    layer = kerata.layers.TorchModuleWrapper(module)
    names = [name for name, _ in module.named_parameters()]
    buffers = [name for name, _ in module.named_buffers()]
    assert [w.name for w in layer.weights] == [*names, *buffers]
    assert [w.trainable for w in layer.weights] == [True] * 6 + [False] * 3
    expected = module.eval()(torch.tensor(X)).detach()
    close(layer(X), expected.numpy())
    assert len(list(layer.parameters())) == 6
    assert len(list(layer.parameters(recurse=False))) == 0
    layer.weights[0].assign(np.zeros((4, 5)))
    assert not module[0].weight.any()
    with torch.no_grad():
        module[3].bias.add_(1.0)
    close(layer.weights[5].numpy(), module[3].bias.detach().numpy())


@pytest.mark.parametrize("run_eagerly", [False, True])
def test_trains_as_torch_does(run_eagerly):
    reference = train_with_torch(network(), 3)
    layer = kerata.layers.TorchModuleWrapper(network())
    model = kerata.Sequential([kerata.Input((5,)), layer])
    assert model.output_shape == (None, 2)
    model.compile(kerata.optimizers.SGD(0.1), "mse", run_eagerly=run_eagerly)
    model.fit(X, Y, batch_size=4, epochs=3, shuffle=False, verbose=0)
    for name, tensor in reference.state_dict().items():
        close(layer.module.state_dict()[name].numpy(), tensor.numpy(), 1e-4)
    close(model.predict(X, verbose=0), reference(torch.tensor(X)).detach().numpy(), 1e-4)


def test_in_a_pure_function_nothing_changes():
    layer = kerata.layers.TorchModuleWrapper(network())
    before = [w.numpy() for w in layer.weights]
    trained = [w.value.detach() * 2 for w in layer.trainable_variables]
    rest = [w.value for w in layer.non_trainable_variables]
    outputs, changed = layer.stateless_call(trained, rest, X, training=True)
    for weight, value in zip(layer.weights, before, strict=True):
        close(weight.numpy(), value)
    assert int(changed[2]) == 1
    assert not np.allclose(numpy_of(changed[0]), before[6])
    module = network().train()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.mul_(2)
    close(outputs, module(torch.tensor(X)).detach().numpy())


def test_frozen_parameters_and_layers():
    module = network()
    module[0].weight.requires_grad_(False)
    layer = kerata.layers.TorchModuleWrapper(module)
    assert not layer.weights[0].trainable
    layer.trainable = False
    assert not layer.trainable_weights and not module[3].weight.requires_grad
    layer.trainable = True
    assert module[3].weight.requires_grad


def test_several_arguments_and_an_output_shape():
    class Scaled(nn.Module):
        def forward(self, x, factor, *, shift=0.0):
            return x * factor + shift

    layer = kerata.layers.TorchModuleWrapper(Scaled(), output_shape=(None, 5))
    close(layer(X, ops.array(2.0), shift=1.0), 2 * X + 1)
    assert layer(kerata.Input((5,))).shape == (None, 5)


def test_files(tmp_path):
    layers = [kerata.layers.TorchModuleWrapper(network(), name="module") for _ in range(2)]
    models = [kerata.Sequential([kerata.Input((5,)), layer]) for layer in layers]
    train_with_torch(layers[0].module, 1)
    models[0].save_weights(tmp_path / "model.weights.h5")
    models[1].load_weights(tmp_path / "model.weights.h5")
    close(models[1](X), numpy_of(models[0](X)))
    with pytest.raises(TypeError, match="get_config"):
        models[0].save(tmp_path / "model.keras")


@kerata.saving.register_keras_serializable("test")
class Registered(nn.Linear):
    def get_config(self):
        return {"in_features": self.in_features, "out_features": self.out_features}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def test_a_registered_module_with_a_configuration_is_saved(tmp_path):
    layer = kerata.layers.TorchModuleWrapper(Registered(5, 2))
    model = kerata.Sequential([kerata.Input((5,)), layer])
    model.save(tmp_path / "model.keras")
    close(kerata.saving.load_model(tmp_path / "model.keras")(X), numpy_of(model(X)))


def test_it_computes_on_torch_whatever_the_default():
    with kerata.use_backend("jax"):
        layer = kerata.layers.TorchModuleWrapper(network())
        assert isinstance(layer(X), torch.Tensor)
        with pytest.raises(TypeError, match="computes on torch"):
            layer(jax.numpy.ones((2, 5)))


@pytest.mark.parametrize(
    ("module", "error", "message"),
    [
        ("UEsDBA", TypeError, "never run"),
        (np.ones(3), TypeError, "torch.nn.Module"),
        (nn.LazyLinear(3), ValueError, "lazy"),
    ],
)
def test_wrong_modules(module, error, message):
    with pytest.raises(error, match=message):
        kerata.layers.TorchModuleWrapper(module)
