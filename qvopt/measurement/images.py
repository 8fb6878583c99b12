"""What Pauli strings make of a state of the sector, without its full vector.

P(x, z)|n⟩ = i^{|x & z|} (-1)^{|n & z|} |n ^ x⟩. A group has variance ‖Aψ‖² - ⟨ψ|Aψ⟩², and
Cov(P_k, P_l) = ⟨P_kψ|P_lψ⟩ - ⟨ψ|P_kψ⟩⟨ψ|P_lψ⟩ for commuting strings: no basis change is needed.
"""

from __future__ import annotations

import numpy as np

from qvopt_molecules.arrays import FloatArray, MaskArray
from qvopt_molecules.pauli import masks

from .clifford import conjugated
from .plan import CliffordBasis, MeasurementGroup, PauliBasis

_LEAST = 1e-14  # amplitudes below are zeros of a symmetry


def strings_of(group: MeasurementGroup) -> tuple[MaskArray, MaskArray, FloatArray]:
    """Masks x, z and coefficients of the strings that a Pauli or Clifford group measures."""
    diagonal, basis = group.diagonal, group.basis
    if isinstance(basis, PauliBasis):
        flips, _ = masks(basis.letters)
        plain = sum(1 << q for q, letter in enumerate(basis.letters) if letter == "X")
        x, z = diagonal.masks & np.uint64(flips), diagonal.masks & ~np.uint64(plain)
        return x, z, diagonal.coefficients
    assert isinstance(basis, CliffordBasis)
    _, _, signs = conjugated(basis.x, basis.z, list(basis.gates))
    return basis.x, basis.z, signs * diagonal.coefficients


def group_deviation(
    group: MeasurementGroup, bits: MaskArray, psi: FloatArray, n_qubits: int
) -> float:
    """Standard deviation of one shot of a group in the real state Σ_k psi[k] |bits[k]⟩."""
    kept = np.abs(psi) > _LEAST
    bits, psi = bits[kept], psi[kept]
    x, z, coefficients = strings_of(group)
    image = np.zeros(1 << n_qubits, dtype=np.complex128)
    powers = 1j ** (np.bitwise_count(x & z).astype(np.int64) % 4)
    for pattern in np.unique(x):
        factor = np.zeros(len(bits), dtype=np.complex128)
        for k in np.flatnonzero(x == pattern).tolist():
            odd = np.bitwise_count(bits & z[k]) & 1
            factor += coefficients[k] * powers[k] * (1.0 - 2.0 * odd)
        image[(bits ^ pattern).astype(np.int64)] += factor * psi
    mean = float((psi * image[bits.astype(np.int64)].real).sum())
    square = float(np.vdot(image, image).real)
    return float(np.sqrt(max(square - mean**2 / float(psi @ psi), 0.0) / float(psi @ psi)))


def covariances(x: MaskArray, z: MaskArray, bits: MaskArray, psi: FloatArray) -> FloatArray:
    """Cov(P_k, P_l) of commuting strings in the real state of unit norm Σ_k psi[k] |bits[k]⟩."""
    from scipy.sparse import csr_array

    kept = np.abs(psi) > _LEAST
    bits, psi = bits[kept], psi[kept]
    turns = np.bitwise_count(x & z).astype(np.int64) % 4
    odd = np.bitwise_count(bits & z[:, None]) & 1
    values = (1.0 - 2.0 * odd) * psi * np.where(turns >= 2, -1.0, 1.0)[:, None]
    # Images are real, or imaginary for an odd number of Y; those two have no real product.
    places = (bits ^ x[:, None]) << np.uint64(1) | (turns % 2).astype(np.uint64)[:, None]
    distinct, columns = np.unique(places, return_inverse=True)
    starts = np.arange(len(x) + 1) * len(bits)
    shape = (len(x), len(distinct))
    images = csr_array((values.reshape(-1), columns.reshape(-1), starts), shape=shape)
    inside = np.searchsorted(distinct, bits << np.uint64(1))
    inside = np.minimum(inside, len(distinct) - 1)
    there = distinct[inside] == bits << np.uint64(1)
    state = np.zeros(len(distinct))
    state[inside[there]] = psi[there]
    means = images @ state
    return np.asarray((images @ images.T).toarray() - np.outer(means, means))
