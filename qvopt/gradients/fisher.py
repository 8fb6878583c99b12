"""The Fubini-Study metric from fidelities at shifted angles.

With F(δ) = |⟨ψ(θ)|ψ(θ + δ)⟩|² over gate angles, g_kl = -½ ∂²F/∂δ_k∂δ_l at 0. In a single angle F
has the frequencies of an energy, so the shift rules differentiate it exactly: once for each of
two different gates, and twice for the same gate. Reference: A. Mari, T. R. Bromley,
N. Killoran, PRA 103, 012405 (2021), arXiv:2008.06517.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from qvopt.backends.batch import Outcomes, Overlap, Point, Reading
from qvopt.backends.protocol import MetricKind
from qvopt.measurement.prior import proportion_variance
from qvopt_circuits.blocks import parameter_blocks
from qvopt_circuits.circuit import Circuit
from qvopt_molecules.arrays import FloatArray, IntArray
from qvopt_molecules.errors import InputError

from .parameter_shift import shift_rule


@dataclass(frozen=True, eq=False)
class MetricSamples:
    """What came back for a metric: counts of its fidelities, generators and overlaps."""

    fidelities: IntArray
    generators: Sequence[Outcomes] = ()
    overlaps: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


class MetricEstimate(NamedTuple):
    """A measured metric, the variance of each entry and its degrees of freedom, each (n, n)."""

    value: FloatArray
    variance: FloatArray
    dof: FloatArray


def dof_of(variance: FloatArray, doubt: FloatArray) -> FloatArray:
    """Satterthwaite's degrees of freedom of variances, `doubt` being Σ v²/ν over their parts."""
    out = np.full(variance.shape, np.inf)
    return np.asarray(np.divide(np.square(variance), doubt, out=out, where=doubt > 0.0))


@dataclass(frozen=True, eq=False)
class MetricExpansion:
    """g.flat = constant.flat + matrix @ fidelities(pairs)."""

    pairs: tuple[tuple[Point, Point], ...]
    constant: FloatArray
    matrix: Any
    readings: tuple[Reading, ...] = ()
    overlaps: tuple[Overlap, ...] = ()

    def combine(self, samples: MetricSamples, shots: int) -> tuple[FloatArray, FloatArray]:
        """Return the metric and the variance of each entry; `shots` of every circuit."""
        return self.combine_with_dof(samples, shots)[:2]

    def combine_with_dof(self, samples: MetricSamples, shots: int) -> MetricEstimate:
        """Return the same with the degrees of freedom of each variance."""
        each = np.full(len(self.pairs), shots, dtype=np.int64)
        value, variance, doubt = combine_metric(self, samples.fidelities, each)
        return MetricEstimate(value, variance, dof_of(variance, doubt))


def expand_metric(
    circuit: Circuit,
    x: FloatArray,
    kind: MetricKind,
    known: Callable[[int, int], bool] = lambda k, l: False,
) -> MetricExpansion:
    """Return the fidelities that give the metric, and how they combine.

    F(0) = 1 is known and not measured; F(δ) = F(-δ) for one angle, so that one is measured for
    both. A diagonal entry takes one fidelity (Pauli) or two (excitation); an off-diagonal pair
    of gates takes the product of their rules. Pairs of gates (k, l) that are `known` otherwise
    are left out.
    """
    from scipy.sparse import csr_array

    x = circuit.check_parameters(x)
    n = circuit.n_parameters
    index, coefficient, _ = circuit.affine
    base = Point(x)
    pairs: list[tuple[Point, Point]] = []
    constant = np.zeros((n, n))
    rows: list[int] = []
    columns: list[int] = []
    values: list[float] = []

    def add(k: int, l: int, second: Point, weight: float) -> None:
        """Add weight · F to the entries of gates k and l, by the chain rule."""
        i, j = int(index[k]), int(index[l])
        scaled = weight * float(coefficient[k] * coefficient[l])
        for row, column in {(i, j), (j, i)} if k != l else {(i, j)}:
            rows.append(row * n + column)
            columns.append(len(pairs))
            # (k, l) and (l, k) fall on the same entry where the gates share a parameter.
            values.append(2 * scaled if k != l and i == j else scaled)
        pairs.append((base, second))

    wanted = wanted_entries(circuit, kind)
    for k in range(len(circuit.parametric)):
        if not known(k, k):
            square, at_zero = _second_derivative(circuit, k)
            constant[index[k], index[k]] += -0.5 * at_zero * coefficient[k] ** 2
            for shift, weight in square:
                add(k, k, Point(x, ((k, shift),)), -0.5 * weight)
        for l in range(k):
            if not wanted[index[k], index[l]] or known(k, l):
                continue
            for s, a in shift_rule(circuit.gates[circuit.parametric[k]]):
                for t, b in shift_rule(circuit.gates[circuit.parametric[l]]):
                    add(k, l, Point(x, ((l, t), (k, s))), -0.5 * a * b)
    matrix = csr_array((values, (rows, columns)), shape=(n * n, len(pairs)))
    return MetricExpansion(tuple(pairs), constant, matrix)


def wanted_entries(circuit: Circuit, kind: MetricKind) -> npt.NDArray[np.bool_]:
    """Which entries a metric of that kind has, shape (n, n). Raises InputError for another kind."""
    n = circuit.n_parameters
    if kind == "full":
        return np.ones((n, n), dtype=bool)
    if kind == "diagonal":
        return np.eye(n, dtype=bool)
    if kind == "block-diagonal":
        out = np.zeros((n, n), dtype=bool)
        for block in parameter_blocks(circuit):
            out[np.ix_(block, block)] = True
        return out
    raise InputError(f"kind must be full, block-diagonal or diagonal, got {kind!r}")


def _second_derivative(circuit: Circuit, k: int) -> tuple[list[tuple[float, float]], float]:
    """F'' at 0 of an even F: ((shift, coefficient) …, coefficient of F(0) = 1)."""
    frequencies = circuit.gates[circuit.parametric[k]].frequencies
    if frequencies == (1.0,):
        # F = a + b cos δ: F'' = -b = [F(π) - F(0)] / 2.
        return [(np.pi, 0.5)], -0.5
    # F = a + b cos(δ/2) + c cos δ: F'' = -b/4 - c, b = [F(0) - F(2π)] / 2,
    # c = [F(0) + F(2π)] / 4 - F(π) / 2.
    return [(np.pi, 0.5), (2 * np.pi, -0.125)], -0.375


def combine_metric(
    expansion: MetricExpansion, counts: IntArray, shots: IntArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the metric, the variance v of each entry, and Σ v²/ν, from successes of each pair.

    Variances of counts are those of `measurement.prior.proportion_variance`. The metric need not be
    positive semidefinite; see `project_psd`.
    """
    n = len(expansion.constant)
    value = expansion.constant + (expansion.matrix @ (counts / shots)).reshape(n, n)
    spread, dof = proportion_variance(counts, shots)
    variance = (expansion.matrix.power(2) @ spread).reshape(n, n)
    return value, variance, (expansion.matrix.power(4) @ (spread**2 / dof)).reshape(n, n)


def project_psd(metric: FloatArray) -> FloatArray:
    """Nearest positive semidefinite matrix in Frobenius norm: negative eigenvalues to zero."""
    values, vectors = np.linalg.eigh((metric + metric.T) / 2)
    return np.asarray((vectors * np.maximum(values, 0.0)) @ vectors.T)
