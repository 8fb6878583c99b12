"""The command line: commands register themselves; each imports its work when used."""

from __future__ import annotations

import os
import sys

from qvopt.experiment.secrets import refuse_secrets
from qvopt_molecules.errors import QvoptError

from . import (
    cloud_commands,
    comparison_commands,
    list_commands,
    measurement_commands,
    report_commands,
    run_commands,
    task_commands,
)
from .app import app

__all__ = [
    "cloud_commands",
    "comparison_commands",
    "list_commands",
    "main",
    "measurement_commands",
    "report_commands",
    "run_commands",
    "task_commands",
]


def main() -> None:
    """Run the command line; every error of ours is one line and an exit code."""
    try:
        refuse_secrets(sys.argv[1:])
        app()
    except QvoptError as error:
        print(f"qvopt: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("qvopt: interrupted", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except MemoryError:
        print("qvopt: out of memory; choose a smaller active space", file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        print(
            f"qvopt: {error.strerror or error}{where}; what the journal holds is safe, and "
            f"`qvopt resume` goes on with it",
            file=sys.stderr,
        )
        sys.exit(4)
