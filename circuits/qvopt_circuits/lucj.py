r"""LUCJ: the local unitary cluster Jastrow ansatz, spin-balanced.

    |ψ⟩ = V_L exp(i J_L) V_{L-1} … V_1 exp(i J_1) V_0 |HF⟩,
    J = ½ Σ_{pq,στ} J^{στ}_pq n_pσ n_qτ,

V rotations of the orbitals of both spins by complex unitaries, J real. Products of U exp(iJ) U†
are of this form, with V_k = U†_{k+1} U_k; a free V_L is their final orbital rotation. "Local" keeps
only the pairs pq that a device has neighbours for. The start is a double factorisation of CCSD
amplitudes, t_ijab = i Σ_k Σ_pq J^k_pq U_ap U*_ip U_bq U*_jq.

Sources: Matsuzawa and Kurashige, arXiv:1909.12410; Motta et al., arXiv:2202.01635;
Robledo-Moreno et al., arXiv:2405.05068.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Literal

import numpy as np

from qvopt_molecules.arrays import ComplexArray, FloatArray
from qvopt_molecules.errors import InputError
from qvopt_molecules.hamiltonian import MolecularHamiltonian

from .circuit import Circuit
from .clusters import reference_gates
from .gates import Angle, Gate
from .options import check_choice, check_count, check_spread, draw, need_orbitals
from .orbital_rotations import n_rotation_parameters, rotation_gates, rotation_parameters

Pairs = list[tuple[int, int]]

_SMALLEST = 1e-8


@dataclass(frozen=True)
class LUCJ:
    """Diagonal Coulomb evolutions between orbital rotations, for closed shells.

    It conserves particle number and spin, with complex amplitudes. Parameters are the entries of J
    and the angles of the rotations in radians.

    Attributes:
        repetitions: number L of Coulomb evolutions.
        connectivity: pairs of a J. "square": neighbours of one spin and the two spins of every
            orbital; "heavy-hex": of those the two spins of every fourth orbital only;
            "all-to-all": every pair (UCJ).
        initial: "ccsd" or "mp2" amplitudes, or "zeros", the Hartree-Fock state.
        spread: a normal distribution of this standard deviation is added to the start.
    """

    repetitions: int = 1
    connectivity: Literal["square", "heavy-hex", "all-to-all"] = "square"
    initial: Literal["ccsd", "mp2", "zeros"] = "ccsd"
    spread: float = 0.0

    def __post_init__(self) -> None:
        check_count("repetitions", self.repetitions, 1, 1000)
        check_choice("connectivity", self.connectivity, ("square", "heavy-hex", "all-to-all"))
        check_choice("initial", self.initial, ("ccsd", "mp2", "zeros"))
        check_spread(self.spread)

    @property
    def name(self) -> str:
        """The name users give."""
        return "lucj"

    def circuit(self, hamiltonian: MolecularHamiltonian) -> Circuit:
        """Return the circuit on 2 norb qubits, X gates of the Hartree-Fock state first.

        Raises InputError for open shells.
        """
        _need_closed_shell(hamiltonian)
        norb = hamiltonian.norb
        same, opposite = self.pairs(norb)
        gates = reference_gates(hamiltonian) + rotation_gates(norb, 0, phases=False)
        index = n_rotation_parameters(norb, phases=False)
        for _ in range(self.repetitions):
            gates += _coulomb_gates(norb, same, opposite, index)
            index += len(same) + len(opposite)
            gates += rotation_gates(norb, index, phases=True)
            index += n_rotation_parameters(norb, phases=True)
        return Circuit(hamiltonian.n_qubits, tuple(gates), index)

    def start(self, hamiltonian: MolecularHamiltonian, rng: np.random.Generator) -> FloatArray:
        """Return the angles of the factorised amplitudes, the largest terms first.

        Raises InputError for open shells, and where CCSD does not converge.
        """
        _need_closed_shell(hamiltonian)
        norb = hamiltonian.norb
        coulomb, rotations, last = self._factors(hamiltonian)
        same, opposite = self.pairs(norb)
        parts = [rotation_parameters(rotations[0].conj().T, phases=False)]
        for k, matrix in enumerate(coulomb):
            parts.append(np.array([matrix[p, q] for p, q in (*same, *opposite)]))
            after = rotations[k + 1].conj().T if k + 1 < len(rotations) else last
            parts.append(rotation_parameters(after @ rotations[k], phases=True))
        start = np.concatenate(parts)
        return start + draw(len(start), self.spread, rng)

    def pairs(self, norb: int) -> tuple[Pairs, Pairs]:
        """Return the pairs p <= q of J between equal spins and between opposite ones."""
        if self.connectivity == "all-to-all":
            every = list(combinations_with_replacement(range(norb), 2))
            return every, every
        step = 1 if self.connectivity == "square" else 4
        return [(p, p + 1) for p in range(norb - 1)], [(p, p) for p in range(0, norb, step)]

    def _factors(
        self, hamiltonian: MolecularHamiltonian
    ) -> tuple[list[FloatArray], list[ComplexArray], ComplexArray]:
        """J and U of each repetition, and the rotation by t1 after them."""
        norb = hamiltonian.norb
        coulomb: list[FloatArray] = []
        rotations: list[ComplexArray] = []
        last = np.eye(norb, dtype=np.complex128)
        if self.initial != "zeros" and 0 < hamiltonian.n_alpha < norb:
            from qvopt_molecules.amplitudes import ccsd_amplitudes, mp2_amplitudes

            method = ccsd_amplitudes if self.initial == "ccsd" else mp2_amplitudes
            amplitudes = method(hamiltonian)
            coulomb, rotations = factorised(amplitudes.mixed)
            last = _rotation_by(amplitudes.t1[0])
        coulomb, rotations = coulomb[: self.repetitions], rotations[: self.repetitions]
        while len(coulomb) < self.repetitions:
            coulomb.append(np.zeros((norb, norb)))
            rotations.append(np.eye(norb, dtype=np.complex128))
        return coulomb, rotations, last


def factorised(t2: FloatArray) -> tuple[list[FloatArray], list[ComplexArray]]:
    """Return (J, U) with t_ijab = i Σ_k Σ_pq J^k_pq U_ap U*_ip U_bq U*_jq, largest first.

    `t2` has shape (occupied, occupied, empty, empty). Each eigenvector of t as a matrix over (i, a)
    gives a matrix Y, and each of (1 ∓ i)(Y ± iY†)/2 a term. Source: arXiv:2202.01635.
    """
    n_occupied, _, n_empty, _ = t2.shape
    norb = n_occupied + n_empty
    matrix = t2.transpose(0, 2, 1, 3).reshape(n_occupied * n_empty, -1)
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    coulomb: list[FloatArray] = []
    rotations: list[ComplexArray] = []
    # Rounded, so that eigenvalues equal by symmetry keep their order.
    for k in np.argsort(-np.round(np.abs(values), 10), kind="stable"):
        if abs(values[k]) < _SMALLEST:
            break
        vector = vectors[:, k]
        # A sign of its own choice would reverse the orbitals' order, which a local J depends on.
        vector = vector * np.sign(vector[np.argmax(np.round(np.abs(vector), 10))])
        excitation = np.zeros((norb, norb), dtype=np.complex128)
        excitation[n_occupied:, :n_occupied] = vector.reshape(n_occupied, n_empty).T
        for sign in (1, -1):
            hermitian = 0.5 * (1 - sign * 1j) * (excitation + sign * 1j * excitation.conj().T)
            eigenvalues, rotation = np.linalg.eigh(hermitian)
            coulomb.append(sign * values[k] * np.outer(eigenvalues, eigenvalues))
            rotations.append(rotation)
    return coulomb, rotations


def _rotation_by(t1: FloatArray) -> ComplexArray:
    """exp(t1 - t1†) as a rotation of orbitals."""
    from scipy.linalg import expm

    n_occupied, n_empty = t1.shape
    generator = np.zeros((n_occupied + n_empty,) * 2)
    generator[n_occupied:, :n_occupied] = t1.T
    generator[:n_occupied, n_occupied:] = -t1
    return np.asarray(expm(generator), dtype=np.complex128)


def _coulomb_gates(norb: int, same: Pairs, opposite: Pairs, first: int) -> list[Gate]:
    """exp(iJ), entries of J as parameters from `first` on: same spin, then opposite."""
    gates: list[Gate] = []
    for k, (p, q) in enumerate(same, first):
        for s in (0, norb):
            if p == q:
                gates.append(Gate("number-phase", (s + p,), Angle(k, -0.5)))
            else:
                gates.append(Gate("coulomb-phase", (s + p, s + q), Angle(k, -1.0)))
    for k, (p, q) in enumerate(opposite, first + len(same)):
        for a, b in dict.fromkeys([(p, q), (q, p)]):
            gates.append(Gate("coulomb-phase", (a, norb + b), Angle(k, -1.0)))
    return gates


def _need_closed_shell(hamiltonian: MolecularHamiltonian) -> None:
    need_orbitals("lucj", hamiltonian)
    if hamiltonian.n_alpha != hamiltonian.n_beta:
        raise InputError(
            f"ansatz lucj is spin-balanced and needs a closed shell, got {hamiltonian.n_alpha} "
            f"alpha and {hamiltonian.n_beta} beta electrons"
        )
