"""Experiments as TOML: read one, write one that reads back the same."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli_w

from qvopt_molecules import frozen
from qvopt_molecules.errors import InputError
from qvopt_molecules.toml_files import parse_toml

_MAX_BYTES = 1 << 20


def read_experiment_file(path: Path) -> dict[str, Any]:
    """Read a TOML file of at most 1 MiB into plain data.

    A molecule file named in it is looked for beside it. Raises InputError naming the file.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise InputError(f"{path} is larger than 1 MiB; an experiment is a few lines of TOML")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:
        raise InputError(f"{path} is not valid TOML: {error}") from None
    data = parse_toml(text, str(path))
    inner = data.get("experiment")
    for table in (data, inner if isinstance(inner, dict) else {}):
        freeze_beside(table.get("molecule"), path.parent / "hamiltonian.npz")
    return molecule_beside(data, path.parent)


def freeze_beside(molecule: Any, path: Path) -> None:
    """Take a problem that is named by its content from a file, where it is there."""
    if isinstance(molecule, dict) and isinstance(molecule.get("content"), str):
        frozen.freeze_beside(path, molecule["content"])


def molecule_beside(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Let a relative molecule file mean one beside the experiment, where there is one."""
    molecule = data.get("molecule")
    name = molecule.get("name") if isinstance(molecule, dict) else molecule
    if isinstance(name, str) and "\0" not in name and len(name) < 1024 and "\n" not in name:
        beside = folder / name
        try:
            is_file = beside.is_file()
        except OSError:
            is_file = False
        if is_file:
            spec = dict(molecule) if isinstance(molecule, dict) else {}
            return data | {"molecule": spec | {"name": str(beside)}}
    return data


def dump_toml(data: Mapping[str, Any]) -> str:
    """Write plain data (tables, strings, numbers, booleans, lists) as TOML."""
    return tomli_w.dumps(data)
