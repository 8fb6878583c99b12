"""The command line: commands are registered, and import their work, when they are used."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any, Final

import typer
from typer.main import get_command

from qvopt.experiment.secrets import refuse_secrets
from qvopt_molecules.errors import QvoptError, shorten

from .app import USAGE_ERROR, app
from .ending import signal_behind
from .internal_error import report_internal_error

_MODULES: Final = {
    "run_commands": ("run", "resume", "show"),
    "task_commands": ("properties", "diagonalize", "scan", "excited", "relax", "oo-vqe"),
    "comparison_commands": ("compare", "worker"),
    "report_commands": ("report",),
    "cloud_commands": ("submit", "status", "fetch", "cancel", "doctor"),
    "measurement_commands": ("measurements", "validate"),
    "list_commands": ("list",),
}
"""Modules, each with the commands that it registers when it is imported."""


def register(command: str | None = None) -> None:
    """Register the module of a command: options of all others take a fifth of a short one's time.

    None, and what is no command's name, registers all of them.
    """
    homes = [module for module, commands in _MODULES.items() if command in commands]
    for module in homes or _MODULES:
        import_module(f"{__package__}.{module}")


def run(arguments: Sequence[str]) -> int:
    """Run the command of these arguments and return its exit code; every error is one line."""
    try:
        refuse_secrets(list(arguments))
        register(arguments[0] if arguments else None)
        command = _command(len(app.registered_commands), len(app.registered_groups))
        return int(command(list(arguments), prog_name="qvopt", standalone_mode=False) or 0)
    except Exception as error:
        signal = signal_behind(error)
        if signal is not None:
            raise signal from None
        return _reported(error, arguments)


@lru_cache(maxsize=1)
def _command(n_commands: int, n_groups: int) -> Any:
    """The parser of what is registered: in one process, made again only where that has grown."""
    del n_commands, n_groups
    return get_command(app)


def _reported(error: Exception, arguments: Sequence[str]) -> int:
    """Say what is wrong in a line, and return the exit code."""
    match error:
        case QvoptError():
            return _say(str(error), error.exit_code)
        case BrokenPipeError():
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 141
        case OSError():
            where = f" ({error.filename})" if error.filename else ""
            return _say(
                f"{error.strerror or error}{shorten(where, 160)}; what was kept is safe, and the "
                f"same command continues from it",
                4,
            )
        case MemoryError():
            return _say("out of memory; choose a smaller active space", 2)
        case typer.Abort():
            return _say("aborted", 1)
    if isinstance(error, USAGE_ERROR):
        return _wrong_usage(error, arguments)
    return report_internal_error(error)


def _wrong_usage(error: Any, arguments: Sequence[str]) -> int:
    """Say in a line what is wrong with a command line; without any argument, show the help."""
    message, code = str(error.format_message()), int(error.exit_code)
    if "Usage:" in message or not message:  # a group without a command: the message is its help
        error.show()
        return code
    command = error.ctx.command_path if error.ctx is not None else "qvopt"
    option = str(getattr(error, "option_name", ""))
    takes_set = error.ctx is not None and any("--set" in p.opts for p in error.ctx.command.params)
    if option.startswith("--") and takes_set:
        from qvopt.experiment.unknown_settings import command_line_hint

        hint = command_line_hint(option[2:].replace("-", "_"), list(arguments[1:]))
        if hint:
            message = f"no such option: {option}; {hint}"
    message = message[0].lower() + message[1:].rstrip(".").replace(": Value error, ", ": ")
    return _say(f"{shorten(message, 220)}; see `{command} --help`", code)


def _say(message: str, code: int) -> int:
    print(f"qvopt: {message}", file=sys.stderr)
    return code
