"""RemoteMonitor: sends the metrics of each epoch to a web server."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from kerata.callbacks.callback import Callback, Logs
from kerata.core.errors import KerataWarning

#: seconds to wait for the server: a monitor must not hold up training
_TIMEOUT = 5.0


class RemoteMonitor(Callback):
    """Send the metrics of each epoch to a web server by POST.

    A server that does not answer costs a warning, never the run.

    Args:
        root: address of the server.
        path: path on the server.
        field: form field that holds the metrics as JSON.
        headers: HTTP headers to add.
        send_as_json: send the JSON itself (`application/json`) instead of a form.

    Raises:
        ValueError: if `root` is not an http or https address.
    """

    def __init__(
        self,
        root: str = "http://localhost:9000",
        path: str = "/publish/epoch/end/",
        field: str = "data",
        headers: Mapping[str, str] | None = None,
        send_as_json: bool = False,
    ):
        super().__init__()
        if not root.startswith(("http://", "https://")):
            raise ValueError(f"`root` is {root!r}; expected an address with http:// or https://.")
        self.root = root
        self.path = path
        self.field = field
        self.headers = headers
        self.send_as_json = send_as_json

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Send the metrics."""
        import urllib.parse
        import urllib.request  # slow to load, and rarely needed

        report = {"epoch": epoch, **{k: _plain(v) for k, v in (logs or {}).items()}}
        body, kind = json.dumps(report), "application/json"
        if not self.send_as_json:
            kind = "application/x-www-form-urlencoded"
            body = urllib.parse.urlencode({self.field: body})
        headers = {"Content-Type": kind, **(self.headers or {})}
        request = urllib.request.Request(self.root + self.path, body.encode(), headers)
        try:
            urllib.request.urlopen(request, timeout=_TIMEOUT).close()
        except OSError as error:  # URLError is one
            warnings.warn(
                f"RemoteMonitor could not reach {self.root}: {error}", KerataWarning, stacklevel=2
            )


def _plain(value: Any) -> Any:
    array = np.asarray(value)
    return array.tolist() if array.dtype.kind in "fiub" else str(value)
