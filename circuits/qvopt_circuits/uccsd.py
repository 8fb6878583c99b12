r"""Unitary coupled cluster with singles and doubles, Trotterised to first order.

    |ψ(t)⟩ = [Π_k exp(t_k (T_k - T_k†) / n)]ⁿ |HF⟩,  n = trotter_steps.

Sources: Peruzzo et al., arXiv:1304.3061; Romero et al., arXiv:1701.02691. The order of the product
matters (Grimsley et al., arXiv:1910.10329), hence `order`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations_with_replacement, product
from typing import Literal, TypeAlias, get_args

import numpy as np

from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError
from qvopt_molecules.hamiltonian import MolecularHamiltonian

from .circuit import Circuit
from .clusters import Cluster, alone, cluster_gates, reference_gates, symmetric
from .excitations import Excitation, double_excitations, single_excitations
from .lowering.jordan_wigner_strings import excitation_sign
from .newton_start import newton_amplitudes
from .options import check_choice

Order: TypeAlias = Literal["occupied", "canonical", "mp2"]


@dataclass(frozen=True)
class UCCSD:
    """Singles and doubles that conserve particle number and spin, from the Hartree-Fock state.

    The parameters are cluster amplitudes t (each gate's angle is 2t / trotter_steps), one per
    excitation, for closed and for open shells.

    With `spin_adapted` the cluster operator is a singlet, T1 = Σ t_ia E_ai and
    T2 = ½ Σ t_ijab E_ai E_bj with t_ijab = t_jiba and E_ai = Σ_σ a†_aσ a_iσ, and the parameters
    are the spatial amplitudes. An opposite-spin double depends on one of them, t_ijab; a same-spin
    double on two, t_ijab - t_ijba, and appears as two gates on the same qubits, which commute. It
    needs a closed shell. The product of exponentials is a singlet up to the Trotter error.

    Attributes:
        spin_adapted: tie amplitudes so that T is a singlet operator.
        point_group: leave out excitations that the Hamiltonian's `irreps` forbid.
        order: "occupied" applies doubles, then singles, alpha before beta before mixed, each in
            lexicographic order of (i, j, a, b), occupied orbitals first. "canonical" differs where
            `spin_adapted`: its doubles go by pairs, (i, a, j, b). Minima agree to some
            microhartree, and what shares its occupied orbitals is simulated together: at 24
            qubits "occupied" takes half the time. "mp2" sorts the canonical order by decreasing
            magnitude of the MP2 amplitude.
        initial: where to start: zeros, MP2 or CCSD amplitudes, or "newton": one damped Newton step
            of this circuit's energy from Hartree-Fock, all of it classical (see `newton_start`).
        trotter_steps: how many times the product is repeated.
        qubit_excitations: excite plain qubits, without the Jordan-Wigner strings (QEB: fewer
            CNOTs, about the same energies). The signs that fermions pick up on leaving the
            reference go into ties and start, so that both agree to first order. Yordanov et al.,
            arXiv:2005.14475, arXiv:2011.10540.
    """

    spin_adapted: bool = False
    point_group: bool = False
    order: Order = "occupied"
    initial: Literal["zeros", "mp2", "ccsd", "newton"] = "zeros"
    trotter_steps: int = 1
    qubit_excitations: bool = False

    def __post_init__(self) -> None:
        check_choice("order", self.order, get_args(Order))
        check_choice("initial", self.initial, ("zeros", "mp2", "ccsd", "newton"))
        if not 1 <= self.trotter_steps <= 1000:
            raise InputError(f"trotter_steps must be from 1 to 1000, got {self.trotter_steps}")

    @property
    def name(self) -> str:
        """The name users give."""
        return "uccsd"

    def circuit(self, hamiltonian: MolecularHamiltonian) -> Circuit:
        """Return the circuit on 2 norb qubits, X gates of the Hartree-Fock state first.

        Raises InputError for `point_group` without irreps, and for `spin_adapted` open shells.
        """
        clusters = self.clusters(hamiltonian)
        step = cluster_gates(
            clusters,
            fermionic=not self.qubit_excitations,
            coefficient=2.0 / self.trotter_steps,
        )
        gates = reference_gates(hamiltonian) + step * self.trotter_steps
        return Circuit(hamiltonian.n_qubits, tuple(gates), len(clusters))

    def start(self, hamiltonian: MolecularHamiltonian, rng: np.random.Generator) -> FloatArray:
        """Return amplitudes to start from, shape (n_parameters,); nothing is drawn from `rng`."""
        clusters = self.clusters(hamiltonian)
        if self.initial == "zeros":
            return np.zeros(len(clusters))
        if self.initial == "newton":
            return newton_amplitudes(self.circuit(hamiltonian), hamiltonian)
        start = _amplitudes_of(clusters, hamiltonian, self.initial)
        if self.qubit_excitations:
            start *= [_reference_sign(c[0][0], hamiltonian) for c in clusters]
        return start

    def clusters(self, hamiltonian: MolecularHamiltonian) -> tuple[Cluster, ...]:
        """Return each parameter's excitations with their factors, in the order of the circuit."""
        norb, n_alpha, n_beta = hamiltonian.norb, hamiltonian.n_alpha, hamiltonian.n_beta
        if self.spin_adapted:
            if n_alpha != n_beta:
                raise InputError(
                    f"spin_adapted needs a closed shell, got {n_alpha} alpha and {n_beta} beta "
                    f"electrons; leave it out for open shells"
                )
            clusters = list(_singlet_clusters(norb, n_alpha, self.order == "occupied"))
        else:
            excitations = double_excitations(norb, n_alpha, n_beta)
            excitations += single_excitations(norb, n_alpha, n_beta)
            clusters = alone(excitations)
        clusters = symmetric(clusters, hamiltonian, point_group=self.point_group)
        if self.order == "mp2" and clusters:
            size = np.abs(_amplitudes_of(clusters, hamiltonian, "mp2"))
            # Rounded, so that amplitudes equal by symmetry keep their canonical order.
            ranks = np.argsort(-np.round(size, 10), kind="stable")
            clusters = [clusters[k] for k in ranks]
        if self.qubit_excitations:
            clusters = [_unsigned(cluster, hamiltonian) for cluster in clusters]
        return tuple(clusters)


@dataclass(frozen=True)
class QubitExcitations(UCCSD):
    """UCCSD of qubit excitations (QEB): `UCCSD` with `qubit_excitations` set by default."""

    qubit_excitations: bool = True

    @property
    def name(self) -> str:
        """The name users give."""
        return "qeb"


def _singlet_clusters(norb: int, n_occupied: int, by_occupied: bool) -> Iterator[Cluster]:
    """Yield the excitations of E_ai E_bj + E_bj E_ai (or its half if equal), then of E_ai.

    Doubles go by (i, a, j, b), or `by_occupied` orbitals, (i, j, a, b).
    """
    pairs = list(product(range(n_occupied), range(n_occupied, norb)))
    doubles = list(combinations_with_replacement(pairs, 2))
    if by_occupied:
        doubles.sort(key=lambda d: (d[0][0], d[1][0], d[0][1], d[1][1]))
    for (i, a), (j, b) in doubles:
        terms: list[tuple[Excitation, float]] = [((i, norb + j, a, norb + b), 1.0)]
        if (i, a) != (j, b):
            terms.append(((j, norb + i, b, norb + a), 1.0))
        if i != j and a != b:  # i < j here, by the order of the pairs
            sign = 1.0 if a < b else -1.0
            for s in (0, norb):
                terms.append(((s + i, s + j, s + min(a, b), s + max(a, b)), sign))
        yield tuple(terms)
    for i, a in pairs:
        yield ((i, a), 1.0), ((norb + i, norb + a), 1.0)


def _reference_sign(excitation: Excitation, hamiltonian: MolecularHamiltonian) -> int:
    """The sign that fermions pick up when the excitation leaves the Hartree-Fock determinant."""
    sign, string = excitation_sign(excitation)
    occupied = {gate.qubits[0] for gate in reference_gates(hamiltonian)}
    return -sign if len(occupied.intersection(string)) % 2 else sign


def _unsigned(cluster: Cluster, hamiltonian: MolecularHamiltonian) -> Cluster:
    """Tie qubit excitations as fermions are tied: the first keeps the factor 1."""
    first = _reference_sign(cluster[0][0], hamiltonian)
    return tuple((e, f * first * _reference_sign(e, hamiltonian)) for e, f in cluster)


def _amplitudes_of(
    clusters: list[Cluster] | tuple[Cluster, ...],
    hamiltonian: MolecularHamiltonian,
    method: Literal["mp2", "ccsd"],
) -> FloatArray:
    from qvopt_molecules.amplitudes import ccsd_amplitudes, mp2_amplitudes

    amplitudes = (mp2_amplitudes if method == "mp2" else ccsd_amplitudes)(hamiltonian)
    first = (cluster[0][0] for cluster in clusters)
    return np.array(
        [amplitudes.single(*e) if len(e) == 2 else amplitudes.double(*e) for e in first]
    )
