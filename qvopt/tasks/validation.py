"""Statistical checks of a backend's estimates: what `qvopt validate BACKEND` runs.

Everything is compared with the exact values of the sector engine. Each check has a probability of
a false alarm of about 10⁻⁵ on a backend that samples without noise; device noise shows as bias.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import sqrt
from typing import Final

import numpy as np

from qvopt.backends.protocol import Program
from qvopt.engine.assembly import Assembly, assemble, exact_counterpart
from qvopt.experiment.specification import Experiment
from qvopt.optimizers.protocol import Energy, Fidelity, Gradient, Metric
from qvopt_molecules.arrays import FloatArray

SIGMAS: Final = 4.4
"""Standard errors that a statistic may lie off: two-sided probability 1.1e-5."""


@dataclass(frozen=True)
class Check:
    """One statistic, the largest size that passes, and what it says."""

    name: str
    statistic: float
    limit: float
    meaning: str

    @property
    def passed(self) -> bool:
        """Whether it is within its limit."""
        return abs(self.statistic) <= self.limit


def validate_backend(
    experiment: Experiment,
    *,
    repeats: int = 400,
    wrap: Callable[[Program], Program] = lambda program: program,
) -> list[Check]:
    """Check energies, gradients and fidelities of an experiment's backend at a random point.

    Args:
        experiment: molecule, ansatz, backend and shots of one energy.
        repeats: energies that are measured; gradients take a twentieth as many.
        wrap: changes the compiled program before it is used, for tests of these checks.
    """
    assembly = assemble(experiment)
    program = wrap(assembly.program)
    assembly = replace(assembly, evaluator=replace(assembly.evaluator, program=program))
    exact = exact_counterpart(experiment)
    rng = np.random.default_rng(np.random.SeedSequence(experiment.seed))
    x = rng.normal(0.0, 0.1, size=assembly.circuit.n_parameters)
    return [
        *_energies(assembly, exact, x, repeats),
        *_gradients(assembly, exact, x, max(8, repeats // 20)),
        *_metrics(assembly, exact, x, max(8, repeats // 20)),
        *_fidelities(assembly, exact, x, rng, experiment.measurement.shots or 1000),
    ]


def _energies(assembly: Assembly, exact: Assembly, x: FloatArray, repeats: int) -> list[Check]:
    truth = exact.evaluator.exact_energy(x)
    asked = assembly.experiment.measurement.shots or 0
    # One round each: every call must bring fresh noise.
    answers = [assembly.evaluator.answer([Energy(x)], 1, k)[0] for k in range(repeats)]
    values = np.array([a.value for a in answers])
    variances = np.array([a.variance for a in answers])
    spread = values.std(ddof=1)
    again = assembly.evaluator.answer([Energy(x)], 1, 0)[0]
    inside = float(np.mean(np.abs(values - truth) <= 1.96 * np.sqrt(variances)))
    commonest = float(np.unique(values, return_counts=True)[1].max()) / repeats
    kurtosis = float(np.mean((values - values.mean()) ** 4) / max(values.var() ** 2, 1e-300))
    ratio_error = sqrt(max(kurtosis - 1.0, 0.1) / repeats)
    return [
        Check("energy: bias", (values.mean() - truth) / max(spread / sqrt(repeats), 1e-15), SIGMAS,
              "standard errors off the exact energy"),
        Check("energy: reported variance", (variances.mean() / max(spread**2, 1e-300) - 1)
              / ratio_error, SIGMAS, "off the empirical variance, in its own errors"),
        Check("energy: 95 % intervals", (inside - 0.95) / sqrt(0.95 * 0.05 / repeats), SIGMAS,
              "off 95 % coverage, in binomial errors"),
        Check("energy: shots", float(max(abs(a.shots - asked) for a in answers)), 0.0,
              "shots spent less shots asked"),
        Check("energy: fresh noise", commonest, 0.5, "share of the commonest value"),
        Check("energy: same seed, same value", float(again.value != values[0]), 0.0,
              "a repeated round differs (devices do)"),
    ]  # fmt: skip


def _gradients(assembly: Assembly, exact: Assembly, x: FloatArray, repeats: int) -> list[Check]:
    truth = exact.program.gradient(x)[1]
    answers = [assembly.evaluator.answer([Gradient(x)], 2, k)[0] for k in range(repeats)]
    values = np.array([a.value for a in answers])
    variances = np.array([a.variance for a in answers])
    known = variances.mean(axis=0) > 0
    z = (values.mean(axis=0) - truth)[known] / np.sqrt(variances.mean(axis=0)[known] / repeats)
    n = max(int(known.sum()), 1)
    # Σ z² of n components: mean n, variance about 2 n.
    pulls = ((values - truth)[:, known] ** 2 / variances.mean(axis=0)[known]).mean()
    return [
        Check("gradient: bias", (float(z @ z) - n) / sqrt(2 * n), 2 * SIGMAS,
              "χ² of the mean gradient less its expectation, in its errors"),
        Check("gradient: reported variance", (float(pulls) - 1) / sqrt(2 / (n * repeats)),
              2 * SIGMAS, "squared deviations over reported variances, less 1, in errors"),
    ]  # fmt: skip


def _metrics(assembly: Assembly, exact: Assembly, x: FloatArray, repeats: int) -> list[Check]:
    truth = exact.program.metric(x, "block-diagonal")
    query = Metric(x, "block-diagonal")
    answers = [assembly.evaluator.answer([query], 4, k)[0] for k in range(repeats)]
    values = np.array([a.value for a in answers])
    variance = np.array([a.variance for a in answers]).mean(axis=0)
    known = np.triu(variance > 1e-9)
    n = max(int(known.sum()), 1)
    pulls = np.square(values - truth)[:, known] / variance[known]
    mean = np.square(values.mean(axis=0) - truth)[known] / variance[known] * repeats
    # Entries of a metric depend on each other: each metric gives one number.
    each = pulls.mean(axis=1) if pulls.size else np.ones(repeats)
    spread = max(float(each.std(ddof=1)), 1e-12) / sqrt(repeats)
    return [
        Check("metric: bias", (float(mean.sum()) - n) / sqrt(2 * n), 2 * SIGMAS,
              "χ² of the mean metric less its expectation, in its errors"),
        Check("metric: reported variance", (float(each.mean()) - 1) / max(spread, 0.05), 2 * SIGMAS,
              "squared deviations over reported variances, less 1, in errors"),
    ]  # fmt: skip


def _fidelities(
    assembly: Assembly, exact: Assembly, x: FloatArray, rng: np.random.Generator, shots: int
) -> list[Check]:
    y = x + rng.normal(0.0, 0.3, size=len(x))
    truth = float(exact.evaluator.answer([Fidelity(x, y)], 0)[0].value)
    queries = [Fidelity(x, y, 100 * shots), Fidelity(x, x, 10 * shots)]
    different, same = assembly.evaluator.answer(queries, 3, 0)
    error = sqrt(max(truth * (1 - truth), 1e-12) / (100 * shots))
    return [
        Check("fidelity: bias", (float(different.value) - truth) / error, SIGMAS,
              "binomial errors off the exact |⟨ψ(x)|ψ(y)⟩|²"),
        Check("fidelity: of a state with itself", float(same.value) - 1.0, 1e-12,
              "off 1 (devices are)"),
    ]  # fmt: skip
