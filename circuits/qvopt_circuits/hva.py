r"""The Hamiltonian variational ansatz: evolutions under parts of the Hamiltonian in turn.

    |ψ(x)⟩ = Π_{l=1…L} exp(-i x_l2 H_ex) exp(-i x_l1 H_hop) exp(-i x_l0 H_diag) |HF⟩,

H_diag the strings of Z alone, H_hop those that move one electron and H_ex those that move two; each
exponential is a product over sets of orbitals, exact and number-conserving within a set. Source:
Wecker, Hastings and Troyer, arXiv:1507.08969.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.mappings import qubit_hamiltonian
from qvopt_molecules.pauli import label
from qvopt_molecules.spins import SpinHamiltonian

from .ansatz import Preparation
from .circuit import Circuit
from .clusters import reference_gates
from .gates import Angle, Gate
from .options import check_count, check_spread, draw
from .spins import variational_over_spins

_SMALLEST = 1e-10


@dataclass(frozen=True)
class HamiltonianVariational:
    """Diagonal part, hops and exchanges in turn, three parameters a layer.

    Parameters are times in 1/Hartree. At zero times the gradient vanishes, since states and
    Hamiltonian are real: the start follows an adiabatic path from H_diag to H.

    Attributes:
        layers: number of layers.
        step: time of a layer at the start; hops and exchanges come up to it linearly.
        spread: a normal distribution of this standard deviation is added to the start.
    """

    layers: int = 2
    step: float = 0.5
    spread: float = 0.0

    def __post_init__(self) -> None:
        check_count("layers", self.layers)
        check_spread(self.spread)
        if not math.isfinite(self.step):
            raise InputError(f"step must be finite, got {self.step}")

    @property
    def name(self) -> str:
        """The name users give."""
        return "hva"

    @property
    def conserves_numbers(self) -> bool:
        """Strings of one set of flips conserve electrons together, and commute."""
        return True

    def circuit(self, hamiltonian: MolecularHamiltonian) -> Circuit:
        """Return the circuit on 2 norb qubits, X gates of the Hartree-Fock state first."""
        parts = _parts(hamiltonian)
        gates, index = reference_gates(hamiltonian), 0
        for _ in range(self.layers):
            for part in parts:
                gates += [
                    Gate("pauli-rotation", qubits, Angle(index, 2 * c), letters)
                    for qubits, letters, c in part
                ]
                index += 1
        return Circuit(hamiltonian.n_qubits, tuple(gates), index)

    def over_spins(self, hamiltonian: SpinHamiltonian) -> Preparation:
        """Return the circuit over spins, from dimers: see `spins`."""
        return variational_over_spins(
            hamiltonian, layers=self.layers, step=self.step, spread=self.spread
        )

    def start(self, hamiltonian: MolecularHamiltonian, rng: np.random.Generator) -> FloatArray:
        """Return times to start from, shape (n_parameters,)."""
        n_parts = len(_parts(hamiltonian))
        ramp = self.step * (np.arange(self.layers) + 0.5) / self.layers
        times = np.repeat(ramp[:, None], n_parts, axis=1)
        times[:, 0] = self.step
        return times.reshape(-1) + draw(times.size, self.spread, rng)


def _parts(hamiltonian: MolecularHamiltonian) -> list[list[tuple[tuple[int, ...], str, float]]]:
    """Strings by how many qubits they flip; those that flip the same ones side by side."""
    observable = qubit_hamiltonian(hamiltonian)
    n = hamiltonian.n_qubits
    parts: dict[int, list[tuple[int, int, float]]] = defaultdict(list)
    for x, z, c in zip(observable.x, observable.z, observable.coefficients, strict=True):
        if (int(x) or int(z)) and abs(c) > _SMALLEST:
            parts[int(x).bit_count()].append((int(x), int(z), float(c)))
    out = []
    for size in sorted(parts):
        strings = []
        for x, z, c in sorted(parts[size]):
            letters = label(x, z, n)
            qubits = tuple(q for q in range(n) if letters[q] != "I")
            strings.append((qubits, letters.replace("I", ""), c))
        out.append(strings)
    return out
