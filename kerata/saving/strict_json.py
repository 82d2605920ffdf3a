"""JSON as a model file may hold it: bounded, without duplicate keys, without NaN."""

from __future__ import annotations

import json
import re
from typing import Any

MAX_BYTES = 64 * 2**20
MAX_DEPTH = 128
_INT64 = 2**63
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]')


def parse(data: bytes) -> Any:
    """Return the value of a JSON text.

    Args:
        data: UTF-8 text of at most 64 MiB, nested at most 128 deep, integers in 64 bits.

    Raises:
        ValueError: when the text breaks one of these rules or is no JSON.

    >>> from kerata.saving import strict_json
    >>> strict_json.parse(b'{"units": 3}')
    {'units': 3}
    """
    if len(data) > MAX_BYTES:
        raise ValueError(f"{len(data)} bytes of JSON; at most {MAX_BYTES} are read.")
    text = data.decode("utf-8")
    _check_depth(text)
    return json.loads(
        text,
        object_pairs_hook=_unique_keys,
        parse_constant=_constant,
        parse_int=_integer,
    )


def _check_depth(text: str) -> None:
    """Raise ValueError for brackets nested too deep, before the parser recurses into them."""
    depth = 0
    for found in _STRING_OR_BRACKET.finditer(text):
        token = found.group()
        if token in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise ValueError(f"JSON is nested deeper than {MAX_DEPTH}.")
        elif token in "]}":
            depth -= 1


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("A JSON object has the same key twice.")
    return found


def _constant(name: str) -> float:
    if name == "NaN":
        raise ValueError("NaN stands in the JSON; a number was expected.")
    return float(name)


def _integer(digits: str) -> int:
    if len(digits) > 20 or not -_INT64 <= (number := int(digits)) < 2 * _INT64:
        raise ValueError(f"The integer {digits[:20]}… has more than 64 bits.")
    return number
