r"""The tiled unitary product state (tUPS): layers of spin-adapted tiles on neighbouring orbitals.

    |ψ(x)⟩ = Π_layers [Π_{(p,q) odd} U_pq Π_{(p,q) even} U_pq] |HF⟩,
    U_pq = exp(x₃ κ⁽¹⁾_pq) exp(x₂ κ⁽²⁾_pq) exp(x₁ κ⁽¹⁾_pq),

κ⁽¹⁾ = E_qp - E_pq and κ⁽²⁾ = a†_qα a†_qβ a_pβ a_pα - h.c. Every factor conserves particle number,
S_z and S². Source: Burton, arXiv:2312.09761, where κ⁽²⁾ = E_qp² - E_pq² is twice ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.hamiltonian import MolecularHamiltonian

from .brickwork import brickwork, orbital_rotation, pair_exchange, perfect_pairing_order
from .circuit import Circuit
from .clusters import Cluster, repeated_clusters
from .options import check_choice, check_count, check_spread, draw, need_orbitals


@dataclass(frozen=True)
class TUPS:
    """Tiles of orbital rotation, pair exchange and orbital rotation, in brickwork layers.

    Attributes:
        layers: number of layers, each two rows of tiles, 3 (norb - 1) parameters.
        pairing: the line along which orbitals are neighbours: "perfect" pairs each occupied
            orbital with an empty one (pp-tUPS), so that the first tiles already correlate;
            "canonical" takes them as they come.
        spread: the start is drawn from a normal distribution of this standard deviation.
    """

    layers: int = 2
    pairing: Literal["perfect", "canonical"] = "perfect"
    spread: float = 0.05

    def __post_init__(self) -> None:
        check_count("layers", self.layers)
        check_choice("pairing", self.pairing, ("perfect", "canonical"))
        check_spread(self.spread)

    @property
    def name(self) -> str:
        """The name users give."""
        return "tups"

    def clusters(self, hamiltonian: MolecularHamiltonian) -> list[Cluster]:
        """Return the excitations of each parameter of one layer, in order."""
        need_orbitals(self.name, hamiltonian)
        norb = hamiltonian.norb
        perfect = self.pairing == "perfect"
        order = perfect_pairing_order(hamiltonian) if perfect else list(range(norb))
        return [
            cluster
            for p, q in brickwork(order)
            for cluster in (
                orbital_rotation(p, q, norb),
                pair_exchange(p, q, norb),
                orbital_rotation(p, q, norb),
            )
        ]

    def circuit(self, hamiltonian: MolecularHamiltonian) -> Circuit:
        """Return the circuit on 2 norb qubits, X gates of the Hartree-Fock state first."""
        return repeated_clusters(hamiltonian, self.clusters(hamiltonian), self.layers)

    def start(self, hamiltonian: MolecularHamiltonian, rng: np.random.Generator) -> FloatArray:
        """Return amplitudes to start from, shape (n_parameters,)."""
        return draw(self.layers * len(self.clusters(hamiltonian)), self.spread, rng)
