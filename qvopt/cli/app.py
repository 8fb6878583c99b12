"""The command line's root, and the options that many commands share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from .ending import Unhandled

_ORDER = (
    "run",
    "resume",
    "show",
    "properties",
    "diagonalize",
    "scan",
    "excited",
    "relax",
    "oo-vqe",
    "compare",
    "report",
    "worker",
    "submit",
    "status",
    "fetch",
    "cancel",
    "doctor",
    "measurements",
    "validate",
    "list",
)


class _Commands(TyperGroup):
    """Commands in the order in which people need them; help texts are plain text, not markup."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for command in (self, *self.commands.values()):
            _as_plain_text(command)
            for parameter in command.params:
                _as_plain_text(parameter)

    def list_commands(self, ctx: Any) -> list[str]:
        names = super().list_commands(ctx)
        return sorted(names, key=lambda n: _ORDER.index(n) if n in _ORDER else len(_ORDER))

    def make_context(self, *arguments: Any, **keywords: Any) -> Any:
        with _interrupts_pass():
            return super().make_context(*arguments, **keywords)

    def invoke(self, ctx: Any) -> Any:
        with _interrupts_pass():
            return super().invoke(ctx)


@contextmanager
def _interrupts_pass() -> Iterator[None]:
    """Let SIGINT through typer, which would end without a word."""
    try:
        yield
    except KeyboardInterrupt:
        raise Unhandled from None


def _as_plain_text(described: Any) -> None:
    """Escape what the help's renderer would take for markup: it swallows `[this]`."""
    from rich.markup import escape

    if getattr(described, "help", None):
        described.help = escape(described.help)


app = typer.Typer(
    name="qvopt",
    cls=_Commands,
    help="Run variational quantum eigensolver experiments, with every shot counted.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

USAGE_ERROR: Final[Any] = typer.BadParameter.__mro__[1]
"""What a wrong command line raises: the base of `typer.BadParameter`."""

Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON document; progress goes to standard error.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"qvopt {version('qvopt')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass
