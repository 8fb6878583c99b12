"""What a run runs: its orbitals and electrons, qubits and circuit, and how it is measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from qvopt.engine.assembly import Assembly, resolve_molecule
from qvopt.engine.constraints import penalty_weights
from qvopt.runs.references import References
from qvopt_circuits.description import summary
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.molecule import Molecule

_MOST_GATES: Final = 5000  # of a circuit that is lowered to be counted


def describe_problem(assembly: Assembly, references: References) -> dict[str, Any]:
    """Return a description as plain JSON values; what is not known is left out.

    `basis`, `orbitals`, `electrons`, `active_orbitals` (indices from 0), `irreps`, `occupations`
    (of the reference), `mapping`, `qubits`, `parameters`, `depth` and `two_qubit_gates` (all-to-all
    connectivity, before any transpilation), `grouping` and `groups`, `constraints` (weights in
    Hartree), `exact` (of which state the exact energy is), `notes`.
    """
    experiment, h, circuit = assembly.experiment, assembly.hamiltonian, assembly.circuit
    out: dict[str, Any] = {}
    if isinstance(h, MolecularHamiltonian):
        out |= _orbitals(h, resolve_molecule(experiment.molecule))
        out["mapping"] = experiment.mapping
    out |= {"qubits": circuit.n_qubits, "parameters": circuit.n_parameters}
    if len(circuit.gates) <= _MOST_GATES:
        sizes = summary(circuit)
        out |= {"depth": sizes["depth"], "two_qubit_gates": sizes["cnots"]}
    if assembly.plan is not None:
        out |= {"grouping": assembly.plan.name, "groups": len(assembly.plan.groups)}
    weights = penalty_weights(experiment)
    if weights:
        out["constraints"] = {k: v for k, v in vars(weights).items() if v}
    state = references.state
    if state is not None:
        out["exact"] = {
            "method": state.method,
            "state": state.state,
            "multiplicity": state.multiplicity,
            "symmetries": list(state.symmetries),
            "lowest": state.lowest,
            "gap": state.gap,
        }
    if isinstance(h, MolecularHamiltonian) and h.notes:
        out["notes"] = list(h.notes)
    return out


def _orbitals(h: MolecularHamiltonian, molecule: Molecule | None) -> dict[str, Any]:
    out: dict[str, Any] = {"electrons": h.n_electrons, "orbitals": h.norb}
    if molecule is not None:
        out["basis"] = molecule.basis
    if h.frame is not None and h.norb < h.frame.coefficients.shape[1]:
        out["orbitals_of"] = int(h.frame.coefficients.shape[1])
        out["frozen"] = h.frame.n_core
    if h.irreps is not None:
        out["irreps"] = list(h.irreps)
    occupations = np.zeros(h.norb, dtype=int)
    occupations[: h.n_alpha] += 1
    occupations[: h.n_beta] += 1
    out["occupations"] = occupations.tolist()
    return out


def description_rows(description: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return rows (name, value, note) of a table about what is run; none of version 0.1.0's."""
    d, rows = description, []
    if not d:
        return []
    if "electrons" in d:
        where = "" if "basis" not in d else f"in {d['basis']}"
        rows.append(("electrons", f"{d['electrons']} in {d['orbitals']} orbitals", where))
        if "orbitals_of" in d:
            empty = d["orbitals_of"] - d["frozen"] - d["orbitals"]
            rows.append(
                ("", f"{d['orbitals']} of {d['orbitals_of']} orbitals active",
                 f"{d['frozen']} frozen, {empty} empty")
            )  # fmt: skip
        rows.append(("occupied", _occupied(d), ""))
    mapping = f"{d['mapping']}" if "mapping" in d else ""
    rows.append(("qubits", f"{d['qubits']}", mapping))
    sizes = [f"{d['parameters']:,} parameters"]
    if "depth" in d:
        sizes.append(f"depth {d['depth']:,}")
        sizes.append(f"{d['two_qubit_gates']:,} two-qubit gates")
    rows.append(("circuit", ", ".join(sizes), ""))
    if "grouping" in d:
        rows.append(("measured in", f"{d['groups']:,} groups", d["grouping"]))
    if "constraints" in d:
        names = {"electrons": "electrons", "s_z": "S_z", "s2": "S²"}
        weights = ", ".join(f"{names[k]} {v:g}" for k, v in d["constraints"].items())
        rows.append(("penalties", weights, "Ha, in what is minimised alone"))
    rows += [("note", note, "") for note in d.get("notes", ())]
    return rows


def description_line(description: Mapping[str, Any]) -> str:
    """Return the same in one line, without the notes."""
    shown = {k: v for k, v in description.items() if k != "notes"}
    cells = [
        f"{'' if name in ('', 'circuit') else name + ' '}{value}{' ' + note if note else ''}"
        for name, value, note in description_rows(shown)
    ]
    return "; ".join(cells)


def _occupied(description: Mapping[str, Any]) -> str:
    """Occupations of the reference, by irreducible representation where those are known."""
    occupations = description["occupations"]
    if "irreps" not in description:
        counts = Counter(occupations)
        return ", ".join(
            f"{counts[n]} {word}"
            for n, word in ((2, "doubly"), (1, "singly"), (0, "not"))
            if counts[n]
        )
    totals: dict[int, list[int]] = {}
    for irrep, n in zip(description["irreps"], occupations, strict=True):
        entry = totals.setdefault(irrep, [0, 0])
        entry[0] += n
        entry[1] += 1
    return ", ".join(
        f"irrep {irrep}: {n} in {orbitals}" for irrep, (n, orbitals) in sorted(totals.items())
    )
