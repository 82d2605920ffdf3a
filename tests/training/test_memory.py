"""Arrays larger than memory: what `fit`, `evaluate` and `predict` need does not grow with them."""

import subprocess
import sys

import pytest

# Pages of the file itself do not count: the system takes them back whenever it needs them.
SCRIPT = """
import sys, tempfile
import numpy as np
import kerata

kerata.config.set_backend(sys.argv[1])

def megabytes():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("RssAnon")) / 1024

class Peak(kerata.callbacks.Callback):
    most = 0.0
    def look(self, batch, logs=None):
        self.most = max(self.most, megabytes())
    on_train_batch_end = on_test_batch_end = on_predict_batch_end = look

def run(x, y):
    peak, options = Peak(), {"batch_size": 128, "verbose": 0}
    model.fit(x, y, **options, callbacks=[peak], validation_split=0.1)
    model.evaluate(x, y, **options, callbacks=[peak])
    model.predict(x, **options, callbacks=[peak])
    return peak.most

model = kerata.Sequential([kerata.Input((1000,)), kerata.layers.Dense(1)])
model.compile("sgd", "mse")
with tempfile.TemporaryFile() as file:
    x = np.memmap(file, "float32", "w+", shape=(100_000, 1000))
    y = np.zeros((len(x), 1), "float32")
    model.fit(x[:20_000], y[:20_000], batch_size=16, verbose=0)  # imports all that many steps need
    small = run(x[:30_000], y[:30_000])
    print(x.nbytes / 2**20, run(x, y) - small)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_memory_stays_flat(training_backend):
    command = [sys.executable, "-W", "ignore", "-c", SCRIPT, training_backend]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    size, growth = map(float, found.split())
    assert size > 350 and growth < 0.1 * size, growth
