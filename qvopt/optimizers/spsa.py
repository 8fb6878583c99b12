"""Simultaneous perturbation stochastic approximation."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .errors import check_finite
from .protocol import Energy, Iterate, Optimizer, Query, Run
from .validation import count, not_negative, positive

FloatArray = npt.NDArray[np.float64]


def spsa(
    *,
    learning_rate: float | None = None,
    perturbation: float = 0.05,
    alpha: float = 0.602,
    gamma: float = 0.101,
    stability: float = 100.0,
    averages: int = 1,
    target_step: float = 0.002,
    calibration_pairs: int = 10,
) -> Optimizer:
    """Two energies a step, whatever the number of parameters.

    g_k = [E(x + c_k Δ) - E(x - c_k Δ)] / (2 c_k) · Δ⁻¹, Δ_i = ±1 with equal chance;
    x <- x - a_k g_k;  a_k = a / (A + k)^α, c_k = c / k^γ for k = 1, 2, …

    Args:
        learning_rate: a; None calibrates it so that the first step moves each parameter by about
            `target_step`, from `calibration_pairs` pairs of energies (charged as calibration).
        perturbation: c, in units of the parameters.
        alpha, gamma: exponents of the gains.
        stability: A.
        averages: independent perturbations averaged in a step.
        target_step: see learning_rate.
        calibration_pairs: see learning_rate.

    References: J. C. Spall, IEEE Trans. Autom. Control 37, 332 (1992), and the gains and their
    calibration in IEEE Trans. Aerosp. Electron. Syst. 34, 817 (1998).
    """
    if learning_rate is not None:
        positive("learning_rate", learning_rate)
    for name, value in (("perturbation", perturbation), ("alpha", alpha),
                        ("target_step", target_step)):  # fmt: skip
        positive(name, value)
    not_negative("gamma", gamma)
    not_negative("stability", stability)
    count("averages", averages)
    count("calibration_pairs", calibration_pairs)

    def start(x: FloatArray, rng: np.random.Generator) -> Run:
        gain = learning_rate
        if gain is None:
            signs = rng.choice((-1.0, 1.0), size=(calibration_pairs, len(x)))
            queries: list[Query] = []
            for delta in signs:
                queries.append(Energy(x + perturbation * delta, purpose="calibration"))
                queries.append(Energy(x - perturbation * delta, purpose="calibration"))
            answers = yield queries
            slopes = [
                abs(up.value - down.value) / (2 * perturbation)
                for up, down in zip(answers[::2], answers[1::2], strict=True)
            ]
            size = max(float(np.mean(slopes)), 1e-10)
            gain = target_step * (stability + 1) ** alpha / size
        k = 0
        while True:
            k += 1
            a, c = gain / (stability + k) ** alpha, perturbation / k**gamma
            signs = rng.choice((-1.0, 1.0), size=(averages, len(x)))
            queries = []
            for delta in signs:
                queries += [
                    Energy(x + c * delta, purpose="gradient"),
                    Energy(x - c * delta, purpose="gradient"),
                ]
            answers = yield queries
            gradient = np.zeros_like(x)
            for delta, up, down in zip(signs, answers[::2], answers[1::2], strict=True):
                gradient += (up.value - down.value) / (2 * c) * delta / averages
            x = check_finite(x - a * gradient)
            yield Iterate(x)

    return start
