"""The same training loops written by hand for PyTorch: modules, autograd, `torch.optim`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.tasks import TASKS, VOCABULARY, data, seconds_of


class _Reviews(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, 128)
        self.lstm = nn.LSTM(128, 128, batch_first=True)
        self.output = nn.Linear(128, 1)

    def forward(self, x: Any) -> Any:
        outputs, _ = self.lstm(self.embedding(x))
        return self.output(outputs[:, -1])


def _module(name: str) -> nn.Module:
    if name == "tiny":
        return nn.Sequential(
            nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 1)
        )
    if name == "mlp":
        return nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 10))
    if name == "lstm":
        return _Reviews()
    return nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Dropout(0.25), nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(128, 10),
    )  # fmt: skip


def prepare(name: str) -> Callable[[], list[float]]:
    """Return a function that trains some epochs and gives their seconds."""
    task = TASKS[name]
    x, y = data(name)
    if name == "cnn":
        x = np.ascontiguousarray(x.transpose(0, 3, 1, 2))
    classes = name in ("mlp", "cnn")
    inputs, targets = torch.from_numpy(x), torch.from_numpy(y.astype("int64") if classes else y)
    module = _module(name)
    loss_of = nn.CrossEntropyLoss() if classes else nn.BCEWithLogitsLoss()
    if name == "mlp":
        optimizer: Any = torch.optim.RMSprop(module.parameters(), lr=0.001, alpha=0.9, eps=1e-7)
    else:
        optimizer = torch.optim.Adam(module.parameters(), lr=0.001, eps=1e-7)

    def epoch() -> None:
        total, right = torch.zeros(()), torch.zeros(())
        for rows in torch.randperm(len(inputs)).reshape(task.steps, task.batch):
            logits, target = module(inputs[rows]), targets[rows]
            loss = loss_of(logits, target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                total += loss
                guess = logits.argmax(-1) if classes else (logits > 0).float()
                right += (guess == target).float().mean()
        total.item(), right.item()

    return lambda: seconds_of(epoch, task.epochs)
