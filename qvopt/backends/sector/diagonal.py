"""Runs of diagonal gates on large complex states: all their phases in one pass.

Gate k multiplies by exp(-i θ_k f_k u_k(I) v_k(K)), numbers u and v being -1, 0 or 1 (see `phases`).
Gates that share their numbers on alpha strings go together: F_u(K) = exp(-i Σ_k θ_k f_k v_k(K)), so
that a row I is multiplied by the product of F_u or its conjugate over all u with u(I) ≠ 0.
Diagonal gates commute, and Im(λ* ψ) does not change under any: one pass gives all derivatives,

    ∂E/∂θ_k = 2 f_k Σ_IK u_k(I) v_k(K) [Re λ Im ψ - Im λ Re ψ]_IK.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from qvopt_molecules.arrays import FloatArray, IntArray

from .phases import Phase


@dataclass(frozen=True, eq=False)
class PhaseFactors:
    """Phases of several gates, by their distinct numbers on the strings of either spin.

    Attributes:
        alpha: distinct numbers on alpha strings, shape (kinds, n_alpha).
        beta: the same for beta.
        kind: the rows of both that each gate has, shape (gates, 2).
        scale: factor of each gate's angle.
    """

    alpha: FloatArray
    beta: FloatArray
    kind: IntArray
    scale: FloatArray

    @classmethod
    def of(cls, phases: list[Phase]) -> PhaseFactors:
        """Sort phases by their numbers."""
        rows: tuple[list[FloatArray], list[FloatArray]] = ([], [])
        places: tuple[dict[bytes, int], dict[bytes, int]] = ({}, {})
        kind = []
        for factor in phases:
            at = []
            for spin, numbers in enumerate((factor.alpha, factor.beta)):
                place = places[spin].setdefault(numbers.tobytes(), len(rows[spin]))
                if place == len(rows[spin]):
                    rows[spin].append(numbers)
                at.append(place)
            kind.append(at)
        return cls(
            np.array(rows[0]),
            np.array(rows[1]),
            np.array(kind, dtype=np.int64),
            np.array([factor.scale for factor in phases]),
        )

    def turns(self, angles: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Cosines and sines of the phases of every kind on alpha strings, shape (kinds, n_beta)."""
        weights = np.zeros((len(self.alpha), len(self.beta)))
        np.add.at(weights, (self.kind[:, 0], self.kind[:, 1]), self.scale * angles)
        phases = weights @ self.beta
        return np.cos(phases), np.sin(phases)

    def slopes(self, image: FloatArray) -> FloatArray:
        """Derivatives by each gate's angle from Re λ Im ψ - Im λ Re ψ, shape (n_alpha, n_beta)."""
        by_kind = self.alpha @ (image @ self.beta.T)
        return np.asarray(2.0 * self.scale * by_kind[self.kind[:, 0], self.kind[:, 1]])


@njit(cache=True, nogil=True)
def apply_phases(z, planes, shape, alpha, cosines, sines, first, last):  # type: ignore[no-untyped-def]
    """Multiply some rows of complex states, each two planes, by their phases."""
    n_columns = shape[1]
    size = shape[0] * n_columns
    real, imaginary = np.empty(n_columns), np.empty(n_columns)
    for row in range(first, last):
        real[:] = 1.0
        imaginary[:] = 0.0
        for kind in range(len(alpha)):
            number = alpha[kind, row]
            if number != 0.0:
                for k in range(n_columns):
                    c, s = cosines[kind, k], number * sines[kind, k]
                    p, q = real[k], imaginary[k]
                    real[k] = c * p + s * q
                    imaginary[k] = c * q - s * p
        for state in range(planes // 2):
            base = 2 * state * size + row * n_columns
            for k in range(n_columns):
                c, s, p, q = real[k], imaginary[k], z[base + k], z[base + size + k]
                z[base + k] = c * p - s * q
                z[base + size + k] = c * q + s * p


@njit(cache=True, nogil=True)
def phase_image(z, shape, image, first, last):  # type: ignore[no-untyped-def]
    """image <- Re λ Im ψ - Im λ Re ψ for some rows; planes Re ψ, Im ψ, Re λ, Im λ."""
    size = shape[0] * shape[1]
    for i in range(first * shape[1], last * shape[1]):
        image[i] = z[2 * size + i] * z[size + i] - z[3 * size + i] * z[i]
