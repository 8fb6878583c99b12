"""What the command line does about an error that is qvopt's own: a line, and a file to report."""

from __future__ import annotations

import platform
import sys
import tempfile
import traceback
from importlib.metadata import version

from qvopt.experiment.secrets import holds_secret
from qvopt_molecules.errors import shorten

from .ending import INTERNAL


def report_internal_error(error: Exception) -> int:
    """Write the traceback into a file of the user's alone, say where it is; return the exit code.

    The file holds versions and the traceback; lines that hold a credential are left out.
    """
    lines = [
        f"qvopt {version('qvopt')}, Python {platform.python_version()}, {platform.platform()}",
        *"".join(traceback.format_exception(error)).splitlines(),
    ]
    text = "\n".join("(not shown)" if holds_secret(line) else line for line in lines) + "\n"
    cause = shorten(f"{type(error).__name__}: {error}", 120)
    if holds_secret(cause):
        cause = type(error).__name__
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="qvopt-error-", suffix=".txt", delete=False, encoding="utf-8"
        ) as file:
            file.write(text)
    except OSError:
        print(text, file=sys.stderr, end="")
        where = "the text above"
    else:
        where = file.name
    print(f"qvopt: internal error ({cause}); please report it with {where}", file=sys.stderr)
    return INTERNAL
