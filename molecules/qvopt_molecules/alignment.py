r"""Orbitals of one geometry made to follow those of a neighbouring one.

Canonical orbitals are unique up to signs, the order of crossing levels and rotations of degenerate
ones. Circuit parameters carry over from one geometry to the next only where these agree. With
Löwdin's orthonormal atomic orbitals, which follow their atoms, the overlap of neighbouring orbitals
is O = (S'^{1/2} C')ᵀ S^{1/2} C. Within the doubly occupied, singly occupied and empty active
orbitals, columns of C are reordered for the largest Σ O_pp², rotated among degenerate ones of one
irreducible representation for the largest trace (Procrustes), and given the sign that makes
O_pp > 0.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qvopt_molecules.arrays import FloatArray

from .errors import InputError
from .hamiltonian import MolecularHamiltonian

_DEGENERATE = 1e-5  # Hartree


@dataclass(frozen=True, eq=False)
class Aligned:
    """A Hamiltonian in orbitals that follow a neighbour's.

    `continuity` is the smallest singular value of the overlap between the occupied orbitals of
    both: 1 where they span the same space, near 0 where the reference changes its character and
    parameters mean something else.
    """

    hamiltonian: MolecularHamiltonian
    continuity: float


def align(hamiltonian: MolecularHamiltonian, previous: MolecularHamiltonian) -> Aligned:
    """Return the Hamiltonian with its active orbitals turned to those of `previous`.

    Energies, the reference determinant and the span of every set of orbitals stay. Hamiltonians
    without a frame (FCIDUMP files, lattice models) come back as they are. Raises InputError where
    the two are not of one molecule in one basis and active space.
    """
    h = hamiltonian
    sizes = [(x.norb, x.n_alpha, x.n_beta) for x in (h, previous)]
    if sizes[0] != sizes[1]:
        raise InputError(f"orbitals cannot be aligned: active spaces {sizes[0]} and {sizes[1]}")
    if h.frame is None or previous.frame is None:
        return Aligned(h, 1.0)
    if h.frame.coefficients.shape != previous.frame.coefficients.shape:
        raise InputError("orbitals cannot be aligned: the basis sets differ in size")
    before, now = (
        _square_root(x.frame.mole()) @ x.frame.active(x.norb)
        for x in (previous, h)
        if x.frame is not None
    )
    overlap = before.T @ now
    ends = sorted({0, h.n_beta, h.n_alpha, h.norb})
    turn = np.zeros((h.norb, h.norb))
    for a, b in itertools.pairwise(ends):
        turn[a:b, a:b] = _turn_of_block(h, overlap, a, b)
    occupied = overlap[: h.n_alpha, : h.n_alpha]
    continuity = float(np.linalg.svd(occupied, compute_uv=False).min(initial=1.0))
    return Aligned(rotated(h, turn), continuity)


def rotated(hamiltonian: MolecularHamiltonian, turn: FloatArray) -> MolecularHamiltonian:
    """Return the Hamiltonian over orbitals C' = C · turn, turn (norb, norb) orthogonal.

    Orbital energies and irreps follow where `turn` keeps them apart, and are dropped where not.
    """
    h = hamiltonian
    two: Any = h.two_body
    for _ in range(4):  # one index after the other, each to the end
        two = np.tensordot(two, turn, axes=(0, 0))
    frame = h.frame
    if frame is not None:
        coefficients = frame.coefficients.copy()
        active = slice(frame.n_core, frame.n_core + h.norb)
        coefficients[:, active] = coefficients[:, active] @ turn
        frame = replace(frame, coefficients=coefficients)
    weights = np.square(turn)
    energies, irreps = h.orbital_energies, h.irreps
    if energies is not None:
        spread = weights.T @ energies**2 - (weights.T @ energies) ** 2
        energies = weights.T @ energies if np.abs(spread).max() < 1e-8 else None
    if irreps is not None:
        mixed = [{irreps[p] for p in np.flatnonzero(w > 1e-16)} for w in weights.T]
        one = all(len(labels) == 1 for labels in mixed)
        irreps = tuple(labels.pop() for labels in mixed) if one else None
    one_body = turn.T @ h.one_body @ turn
    return replace(
        h,
        one_body=np.ascontiguousarray((one_body + one_body.T) / 2),
        two_body=np.ascontiguousarray(two),
        orbital_energies=energies,
        irreps=irreps,
        point_group=None if irreps is None else h.point_group,
        frame=frame,
    )


def _turn_of_block(h: MolecularHamiltonian, overlap: FloatArray, a: int, b: int) -> FloatArray:
    from scipy.optimize import linear_sum_assignment

    block = overlap[a:b, a:b]
    _, order = linear_sum_assignment(-np.square(block))
    energies = np.zeros(b - a) if h.orbital_energies is None else h.orbital_energies[a:b][order]
    irreps = np.zeros(b - a) if h.irreps is None else np.array(h.irreps[a:b])[order]
    turn = np.zeros((b - a, b - a))
    left = set(range(b - a))
    while left:
        first = min(left)
        # Without energies (None) nothing is taken as degenerate.
        group = [
            p
            for p in sorted(left)
            if p == first
            or (
                h.orbital_energies is not None
                and irreps[p] == irreps[first]
                and abs(energies[p] - energies[first]) < _DEGENERATE
            )
        ]
        left -= set(group)
        part = block[np.ix_(group, order[group])]
        u, _, vt = np.linalg.svd(part)
        # Of one orbital this is its sign, exactly.
        best = np.sign(part) if len(group) == 1 else vt.T @ u.T
        turn[np.ix_(order[group], group)] = (
            np.where(best == 0, 1.0, best) if len(group) == 1 else best
        )
    return turn


def _square_root(mol: Any) -> FloatArray:
    values, vectors = np.linalg.eigh(mol.intor_symmetric("int1e_ovlp"))
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T)
