"""Secrets, from the environment or from a file that only its owner can read."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from typing import Final

from qvopt_molecules.errors import InputError
from qvopt_molecules.textfile import expanded, read_text_file

_MAX_BYTES: Final = 1 << 16


def read_secret(vendor: str, variables: Sequence[str], file_variable: str) -> str:
    """Return a secret: of the first variable that is set, else the file that `file_variable` names.

    Raises InputError, without any part of a secret, where there is none, or others can read the
    file.
    """
    for name in variables:
        if os.environ.get(name):
            return os.environ[name].strip()
    path = os.environ.get(file_variable)
    if not path:
        raise InputError(
            f"no credentials for {vendor}: set {variables[0]} in the environment, or "
            f"{file_variable} to a file of mode 0600 that holds the key"
        )
    file = expanded(path)
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
        if mode & 0o077:
            raise InputError(
                f"{file} can be read by others (mode {mode:04o}); chmod 600 it, and change the key"
            )
    except FileNotFoundError:
        raise InputError(f"{file_variable} names {file}, which does not exist") from None
    except OSError as error:
        raise InputError(f"cannot read {file}: {type(error).__name__}") from None
    text = read_text_file(file, f"{file_variable}, key file", _MAX_BYTES).strip()
    if not text or "\n" in text:
        raise InputError(f"{file} must hold one line, the key of {vendor}")
    return text


def without(text: str, *secrets: str) -> str:
    """Return the text, at most 300 characters, with the secrets blotted out."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***")
    return text[:300]
