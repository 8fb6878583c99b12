"""The command line: `qvopt run | resume | show | list`."""

from __future__ import annotations

from .main import main

__all__ = ["main"]
