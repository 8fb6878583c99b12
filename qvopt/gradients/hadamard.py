"""The Fubini-Study metric by Hadamard tests with an auxiliary qubit.

∂_kψ is a short sum of states at shifted angles, Σ_s d_s ψ(θ_k + s), by the spectrum of the
generator G in exp(-iθG/2):

- -1, 1 (Pauli rotation, G² = 1): s = π, d = ½;
- -1, 0, 1 (excitation, G³ = G): s = ±π, d = ±¼;
- 0, 2 (phase of occupations, G² = 2G): s = π, d = i/2. This is the derivative under G - 1, which is
  a reflection: a generator's constant changes the phase of ψ alone, and the metric not at all.

So

    g_kl = Σ_st Re[d_s* d_t ⟨ψ(θ_k + s)|ψ(θ_l + t)⟩] - B_k B_l,
    B_k = Im⟨ψ|∂_kψ⟩ = Σ_s Im[d_s ⟨ψ|ψ(θ_k + s)⟩],

where B vanishes for circuits of real gates and is then not measured. Products d_s* d_t are real or
imaginary, and take the real or the imaginary part of an overlap. Each overlap is one circuit: the
ansatz, with the shifted gates alone controlled by the auxiliary qubit. References: Y. Li,
S. C. Benjamin, PRX 7, 021050 (2017), arXiv:1611.09301; S. McArdle et al., npj Quantum Inf. 5, 75
(2019), arXiv:1804.03023.
"""

from __future__ import annotations

from itertools import product
from typing import Any, Final

import numpy as np

from qvopt.backends.batch import Overlap, Point
from qvopt.backends.protocol import MetricKind
from qvopt.measurement.prior import proportion_variance
from qvopt_circuits.circuit import Circuit
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError

from .fisher import MetricEstimate, MetricSamples, dof_of, wanted_entries


class HadamardExpansion:
    """Overlaps of every pair of gates, and B of every gate where it does not vanish."""

    pairs: tuple[tuple[Point, Point], ...] = ()
    readings = ()

    def __init__(self, circuit: Circuit, x: FloatArray, kind: MetricKind) -> None:
        x = circuit.check_parameters(x)
        self._n = circuit.n_parameters
        self._wanted = wanted_entries(circuit, kind)
        index, coefficient, _ = circuit.affine
        self._constant = np.zeros((self._n, self._n))
        overlaps: list[Overlap] = []
        terms: list[tuple[int, int, float]] = []  # entry, overlap, weight
        for k in range(len(circuit.parametric)):
            i, c = int(index[k]), float(coefficient[k])
            # ⟨∂_kψ|∂_kψ⟩ = ¼ ⟨G²⟩ is ¼, less what an excitation leaves alone.
            two = len(_derivative(circuit, k)) == 2
            self._constant[i, i] += c**2 * (0.125 if two else 0.25)
            if two:
                terms.append((i * self._n + i, len(overlaps), -0.125 * c**2))
                overlaps.append(Overlap(Point(x, ((k, np.pi),)), Point(x, ((k, -np.pi),))))
            for l in range(k):
                j, scale = int(index[l]), c * float(coefficient[l])
                if not self._wanted[i, j]:
                    continue
                for (s, a), (t, b) in product(_derivative(circuit, k), _derivative(circuit, l)):
                    # (k, l) and (l, k) fall on the same entry where the gates share a parameter.
                    # The test reads ⟨ψ(θ_l + t)|ψ(θ_k + s)⟩, with d_t* d_s before it.
                    weight, imaginary = _part(a * b.conjugate())
                    weight *= scale * (2 if i == j else 1)
                    for row, column in {(i, j), (j, i)}:
                        terms.append((row * self._n + column, len(overlaps), weight))
                    pair = Point(x, ((k, s),)), Point(x, ((l, t),))
                    overlaps.append(Overlap(*pair, imaginary=imaginary))
        self._matrix = _sparse(terms, (self._n**2, len(overlaps)))
        self._n_pairs = len(overlaps)
        terms = []
        if not circuit.is_real:
            base = Point(x)
            for k in range(len(circuit.parametric)):
                for s, d in _derivative(circuit, k):
                    weight, imaginary = _part(-1j * d)
                    weight *= float(coefficient[k])
                    terms.append((int(index[k]), len(overlaps) - self._n_pairs, weight))
                    overlaps.append(Overlap(Point(x, ((k, s),)), base, imaginary=imaginary))
        self._phases = _sparse(terms, (self._n, len(overlaps) - self._n_pairs))
        self.overlaps = tuple(overlaps)

    def combine(self, samples: MetricSamples, shots: int) -> tuple[FloatArray, FloatArray]:
        """Return the metric and the variance of each entry."""
        return self.combine_with_dof(samples, shots)[:2]

    def combine_with_dof(self, samples: MetricSamples, shots: int) -> MetricEstimate:
        """Return the same with the degrees of freedom of each variance.

        B_i B_j is without bias as its factors come from other shots, and B_i² less its variance is.
        """
        p = samples.overlaps / shots
        value, plain = 2 * p - 1, 4 * p * (1 - p) / max(shots - 1, 1)
        spread, dof = proportion_variance(samples.overlaps, np.full(len(p), float(shots)))
        spread, unsure = 4 * spread, np.square(4 * spread) / dof
        pairs, single = slice(self._n_pairs), slice(self._n_pairs, None)
        shape = (self._n, self._n)
        metric = self._constant + (self._matrix @ value[pairs]).reshape(shape)
        variance = (self._matrix.power(2) @ spread[pairs]).reshape(shape)
        doubt = (self._matrix.power(4) @ unsure[pairs]).reshape(shape)
        b, squared = self._phases @ value[single], self._phases.power(2)
        metric -= self._wanted * (np.outer(b, b) - np.diag(squared @ plain[single]))
        v = squared @ spread[single]
        error = _variance_of_products(b, v)
        variance += self._wanted * error
        # As doubtful as the variances of the factors, the larger of the two.
        share = self._phases.power(4) @ unsure[single]
        relative = np.divide(share, v**2, out=np.zeros_like(v), where=v > 0.0)
        doubt += self._wanted * np.square(error) * np.maximum.outer(relative, relative)
        return MetricEstimate(metric, variance, dof_of(variance, doubt))


def _variance_of_products(b: FloatArray, v: FloatArray) -> FloatArray:
    """Unbiased estimates of Var(B_i B_j) and, on the diagonal, of Var(B_i²); not below zero."""
    square = np.square(b)
    error = np.outer(square, v) + np.outer(v, square) - np.outer(v, v)
    np.fill_diagonal(error, 4 * square * v - 2 * v**2)
    return np.asarray(np.maximum(error, 0.0))


def _derivative(circuit: Circuit, k: int) -> tuple[tuple[float, complex], ...]:
    """(shift, coefficient) with ∂_kψ = Σ d ψ(θ_k + s), up to a phase of ψ that moves with θ_k."""
    gate = circuit.gates[circuit.parametric[k]]
    if gate.spectrum not in _DERIVATIVES:
        raise InputError(
            f"the metric of gate {gate.name} is not measured by Hadamard tests; use "
            f"measurement.metric = 'fidelities'"
        )
    return _DERIVATIVES[gate.spectrum]


_DERIVATIVES: Final[dict[tuple[float, ...], tuple[tuple[float, complex], ...]]] = {
    (-1.0, 1.0): ((np.pi, 0.5),),
    (-1.0, 0.0, 1.0): ((np.pi, 0.25), (-np.pi, -0.25)),
    (0.0, 2.0): ((np.pi, 0.5j),),
}
"""By the eigenvalues of the generator."""


def _part(factor: complex) -> tuple[float, bool]:
    """(weight, imaginary) with Re[factor · v] = weight · Re v, or weight · Im v."""
    factor = complex(factor)
    return (factor.real, False) if factor.imag == 0.0 else (-factor.imag, True)


def _sparse(terms: list[tuple[int, int, float]], shape: tuple[int, int]) -> Any:
    from scipy.sparse import csr_array

    rows, columns, values = ([t[m] for t in terms] for m in range(3))
    return csr_array((values, (rows, columns)), shape=shape, dtype=np.float64)
