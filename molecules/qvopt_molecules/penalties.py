r"""Operators that are zero in a sector of electron numbers and spin, and positive outside.

    P = w_N (N - n)² + w_z (S_z - s)² + w_S S₋ S₊,   s = (n_alpha - n_beta) / 2,

with non-negative weights in Hartree. S₋ S₊ = S² - S_z (S_z + 1) has no negative eigenvalue and is
zero where S = S_z, so that P is zero on the states with n electrons, S_z = s and S = s alone.
Minimising H + P keeps circuits in the sector that do not conserve it by themselves. Source:
I. G. Ryabinkin, S. N. Genin, A. F. Izmaylov, arXiv:1806.00461.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .hamiltonian import MolecularHamiltonian
from .mappings import collected, encoded
from .pauli import PauliSum

_Products = dict[tuple[int, int], complex]
"""Σ c X^x Z^z by the masks (x, z)."""


@dataclass(frozen=True)
class PenaltyWeights:
    """Weights in Hartree of (N - n)², of (S_z - s)² and of S₋ S₊; 0 leaves one out."""

    electrons: float = 0.0
    s_z: float = 0.0
    s2: float = 0.0

    def __bool__(self) -> bool:
        return any(weight > 0.0 for weight in (self.electrons, self.s_z, self.s2))


def penalty(hamiltonian: MolecularHamiltonian, mapping: str, weights: PenaltyWeights) -> PauliSum:
    """Return P as a sum of Pauli strings over the qubits of a mapping, in Hartree."""
    h, norb = hamiltonian, hamiltonian.norb
    alpha, beta = range(norb), range(norb, 2 * norb)
    number = _sum([(0, 0, float(norb)), *((0, 1 << q, -0.5) for q in (*alpha, *beta))])
    spin = _sum([(0, 1 << q, -0.25) for q in alpha] + [(0, 1 << q, 0.25) for q in beta])
    total: _Products = defaultdict(complex)
    for weight, operator, target in (
        (weights.electrons, number, float(h.n_electrons)),
        (weights.s_z, spin, (h.n_alpha - h.n_beta) / 2),
    ):
        shifted = dict(operator)
        shifted[0, 0] = shifted.get((0, 0), 0.0) - target
        _add(total, _product(shifted, shifted), weight)
    if weights.s2:
        lowers: _Products = defaultdict(complex)
        raises: _Products = defaultdict(complex)
        for p in range(norb):
            _add(lowers, _product(_ladder(norb + p, -1), _ladder(p, 1)), 1.0)
            _add(raises, _product(_ladder(p, -1), _ladder(norb + p, 1)), 1.0)
        _add(total, _product(lowers, raises), weights.s2)
    x, z = (np.array([key[k] for key in total], dtype=np.uint64) for k in (0, 1))
    values = np.array([value.real for value in total.values()], dtype=np.float64)
    strings = collected(h.n_qubits, x, z, values)
    return strings if mapping == "jordan-wigner" else encoded(strings, h, mapping)


def added(first: PauliSum, second: PauliSum) -> PauliSum:
    """Return the sum of two operators over the same qubits."""
    x = np.concatenate([first.x, second.x])
    z = np.concatenate([first.z, second.z])
    weights = np.concatenate([first.coefficients, second.coefficients])
    turns = np.bitwise_count(x & z)
    return collected(first.n_qubits, x, z, weights * np.where(turns % 4 == 2, -1.0, 1.0))


def _ladder(qubit: int, sign: int) -> _Products:
    """a_q (sign 1) or a†_q (sign -1): X_q (1 ∓ Z_q) / 2 after the Z of all lower qubits."""
    bit = 1 << qubit
    return {(bit, bit - 1): 0.5, (bit, (bit - 1) | bit): -0.5 * sign}


def _product(first: _Products, second: _Products) -> _Products:
    out: _Products = defaultdict(complex)
    for (x, z), a in first.items():
        for (u, v), b in second.items():
            out[x ^ u, z ^ v] += a * b * math.copysign(1, 0.5 - (z & u).bit_count() % 2)
    return out


def _add(total: _Products, terms: _Products, weight: float) -> None:
    for key, value in terms.items():
        total[key] += weight * value


def _sum(terms: Iterable[tuple[int, int, float]]) -> _Products:
    return {(x, z): c for x, z, c in terms}
