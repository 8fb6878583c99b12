"""Which outcomes of a group agree with the symmetries of the molecule (Jordan-Wigner).

A group whose circuit reads occupations shows both electron numbers. Any other group may still show
a parity: where its basis change U takes the parity string P = Π_{q ∈ spin} Z_q to a string of Z,
±Π_{q ∈ mask} Z_q, every outcome must have that product. References: X. Bonet-Monroig et al.,
PRA 98, 062339 (2018), arXiv:1807.10050; W. Huggins et al., npj Quantum Inf. 7, 23 (2021),
arXiv:1907.13117.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from qvopt_molecules.arrays import FloatArray, MaskArray

from .clifford import conjugated
from .plan import CliffordBasis, Diagonal, MeasurementGroup, MeasurementPlan, PauliBasis


@dataclass(frozen=True)
class Selection:
    """What an outcome must satisfy to be kept.

    Attributes:
        numbers: (norb, n_alpha, n_beta): qubits below norb hold n_alpha ones, the others n_beta.
        parities: (mask, sign): Π_{q ∈ mask} (-1)^{b_q} = sign.
    """

    numbers: tuple[int, int, int] | None = None
    parities: tuple[tuple[int, int], ...] = ()

    def __bool__(self) -> bool:
        return self.numbers is not None or bool(self.parities)

    def keeps(self, outcomes: MaskArray) -> npt.NDArray[np.bool_]:
        """Whether each outcome satisfies all of it."""
        kept = np.ones(len(outcomes), dtype=bool)
        if self.numbers is not None:
            norb, n_alpha, n_beta = self.numbers
            kept &= np.bitwise_count(outcomes & np.uint64((1 << norb) - 1)) == n_alpha
            kept &= np.bitwise_count(outcomes >> np.uint64(norb)) == n_beta
        for mask, sign in self.parities:
            odd = (np.bitwise_count(outcomes & np.uint64(mask)) & 1).astype(bool)
            kept &= odd == (sign < 0)
        return kept

    def projector(self) -> Diagonal:
        """Π (1 + sign Z_mask) / 2 of the parities, as a sum of Z strings."""
        out = Diagonal(np.zeros(1, dtype=np.uint64), np.ones(1))
        for mask, sign in self.parities:
            masks = np.concatenate([out.masks, out.masks ^ np.uint64(mask)])
            out = Diagonal(masks, 0.5 * np.concatenate([out.coefficients, sign * out.coefficients]))
        return out


def select(plan: MeasurementPlan, sector: tuple[int, int, int]) -> MeasurementPlan:
    """Return the plan with every group told what its outcomes show of `sector`."""
    groups = tuple(replace(g, selection=selection_of(g, sector)) for g in plan.groups)
    return replace(plan, groups=groups, sector=sector)


def selection_of(group: MeasurementGroup, sector: tuple[int, int, int]) -> Selection:
    """Return what the outcomes of a group show of the electron numbers; empty if nothing."""
    norb, n_alpha, n_beta = sector
    basis = group.basis
    if not isinstance(basis, PauliBasis | CliffordBasis):
        return Selection(sector)
    alpha, beta = (1 << norb) - 1, ((1 << norb) - 1) << norb
    signs = ((-1) ** n_alpha, (-1) ** n_beta)
    if isinstance(basis, PauliBasis):
        rotated = sum(1 << q for q, letter in enumerate(basis.letters) if letter in "XY")
        if not rotated:
            return Selection(sector)
        kept = [(m, s) for m, s in zip((alpha, beta), signs, strict=True) if not m & rotated]
        return Selection(None, tuple(kept))
    if not basis.gates:
        return Selection(sector)
    z = np.array([alpha, beta, alpha | beta], dtype=np.uint64)
    x, image, flips = conjugated(np.zeros_like(z), z, list(basis.gates))
    expected = (*signs, signs[0] * signs[1])
    shown = [
        (int(m), int(s * f))
        for left, m, f, s in zip(x, image, flips, expected, strict=True)
        if left == 0
    ]
    # All three shown: the third follows from the other two.
    return Selection(None, tuple(shown[:2]))


def mean_in_selection(diagonal: Diagonal, selection: Selection, n_qubits: int) -> float:
    """Mean of a diagonal over all outcomes that are kept, each as likely as the other.

    This is what complete depolarisation leaves, and what an exponential extrapolation tends to.
    """
    flat = np.ones((n_qubits, 2, 1))
    return float(selected(diagonal, selection, flat)[0] / kept_weight(selection, flat)[0])


def selected(diagonal: Diagonal, selection: Selection, factors: FloatArray) -> FloatArray:
    """Σ_{b kept} D(b) Π_q factors[q, b_q, k] for every k, factors of shape (n, 2, outcomes).

    Factors may have either sign, as those of inverse readout matrices do. Without electron numbers
    every Z string is a product over qubits. With them it is the coefficient of t^n_alpha s^n_beta
    in Π_q (factors[q, 0] ± u_q factors[q, 1]), u_q = t or s by spin, - for q in the string: exact
    for any number of qubits, without a sum over outcomes.
    """
    total = np.zeros(factors.shape[2])
    if selection.numbers is None:
        plain = factors[:, 0] + factors[:, 1]
        odd = factors[:, 0] - factors[:, 1]
        projector = selection.projector()
        for mask, c in zip(projector.masks, projector.coefficients, strict=True):
            for string, d in zip(diagonal.masks, diagonal.coefficients, strict=True):
                total += c * d * _string(int(mask ^ string), plain, odd)
        return total
    for string, d in zip(diagonal.masks.tolist(), diagonal.coefficients, strict=True):
        total += d * _coefficient(string, selection.numbers, factors)
    return total


def kept_weight(selection: Selection, factors: FloatArray) -> FloatArray:
    """Σ_{b kept} Π_q factors[q, b_q, k]: `selected` of the constant 1."""
    one = Diagonal(np.zeros(1, dtype=np.uint64), np.ones(1))
    return selected(one, selection, factors)


def _string(mask: int, plain: FloatArray, odd: FloatArray) -> FloatArray:
    rows: Sequence[FloatArray] = [odd[q] if mask >> q & 1 else plain[q] for q in range(len(plain))]
    return np.asarray(np.prod(np.array(rows), axis=0))


def _coefficient(mask: int, numbers: tuple[int, int, int], factors: FloatArray) -> FloatArray:
    norb, n_alpha, n_beta = numbers
    out = np.ones(factors.shape[2])
    for first, last, n in ((0, norb, n_alpha), (norb, len(factors), n_beta)):
        polynomial = np.zeros((n + 1, factors.shape[2]))
        polynomial[0] = 1.0
        for q in range(first, last):
            sign = -1.0 if mask >> q & 1 else 1.0
            raised = polynomial[:-1] * (sign * factors[q, 1])
            polynomial *= factors[q, 0]
            polynomial[1:] += raised
        out *= polynomial[n]
    return out
