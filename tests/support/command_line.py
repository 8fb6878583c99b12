"""The command line, called in this process: an interpreter takes seconds to start, a call does not.

For claims about commands: their output, files and exit codes. Claims about processes (signals,
kills, workers, what a start imports) start one.
"""

import contextlib
import io
import os
import subprocess
import sys
from unittest import mock

from qvopt.cli.command_line import run


def command_line(*arguments, cwd=None, env=None):
    """Call `qvopt ARGUMENTS` in the folder `cwd`; return its exit code and both its streams.

    `env` adds to the environment. An exception that would have been a traceback is raised.
    """
    out, err = io.StringIO(), io.StringIO()
    code = 0
    words = [str(a) for a in arguments]
    with (
        contextlib.chdir(cwd or os.getcwd()),
        mock.patch.dict(os.environ, {"COLUMNS": "80", **(env or {})}),
        mock.patch.object(sys, "argv", ["qvopt", *words]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            code = run(words)
        except SystemExit as end:
            code = 0 if end.code is None else end.code
    return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())
