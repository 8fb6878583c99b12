"""Problems that are handed over as objects, as plain data of an experiment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from qvopt.optimizers.objects import optimizer_data
from qvopt_circuits.spins import usual_ansatz
from qvopt_molecules.adapters import costs, operators
from qvopt_molecules.adapters.files import is_operator_file, read_edges, read_operator
from qvopt_molecules.adapters.problem import problem_of
from qvopt_molecules.catalogue import find_molecule, read_definition
from qvopt_molecules.errors import InputError
from qvopt_molecules.fcidump import read_fcidump
from qvopt_molecules.frozen import freeze, frozen
from qvopt_molecules.lattice import is_lattice, lattice_hamiltonian
from qvopt_molecules.molecule import Molecule
from qvopt_molecules.spins import Hamiltonian

OBJECT: Final = "object:"
"""Begins the name of a problem that came in as an object and is known by its content."""


def problem_data(problem: Any) -> Any:
    """Return a problem as plain data of `[molecule]`; names and tables as they are.

    A geometry is written down whole. Anything else is frozen, and named by its content hash.
    Raises InputError for an object that no adapter knows.
    """
    if isinstance(problem, str | Path):
        return _from_file({"name": str(problem)}) or str(problem)
    if isinstance(problem, Mapping) and not (
        operators.is_table(problem) or costs.is_entries(problem)
    ):
        return _from_file(problem) or problem
    taken = problem_of(problem)
    return _geometry(taken) if isinstance(taken, Molecule) else frozen_data(taken)


def _from_file(spec: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what a file says in its place, so that a run does not need the file again.

    None for anything but operators, graphs, molecule, XYZ and FCIDUMP files.
    """
    name = spec.get("name")
    if not isinstance(name, str) or "\n" in name or "\0" in name or len(name) > 1000:
        return None
    others = {k: v for k, v in spec.items() if k != "name" and v is not None}
    if name.strip().lower() == "maxcut":
        graph = dict(others.pop("set", None) or {}).pop("graph", None)
        if graph is None or others:
            raise InputError("maxcut needs its graph: --set graph=edges.txt, 'u v' a line")
        return frozen_data(read_edges(str(graph)))
    if spec.get("content") is None and is_operator_file(name):
        if others:
            raise InputError(
                f"{name} fixes its operator; {next(iter(others))} cannot be changed beside it"
            )
        return frozen_data(read_operator(name))
    lower = name.lower()
    if spec.get("definition") is not None or spec.get("content") is not None:
        return None
    if lower.endswith(".toml") and Path(name).is_file():
        definition = read_definition(name)
        return definition and {"name": str(definition["name"]), "definition": definition, **others}
    if lower.endswith(".xyz") and not others.get("set") and Path(name).is_file():
        return {**_geometry(find_molecule(name, charge=others.get("charge"),
                                          spin=others.get("spin"))), **others}  # fmt: skip
    fixed = set(others) <= {"charge", "spin", "occupied"}
    if lower.endswith("fcidump") and fixed and Path(name).is_file():
        return frozen_data(read_fcidump(name, **others))
    return None


def frozen_data(hamiltonian: Hamiltonian) -> dict[str, Any]:
    """Freeze a Hamiltonian; return the data that name it."""
    label = hamiltonian.label or "hamiltonian"
    in_hartree = hamiltonian.electrons is not None and not is_lattice(label)
    data = {"name": f"{OBJECT}{label}", "content": freeze(hamiltonian)}
    return data if in_hartree else data | {"unit": ""}


def _geometry(molecule: Molecule) -> dict[str, Any]:
    rows = (f"{a.symbol} {' '.join(repr(float(x)) for x in a.position)}" for a in molecule.atoms)
    data: dict[str, Any] = {
        "name": "; ".join(rows),
        "label": molecule.name,
        "basis": molecule.basis,
        "charge": molecule.charge,
        "spin": molecule.spin,
        "orbitals": molecule.orbitals,
        "symmetry": molecule.symmetry,
    }
    if molecule.active_space is not None:
        space = asdict(molecule.active_space)
        data["active_space"] = {k: v for k, v in space.items() if v is not None}
    return data


def with_optimizer(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data of an experiment or entrant, an optimizer that is an object recorded.

    A table may have an object as its name: a factory, whose hyper-parameters stand beside it.
    """
    optimizer = data.get("optimizer")
    if isinstance(optimizer, Mapping) and not isinstance(optimizer.get("name", ""), str):
        options = {k: v for k, v in optimizer.items() if k != "name"}
        return {**data, "optimizer": entrant_data(optimizer["name"], options)}
    if optimizer is None or isinstance(optimizer, str | Mapping | BaseModel):
        return dict(data)
    return {**data, "optimizer": optimizer_data(optimizer)}


def entrant_data(optimizer: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return an optimizer that is an object as plain data, `options` its hyper-parameters."""
    return optimizer_data(optimizer, **options)


def with_usual_parts(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data of an experiment, ansatz and backend chosen where a problem has only qubits.

    Molecules and Hubbard models keep the defaults of `Experiment`.
    """
    data = dict(data)
    if data.get("ansatz") is not None and data.get("backend") is not None:
        return data
    try:
        hamiltonian = _only_qubits(data.get("molecule"))
    except (InputError, TypeError, ValueError):
        return data  # it is refused, with its reason, when the experiment is validated or begins
    if hamiltonian is None:
        return data
    if data.get("ansatz") is None:
        data["ansatz"] = usual_ansatz(hamiltonian.observable)
    elif isinstance(data["ansatz"], Mapping) and "name" not in data["ansatz"]:
        data["ansatz"] = {"name": usual_ansatz(hamiltonian.observable), **data["ansatz"]}
    if data.get("backend") is None:
        data["backend"] = "statevector"
    return data


def _only_qubits(molecule: Any) -> Any:
    """The Hamiltonian of a description, if it has qubits and no electrons; else None."""
    spec = dict(molecule) if isinstance(molecule, Mapping) else {"name": molecule}
    name = spec.get("name")
    if spec.get("content") is not None:
        hamiltonian = frozen(str(spec["content"]), str(name))
    elif isinstance(name, str) and spec.get("definition") is None and is_lattice(name):
        hamiltonian = lattice_hamiltonian(name, dict(spec.get("set") or {}), spec.get("spin"))
    else:
        return None
    return None if hamiltonian.electrons is not None else hamiltonian
