"""Simultaneous perturbation: a handful of energies a step, whatever the number of parameters."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from typing import Any

import numpy as np

from qvopt_molecules.arrays import FloatArray

from .errors import check_finite
from .protocol import Energy, Fidelity, Iterate, Minimization, Optimizer, Query
from .rejection import rises
from .validation import count, flag, not_negative, positive, repeats

Rounds = Generator[Any, Any, Any]

_SIGNS = np.array([-1.0, 1.0])


def _signs(rng: np.random.Generator, samples: int, n: int) -> FloatArray:
    return _SIGNS[rng.integers(0, 2, size=(samples, n))]  # what `rng.choice` of them would draw


def spsa(
    *,
    learning_rate: float | None = None,
    perturbation: float = 0.1,
    alpha: float = 0.602,
    gamma: float = 0.101,
    stability: float = 100.0,
    averages: int = 1,
    target_step: float = 0.001,
    calibration_pairs: int = 10,
    curvature_bound: bool = False,
    blocking: bool = False,
    allowed_increase: float = 2.0,
    second_order: bool = False,
    regularization: float = 0.01,
) -> Optimizer:
    """x <- x - a_k ĝ, ĝ from two energies.  Spall, IEEE Trans. Autom. Control 37, 332 (1992).

    ĝ = [E(x + c_k Δ) - E(x - c_k Δ)] / (2 c_k) · Δ⁻¹, Δ_i = ±1 with equal chance;
    a_k = a / (A + k)^α, c_k = c / k^γ for k = 1, 2, …

    Args:
        learning_rate: a; None calibrates it so that the first step moves each parameter by about
            `target_step`, from `calibration_pairs` pairs of energies (charged as calibration).
        perturbation: c, in units of the parameters.
        alpha, gamma: exponents of the gains.
        stability: A.
        averages: independent perturbations averaged in a step.
        target_step, calibration_pairs: see learning_rate.
        curvature_bound: let the calibrated first gain be no more than 1 / tr H, the trace from the
            same pairs and one energy between them: beyond twice that, steps grow on a quadratic.
        blocking: measure the energy before and after the step, and refuse one that raises it by
            more than `allowed_increase` standard errors.
        second_order: 2-SPSA: four energies a step, whose second differences make a running
            estimate of the Hessian that preconditions ĝ (with learning_rate None, a = (A + 1)^α:
            the first step is Newton's).
        regularization: added to the absolute value of that Hessian.

    Further references: gains and calibration, J. C. Spall, IEEE Trans. Aerosp. Electron. Syst.
    34, 817 (1998); 2-SPSA and blocking, J. C. Spall, IEEE Trans. Autom. Control 45, 1839 (2000).
    """
    _check_gains(learning_rate, perturbation, alpha, gamma, stability, averages)
    positive("target_step", target_step)
    repeats("calibration_pairs", calibration_pairs)
    flag("curvature_bound", curvature_bound)
    flag("blocking", blocking)
    flag("second_order", second_order)
    not_negative("allowed_increase", allowed_increase)
    positive("regularization", regularization)

    def start(x: FloatArray, rng: np.random.Generator) -> Minimization:
        gain = learning_rate
        if gain is None and second_order:
            gain = (stability + 1) ** alpha
        elif gain is None:
            deltas = _signs(rng, calibration_pairs, len(x))
            ups, downs = yield from _pairs(x, perturbation, deltas, "calibration")
            size = max(float(np.mean(np.abs(ups - downs))) / (2 * perturbation), 1e-10)
            first = target_step / size
            if curvature_bound:
                (middle,) = yield [Energy(x, purpose="calibration")]
                trace = float(np.mean(ups + downs) - 2 * middle.value) / perturbation**2
                first = min(first, 1 / max(trace, 1e-10))
            gain = first * (stability + 1) ** alpha
        curvature: FloatArray = np.zeros((0, 0))
        k = 0
        while True:
            k += 1
            a, c = gain / (stability + k) ** alpha, perturbation / k**gamma
            deltas = _signs(rng, averages, len(x))
            if second_order:
                others = _signs(rng, averages, len(x))
                slope, sample = yield from _second_differences(x, c, deltas, others)
                curvature = smoothed(curvature, sample, k)
                slope = solve_absolute(curvature, slope, regularization)
            else:
                ups, downs = yield from _pairs(x, c, deltas, "gradient")
                slope = (ups - downs) @ deltas / (2 * c * averages)
            trial = check_finite(x - a * slope)
            if blocking and (yield from rises(x, trial, allowed_increase)):
                yield Iterate(x, note="rejected")
                continue
            x = trial
            yield Iterate(x)

    return start


def qn_spsa(
    *,
    learning_rate: float = 0.01,
    perturbation: float = 0.1,
    alpha: float = 0.602,
    gamma: float = 0.101,
    stability: float = 100.0,
    averages: int = 1,
    regularization: float = 0.1,
    blocking: bool = True,
    allowed_increase: float = 2.0,
    fidelity_shots: int | None = None,
) -> Optimizer:
    """SPSA with a sampled Fubini-Study metric: 2 energies and 4 fidelities.  arXiv:2103.09232.

    ĝ as in SPSA; metric sample -½ δF / (2 c²) · (Δ Δ'ᵀ + Δ' Δᵀ) / 2 with
    δF = F(x + cΔ + cΔ') - F(x + cΔ) - F(x - cΔ + cΔ') + F(x - cΔ), F(y) = |⟨ψ(x)|ψ(y)⟩|²;
    x <- x - a_k' (√(ḡ ḡ) + β)⁻¹ ĝ, ḡ the mean of all samples and the identity to begin with.

    Args:
        learning_rate: the first step's factor; a_k' = learning_rate · ((A + 1) / (A + k))^α.
        perturbation, alpha, gamma, stability, averages, blocking, allowed_increase: see `spsa`.
        regularization: β. The paper has 0.001 and Qiskit 0.01; under shots, and with the blocks of
            UCCSD, these follow the noise of the samples, and a β of 1 would leave plain SPSA.
        fidelity_shots: shots of each fidelity; None takes those of an energy.

    Reference: J. Gacon, C. Zoufal, G. Carleo, S. Woerner, Quantum 5, 567 (2021).
    """
    _check_gains(learning_rate, perturbation, alpha, gamma, stability, averages)
    positive("regularization", regularization)
    flag("blocking", blocking)
    not_negative("allowed_increase", allowed_increase)
    if fidelity_shots is not None:
        count("fidelity_shots", fidelity_shots)

    def start(x: FloatArray, rng: np.random.Generator) -> Minimization:
        metric, k = np.eye(len(x)), 0
        while True:
            k += 1
            a = learning_rate * ((stability + 1) / (stability + k)) ** alpha
            c = perturbation / k**gamma
            deltas, others = _signs(rng, averages, len(x)), _signs(rng, averages, len(x))
            queries: list[Query] = []
            for d, e in zip(deltas, others, strict=True):
                queries += [Energy(x + c * d, purpose="gradient")]
                queries += [Energy(x - c * d, purpose="gradient")]
                queries += [
                    Fidelity(x, y, fidelity_shots)
                    for y in (x + c * (d + e), x + c * d, x + c * (e - d), x - c * d)
                ]
            answers = yield queries
            values = np.array([answer.value for answer in answers]).reshape(averages, 6)
            slope = (values[:, 0] - values[:, 1]) @ deltas / (2 * c * averages)
            second = values[:, 2] - values[:, 3] - values[:, 4] + values[:, 5]
            metric = smoothed(metric, _symmetric(-0.5 * second / (2 * c * c), deltas, others), k)
            trial = check_finite(x - a * solve_absolute(metric, slope, regularization))
            if blocking and (yield from rises(x, trial, allowed_increase)):
                yield Iterate(x, note="rejected")
                continue
            x = trial
            yield Iterate(x)

    return start


def smoothed(mean: FloatArray, sample: FloatArray, k: int) -> FloatArray:
    """Running mean M <- (k M + sample) / (k + 1), starting at the identity."""
    if mean.size == 0:
        mean = np.eye(len(sample))
    return (k * mean + sample) / (k + 1)


def solve_absolute(matrix: FloatArray, slope: FloatArray, regularization: float) -> FloatArray:
    """Return (√(M M) + β)⁻¹ slope: positive definite whatever the signs of M's eigenvalues."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray(vectors @ ((vectors.T @ slope) / (np.abs(values) + regularization)))


def _symmetric(weights: FloatArray, deltas: FloatArray, others: FloatArray) -> FloatArray:
    """Mean over the samples of w (Δ Δ'ᵀ + Δ' Δᵀ) / 2."""
    product = (weights[:, None] * deltas).T @ others / len(weights)
    return (product + product.T) / 2


def _pairs(x: FloatArray, c: float, deltas: FloatArray, purpose: Any) -> Rounds:
    """Ask for E(x ± cΔ) of all samples in one round; return the two columns."""
    queries = [Energy(x + s * c * d, purpose=purpose) for d in deltas for s in (1, -1)]
    answers = yield queries
    values = np.array([a.value for a in answers]).reshape(-1, 2)
    return values[:, 0], values[:, 1]


def _second_differences(x: FloatArray, c: float, deltas: FloatArray, others: FloatArray) -> Rounds:
    """Four energies a sample: the slope, and a sample of the Hessian."""
    points = [x + c * y for d, e in zip(deltas, others, strict=True) for y in (d, -d, d + e, e - d)]
    answers = yield [Energy(y, purpose="gradient") for y in points]
    v = np.array([a.value for a in answers]).reshape(-1, 4)
    slope = (v[:, 0] - v[:, 1]) @ deltas / (2 * c * len(deltas))
    second = v[:, 2] - v[:, 0] - v[:, 3] + v[:, 1]
    return slope, _symmetric(second / (2 * c * c), deltas, others)


def _check_gains(
    learning_rate: float | None,
    perturbation: float,
    alpha: float,
    gamma: float,
    stability: float,
    averages: int,
) -> None:
    checks: list[tuple[str, float, Callable[[str, float], float]]] = [
        ("perturbation", perturbation, partial(positive, least=1e-8, most=100.0)),
        ("alpha", alpha, partial(positive, most=10.0)),
        ("gamma", gamma, partial(not_negative, most=10.0)),
        ("stability", stability, not_negative),
    ]
    if learning_rate is not None:
        checks.append(("learning_rate", learning_rate, positive))
    for name, value, check in checks:
        check(name, value)
    repeats("averages", averages)
