"""Where a setting belongs that was looked for at the top: a parameter, or a key of a table."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, get_args

from qvopt_molecules.catalogue import catalogue_names, catalogue_parameters, read_definition
from qvopt_molecules.errors import InputError
from qvopt_molecules.lattice import is_lattice, lattice_parameters

_TABLES: Final = ("molecule", "measurement", "mitigation", "constraints", "budget", "stopping")

_IN_FILE: Final = (
    "the unit of an XYZ file is said in the file, as units=bohr in its comment, the second line"
)


def parameters_of(problem: Any) -> frozenset[str]:
    """Return the names of a problem's own parameters; empty where it has none, or is unknown."""
    if isinstance(problem, Mapping):
        return parameters_of(problem.get("name", ""))
    text = str(problem)
    try:
        if is_lattice(text):
            return frozenset(lattice_parameters(text))
        if text.strip().lower() in catalogue_names():
            return frozenset(catalogue_parameters(text.strip().lower()))
        if text.lower().endswith(".toml") and Path(text).is_file():
            data = read_definition(text)
            if data is None:
                molecule = tomllib.loads(Path(text).read_text(encoding="utf-8")).get("molecule")
                return frozenset() if molecule is None else parameters_of(molecule)
            return frozenset(data.get("parameters", {}))
    except (InputError, OSError, ValueError):
        return frozenset()
    if ";" not in text and "\n" not in text:
        return frozenset()
    coordinates = " ".join(" ".join(row.split()[1:]) for row in re.split(r"[;\n]", text))
    return frozenset(re.findall(r"[A-Za-z_]\w*(?!\w*\()", coordinates))


def place_of(name: str) -> tuple[str, str] | None:
    """Return (table, key) of an experiment's key that is of this name within a table."""
    from .specification import Experiment

    for table in _TABLES:
        annotation: Any = Experiment.model_fields[table].annotation
        fields = _fields(annotation)
        if name in fields and name not in ("name", "content", "unit", "definition"):
            return table, name
    return None


def _fields(annotation: Any) -> frozenset[str]:
    """Names of a model's fields, also where it is within Annotated or a union."""
    own = frozenset(getattr(annotation, "model_fields", {}))
    return own.union(*(_fields(part) for part in get_args(annotation)))


def python_hint(name: str, problem: Any) -> str:
    """Say how Python passes a setting that `run` has no keyword for; empty where unknown."""
    if name in parameters_of(problem):
        return f"{name} is the problem's own parameter: set={{'{name}': …}}"
    if name in ("unit", "units"):
        return _IN_FILE
    place = place_of(name)
    if place is None:
        return ""
    if place[0] == "molecule":
        return f"a key of the molecule: {{'name': …, '{name}': …}} in its place"
    return f"a key of a table: {place[0]}={{'{name}': …}}"


def command_line_hint(name: str, words: list[str]) -> str:
    """Say how the command line passes a setting that has no option; empty where unknown.

    Args:
        name: with underscores.
        words: the command line, which has the problem.
    """
    for word in words:
        if not word.startswith("-") and name in parameters_of(word):
            return f"{name} is a parameter of the molecule or model: --set {name}=VALUE"
    if name in ("unit", "units"):
        return _IN_FILE
    place = place_of(name)
    return "" if place is None else f"it is a key of the experiment: --set {'.'.join(place)}=VALUE"
