"""How our docstrings read as Markdown: examples become code, sections those of mkdocstrings."""

from __future__ import annotations

import re
from typing import Any

import griffe

_EXAMPLE = re.compile(r"^( *)>>> .*\n(?:.*\S.*\n?)*", re.MULTILINE)
_FOR_THE_TEST = re.compile(r" *# doctest:.*")
_RETURNS = re.compile(r"(Returns:\n +)(.*)")
# A colon that is not inside of `code`: an even number of backticks follows.
_COLON = re.compile(r":(?=\s|$)(?=(?:[^`]*`[^`]*`)*[^`]*$)")


def with_code_blocks(text: str) -> str:
    """Return a text whose interactive examples stand in code blocks.

    >>> with_code_blocks("Sum.\\n\\n>>> 1 + 1\\n2")
    'Sum.\\n\\n```pycon\\n>>> 1 + 1\\n2\\n```\\n'
    """

    def block(example: re.Match[str]) -> str:
        indent = example[1]
        code = _FOR_THE_TEST.sub("", example[0]).rstrip("\n")
        return f"{indent}```pycon\n{code}\n{indent}```\n"

    return _EXAMPLE.sub(block, text + "\n" if ">>>" in text else text)


def with_plain_returns(text: str) -> str:
    """Return a text in which what stands before a colon is not taken for the type of a result.

    >>> with_plain_returns("Returns:\\n    Logs: name -> number.")
    'Returns:\\n    Logs&#58; name -> number.'
    """
    return _RETURNS.sub(lambda found: found[1] + _COLON.sub("&#58;", found[2]), text)


class Docstrings(griffe.Extension):
    """Prepares each docstring before mkdocstrings takes it apart."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Rewrite the docstring of one object."""
        if obj.docstring is not None:
            text = with_plain_returns(with_code_blocks(obj.docstring.value))
            # Google's style has no such section; this one is shown the same way.
            text = text.replace("Call arguments:\n", "Other Parameters: Call arguments\n")
            obj.docstring.value = text
