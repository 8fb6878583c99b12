"""Derandomised shadows: bases chosen one letter at a time instead of drawn.

After bases that covered string j h_j times, and part of another that still has m_j letters of it
to match (none of them missed), the confidence bound to be made small is, pessimistically for the
bases to come,

    C = Σ_j exp(-V_j / w_j),    V_j = η h_j / 2 - log(1 - ν 3^{-m_j}),

without the logarithm where a letter was missed; η = ε², ν = 1 - exp(-η/2), w_j = |c_j| / max|c|.
Every letter is the one that makes C least. Reference: H.-Y. Huang, R. Kueng, J. Preskill, Phys.
Rev. Lett. 127, 030503 (2021), arXiv:2103.07510.
"""

from __future__ import annotations

import numpy as np

from qvopt.measurement.plan import Diagonal, MeasurementGroup, MeasurementPlan, PauliBasis
from qvopt.measurement.qubit_wise import sorted_insertion
from qvopt_molecules.arrays import BoolArray, FloatArray, IntArray
from qvopt_molecules.errors import InputError
from qvopt_molecules.pauli import PauliSum

from .bias import letters_of


def derandomized_plan(
    observable: PauliSum, n_bases: int, *, epsilon: float = 0.95
) -> MeasurementPlan:
    """Return the plan "derandomized" of `n_bases` bases, equal ones as one group.

    Every string is split over the groups that cover it in proportion to their multiplicities m_g,
    so that the groups add up to the Hamiltonian for any allocation of shots; weights are m_g / Σ m,
    with which each string is read as often as in the paper. Strings that no basis covers get
    bases appended, by sorted insertion. `epsilon` is the accuracy of the bound, in units of the
    largest coefficient: larger, and strings of large |c| are covered more often. Raises InputError
    unless n_bases >= 1 and epsilon > 0.
    """
    if n_bases < 1:
        raise InputError(f"a derandomized plan needs at least 1 basis, got {n_bases}")
    if not (np.isfinite(epsilon) and epsilon > 0.0):
        raise InputError(f"epsilon of a derandomized plan must be positive, got {epsilon}")
    part = observable.without_identity()
    spelled = _spelled(part)
    chosen = derandomized_bases(spelled, part.coefficients, n_bases, epsilon)
    missed = np.flatnonzero(~_covered(spelled, chosen).any(axis=0))
    chosen = np.concatenate([chosen, _extra_bases(part, spelled, missed)])
    bases, times = np.unique(chosen, axis=0, return_counts=True)
    # The most frequent first; equally frequent ones by their letters.
    order = np.argsort(-times, kind="stable")
    bases, times = bases[order], times[order]
    shares = _covered(spelled, bases) * times[:, None]
    shares = shares / shares.sum(axis=0)
    support = part.x | part.z
    groups = []
    for basis, share in zip(bases, shares, strict=True):
        held = np.flatnonzero(share)
        diagonal = Diagonal(support[held], share[held] * part.coefficients[held])
        letters = "".join("XYZI"[k] for k in basis.tolist())
        groups.append(MeasurementGroup(PauliBasis(letters), diagonal))
    weights = times / max(int(times.sum()), 1)
    return MeasurementPlan(
        "derandomized", part.n_qubits, observable.constant, tuple(groups), weights
    )


def derandomized_bases(
    spelled: IntArray, coefficients: FloatArray, n_bases: int, epsilon: float
) -> IntArray:
    """Choose bases, shape (n_bases, n_qubits): 0, 1, 2 for X, Y, Z, and 3 where none is needed.

    `spelled` has the strings' letters, -1 for the identity. Only strings that act on the qubit
    with the chosen letter, all their letters before it matched, change C, and each by
    exp(-η h / 2w) (1 - (1 - ν 3^{1-m})^{1/w}): the letter of the largest sum is taken.
    """
    n_strings, n_qubits = spelled.shape
    chosen = np.full((n_bases, n_qubits), 3, dtype=np.int64)
    if n_strings == 0:
        return chosen[:0]
    eta = epsilon**2
    nu = -np.expm1(-eta / 2)
    weights = np.abs(coefficients) / np.abs(coefficients).max()
    length = (spelled >= 0).sum(axis=1)
    # gains[m, j]: of matching one letter more where m are left.
    left = np.arange(n_qubits + 1)[:, None]
    miss = np.log1p(-np.minimum(nu * 3.0 ** (1 - left), 1.0 - 1e-16)) / weights
    gains = -np.expm1(miss)
    acting = [np.flatnonzero(spelled[:, q] >= 0) for q in range(n_qubits)]
    exponents = np.zeros(n_strings)
    for basis in chosen:
        alive = np.ones(n_strings, dtype=bool)
        needed = length.copy()
        for q in range(n_qubits):
            here = acting[q][alive[acting[q]]]
            if len(here) == 0:
                continue
            # Only ratios matter, and the exponents grow beyond what exp can hold.
            scale = np.exp(exponents[here] - exponents[here].max())
            gain = scale * gains[needed[here], here]
            basis[q] = np.argmax(np.bincount(spelled[here, q], weights=gain, minlength=3))
            matched = spelled[here, q] == basis[q]
            alive[here[~matched]] = False
            needed[here[matched]] -= 1
        exponents[alive] -= eta / 2 / weights[alive]
    return chosen


def _spelled(part: PauliSum) -> IntArray:
    letters = letters_of(part.x, part.z, part.n_qubits)
    return np.where(letters.any(axis=2), letters.argmax(axis=2), -1)


def _covered(spelled: IntArray, bases: IntArray) -> BoolArray:
    """Which bases measure which strings, shape (bases, strings)."""
    out = np.ones((len(bases), len(spelled)), dtype=bool)
    for q in range(spelled.shape[1]):
        out &= (spelled[:, q] == -1) | (spelled[:, q] == bases[:, q, None])
    return out


def _extra_bases(part: PauliSum, spelled: IntArray, missed: IntArray) -> IntArray:
    rest = PauliSum(part.n_qubits, part.x[missed], part.z[missed], part.coefficients[missed])
    extra = np.full((0, part.n_qubits), 3, dtype=np.int64)
    for members in sorted_insertion(rest):
        letters = spelled[missed[members]].max(axis=0)
        extra = np.concatenate([extra, np.where(letters < 0, 3, letters)[None, :]])
    return extra
