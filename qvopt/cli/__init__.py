"""The command line: `qvopt run | resume | show | list`."""

from __future__ import annotations

import sys

from .ending import ends_in_order

__all__ = ["main"]


def main() -> None:
    """Run the command line of this process, and exit."""
    sys.exit(ends_in_order(_run))


def _run() -> int:
    from .main import run

    return run(sys.argv[1:])
