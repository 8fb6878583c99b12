"""TOML with its mistakes in plain words: Python's parser speaks of namespaces and mutation."""

from __future__ import annotations

import re
import tomllib
from typing import Any, Final

from qvopt_molecules.errors import InputError, shown

_PLACE: Final = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_NAMES: Final = re.compile(r"\((.*)\)")
_QUOTED: Final = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_TWO_WAYS: Final = (
    "is written in two ways; choose one: on a line, {key} = …, or as tables under [{key}], each "
    "of a list under [[{key}]]"
)


def parse_toml(text: str, source: str) -> dict[str, Any]:
    """Return a TOML document as plain data.

    Args:
        text: the document.
        source: its name, for messages.

    Raises InputError in one line, with the number of the line that is wrong.
    """
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise InputError(f"{source} is not valid TOML: nested too deeply") from None
    except ValueError as error:
        raise InputError(f"{source} is not valid TOML: {explain_toml(error, text)}") from None


def explain_toml(error: ValueError, text: str) -> str:
    """Say what is wrong with a document, and where."""
    message = str(error)
    place = _PLACE.search(message)
    if place is None:
        return message
    lines = text.splitlines()
    number = int(place[1]) if place[1] else _last_line(lines)
    line = lines[number - 1].strip() if 0 < number <= len(lines) else ""
    key = _key(message)
    if message.startswith("Cannot mutate immutable namespace") and key:
        return f"line {number}: {key} {_TWO_WAYS.format(key=key)}"
    if message.startswith("Cannot declare") and key:
        return (
            f"line {number}: [{key}] comes after {key} was given already, as a table, a list or a "
            f"value; write all of it in one place"
        )
    if message.startswith("Cannot overwrite a value"):
        return f"line {number}, {shown(line)}, gives a key that has a value already"
    if message.startswith("Illegal character '\\n'"):
        return f"line {number}, {shown(line)}: a text ends with quotes on its line"
    if not place[1]:
        return f"{message[: place.start()]} (at the end, line {number})"
    return message


def _key(message: str) -> str:
    """The key that a message names as a tuple: a.b of ('a', 'b')."""
    names = _NAMES.search(message)
    parts = _QUOTED.findall(names[1]) if names else []
    return ".".join(single or double for single, double in parts)


def _last_line(lines: list[str]) -> int:
    """The number of the last line that is not empty; 0 of an empty document."""
    return max((k for k, line in enumerate(lines, start=1) if line.strip()), default=0)
