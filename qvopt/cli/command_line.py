"""The command line with all of its commands registered, as for its documentation."""

from __future__ import annotations

from .commands import register, run

__all__ = ["run"]

register()
