r"""The quantum-number-preserving gate fabric: a symmetry-preserving brickwork.

    |ψ(θ, φ)⟩ = Π_layers Π_{(p,q)} [OR_pq(φ) PX_pq(θ)] |HF⟩,

PX the exchange of an electron pair and OR the rotation of two neighbouring orbitals, in rows
(0, 1), (2, 3) … then (1, 2) …. Each conserves particle number, S_z and S², and acts on four
neighbouring qubits; enough layers reach every state of the sector. Source: Anselmetti, Wierichs,
Gogolin and Parrish, arXiv:2104.05695.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.hamiltonian import MolecularHamiltonian

from .brickwork import brickwork, orbital_rotation, pair_exchange
from .circuit import Circuit
from .clusters import cluster_gates, reference_gates
from .gates import Angle, Gate
from .options import check_count, check_spread, draw, need_orbitals


@dataclass(frozen=True)
class GateFabric:
    """Pair exchanges and orbital rotations of neighbours, in brickwork layers.

    Parameters are gate angles in radians, twice the amplitudes: θ, φ of each tile in turn.

    Attributes:
        layers: number of layers, each two rows of tiles, 2 (norb - 1) parameters.
        include_pi: put a constant orbital rotation by π before each tile, which exchanges the
            orbitals so that the first layers spread electrons over the line.
        spread: the start is drawn from a normal distribution of this standard deviation in radians.
    """

    layers: int = 2
    include_pi: bool = False
    spread: float = 0.05

    def __post_init__(self) -> None:
        check_count("layers", self.layers)
        check_spread(self.spread)

    @property
    def name(self) -> str:
        """The name users give."""
        return "fabric"

    def circuit(self, hamiltonian: MolecularHamiltonian) -> Circuit:
        """Return the circuit on 2 norb qubits, X gates of the Hartree-Fock state first."""
        need_orbitals(self.name, hamiltonian)
        norb, gates, index = hamiltonian.norb, reference_gates(hamiltonian), 0
        for p, q in brickwork(range(norb)) * self.layers:
            rotation = orbital_rotation(p, q, norb)
            if self.include_pi:
                gates += [
                    Gate("single-excitation", pair, Angle(offset=math.pi)) for pair, _ in rotation
                ]
            tile = [pair_exchange(p, q, norb), rotation]
            gates += cluster_gates(tile, index, coefficient=1.0)
            index += len(tile)
        return Circuit(hamiltonian.n_qubits, tuple(gates), index)

    def start(self, hamiltonian: MolecularHamiltonian, rng: np.random.Generator) -> FloatArray:
        """Return angles in radians to start from, shape (n_parameters,)."""
        return draw(2 * (hamiltonian.norb - 1) * self.layers, self.spread, rng)
