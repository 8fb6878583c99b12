"""How an energy is measured: groups, each one basis change and one diagonal observable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
MaskArray = npt.NDArray[np.uint64]


@dataclass(frozen=True, eq=False)
class Diagonal:
    """Σ_k c_k Π_{q in mask_k} Z_q, in Hartree: what is read off after a basis change."""

    masks: MaskArray
    coefficients: FloatArray

    def values(self, bits: MaskArray) -> FloatArray:
        """Values at outcomes given as integers, bit q being qubit q; same shape as `bits`."""
        out = np.zeros(bits.shape)
        for mask, c in zip(self.masks, self.coefficients, strict=True):
            parity = np.bitwise_count(bits & mask) & 1
            out += c * (1.0 - 2.0 * parity)
        return out


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
class MeasurementGroup:
    """One circuit's worth of measurement: go to `basis`, read, evaluate `diagonal`."""

    basis: PauliBasis | OrbitalBasis
    diagonal: Diagonal


@dataclass(frozen=True, eq=False)
class MeasurementPlan:
    """constant + Σ groups = the Hamiltonian (on the sector, for orbital bases).

    Attributes:
        name: the grouping, such as "qubit-wise" or "basis-rotation".
        n_qubits: width of the circuits.
        constant: the part that needs no measurement, in Hartree.
        groups: what is measured.
        weights: relative shots per group that the allocation starts from, positive, sum 1.
    """

    name: str
    n_qubits: int
    constant: float
    groups: tuple[MeasurementGroup, ...]
    weights: FloatArray
