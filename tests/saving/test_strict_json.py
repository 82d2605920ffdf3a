"""JSON of model files: what is read, what is refused."""

import json

import pytest

from kerata.saving import strict_json


@pytest.mark.parametrize(
    "value",
    [
        {"a": [1, 2.5, None, True, "text with [ and \\\" { in it"]},
        [-(2**63), 2**64 - 1],
        {"x": float("inf")},
        {"deep": json.loads("[" * 126 + "]" * 126)},
    ],
)
def test_sound_text(value):
    assert strict_json.parse(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    "text, message",
    [
        (b'{"a": 1, "a": 2}', "same key twice"),
        (b"[NaN]", "NaN"),
        (b"[18446744073709551616]", "64 bits"),
        (b"[-9223372036854775809]", "64 bits"),
        (b"[" + b"9" * 5000 + b"]", "64 bits"),
        (b"[" * 129 + b"]" * 129, "deeper than 128"),
        (b'{"a":' * 100_000, "deeper than 128"),
        (b"\xff\xfe[]", "utf-8"),
        (b"", "Expecting value"),
        (b'{"a": 1', "Expecting"),
        (b" " * (strict_json.MAX_BYTES + 1), "at most"),
    ],
    ids=lambda x: x[:12] if isinstance(x, bytes) else "",
)
def test_refused_text(text, message):
    with pytest.raises(ValueError, match=message):
        strict_json.parse(text)
