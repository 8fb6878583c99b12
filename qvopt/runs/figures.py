"""Figures into files: whole or not at all."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from qvopt_molecules.atomic_files import write_file
from qvopt_molecules.errors import InputError


def save_figure(figure: Any, path: Path) -> None:
    """Write a matplotlib figure in the format of the path's suffix.

    Raises InputError where it cannot be written, with a former picture untouched.
    """
    content = io.BytesIO()
    figure.savefig(content, dpi=150, format=path.suffix.lower().removeprefix("."))
    try:
        write_file(path, content.getvalue())
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"cannot write {path}: {reason}") from None
