r"""The hardware-efficient ansatz: layers of single-qubit rotations and native entanglers.

    |ψ(x)⟩ = R(x_L) Π_{l=L-1…0} [E · R(x_l)] |reference⟩

with R a rotation of every qubit and E fixed two-qubit gates. Source: Kandala et al.,
arXiv:1704.05018. It does not conserve particle number.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.spins import SpinHamiltonian

from .ansatz import Preparation
from .circuit import Circuit
from .clusters import reference_gates
from .gates import Angle, Gate

_ROTATIONS = {"ry": ("ry",), "ry-rz": ("ry", "rz"), "rx-rz": ("rx", "rz")}
_ORDERS = ("orbitals", "qubits")
_ENTANGLEMENTS = ("linear", "reverse-linear", "circular", "pairwise", "full")


@dataclass(frozen=True)
class HardwareEfficient:
    """Rotations of every qubit and entanglers in turn, ending with rotations.

    At x = 0 the state is the Hartree-Fock determinant, up to a phase: where the entanglers permute
    determinants (cx), the X gates prepare the one that they take to it.

    Neighbours are those of `order`. A ladder of cx gates takes a rotation of one qubit to one
    between determinants that differ in qubits next to each other. Where both spins of an orbital
    are neighbours, those of a pair of electrons and of the orbital that it is excited to are next
    to each other; in blocks of spins they are not, and the Hartree-Fock determinant is a local
    minimum of most molecules.

    Attributes:
        layers: number of entangling layers; there is one more of rotations.
        rotations: gates on each qubit of a rotation layer: "ry", "ry-rz" or "rx-rz".
        entanglement: pairs of an entangling layer: neighbours, from the first ("linear") or from
            the last ("reverse-linear"), neighbours and the last with the first ("circular"),
            every second pair of neighbours and then the others ("pairwise"), or all ("full").
        entangler: "cz" or "cx".
        order: which qubits are neighbours: "orbitals" takes both spins of each orbital together,
            "qubits" goes by their numbers, as Qiskit's circuits do. None is "orbitals" for cx on
            Jordan-Wigner qubits, and "qubits" for cz (which makes no ladder), other qubits and
            spins.
        spread: the start is drawn from a normal distribution of this standard deviation in
            radians; 0 starts at the Hartree-Fock determinant, where many gradients vanish.
    """

    layers: int = 2
    rotations: Literal["ry", "ry-rz", "rx-rz"] = "ry-rz"
    entanglement: Literal["linear", "reverse-linear", "circular", "pairwise", "full"] = "linear"
    entangler: Literal["cx", "cz"] = "cz"
    order: Literal["orbitals", "qubits"] | None = None
    spread: float = 0.05

    def __post_init__(self) -> None:
        if not 0 <= self.layers <= 10_000:
            raise InputError(f"layers must be from 0 to 10000, got {self.layers}")
        if self.rotations not in _ROTATIONS:
            known = ", ".join(_ROTATIONS)
            raise InputError(f"rotations must be one of {known}, got '{self.rotations}'")
        if self.entanglement not in _ENTANGLEMENTS:
            known = ", ".join(_ENTANGLEMENTS)
            raise InputError(f"entanglement must be one of {known}, got '{self.entanglement}'")
        if self.entangler not in ("cx", "cz"):
            raise InputError(f"entangler must be cx or cz, got '{self.entangler}'")
        if self.order is not None and self.order not in _ORDERS:
            raise InputError(f"order must be one of {', '.join(_ORDERS)}, got '{self.order}'")
        if not (math.isfinite(self.spread) and self.spread >= 0):
            raise InputError(f"spread must be finite and not negative, got {self.spread}")

    @property
    def name(self) -> str:
        """The name users give."""
        return "hardware-efficient"

    def circuit(self, hamiltonian: MolecularHamiltonian) -> Circuit:
        """Return the circuit on 2 norb qubits, X gates of the reference first."""
        occupied = {gate.qubits[0] for gate in reference_gates(hamiltonian)}
        norb = hamiltonian.norb
        if self.order == "orbitals" or (self.order is None and self.entangler == "cx"):
            line = [p + spin * norb for p in range(norb) for spin in (0, 1)]
        else:
            line = list(range(2 * norb))
        return self.over_reference(hamiltonian.n_qubits, occupied, line)

    def over_reference(
        self, n_qubits: int, ones: set[int], line: Sequence[int] | None = None
    ) -> Circuit:
        """Return the circuit that at x = 0 prepares the basis state with `ones` set.

        For qubits of another mapping than Jordan-Wigner, whose reference is another bit string.
        `line` has the qubits in the order of which neighbours are entangled; None is by number.
        Raises InputError where the order is to be that of orbitals, and there is no line.
        """
        if line is None and self.order == "orbitals":
            raise InputError(
                "order = 'orbitals' needs the qubits of orbitals in the jordan-wigner mapping; "
                "leave it out, or set it to 'qubits'"
            )
        pairs = _entangled_pairs(n_qubits, self.entanglement)
        if line is not None:
            pairs = [(line[a], line[b]) for a, b in pairs]
        bits = set(ones)
        if self.entangler == "cx":
            for control, target in reversed(pairs * self.layers):
                if control in bits:
                    bits ^= {target}
        gates = [Gate("x", (q,)) for q in sorted(bits)]
        index = 0
        for layer in range(self.layers + 1):
            for name in _ROTATIONS[self.rotations]:
                for q in range(n_qubits):
                    gates.append(Gate(name, (q,), Angle(index)))
                    index += 1
            if layer < self.layers:
                gates.extend(Gate(self.entangler, pair) for pair in pairs)
        return Circuit(n_qubits, tuple(gates), index)

    def start(self, hamiltonian: MolecularHamiltonian, rng: np.random.Generator) -> FloatArray:
        """Return small random angles in radians, shape (n_parameters,)."""
        per_layer = len(_ROTATIONS[self.rotations]) * hamiltonian.n_qubits
        return self.draw_start((self.layers + 1) * per_layer, rng)

    def over_spins(self, hamiltonian: SpinHamiltonian) -> Preparation:
        """Return the circuit that at x = 0 prepares the product state of the spins."""
        n = hamiltonian.n_qubits
        downs = {q for q in range(n) if hamiltonian.reference >> q & 1}
        circuit = self.over_reference(n, downs)
        return Preparation(circuit, lambda rng: self.draw_start(circuit.n_parameters, rng))

    def draw_start(self, n_parameters: int, rng: np.random.Generator) -> FloatArray:
        """Return `n_parameters` angles in radians from the normal distribution of `spread`."""
        return self.spread * rng.standard_normal(n_parameters)


def _entangled_pairs(n_qubits: int, entanglement: str) -> list[tuple[int, int]]:
    if entanglement == "full":
        return list(combinations(range(n_qubits), 2))
    pairs = [(q, q + 1) for q in range(n_qubits - 1)]
    if entanglement == "reverse-linear":
        return pairs[::-1]
    if entanglement == "pairwise":
        return pairs[::2] + pairs[1::2]
    if entanglement == "circular" and n_qubits > 2:
        return [*pairs, (n_qubits - 1, 0)]
    return pairs


@dataclass(frozen=True)
class RealAmplitudes(HardwareEfficient):
    """RY rotations and CX entanglers, as Qiskit's `real_amplitudes`."""

    layers: int = 3
    rotations: Literal["ry", "ry-rz", "rx-rz"] = "ry"
    entanglement: Literal["linear", "reverse-linear", "circular", "pairwise", "full"] = (
        "reverse-linear"
    )
    entangler: Literal["cx", "cz"] = "cx"

    @property
    def name(self) -> str:
        """The name users give."""
        return "real-amplitudes"


@dataclass(frozen=True)
class EfficientSU2(RealAmplitudes):
    """RY and RZ rotations and CX entanglers, as Qiskit's `efficient_su2`."""

    rotations: Literal["ry", "ry-rz", "rx-rz"] = "ry-rz"

    @property
    def name(self) -> str:
        """The name users give."""
        return "efficient-su2"
