"""Operator pools, from which an adaptive ansatz takes its next gates.

An operator A of a pool is anti-Hermitian and real; it enters the circuit as exp(t A), or for a sum
of excitations as the product of theirs, and the derivative of the energy at t = 0 is ⟨[H, A]⟩.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.pauli import label

from .circuit import Circuit
from .clusters import Cluster, alone, cluster_gates, spin_complemented, symmetric
from .excitations import (
    double_excitations,
    generalised_doubles,
    generalised_singles,
    single_excitations,
)
from .gates import Angle, Gate
from .paulis import excitation_strings
from .screening import couplings

POOLS = ("fermionic", "fermionic-sd", "qubit-excitation", "pauli", "minimal")
"""Names of pools; see `operator_pool`."""


@dataclass(frozen=True)
class PoolOperator:
    """One operator: a label, and the gates of exp(t A) with t the parameter 0."""

    label: str
    gates: tuple[Gate, ...]

    @property
    def qubits(self) -> frozenset[int]:
        """Qubits that it acts on, Jordan-Wigner strings left out."""
        return frozenset(q for gate in self.gates for q in gate.qubits)

    def at(self, index: int) -> list[Gate]:
        """Return the gates with t the parameter `index`."""
        return [replace(g, angle=replace(g.angle or Angle(), index=index)) for g in self.gates]


def operator_pool(
    name: str, hamiltonian: MolecularHamiltonian, *, point_group: bool = False
) -> tuple[PoolOperator, ...]:
    """Return the operators of a pool.

    - "fermionic": generalised singles and doubles, each with its spin-flipped image; Grimsley et
      al., arXiv:1812.11173.
    - "fermionic-sd": the same from occupied to empty orbitals only.
    - "qubit-excitation": generalised singles and doubles of plain qubits, each alone; Yordanov et
      al., arXiv:2011.10540.
    - "pauli": one Pauli string of every qubit excitation's two or eight, all different; Tang et
      al., arXiv:1911.10205. They do not conserve particle number.
    - "minimal": independent strings of the qubit excitations, of which the products generate all
      others: at most 2 n_qubits - 2, those of the largest gradient at the reference first. It
      takes more of them than of a larger pool, and symmetry may stop it early: Shkolnikov et al.,
      arXiv:2109.05340.

    `point_group` leaves out what the Hamiltonian's irreps forbid.
    """
    norb = hamiltonian.norb
    counts = (norb, hamiltonian.n_alpha, hamiltonian.n_beta)
    generalised = generalised_singles(norb) + generalised_doubles(norb)
    if name == "fermionic":
        clusters = spin_complemented(generalised, norb)
    elif name == "fermionic-sd":
        restricted = single_excitations(*counts) + double_excitations(*counts)
        closed = hamiltonian.n_alpha == hamiltonian.n_beta
        clusters = spin_complemented(restricted, norb) if closed else alone(restricted)
    else:
        clusters = alone(generalised)
    clusters = symmetric(clusters, hamiltonian, point_group=point_group)
    if name in ("pauli", "minimal"):
        # All strings of an excitation flip the same qubits; the first stands for them.
        taken = 1 if name == "pauli" else None
        strings = [
            (x, z)
            for cluster in clusters
            for x, z, _ in excitation_strings(cluster[0][0], fermionic=False)[:taken]
        ]
        if name == "minimal":
            strings = _independent(strings, hamiltonian)
        return tuple(_rotation(x, z, hamiltonian.n_qubits) for x, z in dict.fromkeys(strings))
    fermionic = name != "qubit-excitation"
    return tuple(
        PoolOperator(_name(cluster), tuple(cluster_gates([cluster], fermionic=fermionic)))
        for cluster in clusters
    )


def extended(circuit: Circuit, operators: Iterable[PoolOperator]) -> Circuit:
    """Return the circuit followed by operators, each with a new parameter."""
    gates, index = list(circuit.gates), circuit.n_parameters
    for operator in operators:
        gates += operator.at(index)
        index += 1
    return Circuit(circuit.n_qubits, tuple(gates), index)


def probe(
    circuit: Circuit, x: npt.NDArray[np.float64], operators: Sequence[PoolOperator]
) -> Circuit:
    """Return the circuit at x followed by all operators, which have the only parameters.

    At zero they do nothing, and the gradient there holds ⟨[H, A_k]⟩ of every operator at once.
    """
    return extended(circuit.bind(x), operators)


def _rotation(x: int, z: int, n_qubits: int) -> PoolOperator:
    """exp(-i t P)."""
    letters = label(x, z, n_qubits)
    qubits = tuple(q for q in range(n_qubits) if letters[q] != "I")
    gate = Gate("pauli-rotation", qubits, Angle(0, 2.0), letters.replace("I", ""))
    return PoolOperator(" ".join(f"{letters[q]}{q}" for q in qubits), (gate,))


def _independent(
    strings: Sequence[tuple[int, int]], hamiltonian: MolecularHamiltonian
) -> list[tuple[int, int]]:
    """Keep strings that are no product of those before, large gradients at the reference first."""
    known = couplings(hamiltonian)
    ranked = sorted(strings, key=lambda s: -round(abs(known.get(s[0], 0.0)), 10))
    kept: list[tuple[int, int]] = []
    rows: dict[int, int] = {}  # Gaussian elimination modulo 2, by leading bit
    for x, z in ranked:
        row = x << hamiltonian.n_qubits | z
        while row and row.bit_length() in rows:
            row ^= rows[row.bit_length()]
        if row:
            rows[row.bit_length()] = row
            kept.append((x, z))
    return kept


def _name(cluster: Cluster) -> str:
    """Spin orbitals before and after the first excitation: "0,4->1,5"."""
    excitation = cluster[0][0]
    half = len(excitation) // 2
    before, after = excitation[:half], excitation[half:]
    return ",".join(map(str, before)) + "->" + ",".join(map(str, after))
