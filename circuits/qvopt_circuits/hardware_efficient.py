r"""The hardware-efficient ansatz: layers of single-qubit rotations and native entanglers.

    |ψ(x)⟩ = R(x_L) Π_{l=L-1…0} [E · R(x_l)] |reference⟩

with R a rotation of every qubit and E fixed two-qubit gates. Source: Kandala et al.,
arXiv:1704.05018. It does not conserve particle number.
"""

from __future__ import annotations

import math
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
_ENTANGLEMENTS = ("linear", "reverse-linear", "circular", "pairwise", "full")


@dataclass(frozen=True)
class HardwareEfficient:
    """Rotations of every qubit and entanglers in turn, ending with rotations.

    At x = 0 the state is the Hartree-Fock determinant, up to a phase: where the entanglers permute
    determinants (cx), the X gates prepare the one that they take to it.

    Attributes:
        layers: number of entangling layers; there is one more of rotations.
        rotations: gates on each qubit of a rotation layer: "ry", "ry-rz" or "rx-rz".
        entanglement: pairs of an entangling layer: neighbours, from the first ("linear") or from
            the last ("reverse-linear"), neighbours and the last with the first ("circular"),
            every second pair of neighbours and then the others ("pairwise"), or all ("full").
        entangler: "cz" or "cx".
        spread: the start is drawn from a normal distribution of this standard deviation in
            radians; 0 starts at the Hartree-Fock determinant, where many gradients vanish.
    """

    layers: int = 2
    rotations: Literal["ry", "ry-rz", "rx-rz"] = "ry-rz"
    entanglement: Literal["linear", "reverse-linear", "circular", "pairwise", "full"] = "linear"
    entangler: Literal["cx", "cz"] = "cz"
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
        if not (math.isfinite(self.spread) and self.spread >= 0):
            raise InputError(f"spread must be finite and not negative, got {self.spread}")

    @property
    def name(self) -> str:
        """The name users give."""
        return "hardware-efficient"

    def circuit(self, hamiltonian: MolecularHamiltonian) -> Circuit:
        """Return the circuit on 2 norb qubits, X gates of the reference first."""
        occupied = {gate.qubits[0] for gate in reference_gates(hamiltonian)}
        return self.over_reference(hamiltonian.n_qubits, occupied)

    def over_reference(self, n_qubits: int, ones: set[int]) -> Circuit:
        """Return the circuit that at x = 0 prepares the basis state with `ones` set.

        For qubits of another mapping than Jordan-Wigner, whose reference is another bit string.
        """
        pairs = _entangled_pairs(n_qubits, self.entanglement)
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
