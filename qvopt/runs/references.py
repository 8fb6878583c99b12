"""The energies that a run is held against, and of which state they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from qvopt.engine.assembly import Assembly, resolve_molecule
from qvopt.experiment.specification import Experiment
from qvopt_circuits.catalogue import get_ansatz
from qvopt_circuits.conserved import conserved_parities, reference_length
from qvopt_circuits.given import GivenCircuit
from qvopt_molecules.encodings import TAPERED, diagonal_symmetries, reference_bits
from qvopt_molecules.exact_reference import (
    ExactReference,
    exact_method,
    exact_reference,
    lowest_energy,
)
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.references import hartree_fock_energy
from qvopt_molecules.sizes import SMALL, n_determinants
from qvopt_molecules.spin_pure import parity_mask

_QUICK: Final = 1300  # determinants up to which sectors and other spins are looked at


@dataclass(frozen=True)
class References:
    """Energies in Hartree: of the reference determinant, and the exact one where known.

    `state` tells of which state the exact one is; None of spins.
    """

    hf: float
    fci: float | None
    state: ExactReference | None = None

    @property
    def energies(self) -> dict[str, float | None]:
        """Both energies by name."""
        return {"hf": self.hf, "fci": self.fci}


def references_of(experiment: Experiment, assembly: Assembly) -> References:
    """Return the reference energies of a run.

    The exact energy is the lowest of its spin and, where the circuit keeps it, of its symmetry
    sector. In spaces of more than 1,300 determinants, where that takes longer, it is a molecule's
    recorded energy, or the lowest of its spin, and other spins are not looked at.
    """
    problem = assembly.hamiltonian
    if problem.electrons is None:
        return References(problem.reference_energy(), problem.exact_energy())
    h = problem.orbitals()
    hf = hartree_fock_energy(h)
    if n_determinants(h) <= _QUICK:
        state = exact_reference(h, kept_symmetries(assembly), with_lowest=False)
        state = replace(state, lowest=lowest_energy(h, _QUICK))
        return References(hf, state.energy, state)
    molecule = resolve_molecule(experiment.molecule)
    fci = None if molecule is None else molecule.references.get("fci")
    multiplicity = abs(h.n_alpha - h.n_beta) + 1
    if fci is not None:
        return References(hf, fci, ExactReference(exact_method(h), fci, multiplicity))
    if n_determinants(h) > SMALL:
        return References(hf, None)
    state = exact_reference(h, with_lowest=False)
    return References(hf, state.energy, state)


def recorded_state(data: Mapping[str, Any], energy: float) -> ExactReference:
    """Return the state that a record tells of; `energy` in Hartree."""
    return ExactReference(
        data["method"], energy, data["multiplicity"], tuple(data["symmetries"]), data["lowest"]
    )


def kept_symmetries(assembly: Assembly) -> tuple[int, ...]:
    """Return parities of spin orbitals that the circuit keeps, as masks.

    Empty where they are no more than what the electron numbers fix.
    """
    h, experiment = assembly.molecular, assembly.experiment
    if h.n_qubits > 64:
        return ()
    symmetries = diagonal_symmetries(h)
    if experiment.mapping != TAPERED:
        symmetries = _of_circuit(assembly, h, symmetries)
    trivial = not symmetries or bool(parity_mask(h, symmetries).all())
    return () if trivial else tuple(symmetries)


def _of_circuit(
    assembly: Assembly, h: MolecularHamiltonian, symmetries: tuple[int, ...]
) -> tuple[int, ...]:
    """Those that every gate keeps, before the circuit is mapped to other qubits."""
    if assembly.evaluator.growth is not None:
        return ()  # what it grows by is not known
    circuit, spec = assembly.circuit, assembly.experiment.ansatz
    if assembly.experiment.mapping != "jordan-wigner":
        ansatz = get_ansatz(spec.name, **spec.options)
        if isinstance(ansatz, GivenCircuit):
            return ()
        circuit = ansatz.circuit(h)
    bits = 0
    for gate in circuit.gates[: reference_length(circuit)]:
        bits ^= 1 << gate.qubits[0]
    return conserved_parities(circuit, symmetries) if bits == reference_bits(h) else ()
