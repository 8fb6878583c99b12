"""How an energy is measured: groups, each one basis change and one diagonal observable."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from qvopt_circuits.gates import Gate
from qvopt_molecules.arrays import FloatArray, MaskArray

from .prior import GroupPrior, flip_square, mixed_variance, prior_from

if TYPE_CHECKING:
    from .selection import Selection


_CHUNK = 1 << 16  # outcomes at a time, to bound memory


@dataclass(frozen=True, eq=False)
class Diagonal:
    """Σ_k c_k Π_{q in mask_k} Z_q, in Hartree: what is read off after a basis change."""

    masks: MaskArray
    coefficients: FloatArray

    def values(self, bits: MaskArray) -> FloatArray:
        """Values at outcomes given as integers, bit q being qubit q; same shape as `bits`."""
        flat = np.asarray(bits, dtype=np.uint64).reshape(-1)
        evaluate = self._quadratic if np.all(np.bitwise_count(self.masks) <= 2) else self._general
        parts = [evaluate(flat[k : k + _CHUNK]) for k in range(0, len(flat), _CHUNK)]
        return np.concatenate([np.zeros(0), *parts]).reshape(np.shape(bits))

    def _general(self, bits: MaskArray) -> FloatArray:
        out = np.zeros(len(bits))
        for mask, c in zip(self.masks, self.coefficients, strict=True):
            out += c * (1.0 - 2.0 * (np.bitwise_count(bits & mask) & 1))
        return out

    def _quadratic(self, bits: MaskArray) -> FloatArray:
        """With spins s = ±1: constant + u·s + s·W·s, one matrix product for all outcomes."""
        constant, u, w = self._spin_form
        shifts = np.arange(len(u), dtype=np.uint64)
        spins = 1.0 - 2.0 * ((bits[:, None] >> shifts) & np.uint64(1))
        return np.asarray(constant + spins @ u + np.einsum("ij,ij->i", spins @ w, spins))

    @cached_property
    def _spin_form(self) -> tuple[float, FloatArray, FloatArray]:
        """(constant, u, W) of strings of at most two Z."""
        width = max(int(m).bit_length() for m in [0, *self.masks.tolist()])
        constant, u, w = 0.0, np.zeros(width), np.zeros((width, width))
        for mask, c in zip(self.masks.tolist(), self.coefficients.tolist(), strict=True):
            qubits = [q for q in range(width) if mask >> q & 1]
            if not qubits:
                constant += c
            elif len(qubits) == 1:
                u[qubits[0]] += c
            else:
                w[qubits[0], qubits[1]] += c
        return constant, u, w


@dataclass(frozen=True)
class PauliBasis:
    """Measure qubit q in the eigenbasis of letters[q]; "I" means not needed (read in Z)."""

    letters: str


@dataclass(frozen=True, eq=False)
class OrbitalBasis:
    """Rotate the orbitals of both spins by a real orthogonal matrix, then read occupations.

    Column k of `rotation`, shape (norb, norb), is the k-th measured orbital in terms of the
    present ones: b†_k = Σ_p rotation[p, k] a†_p, and qubit k (norb + k) reads n_kσ of b_kσ.
    """

    rotation: FloatArray


@dataclass(frozen=True, eq=False)
class CliffordBasis:
    """Apply Clifford gates, then read in Z.

    `x` and `z` are the masks of the Pauli strings that become the diagonal's Z strings, in its
    order; the diagonal's coefficients include the signs that they take on.
    """

    gates: tuple[Gate, ...]
    x: MaskArray
    z: MaskArray


@dataclass(frozen=True)
class CircuitBasis:
    """Apply gates that conserve the electrons of each spin, then read occupations.

    For basis changes that are no real rotation of the orbitals, as those with phases are.
    """

    gates: tuple[Gate, ...]


@dataclass(frozen=True, eq=False)
class MeasurementGroup:
    """One circuit's worth of measurement: go to `basis`, read, evaluate `diagonal`.

    `selection` says which outcomes are kept (post-selection); None keeps all.
    """

    basis: PauliBasis | OrbitalBasis | CliffordBasis | CircuitBasis
    diagonal: Diagonal
    selection: Selection | None = None


@dataclass(frozen=True, eq=False)
class MeasurementPlan:
    """constant + Σ groups = the Hamiltonian (on the sector, for orbital bases).

    Attributes:
        name: the grouping, such as "qubit-wise" or "basis-rotation".
        n_qubits: width of the circuits.
        constant: the part that needs no measurement, in Hartree.
        groups: what is measured.
        weights: relative shots per group that the allocation starts from, positive, sum 1.
        deviations: standard deviation of one shot of each group in a state like the one to
            measure, in Hartree, where the plan was made for one.
        shifted_weights, shifted_deviations: the same for the shifted circuits of gradients, which
            prepare other states; None: as for energies.
        sector: (norb, n_alpha, n_beta) where outcomes that contradict these electron numbers are
            thrown away (post-selection, see `selection`); None keeps all.
        determinant_deviations: standard deviation of one shot of each group in the Hartree-Fock
            determinant, in Hartree, where it was computed.
        determinant_means: mean of each group there, in Hartree.
        noisy: whether the outcomes carry a device's errors.
    """

    name: str
    n_qubits: int
    constant: float
    groups: tuple[MeasurementGroup, ...]
    weights: FloatArray
    deviations: FloatArray | None = None
    shifted_weights: FloatArray | None = None
    shifted_deviations: FloatArray | None = None
    sector: tuple[int, int, int] | None = None
    determinant_deviations: FloatArray | None = None
    determinant_means: FloatArray | None = None
    noisy: bool = False

    @cached_property
    def prior(self) -> GroupPrior:
        """What is known of the groups' variances before anything is measured."""
        mixed = np.zeros(len(self.groups))
        for k, group in enumerate(self.groups):
            norb = self.n_qubits // 2 if isinstance(group.basis, OrbitalBasis) else None
            mixed[k] = mixed_variance(group.diagonal.masks, group.diagonal.coefficients, norb)
        prior = prior_from(
            mixed, self.deviations, self.shifted_deviations, self.determinant_deviations
        )
        return prior.with_flips(self._flips()) if self.noisy else prior

    def _flips(self) -> FloatArray:
        """Squared change by one wrong bit, zero for groups that throw such outcomes away."""
        return np.array(
            [
                0.0
                if g.selection
                else flip_square(g.diagonal.masks, g.diagonal.coefficients, self.n_qubits)
                for g in self.groups
            ]
        )
