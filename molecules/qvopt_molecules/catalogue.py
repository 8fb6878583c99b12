"""Finds a molecule: by catalogue name, in a TOML or XYZ file, or written inline."""

from __future__ import annotations

import math
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from .arguments import checked_arguments
from .basis_names import basis_name
from .elements import nuclear_charge
from .errors import InputError, shown, unknown_name
from .expressions import dimension
from .geometry import parse_geometry
from .molecule import ActiveSpace, Molecule
from .textfile import read_text_file
from .toml_files import parse_toml
from .xyz import read_xyz_file

_KEYS = ("name", "aliases", "title", "geometry", "charge", "spin", "basis", "parameters",
         "references", "active_space", "orbitals", "symmetry")  # fmt: skip
_TEXTS = ("aliases", "title")
"""Keys that say nothing of the molecule itself."""
_ACTIVE_KEYS = ("electrons", "n_orbitals", "orbitals", "frozen_core", "selection", "threshold",
                "labels")  # fmt: skip


@cache
def _catalogue() -> dict[str, str]:
    """Texts of the catalogue's files by name."""
    folder = resources.files("qvopt_molecules") / "data"
    texts = {}
    for file in folder.iterdir():
        if file.name.endswith(".toml"):
            text = file.read_text(encoding="utf-8")
            texts[tomllib.loads(text)["name"]] = text
    return dict(sorted(texts.items()))


@cache
def _aliases() -> dict[str, str]:
    names = {}
    for name, text in _catalogue().items():
        for alias in (name, *tomllib.loads(text).get("aliases", ())):
            names[_plain(alias)] = name
    return names


def _plain(name: str) -> str:
    return name.strip().lower().replace("_", "-")


def catalogue_names() -> tuple[str, ...]:
    """Names of the molecules that come with the package."""
    return tuple(_catalogue())


def catalogue_title(name: str) -> str:
    """What a catalogue molecule is, in a few words."""
    return str(tomllib.loads(_catalogue()[name])["title"])


def catalogue_parameters(name: str) -> dict[str, float]:
    """A catalogue molecule's own parameters: bond lengths in Ångström, angles in degrees."""
    return dict(tomllib.loads(_catalogue()[name]).get("parameters", {}))


def parameter_unit(spec: str | Mapping[str, Any], parameter: str) -> str:
    """Return the unit of a molecule's parameter by the geometry that it is in: Å, °, or "".

    Args:
        spec: a catalogue name, an inline geometry, or a molecule file's plain data.
        parameter: its name.
    """
    if isinstance(spec, Mapping):
        text = str(spec.get("geometry", ""))
    elif _plain(spec) in _aliases():
        text = str(tomllib.loads(_catalogue()[_aliases()[_plain(spec)]])["geometry"])
    else:
        text = spec
    return dimension(text, parameter)


def read_definition(path: str | Path) -> dict[str, Any] | None:
    """Return a molecule file as plain data that `find_molecule` takes in its place.

    None for a TOML file without a geometry. Raises InputError where it is not valid TOML.
    """
    data = parse_toml(read_text_file(path, "molecule file"), str(path))
    if "geometry" not in data:
        return None
    kept = {key: value for key, value in data.items() if key not in _TEXTS}
    return {"name": Path(path).stem, **kept}


@checked_arguments
def find_molecule(
    spec: str | Path | Mapping[str, Any],
    settings: Mapping[str, float] | None = None,
    *,
    basis: str | None = None,
    charge: int | None = None,
    spin: int | None = None,
    active_space: ActiveSpace | None = None,
    orbitals: str | None = None,
    symmetry: bool | None = None,
) -> Molecule:
    """Return the molecule that `spec` means, with overrides.

    Args:
        spec: a catalogue name ("h2o"), the path of a `.toml` or `.xyz` file, or an inline geometry
            in Ångström ("H 0 0 0; H 0 0 0.735"), or a molecule file's plain data.
        settings: values of the molecule's own parameters, such as {"bond": 1.2} in Ångström.
        basis, charge, spin, active_space, orbitals, symmetry: override what the molecule says;
            spin is the number of unpaired electrons.

    Reference energies are kept only where nothing that changes them was overridden.

    Raises:
        InputError: naming what is unknown, malformed or impossible.
    """
    if not isinstance(spec, str | Path | Mapping):
        raise InputError(f"a molecule is a name, a file, a geometry or a table, got {shown(spec)}")
    if not isinstance(settings, Mapping | None):
        raise InputError(f"settings of a molecule are a table, got {shown(settings)}")
    settings = {str(key): value for key, value in (settings or {}).items()}
    molecule = _unchanged(spec, settings)
    changed = bool(settings) or any(
        new is not None and new != old
        for new, old in (
            (basis, molecule.basis),
            (charge, molecule.charge),
            (spin, molecule.spin),
            (active_space, molecule.active_space),
            (orbitals, molecule.orbitals),
            (symmetry, molecule.symmetry),
        )
    )
    molecule = replace(
        molecule,
        basis=basis_name(molecule.basis if basis is None else basis),
        charge=molecule.charge if charge is None else charge,
        spin=molecule.spin if spin is None else spin,
        active_space=molecule.active_space if active_space is None else active_space,
        orbitals=molecule.orbitals if orbitals is None else orbitals,
        symmetry=molecule.symmetry if symmetry is None else symmetry,
    )
    check_molecule(molecule)
    return replace(molecule, references={}) if changed else molecule


def _unchanged(spec: str | Path | Mapping[str, Any], settings: dict[str, float]) -> Molecule:
    if isinstance(spec, Mapping):
        return _of_table(spec, settings, str(spec.get("name", "the molecule")))
    text = str(spec)
    if "\0" in text:
        raise InputError("the molecule's name holds a NUL character")
    if isinstance(spec, str) and _plain(spec) in _aliases():
        name = _aliases()[_plain(spec)]
        return _of_table(parse_toml(_catalogue()[name], name), settings, name)
    if isinstance(spec, str) and (";" in text or "\n" in text or _looks_like_atoms(text)):
        return Molecule(_formula(text), parse_geometry(text, settings))
    return _from_file(Path(text), settings)


def check_molecule(molecule: Molecule) -> None:
    """Raise InputError unless charge, spin and basis can go with the atoms."""
    electrons = sum(nuclear_charge(a.symbol) for a in molecule.atoms) - molecule.charge
    if electrons < 1:
        raise InputError(
            f"{molecule.name}: a charge of {molecule.charge:+d} leaves {electrons} electrons"
        )
    if molecule.spin < 0 or molecule.spin > electrons or (electrons - molecule.spin) % 2:
        fitting = ", ".join(str(s) for s in range(electrons % 2, min(electrons, 6) + 1, 2))
        raise InputError(
            f"{molecule.name}: {electrons} electrons cannot have {molecule.spin} unpaired ones; "
            f"set spin (unpaired electrons) to one of {fitting}, or change the charge"
        )
    basis_name(molecule.basis)


def _looks_like_atoms(text: str) -> bool:
    words = text.replace(",", " ").split()
    return len(words) >= 4 and bool(re.fullmatch(r"[A-Za-z]{1,2}", words[0]))


def _formula(text: str) -> str:
    counts: dict[str, int] = {}
    for row in re.split(r"[;\n]", text):
        if row.strip():
            symbol = row.split()[0].capitalize()[:2]
            counts[symbol] = counts.get(symbol, 0) + 1
    return "".join(f"{s}{n if n > 1 else ''}" for s, n in counts.items()).lower()


def _from_file(path: Path, settings: dict[str, float]) -> Molecule:
    suffix = path.suffix.lower()
    if suffix == ".toml":
        text = read_text_file(path, "molecule file")
        return _of_table(parse_toml(text, str(path)), settings, str(path))
    if suffix == ".xyz":
        if settings:
            raise InputError(f"{path} has no parameters to set; an XYZ file is one geometry")
        read = read_xyz_file(path)
        return Molecule(path.stem, read.atoms, read.charge or 0, read.spin or 0)
    if os.path.isdir(path):  # False, and no error, for a name that is too long
        inside = path / "experiment.toml"
        hint = f"; its experiment is {inside}" if inside.is_file() else ""
        raise InputError(f"{path} is a folder, and no molecule's name, file or geometry{hint}")
    if path.suffix or "/" in str(path):
        raise InputError(f"{path} is not a .toml or .xyz molecule file")
    raise unknown_name("molecule", str(path), catalogue_names())


def _of_table(data: Mapping[str, Any], settings: dict[str, float], source: str) -> Molecule:
    for key in data:
        if key not in _KEYS:
            raise unknown_name(f"key in {source},", key, _KEYS)
    name = _typed(data, "name", str, source, Path(source).stem)
    values = {
        k: _number(v, f"{source}: parameters.{k}")
        for k, v in _typed(data, "parameters", dict, source, {}).items()
    }
    for key, value in settings.items():
        if key not in values:
            raise unknown_name(f"parameter of {name}", key, values)
        values[key] = _number(value, key)
        if key.startswith("bond") and values[key] < 0:
            raise InputError(f"{name}: {key} is a length in Ångström, got {value:g}")
    if "geometry" not in data:
        raise InputError(f"{source} has no geometry; write geometry = 'H 0 0 0; H 0 0 0.735'")
    references = {
        k: _number(v, f"{source}: references.{k}")
        for k, v in _typed(data, "references", dict, source, {}).items()
        if k != "method"
    }
    return Molecule(
        name=name,
        atoms=parse_geometry(_typed(data, "geometry", str, source, ""), values, source=source),
        charge=_typed(data, "charge", int, source, 0),
        spin=_typed(data, "spin", int, source, 0),
        basis=_typed(data, "basis", str, source, "sto-3g"),
        active_space=_active_space(_typed(data, "active_space", dict, source, {}), source),
        references=references,
        orbitals=_typed(data, "orbitals", str, source, "canonical"),
        symmetry=_typed(data, "symmetry", bool, source, True),
    )


def _active_space(data: Mapping[str, Any], source: str) -> ActiveSpace | None:
    if not data:
        return None
    for key, value in data.items():
        if key not in _ACTIVE_KEYS:
            raise unknown_name(f"key in {source}, [active_space],", key, _ACTIVE_KEYS)
        whole = isinstance(value, int) and not isinstance(value, bool)
        if key == "orbitals":
            whole = isinstance(value, list) and all(type(v) is int for v in value)
        if key in ("selection", "labels"):
            words = [value] if key == "selection" else value
            if not (isinstance(words, list) and all(isinstance(w, str) for w in words)):
                raise InputError(f"{source}: active_space.{key} must be text, got {value!r}")
        elif key == "threshold":
            _number(value, f"{source}: active_space.threshold")
        elif key == "orbitals" and type(value) is int:
            raise InputError(
                f"{source}: active_space.orbitals are indices, such as [1, 2]; use n_orbitals = "
                f"{value} for a number"
            )
        elif not whole:
            raise InputError(f"{source}: active_space.{key} must be whole numbers, got {value!r}")
    orbitals, labels = data.get("orbitals"), data.get("labels")
    return ActiveSpace(
        electrons=data.get("electrons"),
        n_orbitals=data.get("n_orbitals"),
        orbitals=None if orbitals is None else tuple(orbitals),
        frozen_core=data.get("frozen_core"),
        selection=data.get("selection"),
        threshold=data.get("threshold"),
        labels=None if labels is None else tuple(labels),
    )


def _typed(data: Mapping[str, Any], key: str, kind: type, source: str, default: Any) -> Any:
    value = data.get(key, default)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        words = {str: "a string", int: "a whole number", dict: "a table", bool: "true or false"}
        raise InputError(f"{source}: {key} must be {words[kind]}, got {str(value)[:40]!r}")
    if isinstance(value, int) and abs(value) > 1000:
        raise InputError(f"{source}: {key} is out of range")
    return value


def _number(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{where} must be a number, got {str(value)[:40]!r}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise InputError(f"{where} must be a finite number")
    return number
