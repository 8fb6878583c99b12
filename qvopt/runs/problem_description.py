"""What a run runs: its orbitals and electrons, qubits and circuit, and how it is measured."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from qvopt.engine.assembly import Assembly, resolve_molecule
from qvopt.engine.constraints import penalty_weights
from qvopt.runs.references import References
from qvopt_circuits.description import summary
from qvopt_molecules.active_space import resolve_active_space
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.irreps import irrep_names
from qvopt_molecules.molecule import Molecule

_SPELLED_OUT: Final = 10  # orbitals that are listed one by one
_MOST_GATES: Final = 5000  # of a circuit that is lowered to be counted


def describe_problem(assembly: Assembly, references: References) -> dict[str, Any]:
    """Return a description as plain JSON values; what is not known is left out.

    `basis`, `orbitals`, `electrons`, `active_orbitals` (as `active_space.orbitals` counts them),
    `point_group`, `irreps` (by name; those of an FCIDUMP file by its numbers), `occupations` (of
    the reference; both in the order of the qubits of a spin), `mapping`, `qubits`, `parameters`,
    `depth` and `two_qubit_gates` (all-to-all connectivity, before any transpilation), `grouping`
    and `groups`, `unit` (of energies, where not Hartree), `constraints` (weights), `exact` (of
    which state the exact energy is), `optimizer`, `stopping` (the rules that were set or chosen, as
    in an experiment), `mitigation_chosen_by` ("auto"), `notes`.
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
    if circuit.n_parameters or assembly.evaluator.growth is not None:
        out["optimizer"] = experiment.optimizer_spec.name
        rules = experiment.stopping.model_dump(exclude_none=True)
        if rules:
            out["stopping"] = rules
    if assembly.candidates:
        out["mitigation_chosen_by"] = "auto"
    if experiment.molecule.energy_unit != "Ha":
        out["unit"] = experiment.molecule.energy_unit
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
        numbers = None if molecule is None else _numbers(h, molecule)
        if numbers is not None:
            out["active_orbitals"] = numbers
    if h.irreps is not None:
        if h.point_group is not None:
            out["point_group"] = h.point_group
        out["irreps"] = list(irrep_names(h.point_group, h.irreps))
    occupations = np.zeros(h.norb, dtype=int)
    occupations[: h.n_alpha] += 1
    occupations[: h.n_beta] += 1
    out["occupations"] = occupations.tolist()
    return out


def _numbers(h: MolecularHamiltonian, molecule: Molecule) -> list[int] | None:
    """Numbers of the active orbitals from 0; None where they were selected by other means."""
    space = molecule.active_space
    if h.frame is None or (space is not None and space.selection is not None):
        return None
    n_core, n_orbitals = h.frame.n_core, h.frame.coefficients.shape[1]
    resolved = resolve_active_space(space, n_orbitals, n_core + h.n_alpha, n_core + h.n_beta)
    return list(resolved[1])


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
            which = f"{d['orbitals']} of {d['orbitals_of']} orbitals active"
            if "active_orbitals" in d:
                which += f": {_ranges(d['active_orbitals'])}"
            rows.append(("", which, f"{d['frozen']} frozen, {empty} empty"))
        rows.append(("occupied", _occupied(d), d.get("point_group", "")))
    mapping = f"{d['mapping']}" if "mapping" in d else ""
    rows.append(("qubits", f"{d['qubits']}", mapping))
    sizes = [f"{d['parameters']:,} parameters"]
    if "depth" in d:
        sizes.append(f"depth {d['depth']:,}")
        sizes.append(f"{d['two_qubit_gates']:,} two-qubit gates")
    rows.append(("circuit", ", ".join(sizes), ""))
    if "grouping" in d:
        rows.append(("measured in", f"{d['groups']:,} groups", d["grouping"]))
    if "optimizer" in d:
        rows.append(
            ("optimizer", d["optimizer"], _end_in_words(d.get("stopping", {}), d.get("unit", "")))
        )
    if "constraints" in d:
        names = {"electrons": "electrons", "s_z": "S_z", "s2": "S²"}
        weights = ", ".join(f"{names[k]} {v:g}" for k, v in d["constraints"].items())
        note = f"{d.get('unit', 'Ha')}, in what is minimised alone".strip(" ,")
        rows.append(("penalties", weights, note))
    rows += [("note", note, "") for note in d.get("notes", ())]
    return rows


def _end_in_words(rules: Mapping[str, Any], unit: str) -> str:
    """What ends the run before its steps and its budget do."""
    words = []
    if "expected_error" in rules:
        sure = f" ({100 * rules['confidence']:g} %)" if "confidence" in rules else ""
        bound = f"{rules['expected_error']:g} {unit}".rstrip()
        words.append(f"until its error is below {bound}{sure}")
    if "gradient" in rules:
        words.append(f"until {rules['gradient']} gradients are level with zero")
    if "plateau" in rules:
        words.append(f"until {rules['plateau']} energies do not fall")
    return "; ".join(words)


def description_line(description: Mapping[str, Any]) -> str:
    """Return the same in one line, without the notes."""
    shown = {k: v for k, v in description.items() if k != "notes"}
    cells = [
        f"{'' if name in ('', 'circuit') else name + ' '}{value}{' ' + note if note else ''}"
        for name, value, note in description_rows(shown)
    ]
    return "; ".join(cells)


def _occupied(description: Mapping[str, Any]) -> str:
    """Occupations of the reference, by irreducible representation where those are known.

    Orbital by orbital where they are few.
    """
    occupations = description["occupations"]
    if "irreps" in description and len(occupations) <= _SPELLED_OUT:
        pairs = zip(_irrep_words(description), occupations, strict=True)
        return ", ".join(f"{name} ({n})" for name, n in pairs)
    if "irreps" not in description:
        counts = Counter(occupations)
        return ", ".join(
            f"{counts[n]} {word}"
            for n, word in ((2, "doubly"), (1, "singly"), (0, "not"))
            if counts[n]
        )
    totals: dict[str, list[int]] = {}
    for irrep, n in zip(_irrep_words(description), occupations, strict=True):
        entry = totals.setdefault(irrep, [0, 0])
        entry[0] += n
        entry[1] += 1
    return ", ".join(
        f"{irrep}: {n} in {orbitals}" for irrep, (n, orbitals) in sorted(totals.items())
    )


def _irrep_words(description: Mapping[str, Any]) -> list[str]:
    """Names of the orbitals' representations; in journals of earlier versions they are numbers."""
    irreps = description["irreps"]
    return [str(i) if "point_group" in description else f"symmetry {i}" for i in irreps]


def _ranges(numbers: Sequence[int]) -> str:
    """Ascending numbers in short.

    >>> _ranges([0, 3, 4, 5, 7])
    '0, 3-5, 7'
    """
    parts = []
    for _, run in itertools.groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        members = [n for _, n in run]
        parts.append(f"{members[0]}-{members[-1]}" if len(members) > 1 else f"{members[0]}")
    return ", ".join(parts)
