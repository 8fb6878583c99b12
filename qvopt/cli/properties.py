"""`qvopt properties`: what the final state of a run is like."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qvopt.backends.protocol import SubmissionPolicy
from qvopt.measurement.estimate import Estimate
from qvopt.runs.folder import RunFolder
from qvopt.tasks.properties_result import Place
from qvopt.tasks.run_properties import run_properties
from qvopt_molecules.exact_reference import exact_method

from .output import print_json, print_table
from .spending import status_printer, terminal


def properties_command(
    path: Path, shots: int | None, exact: bool, at: Place | None, as_json: bool, yes: bool
) -> int:
    """Print the properties."""
    properties = run_properties(
        path,
        shots=shots,
        exact=exact,
        at=at,
        jobs=SubmissionPolicy(on_progress=status_printer(as_json)),
        approve=terminal(yes=yes, quiet=as_json),
    )
    document = properties.document()
    if as_json:
        print_json(document)
        return 0
    unit = RunFolder(path).experiment().molecule.energy_unit
    rows = [
        ("energy", _shown(document["energy"]), unit),
        ("electrons", _shown(document["electrons"]), ""),
        ("spin squared", _shown(document["spin_squared"]), ""),
    ]
    if document["dipole"] is None:
        rows.append(("dipole", "-", "no orbitals known"))
    else:
        for axis, value in zip("xyz", document["dipole"], strict=True):
            rows.append((f"dipole {axis}", _shown(value), "D"))
        rows.append(("|dipole|", _shown(document["dipole_norm"]), "D"))
    occupations = "  ".join(_shown(o, 5) for o in document["natural_occupations"])
    if document["overlap_fci"] is not None:
        rows.append(
            (
                f"overlap with {exact_method_of(path)}",
                f"{document['overlap_fci']:.8f}",
                "|⟨ψ|exact⟩|²" if unit != "Ha" else "|⟨ψ|FCI⟩|²",
            )
        )
    rows.append(("shots", f"{document['shots']:,}", f"in {document['circuits']} circuits"))
    print_table([{"property": a, "value": b, "unit": c} for a, b, c in rows])
    print(f"natural occupations  {occupations}")
    if properties.mitigation:
        print(f"mitigated by  {', '.join(properties.mitigation)}")
    print(f"at the {document['at']} iterate; density matrices in {path / 'properties.json'}")
    return 0


def exact_method_of(path: Path) -> str:
    """What the exact state of a run's problem is called."""
    if RunFolder(path).experiment().molecule.energy_unit != "Ha":
        return "ground state"
    return exact_method(RunFolder(path).hamiltonian().orbitals())


def _shown(pair: dict[str, Any], digits: int = 8) -> str:
    if pair["stderr"] < 1e-12:
        return f"{pair['value']:z.{digits}f}"
    return str(Estimate(pair["value"], pair["stderr"] ** 2))
