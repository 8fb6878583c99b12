"""What sets runs apart beside their names: basis, active space, geometry, charge and the like."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import Any

from qvopt.engine.assembly import resolve_molecule
from qvopt.experiment.specification import Experiment
from qvopt_molecules.errors import InputError
from qvopt_molecules.geometry import format_geometry
from qvopt_molecules.molecule import ActiveSpace, Atom


def details_of(experiment: Experiment) -> dict[str, str]:
    """Return what a run was on, by name: short texts, those of defaults included.

    Of a molecule its basis, active space, charge, spin, orbitals, own parameters, and its geometry
    where it has no parameters; of a model its parameters. Then mapping and seed.
    """
    spec = experiment.molecule
    details = {}
    try:
        molecule = resolve_molecule(spec)
    except (InputError, OSError):  # its file is gone
        molecule = None
    if molecule is not None:
        details["basis"] = molecule.basis
        space = molecule.active_space
        details["active space"] = "all orbitals" if space is None else _space(space)
        details |= {"charge": f"charge {molecule.charge:+d}", "spin": f"spin {molecule.spin}"}
        details["orbitals"] = molecule.orbitals
        details["geometry"] = _geometry(molecule.atoms)
    details |= {name: f"{name}={value:g}" for name, value in spec.set.items()}
    details |= {"mapping": experiment.mapping, "seed": f"seed {experiment.seed}"}
    return details


def _space(space: ActiveSpace) -> str:
    """An active space in short: "2,3", "2 in orbitals 1, 2, 4", "core 1", "avas".

    >>> _space(ActiveSpace(electrons=2, n_orbitals=3))
    '2,3'
    """
    if space.selection is not None:
        parts = [space.selection, space.n_orbitals, space.threshold, space.labels]
        return " ".join(str(p) for p in parts if p is not None)
    if space.frozen_core is not None:
        rest = "" if space.n_orbitals is None else f", {space.n_orbitals} orbitals"
        return f"core {space.frozen_core}{rest}"
    if space.orbitals is not None:
        return f"{space.electrons} in orbitals {', '.join(map(str, space.orbitals))}"
    return f"{space.electrons},{space.n_orbitals}"


def _geometry(atoms: Sequence[Atom]) -> str:
    """A diatomic's distance; else a short name of the positions."""
    if len(atoms) == 2:
        return f"{math.dist(atoms[0].position, atoms[1].position):.4g} Å"
    return f"geometry {hashlib.sha256(format_geometry(tuple(atoms)).encode()).hexdigest()[:6]}"


def differences(rows: Sequence[dict[str, str]]) -> list[str]:
    """Return for each run the details in which these runs differ, in one text.

    A geometry is left out where the parameters that set it differ.

    >>> differences([{"basis": "sto-3g", "spin": "spin 0"}, {"basis": "6-31g", "spin": "spin 0"}])
    ['sto-3g', '6-31g']
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    apart = [name for name in names if len({row.get(name) for row in rows}) > 1]
    texts = []
    for row in rows:
        own = [name for name in apart if name in row]
        parameters = any(row[name].startswith(f"{name}=") for name in own)
        texts.append(", ".join(row[n] for n in own if not (n == "geometry" and parameters)))
    return texts


def document_of(experiment: Experiment) -> dict[str, Any]:
    """The description of the molecule or model as plain data, empty values left out."""
    return experiment.molecule.model_dump(mode="json", exclude_none=True)
