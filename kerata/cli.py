"""The command `kerata`: a demo, a look at what is installed, and one into files."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: the words after the command; those of the process by default.

    Returns:
        The exit status, 0 for success.

    >>> from kerata.cli import main
    >>> try:
    ...     main(["--version"])
    ... except SystemExit as end:
    ...     print(end.code)
    kerata 0.1.0
    0
    """
    options = _parser().parse_args(arguments)
    return options.run(options)


def _parser() -> argparse.ArgumentParser:
    from kerata import __version__

    parser = argparse.ArgumentParser("kerata", description="Deep learning with the Keras API.")
    parser.add_argument("--version", action="version", version=f"kerata {__version__}")
    commands = parser.add_subparsers(required=True, metavar="command")
    demo = commands.add_parser("demo", help="train a network on handwritten digits")
    engines = ("jax", "torch", "tensorflow")
    demo.add_argument("--backend", choices=engines, help="which engine computes")
    demo.add_argument("--epochs", type=int, help="how often all digits are seen")
    demo.add_argument("--output", default="demo", help="the folder for pictures and the model")
    demo.set_defaults(run=_demo)
    doctor = commands.add_parser("doctor", help="show what is installed and what would be used")
    doctor.set_defaults(run=_doctor)
    inspect = commands.add_parser("inspect", help="show what is in a model file, unopened")
    inspect.add_argument("file", help="a .keras or .weights.h5 file")
    inspect.set_defaults(run=_inspect)
    return parser


def _demo(options: argparse.Namespace) -> int:
    from kerata import demo

    try:
        demo.run(options.backend, options.output, options.epochs)
    except ImportError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from kerata import doctor

    return doctor.run()


def _inspect(options: argparse.Namespace) -> int:
    from rich.console import Console

    from kerata.saving.inspection import as_table, inspect

    try:
        report = inspect(options.file)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    Console().print(as_table(report))
    return 1 if report.damaged else 0


if __name__ == "__main__":
    sys.exit(main())
