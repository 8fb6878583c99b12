r"""What is believed before the first shot: where to begin, how far off that is, and the curvature.

With a classical model: P₀ = H + ¾ |λ| S on the parameters that symmetry does not keep at zero, H
the Hessian and S the metric at the reference, λ = gᵀx_N the level shift of the rational-function
step x_N. (The curvature at the minimum is larger than at the reference about by the correlation
energy; the shift is its classical estimate.) Eigenvalues below 0.1 Hartree are raised to that.
Where H is not positive its softest directions are not those of the minimum, and P₀ is the mean of
that matrix and its diagonal.

The covariance about a start x₀ has three parts:

    C = a² x₀x₀ᵀ + Σ_k w_k (x_k - x₀)(x_k - x₀)ᵀ + R ∘ σσᵀ,
    σ_i² = (b x₀_i)² + 2 φ |E_c| / (n P_ii):

the amplitudes are off by a common factor; the other classical starts x_k, by their weights; and
each parameter on its own by a share of itself, and by φ of the estimated correlation energy E_c
over all n. R has 1 on the diagonal and ±0.98 between spin partners. A second shape that is held as
likely has the last part alone, without (b x₀_i)². Where the curvature at the reference is that of
the minimum already, the starts are far better than their differences say: all is smaller by e^{2q},
q the lowest eigenvalue of H by that of P₀ (0 where H is not positive).

Without one, C is wide in units of the period, and P comes from the first round.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qvopt_molecules.arrays import BoolArray, FloatArray, IntArray

from ..protocol import ClassicalModel
from .belief import Belief
from .curvature import Curvature
from .derivatives import DerivativeReading

_SHIFT = 0.75
_LONGEST_SHIFT = 1.5
_LEAST_EIGENVALUE = 0.1
_DIAGONAL_SHARE = 0.5
_NARROWING = 2.0
_TIE = 0.98
_CURVATURE_SPREAD = 0.3


@dataclass(frozen=True)
class StartSpread:
    """How far off a start may be: a, b, φ and the weight of other starts (see the module)."""

    common: float
    own: float
    energy: float
    others: float = 0.0


@dataclass(frozen=True, eq=False)
class Prior:
    """The belief about the active parameters, and the curvature in their order."""

    belief: Belief
    curvature: Curvature


def active_parameters(model: ClassicalModel | None, x: FloatArray, moves: BoolArray) -> IntArray:
    """Return the parameters to optimise: all but those that do nothing or stay zero by symmetry.

    `moves` says which parameters the energy depends on at all.
    """
    if model is None:
        return np.flatnonzero(moves)
    return np.flatnonzero(moves & (~model.vanishing | (x != 0.0)))


def classical_curvature(model: ClassicalModel, active: IntArray) -> FloatArray:
    """Return P₀ in Hartree, positive definite, shape (n_active, n_active)."""
    block = np.ix_(active, active)
    newton = model.starts.get("newton")
    root = 0.0 if newton is None else float(model.gradient @ newton)
    shift = _SHIFT * min(max(-root, 0.0), _LONGEST_SHIFT)
    values, vectors = np.linalg.eigh(model.hessian[block] + shift * model.metric[block])
    curvature = (vectors * np.maximum(values, _LEAST_EIGENVALUE)) @ vectors.T
    if not reference_curves_upwards(model, active):
        curvature += _DIAGONAL_SHARE * (np.diag(np.diag(curvature)) - curvature)
    return np.asarray(curvature)


def lowest_reference_curvature(model: ClassicalModel, active: IntArray) -> float:
    """Return the lowest eigenvalue of the Hessian at the reference, in Hartree.

    Among directions that keep spin partners equal, as the minimum does: a Hessian that is negative
    for others alone (a triplet instability) says nothing against the curvature that matters.
    """
    values, vectors = np.linalg.eigh(partner_correlations(model, active))
    equal = vectors[:, values > 0.5]
    return float(np.linalg.eigvalsh(equal.T @ model.hessian[np.ix_(active, active)] @ equal)[0])


def reference_curves_upwards(model: ClassicalModel, active: IntArray) -> bool:
    """Whether the Hessian at the reference is positive, so that it says where the minimum lies."""
    return lowest_reference_curvature(model, active) > 0.0


def curvature_certainty(model: ClassicalModel, active: IntArray) -> float:
    """q: how much of the softest curvature at the minimum is there at the reference, 0 to 1.

    That is the lowest eigenvalue of H by that of P₀; 0 where H is not positive.
    """
    at_reference = lowest_reference_curvature(model, active)
    at_minimum = np.linalg.eigvalsh(classical_curvature(model, active))[0]
    return float(np.clip(at_reference / at_minimum, 0.0, 1.0))


def partner_correlations(model: ClassicalModel, active: IntArray) -> FloatArray:
    """Return R, shape (n_active, n_active)."""
    place = {int(i): k for k, i in enumerate(active)}
    correlation = np.eye(len(active))
    for i, j, sign in model.partners:
        if i in place and j in place:
            correlation[place[i], place[j]] = correlation[place[j], place[i]] = _TIE * sign
    return correlation


def correlation_energy(model: ClassicalModel) -> float:
    """A classical estimate of how far the minimum lies below the reference, in Hartree."""
    names = [name for name in ("mp2", "newton") if name in model.starts]
    return max((0.5 * abs(float(model.gradient @ model.starts[n])) for n in names[:1]), default=0.0)


def informed_prior(
    model: ClassicalModel,
    active: IntArray,
    start: FloatArray,
    others: Sequence[tuple[float, FloatArray]],
    scale: FloatArray,
    spread: StartSpread,
) -> Prior:
    """Return the prior about a start.

    Args:
        model: what is classically known.
        active: parameters to optimise.
        start: x₀, all parameters.
        others: other starts with their weights.
        scale: amplitudes that give the sizes of the errors, all parameters (x₀, or where the start
            is the reference itself those of perturbation theory).
        spread: the constants.
    """
    base, ties = classical_curvature(model, active), partner_correlations(model, active)
    sizes = scale[active]
    share = 2 * spread.energy * correlation_energy(model) / max(len(active), 1) / np.diag(base)
    apart = [np.sqrt(weight) * (point - start)[active] for weight, point in others]
    own = np.sqrt((spread.own * sizes) ** 2 + share)
    covariance = spread.common**2 * np.outer(sizes, sizes) + ties * np.outer(own, own)
    for difference in apart:
        covariance = covariance + spread.others * np.outer(difference, difference)
    even = ties * np.outer(np.sqrt(share), np.sqrt(share))
    narrowing = np.exp(-_NARROWING * curvature_certainty(model, active))
    curvature = Curvature.of(base, _CURVATURE_SPREAD, ties)
    return Prior(Belief.prior(start[active], narrowing * covariance, narrowing * even), curvature)


def uninformed_prior(reading: DerivativeReading, start: FloatArray, reach: FloatArray) -> Prior:
    """Return the prior that a first round over all active parameters gives.

    Curvatures are drawn towards their mean as far as their noise explains their scatter; a negative
    one counts by its size, which leads away from a saddle. `reach` are the deviations of x* - x.
    """
    second, variance = reading.second, reading.second_variance
    if not np.all(np.isfinite(variance)):
        steep = float(np.linalg.norm(reading.gradient)) / max(float(np.max(reach)), 1e-12)
        second, variance = np.full(len(reach), steep), np.zeros(len(reach))
    mean = float(np.mean(second))
    scatter = max(float(np.mean((second - mean) ** 2)) - float(np.mean(variance)), 0.0)
    trust = scatter / np.maximum(scatter + variance, 1e-300)
    size = np.abs(mean + trust * (second - mean))
    typical = max(float(np.sqrt(np.mean(size**2))), 1e-12)
    base = np.diag(np.maximum(size, 0.3 * typical))
    curvature = Curvature.of(base, 2 * _CURVATURE_SPREAD, np.eye(len(reach)))
    return Prior(Belief.prior(start, np.diag(reach**2)), curvature)
