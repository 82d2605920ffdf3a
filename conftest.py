"""What is collected: examples in docstrings, but for engines that are not installed."""

import importlib.util

# These modules are TensorFlow's own corner: they import it, and `make test-tensorflow` brings it.
WITHOUT_TENSORFLOW = importlib.util.find_spec("tensorflow") is None
collect_ignore_glob = ["kerata/backend/tensorflow/*"] if WITHOUT_TENSORFLOW else []
