"""The second moment of a shot as a function of the bias.

With compatible (qubit-wise) strings only, and K = supp P_j ∩ supp P_k, on which they agree,

    E[(X - c_0)²] = Σ_jk c_j c_k ⟨P_j P_k⟩ Π_{q in K} 1 / β_q(P_jq),

so pairs with the same letters on K add up: a sum Σ_t w_t Π_{q in supp T_t} 1 / β_q(T_tq) over few
strings T_t with weights w_t that depend on the state (arXiv:2006.15788).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from qvopt_molecules.arrays import BoolArray, FloatArray, IntArray, MaskArray
from qvopt_molecules.pauli import PauliSum, commute_qubit_wise

from .bias import LocalBias, letters_of
from .expectations import StateVector, checked_state, expectations

_ROWS = 256  # strings whose pairs are taken at a time, to bound memory


@dataclass(frozen=True, eq=False)
class SecondMoment:
    """Σ_t w_t Π_q 1 / β_q(T_tq), in Ha²; `letters` as of `letters_of`."""

    letters: BoolArray
    weights: FloatArray

    def __call__(self, bias: LocalBias) -> float:
        """Its value. Raises InputError where the bias never measures a letter that is needed."""
        return float(self.weights @ bias.inverse_of_cover(self.letters))


def diagonal_moment(observable: PauliSum) -> SecondMoment:
    """Σ_j c_j² Π_q 1 / β_q(P_jq): of the pairs j = k alone, which hold in every state.

    The average over states in which different strings are uncorrelated; convex in β.
    """
    part = observable.without_identity()
    return SecondMoment(letters_of(part.x, part.z, part.n_qubits), np.square(part.coefficients))


def determinant_moment(observable: PauliSum, bits: int) -> SecondMoment:
    """Of the computational state |bits⟩, in which ⟨Z^z⟩ = (-1)^{|z & bits|}.

    Products of strings have a mean only where they are all Z, that is for equal x.
    """
    part = observable.without_identity()
    pieces = []
    for pattern in np.unique(part.x):
        same = np.flatnonzero(part.x == pattern)
        for j, k in _compatible_pairs(part.x[same], part.z[same]):
            j, k = same[j], same[k]
            odd = np.bitwise_count((part.z[j] ^ part.z[k]) & np.uint64(bits)) & 1
            pieces.append(_shared(part, j, k, 1.0 - 2.0 * odd))
    return _sum_of(pieces, part.n_qubits)


def state_moment(observable: PauliSum, psi: StateVector) -> SecondMoment:
    """Of any state of at most 20 qubits. Raises InputError for more, and for a bad state."""
    psi = checked_state(psi, observable.n_qubits)
    part = observable.without_identity()
    pairs = [*_compatible_pairs(part.x, part.z)]
    if not pairs:
        return SecondMoment(letters_of(part.x, part.z, part.n_qubits), part.coefficients)
    j = np.concatenate([first for first, _ in pairs])
    k = np.concatenate([second for _, second in pairs])
    # Compatible strings commute letter by letter: their product is a string without a phase.
    shift = np.uint64(part.n_qubits)
    products = (part.x[j] ^ part.x[k]) << shift | (part.z[j] ^ part.z[k])
    distinct, place = np.unique(products, return_inverse=True)
    low = np.uint64((1 << part.n_qubits) - 1)
    values = expectations(distinct >> shift, distinct & low, psi)[place]
    return _sum_of([_shared(part, j, k, values)], part.n_qubits)


def _compatible_pairs(x: MaskArray, z: MaskArray) -> Iterator[tuple[IntArray, IntArray]]:
    """All j <= k whose letters agree where both act, in pieces."""
    for start in range(0, len(x), _ROWS):
        a, b = x[start : start + _ROWS, None], z[start : start + _ROWS, None]
        j, k = np.nonzero(np.triu(commute_qubit_wise(a, b, x, z), start))
        yield j + start, k


_Terms = tuple[MaskArray, MaskArray, FloatArray]


def _shared(part: PauliSum, j: IntArray, k: IntArray, values: FloatArray) -> _Terms:
    """Letters on which both strings of a pair act, and c_j c_k ⟨P_j P_k⟩ of both orders."""
    common = (part.x[j] | part.z[j]) & (part.x[k] | part.z[k])
    weights = part.coefficients[j] * part.coefficients[k] * values
    return _merged(part.x[j] & common, part.z[j] & common, np.where(j == k, 1.0, 2.0) * weights)


def _merged(x: MaskArray, z: MaskArray, weights: FloatArray) -> _Terms:
    """Add the weights of equal strings up; drop those that are exactly zero first."""
    kept = weights != 0.0
    order = np.lexsort((z[kept], x[kept]))
    x, z, weights = x[kept][order], z[kept][order], weights[kept][order]
    if len(x) == 0:
        return x, z, weights
    first = np.ones(len(x), dtype=bool)
    first[1:] = (x[1:] != x[:-1]) | (z[1:] != z[:-1])
    return x[first], z[first], np.add.reduceat(weights, np.flatnonzero(first))


def _sum_of(pieces: list[_Terms], n_qubits: int) -> SecondMoment:
    none = np.zeros(0, dtype=np.uint64)
    pieces = [(none, none, np.zeros(0)), *pieces]
    x, z, weights = _merged(*(np.concatenate(column) for column in zip(*pieces, strict=True)))
    return SecondMoment(letters_of(x, z, n_qubits), weights)
