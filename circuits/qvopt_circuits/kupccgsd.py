r"""k-UpCCGSD: k products of generalised singles and pair doubles.

    |ψ(t)⟩ = Π_{r=1…k} [Π_pq exp(t_rpq (E_qp - E_pq)) Π_pq exp(u_rpq (P_qp - P_pq))] |HF⟩,

E_qp = Σ_σ a†_qσ a_pσ, P_qp = a†_qα a†_qβ a_pβ a_pα, p < q over all orbitals; pair doubles act
first. The circuit is linear in depth for each product. Source: Lee, Huggins, Head-Gordon and
Whaley, arXiv:1810.02327.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.hamiltonian import MolecularHamiltonian

from .circuit import Circuit
from .clusters import Cluster, alone, repeated_clusters, spin_complemented, symmetric
from .excitations import generalised_singles, pair_doubles
from .options import check_count, check_spread, draw, need_orbitals


@dataclass(frozen=True)
class KUpCCGSD:
    """Generalised singles and pair doubles, k times, from the Hartree-Fock state.

    The parameters are amplitudes; each gate's angle is twice one. The energy has local minima:
    the default start is a little off Hartree-Fock, and other seeds may end lower.

    Attributes:
        k: number of products.
        spin_adapted: tie alpha and beta singles, so that every exponential commutes with S².
        point_group: leave out excitations that the Hamiltonian's `irreps` forbid.
        qubit_excitations: excite plain qubits, without Jordan-Wigner strings.
        spread: the start is drawn from a normal distribution of this standard deviation.
    """

    k: int = 1
    spin_adapted: bool = True
    point_group: bool = False
    qubit_excitations: bool = False
    spread: float = 0.05

    def __post_init__(self) -> None:
        check_count("k", self.k, 1, 1000)
        check_spread(self.spread)

    @property
    def name(self) -> str:
        """The name users give."""
        return "k-upccgsd"

    def clusters(self, hamiltonian: MolecularHamiltonian) -> list[Cluster]:
        """Return the excitations of each parameter of one product, in order.

        Raises InputError for `point_group` without irreps.
        """
        need_orbitals(self.name, hamiltonian)
        norb = hamiltonian.norb
        singles = generalised_singles(norb)
        tied = spin_complemented(singles, norb) if self.spin_adapted else alone(singles)
        clusters = alone(pair_doubles(norb)) + tied
        return symmetric(clusters, hamiltonian, point_group=self.point_group)

    def circuit(self, hamiltonian: MolecularHamiltonian) -> Circuit:
        """Return the circuit on 2 norb qubits, X gates of the Hartree-Fock state first."""
        clusters, fermionic = self.clusters(hamiltonian), not self.qubit_excitations
        return repeated_clusters(hamiltonian, clusters, self.k, fermionic=fermionic)

    def start(self, hamiltonian: MolecularHamiltonian, rng: np.random.Generator) -> FloatArray:
        """Return amplitudes to start from, shape (n_parameters,)."""
        return draw(self.k * len(self.clusters(hamiltonian)), self.spread, rng)
