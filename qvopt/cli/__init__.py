"""The command line: `qvopt run | resume | show | list`."""

from __future__ import annotations

import gc
import sys
from typing import NoReturn

from .ending import ends_in_order

__all__ = ["main"]


def main() -> NoReturn:
    """Run the command line of this process, and exit."""
    ends_in_order(_run)


def _run() -> int:
    # Imports make a million objects that stay. Looking through them again and again, and at the
    # end, takes a fifth of a short command's time.
    gc.set_threshold(100_000, 20, 20)
    from .commands import run

    code = run(sys.argv[1:])
    gc.freeze()  # and once more at the end
    return code
