"""The Fubini-Study metric by Hadamard tests with an auxiliary qubit.

∂_kψ is a short sum of states at shifted angles, Σ_s d_s ψ(θ_k + s): s = π, d = ½ for a Pauli
rotation and s = ±π, d = ±¼ for an excitation (its generator has G³ = G). So

    g_kl = Σ_st d_s d_t Re⟨ψ(θ_k + s)|ψ(θ_l + t)⟩ - B_k B_l,    B_k = Σ_s d_s Im⟨ψ|ψ(θ_k + s)⟩,

where B vanishes for circuits of real gates and is then not measured. Each overlap is one circuit:
the ansatz, with the shifted gates alone controlled by the auxiliary qubit. References: Y. Li,
S. C. Benjamin, PRX 7, 021050 (2017), arXiv:1611.09301; S. McArdle et al., npj Quantum Inf. 5, 75
(2019), arXiv:1804.03023.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from qvopt.backends.batch import Overlap, Point
from qvopt.backends.protocol import MetricKind
from qvopt_circuits.circuit import Circuit

from .fisher import MetricSamples, wanted_entries

FloatArray = npt.NDArray[np.float64]


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
            # ⟨∂_kψ|∂_kψ⟩ = ¼, less what an excitation leaves alone.
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
                    weight = scale * a * b * (2 if i == j else 1)
                    for row, column in {(i, j), (j, i)}:
                        terms.append((row * self._n + column, len(overlaps), weight))
                    overlaps.append(Overlap(Point(x, ((k, s),)), Point(x, ((l, t),))))
        self._matrix = _sparse(terms, (self._n**2, len(overlaps)))
        self._n_real = len(overlaps)
        terms = []
        if not circuit.is_real:
            base = Point(x)
            for k in range(len(circuit.parametric)):
                for s, d in _derivative(circuit, k):
                    weight = d * float(coefficient[k])
                    terms.append((int(index[k]), len(overlaps) - self._n_real, weight))
                    overlaps.append(Overlap(Point(x, ((k, s),)), base, imaginary=True))
        self._phases = _sparse(terms, (self._n, len(overlaps) - self._n_real))
        self.overlaps = tuple(overlaps)

    def combine(self, samples: MetricSamples, shots: int) -> tuple[FloatArray, FloatArray]:
        """Return the metric and the variance of each entry.

        B_i B_j is without bias as its factors come from other shots, and B_i² less its variance is.
        """
        p = samples.overlaps / shots
        value, spread = 2 * p - 1, 4 * p * (1 - p) / max(shots - 1, 1)
        real, imaginary = slice(self._n_real), slice(self._n_real, None)
        shape = (self._n, self._n)
        metric = self._constant + (self._matrix @ value[real]).reshape(shape)
        variance = (self._matrix.power(2) @ spread[real]).reshape(shape)
        b, v = self._phases @ value[imaginary], self._phases.power(2) @ spread[imaginary]
        products = np.outer(b, b) - np.diag(v)
        square = np.square(b)
        error = np.outer(square, v) + np.outer(v, square) - np.outer(v, v)
        np.fill_diagonal(error, 4 * square * v - 2 * v**2)
        metric -= self._wanted * products
        variance += self._wanted * np.maximum(error, 0.0)
        return metric, variance


def _derivative(circuit: Circuit, k: int) -> tuple[tuple[float, float], ...]:
    """(shift, coefficient) with ∂_kψ = Σ d ψ(θ_k + s)."""
    if circuit.gates[circuit.parametric[k]].frequencies == (1.0,):
        return ((np.pi, 0.5),)
    return ((np.pi, 0.25), (-np.pi, -0.25))


def _sparse(terms: list[tuple[int, int, float]], shape: tuple[int, int]) -> Any:
    from scipy.sparse import csr_array

    rows, columns, values = ([t[m] for t in terms] for m in range(3))
    return csr_array((values, (rows, columns)), shape=shape, dtype=np.float64)
