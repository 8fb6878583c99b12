"""Joint outcomes of excitation generators in a state of the sector.

G = i(T - T†) pairs determinants I (orbitals still to be emptied) and J = T I, T|I⟩ = s|J⟩, with
eigenvectors (|I⟩ ± i s|J⟩)/√2. The rotation to them,

    ψ_I <- (ψ_I - i s ψ_J)/√2,    s ψ_J <- (ψ_I + i s ψ_J)/√2,

is even in the ladder operators of its own orbitals, so that those of gates on other orbitals do not
disturb each other. After all of them a determinant reads +1 where it is an I, -1 where it is a J.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qvopt.backends.batch import Outcomes
from qvopt_circuits.gates import FERMIONIC, Gate
from qvopt_circuits.lowering.jordan_wigner_strings import excitation_sign
from qvopt_molecules.arrays import FloatArray, IntArray
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.states import sector_bits, spin_strings


class GeneratorTables:
    """Pairs of determinants of each excitation, made when first asked for."""

    def __init__(self, hamiltonian: MolecularHamiltonian) -> None:
        self._norb = hamiltonian.norb
        self._strings = spin_strings(hamiltonian)
        self._bits = sector_bits(hamiltonian)
        self._known: dict[tuple[str, tuple[int, ...]], tuple[IntArray, IntArray, FloatArray]] = {}

    def pairs(self, gate: Gate) -> tuple[IntArray, IntArray, FloatArray]:
        """Flat places of the pairs I, J and their signs s."""
        key = gate.name, gate.qubits
        if key not in self._known:
            half = len(gate.qubits) // 2
            down, up = (sum(1 << q for q in part) for part in (gate.qubits[:half],
                                                               gate.qubits[half:]))  # fmt: skip
            sign, string = excitation_sign(gate.qubits) if gate.name in FERMIONIC else (1, ())
            odd = np.bitwise_count(self._bits & sum(1 << q for q in string)).astype(np.int64) & 1
            source = np.flatnonzero(self._bits & (down | up) == down)
            excited = self._bits[source] ^ (down | up)
            alpha = np.searchsorted(self._strings[0], excited & ((1 << self._norb) - 1))
            beta = np.searchsorted(self._strings[1], excited >> self._norb)
            target = alpha * len(self._strings[1]) + beta
            self._known[key] = source, target, sign * (1.0 - 2.0 * odd[source])
        return self._known[key]

    def sample(
        self, psi: FloatArray, gates: Sequence[Gate], shots: int, rng: np.random.Generator
    ) -> Outcomes:
        """Draw joint outcomes of the generators of gates on disjoint qubits, in the flat state."""
        state = psi.astype(np.complex128)
        label: IntArray = np.zeros(len(psi), dtype=np.int64)
        for gate in gates:
            source, target, s = self.pairs(gate)
            i, j = state[source], s * state[target]
            state[source] = (i - 1j * j) * np.sqrt(0.5)
            state[target] = s * (i + 1j * j) * np.sqrt(0.5)
            own = np.ones(len(psi), dtype=np.int64)
            own[source], own[target] = 2, 0
            label = np.asarray(3 * label + own)
        seen, place = np.unique(label, return_inverse=True)
        p = np.bincount(place, weights=np.square(np.abs(state)))
        counts = rng.multinomial(shots, p / p.sum()).astype(np.int64)
        digits = 3 ** np.arange(len(gates))[::-1]
        return (seen[:, None] // digits % 3 - 1).astype(np.float64), counts
