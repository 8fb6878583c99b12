"""Credentials do not go into experiments, nor on command lines: both are written down."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from qvopt_molecules.errors import InputError
from qvopt_molecules.textfile import expanded, read_text_file

_KEYS = ("token", "api_key", "apikey", "secret", "password", "credential", "access_key")
_VARIABLES = (
    "QISKIT_IBM_TOKEN",
    "IONQ_API_KEY",
    "IONQ_API_TOKEN",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
)
_FILES = ("QISKIT_IBM_TOKEN_FILE", "IONQ_API_KEY_FILE")
_SHORTEST = 8
_MAX_BYTES = 1 << 16


def refuse_secrets(data: Any, path: str = "") -> None:
    """Raise InputError where plain data holds a credential, without showing it.

    A key that names one is refused, and so is any text that holds the value of a variable that
    vendors' credentials are kept in.
    """
    if isinstance(data, Mapping):
        for key, value in data.items():
            where = f"{path}.{key}" if path else str(key)
            if any(word in str(key).lower() for word in _KEYS):
                raise _refusal(f"'{where[:60]}'" if not holds_secret(where) else "a key")
            refuse_secrets(value, where)
    elif isinstance(data, list | tuple):
        for value in data:
            refuse_secrets(value, path)
    elif isinstance(data, str) and holds_secret(data):
        raise _refusal(f"the value of {path}" if path else "a value")


def holds_secret(text: str) -> bool:
    """Whether a text has what a variable or a file holds that vendors' credentials are kept in."""
    values = [os.environ.get(name, "") for name in _VARIABLES]
    values += [_content(os.environ.get(name, "")) for name in _FILES]
    return any(len(value) >= _SHORTEST and value in text for value in values)


def _content(path: str) -> str:
    try:
        return read_text_file(expanded(path), "key file", _MAX_BYTES).strip() if path else ""
    except InputError:
        return ""


def _refusal(what: str) -> InputError:
    return InputError(
        f"{what} looks like a credential, and an experiment is written down: set it in the "
        f"environment or in a file of mode 0600 instead (docs/hardware.md)"
    )
