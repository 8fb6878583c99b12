r"""Unitary coupled cluster with generalised singles and doubles.

    |ψ(t)⟩ = Π_{r=1…k} Π_m exp(t_rm (T_m - T_m†)) |HF⟩

with T_m every excitation between any spin orbitals, occupied or not, that conserves spin; those
with an orbital on both sides are left out. Sources: Nooijen, PRL 84, 2108 (2000); Lee, Huggins,
Head-Gordon and Whaley, arXiv:1810.02327.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.hamiltonian import MolecularHamiltonian

from .circuit import Circuit
from .clusters import Cluster, alone, repeated_clusters, spin_complemented, symmetric
from .excitations import generalised_doubles, generalised_singles
from .options import check_count, check_spread, draw, need_orbitals


@dataclass(frozen=True)
class UCCGSD:
    """Generalised singles and doubles from the Hartree-Fock state: doubles, then singles.

    The parameters are amplitudes t; each gate's angle is 2t.

    Attributes:
        repetitions: how many times the product is applied, with parameters of their own.
        spin_complemented: tie each excitation to its image with alpha and beta exchanged.
        point_group: leave out excitations that the Hamiltonian's `irreps` forbid.
        qubit_excitations: excite plain qubits, without Jordan-Wigner strings.
        spread: the start is drawn from a normal distribution of this standard deviation.
    """

    repetitions: int = 1
    spin_complemented: bool = False
    point_group: bool = False
    qubit_excitations: bool = False
    spread: float = 0.0

    def __post_init__(self) -> None:
        check_count("repetitions", self.repetitions, 1, 1000)
        check_spread(self.spread)

    @property
    def name(self) -> str:
        """The name users give."""
        return "uccgsd"

    def clusters(self, hamiltonian: MolecularHamiltonian) -> list[Cluster]:
        """Return the excitations of each parameter of one repetition, in order.

        Raises InputError for `point_group` without irreps.
        """
        need_orbitals(self.name, hamiltonian)
        norb = hamiltonian.norb
        excitations = generalised_doubles(norb) + generalised_singles(norb)
        tied = (
            spin_complemented(excitations, norb) if self.spin_complemented else alone(excitations)
        )
        return symmetric(tied, hamiltonian, point_group=self.point_group)

    def circuit(self, hamiltonian: MolecularHamiltonian) -> Circuit:
        """Return the circuit on 2 norb qubits, X gates of the Hartree-Fock state first."""
        clusters, fermionic = self.clusters(hamiltonian), not self.qubit_excitations
        return repeated_clusters(hamiltonian, clusters, self.repetitions, fermionic=fermionic)

    def start(self, hamiltonian: MolecularHamiltonian, rng: np.random.Generator) -> FloatArray:
        """Return amplitudes to start from, shape (n_parameters,)."""
        return draw(self.repetitions * len(self.clusters(hamiltonian)), self.spread, rng)
