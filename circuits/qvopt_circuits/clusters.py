"""Products of cluster exponentials, one parameter for each cluster of tied excitations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from qvopt_molecules.errors import InputError
from qvopt_molecules.hamiltonian import MolecularHamiltonian

from .circuit import Circuit
from .excitations import Excitation, is_allowed, spin_flipped
from .gates import Angle, Gate, excitation_gate

Cluster: TypeAlias = tuple[tuple[Excitation, float], ...]
"""The operator of one parameter, Σ factor · T; the first T's amplitude is the parameter."""


def reference_gates(hamiltonian: MolecularHamiltonian) -> list[Gate]:
    """Return the X gates that prepare the Hartree-Fock determinant from |0…0⟩."""
    occupied = [*range(hamiltonian.n_alpha)]
    occupied += [hamiltonian.norb + p for p in range(hamiltonian.n_beta)]
    return [Gate("x", (q,)) for q in occupied]


def cluster_gates(
    clusters: Sequence[Cluster],
    first_parameter: int = 0,
    *,
    fermionic: bool = True,
    coefficient: float = 2.0,
) -> list[Gate]:
    """Return Π_k Π_T exp(t_k f (T - T†)), cluster k at parameter first_parameter + k.

    An amplitude t is the angle 2t, hence `coefficient`.
    """
    return [
        excitation_gate(
            excitation, Angle(first_parameter + k, coefficient * factor), fermionic=fermionic
        )
        for k, cluster in enumerate(clusters)
        for excitation, factor in cluster
    ]


def repeated_clusters(
    hamiltonian: MolecularHamiltonian,
    clusters: Sequence[Cluster],
    times: int,
    *,
    fermionic: bool = True,
) -> Circuit:
    """Return the circuit of a product of clusters `times` over, after the Hartree-Fock state.

    Every repetition has parameters of its own, one a cluster.
    """
    gates = reference_gates(hamiltonian)
    for r in range(times):
        gates += cluster_gates(clusters, r * len(clusters), fermionic=fermionic)
    return Circuit(hamiltonian.n_qubits, tuple(gates), times * len(clusters))


def alone(excitations: Iterable[Excitation]) -> list[Cluster]:
    """Return one cluster for each excitation."""
    return [((excitation, 1.0),) for excitation in excitations]


def spin_complemented(excitations: Iterable[Excitation], norb: int) -> list[Cluster]:
    """Tie each excitation to its image with alpha and beta exchanged; some are their own.

    >>> spin_complemented([(0, 1), (2, 3), (0, 2, 1, 3)], 2)
    [(((0, 1), 1.0), ((2, 3), 1.0)), (((0, 2, 1, 3), 1.0),)]
    """
    clusters: list[Cluster] = []
    seen: set[tuple[frozenset[int], frozenset[int]]] = set()
    for excitation in excitations:
        half = len(excitation) // 2
        if (frozenset(excitation[:half]), frozenset(excitation[half:])) in seen:
            continue
        image = spin_flipped(excitation, norb)
        down, up = frozenset(image[:half]), frozenset(image[half:])
        seen |= {(down, up), (up, down)}
        if {down, up} == {frozenset(excitation[:half]), frozenset(excitation[half:])}:
            clusters.append(((excitation, 1.0),))
        else:
            clusters.append(((excitation, 1.0), (image, 1.0)))
    return clusters


def symmetric(
    clusters: Iterable[Cluster], hamiltonian: MolecularHamiltonian, *, point_group: bool
) -> list[Cluster]:
    """Leave out clusters that the irreps forbid, where `point_group` asks for it.

    All excitations of a cluster move the same spatial orbitals: the first speaks for all. Raises
    InputError for a Hamiltonian without irreps.
    """
    if not point_group:
        return list(clusters)
    irreps = hamiltonian.irreps
    if irreps is None:
        raise InputError(
            "point_group needs the orbitals' irreps, which this Hamiltonian does not "
            "carry; leave it out or build the Hamiltonian with symmetry"
        )
    return [c for c in clusters if is_allowed(c[0][0], irreps)]
