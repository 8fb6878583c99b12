r"""Unitary coupled cluster with singles and doubles, Trotterised to first order.

    |ψ(t)⟩ = [Π_k exp(t_k (T_k - T_k†) / n)]ⁿ |HF⟩,  n = trotter_steps.

Sources: Peruzzo et al., arXiv:1304.3061; Romero et al., arXiv:1701.02691. The order of the product
matters (Grimsley et al., arXiv:1910.10329), hence `order`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations_with_replacement, product
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from qvopt_molecules.errors import InputError
from qvopt_molecules.hamiltonian import MolecularHamiltonian

from .circuit import Circuit
from .excitations import Excitation, double_excitations, is_allowed, single_excitations
from .gates import Angle, Gate

FloatArray = npt.NDArray[np.float64]

Cluster: TypeAlias = tuple[tuple[Excitation, float], ...]
"""The operator of one parameter, Σ factor · T; the first T's amplitude is the parameter."""


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
        order: "canonical" applies doubles, then singles, each in lexicographic order, alpha
            before beta before mixed; "mp2" sorts by decreasing magnitude of the MP2 amplitude.
        initial: where to start: zeros, MP2 or CCSD amplitudes.
        trotter_steps: how many times the product is repeated.
    """

    spin_adapted: bool = False
    point_group: bool = False
    order: Literal["canonical", "mp2"] = "canonical"
    initial: Literal["zeros", "mp2", "ccsd"] = "zeros"
    trotter_steps: int = 1

    def __post_init__(self) -> None:
        if self.order not in ("canonical", "mp2"):
            raise InputError(f"order must be 'canonical' or 'mp2', got '{self.order}'")
        if self.initial not in ("zeros", "mp2", "ccsd"):
            raise InputError(f"initial must be 'zeros', 'mp2' or 'ccsd', got '{self.initial}'")
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
        coefficient = 2.0 / self.trotter_steps
        step = [
            Gate(
                "single-excitation" if len(excitation) == 2 else "double-excitation",
                excitation,
                Angle(k, coefficient * factor),
            )
            for k, cluster in enumerate(clusters)
            for excitation, factor in cluster
        ]
        gates = reference_gates(hamiltonian) + step * self.trotter_steps
        return Circuit(hamiltonian.n_qubits, tuple(gates), len(clusters))

    def start(self, hamiltonian: MolecularHamiltonian, rng: np.random.Generator) -> FloatArray:
        """Return amplitudes to start from, shape (n_parameters,); nothing is drawn from `rng`."""
        clusters = self.clusters(hamiltonian)
        if self.initial == "zeros":
            return np.zeros(len(clusters))
        return _amplitudes_of(clusters, hamiltonian, self.initial)

    def clusters(self, hamiltonian: MolecularHamiltonian) -> tuple[Cluster, ...]:
        """Return each parameter's excitations with their factors, in the order of the circuit."""
        norb, n_alpha, n_beta = hamiltonian.norb, hamiltonian.n_alpha, hamiltonian.n_beta
        if self.spin_adapted:
            if n_alpha != n_beta:
                raise InputError(
                    f"spin_adapted needs a closed shell, got {n_alpha} alpha and {n_beta} beta "
                    f"electrons; leave it out for open shells"
                )
            clusters = list(_singlet_clusters(norb, n_alpha))
        else:
            excitations = double_excitations(norb, n_alpha, n_beta)
            excitations += single_excitations(norb, n_alpha, n_beta)
            clusters = [((excitation, 1.0),) for excitation in excitations]
        if self.point_group:
            irreps = hamiltonian.irreps
            if irreps is None:
                raise InputError(
                    "point_group needs the orbitals' irreps, which this Hamiltonian does not "
                    "carry; leave it out or build the Hamiltonian with symmetry"
                )
            # All excitations of a cluster move the same spatial orbitals: one speaks for all.
            clusters = [c for c in clusters if is_allowed(c[0][0], irreps)]
        if self.order == "mp2" and clusters:
            size = np.abs(_amplitudes_of(clusters, hamiltonian, "mp2"))
            # Rounded, so that amplitudes equal by symmetry keep their canonical order.
            ranks = np.argsort(-np.round(size, 10), kind="stable")
            clusters = [clusters[k] for k in ranks]
        return tuple(clusters)


def reference_gates(hamiltonian: MolecularHamiltonian) -> list[Gate]:
    """Return the X gates that prepare the Hartree-Fock determinant from |0…0⟩."""
    occupied = [*range(hamiltonian.n_alpha)]
    occupied += [hamiltonian.norb + p for p in range(hamiltonian.n_beta)]
    return [Gate("x", (q,)) for q in occupied]


def _singlet_clusters(norb: int, n_occupied: int) -> Iterator[Cluster]:
    """Yield the excitations of E_ai E_bj + E_bj E_ai (or its half if equal), then of E_ai."""
    pairs = list(product(range(n_occupied), range(n_occupied, norb)))
    for (i, a), (j, b) in combinations_with_replacement(pairs, 2):
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
