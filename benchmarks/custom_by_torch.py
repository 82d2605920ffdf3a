"""The networks of examples/ and their training steps, written by hand for PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from benchmarks.tasks import NOISE, TASKS, data, seconds_of

Epoch = Callable[[torch.Tensor], None]


def prepare(name: str) -> Callable[[], list[float]]:
    """Return a function that trains some epochs and gives their seconds."""
    task = TASKS[name]
    x, y = data(name)
    pictures = torch.from_numpy(np.ascontiguousarray(x.reshape(len(x), 1, 28, 28)))
    if name == "tape":
        epoch = _tape(x, y.astype("int64"))
    else:
        epoch = _vae(pictures) if name == "vae" else _gan(pictures, task.batch)

    def shuffled_epoch() -> None:
        epoch(torch.randperm(len(x)).reshape(task.steps, task.batch))

    return lambda: seconds_of(shuffled_epoch, task.epochs)


def _follow(optimizer: torch.optim.Optimizer, loss: torch.Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def _tape(x: np.ndarray, y: np.ndarray) -> Epoch:
    network = nn.Sequential(
        nn.Linear(784, 128), nn.Sigmoid(), nn.Linear(128, 256), nn.Sigmoid(), nn.Linear(256, 10),
        nn.Softmax(-1),
    )  # fmt: skip
    optimizer = torch.optim.SGD(network.parameters(), lr=0.5)

    def step(x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        probabilities = network(x)
        right = probabilities.gather(1, y[:, None])
        loss = -right.clamp(1e-9, 1.0).log().mean()
        _follow(optimizer, loss)
        with torch.no_grad():
            return loss.detach(), (probabilities.argmax(-1) == y).float().mean()

    def epoch(order: torch.Tensor) -> None:
        for rows in order.numpy():  # batches are cut as in the other loops, from arrays
            loss, accuracy = step(torch.from_numpy(x[rows]), torch.from_numpy(y[rows]))
        loss.item(), accuracy.item()

    return epoch


class _VAE(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        # With strides of 2, "same" pads one row and one column, at the end.
        self.encoder = nn.Sequential(
            nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(1, 32, 3, stride=2), nn.ReLU(),
            nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(32, 64, 3, stride=2), nn.ReLU(),
            nn.Flatten(), nn.Linear(3136, 64), nn.ReLU(),
        )  # fmt: skip
        self.mean, self.log_variance = nn.Linear(64, 2), nn.Linear(64, 2)
        self.decoder = nn.Sequential(
            nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 3136), nn.ReLU(),
            nn.Unflatten(1, (64, 7, 7)),
            nn.ConvTranspose2d(64, 64, 3, stride=2, padding=1, output_padding=1), nn.ReLU(),
            nn.ConvTranspose2d(64, 32, 3, stride=2, padding=1, output_padding=1), nn.ReLU(),
            nn.Conv2d(32, 1, 3, padding=1),
        )  # fmt: skip

    def forward(self, pictures: Any) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        features = self.encoder(pictures)
        mean, log_variance = self.mean(features), self.log_variance(features)
        point = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        logits = self.decoder(point)
        misses = F.binary_cross_entropy_with_logits(logits, pictures, reduction="sum")
        reconstruction = misses / len(pictures)
        kl = -0.5 * (1 + log_variance - mean.square() - log_variance.exp())
        kl = kl.sum(1).mean()
        return reconstruction + kl, reconstruction, kl


def _vae(pictures: torch.Tensor) -> Epoch:
    vae = _VAE()
    optimizer = torch.optim.Adam(vae.parameters(), lr=0.001, eps=1e-7)

    def epoch(order: torch.Tensor) -> None:
        totals = torch.zeros(3)
        for rows in order:
            losses = vae(pictures[rows])
            _follow(optimizer, losses[0])
            with torch.no_grad():
                totals += torch.stack(losses)
        totals.tolist()

    return epoch


def _generator() -> nn.Module:
    return nn.Sequential(
        nn.Linear(NOISE, 256), nn.LeakyReLU(0.2), nn.BatchNorm1d(256, eps=1e-3, momentum=0.2),
        nn.Linear(256, 512), nn.LeakyReLU(0.2), nn.BatchNorm1d(512, eps=1e-3, momentum=0.2),
        nn.Linear(512, 784), nn.Tanh(), nn.Unflatten(1, (1, 28, 28)),
    )  # fmt: skip


def _discriminator() -> nn.Module:
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 512), nn.LeakyReLU(0.2), nn.Dropout(0.3),
        nn.Linear(512, 256), nn.LeakyReLU(0.2), nn.Dropout(0.3),
        nn.Linear(256, 1),
    )  # fmt: skip


def _gan(pictures: torch.Tensor, batch: int) -> Epoch:
    generator, discriminator = _generator(), _discriminator()
    settings: dict[str, Any] = {"lr": 2e-4, "betas": (0.5, 0.999), "eps": 1e-7}
    generator_optimizer = torch.optim.Adam(generator.parameters(), **settings)
    discriminator_optimizer = torch.optim.Adam(discriminator.parameters(), **settings)
    truth = torch.cat([torch.ones(batch, 1), torch.zeros(batch, 1)])
    smooth = 0.9 * truth + 0.05
    loss_of = nn.BCEWithLogitsLoss()

    def discriminator_step(real: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        with torch.no_grad():
            forged = generator(torch.randn(batch, NOISE))
        guess = discriminator(torch.cat([real, forged]))
        loss = loss_of(guess, smooth)
        _follow(discriminator_optimizer, loss)
        with torch.no_grad():
            return loss.detach(), ((guess > 0).float() == truth).float().mean()

    def generator_step() -> torch.Tensor:
        # Only the generator learns here, so the discriminator's own gradients are not computed.
        discriminator.requires_grad_(False)
        loss = loss_of(discriminator(generator(torch.randn(batch, NOISE))), smooth[:batch])
        _follow(generator_optimizer, loss)
        discriminator.requires_grad_(True)
        return loss.detach()

    def epoch(order: torch.Tensor) -> None:
        right = torch.zeros(())
        for rows in order:
            fooled, accuracy = discriminator_step(pictures[rows])
            right += accuracy
            forged = generator_step()
        fooled.item(), forged.item(), right.item()

    return epoch
