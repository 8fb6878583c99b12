"""The command line: every command with its arguments, options and defaults."""

import re
from collections.abc import Iterator
from typing import Any

import typer

import qvopt.cli.command_line  # noqa: F401  registers the commands
from qvopt.cli.app import app

from .markdown import cell, code, escaped, table


def pages() -> Iterator[tuple[str, str]]:
    """Yield the sections of all commands, which `docs/reference/command-line.md` includes."""
    group: Any = typer.main.get_command(app)
    context = typer.Context(group, info_name="qvopt")
    names = group.list_commands(context)
    sections = [_command(name, group.commands[name], context) for name in names]
    yield "parts/command-line.md", "\n\n".join(sections) + "\n"


def _command(name: str, command: Any, parent: Any) -> str:
    context = typer.Context(command, info_name=name, parent=parent)
    usage = " ".join(["qvopt", name, *command.collect_usage_pieces(context)])
    parts = [
        f"(command-{name})=\n## {name}",
        f"```\n{usage}\n```",
        escaped(_unescaped(command.help)),
    ]
    rows = [
        _row(parameter, context)
        for parameter in command.params
        if not getattr(parameter, "hidden", False)
    ]
    if rows:
        parts.append(table(["option", "meaning", "default"], rows))
    return "\n\n".join(parts)


def _row(parameter: Any, context: Any) -> list[str]:
    """Name, meaning and default, from the line that `--help` prints."""
    name, text = parameter.get_help_record(context)
    text = _unescaped(text)
    match = re.search(r"\s*\[(?:default: )?([^\[]*(?:\[[^\]]*\])?[^\[]*)\]$", text)
    default = match[1] if match and re.search(r"\[(default: |required\]$)", text) else ""
    if re.fullmatch(r"\([^()]*\)", default):  # the form for a default that is described
        default = default[1:-1]
    if parameter.param_type_name == "argument":
        name = re.sub(r" <\w+>$", "", name)
    return [code(name), cell(text[: match.start()] if default and match else text), cell(default)]


def _unescaped(text: str | None) -> str:
    r"""Help without the backslashes that its renderer needs before brackets."""
    return (text or "").replace("\\[", "[")
