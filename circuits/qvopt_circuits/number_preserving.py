r"""Number-preserving brickwork of A gates, a hardware-efficient ansatz.

On the states |10⟩ and |01⟩ of two neighbouring qubits

    A(θ, φ) = (cos θ,  e^{iφ} sin θ;  e^{-iφ} sin θ,  -cos θ),

and |00⟩, |11⟩ are left alone. The number of electrons is conserved, their spin is not. Source: Gard
et al., arXiv:1904.10910.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.hamiltonian import MolecularHamiltonian

from .brickwork import brickwork
from .circuit import Circuit
from .clusters import reference_gates
from .gates import Angle, Gate
from .options import check_count, check_spread, draw


@dataclass(frozen=True)
class NumberPreserving:
    """A gates on neighbours along the line of all spin orbitals, in brickwork layers.

    Parameters are angles in radians, θ or θ, φ of each gate in turn. At zero the state is the
    Hartree-Fock determinant, up to a sign.

    Attributes:
        layers: number of layers, each two rows of gates.
        phases: give every gate its phase φ; without, amplitudes are real.
        spread: the start is drawn from a normal distribution of this standard deviation.
    """

    layers: int = 2
    phases: bool = False
    spread: float = 0.05

    def __post_init__(self) -> None:
        check_count("layers", self.layers)
        check_spread(self.spread)

    @property
    def name(self) -> str:
        """The name users give."""
        return "number-preserving"

    def circuit(self, hamiltonian: MolecularHamiltonian) -> Circuit:
        """Return the circuit on 2 norb qubits, X gates of the Hartree-Fock state first."""
        gates, index = reference_gates(hamiltonian), 0
        for i, a in brickwork(range(hamiltonian.n_qubits)) * self.layers:
            # Z_a CZ is -1 on |01⟩ alone, and the excitation rotates |10⟩ towards |01⟩.
            reflection = [Gate("z", (a,)), Gate("cz", (i, a))]
            rotation = Gate("qubit-single-excitation", (i, a), Angle(index, 2.0))
            index += 1
            if self.phases:
                forth, back = (Gate("number-phase", (a,), Angle(index, c)) for c in (-1.0, 1.0))
                gates += [forth, *reflection, rotation, back]
                index += 1
            else:
                gates += [*reflection, rotation]
        return Circuit(hamiltonian.n_qubits, tuple(gates), index)

    def start(self, hamiltonian: MolecularHamiltonian, rng: np.random.Generator) -> FloatArray:
        """Return angles in radians to start from, shape (n_parameters,)."""
        return draw(self.circuit(hamiltonian).n_parameters, self.spread, rng)
