"""Statistical checks of a backend's estimates: what `qvopt validate BACKEND` runs.

Everything is compared with the exact values of the sector engine. Each check has a probability of
a false alarm of about 10⁻⁵ on a backend that samples without noise. Device noise moves the means:
a check `of_bias` then says by how much, and no defect. Where a backend offers no noiseless values,
coverage and spread are tested about the backend's own means, so that noise leaves them alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from pathlib import Path
from typing import Final

import numpy as np

from qvopt.backends.protocol import DurableProgram, Program, SubmissionPolicy
from qvopt.engine.assembly import Assembly, assemble, exact_counterpart
from qvopt.experiment.specification import Experiment
from qvopt.optimizers.protocol import Answer, Energy, Fidelity, Gradient, Metric, Query
from qvopt.runs.approval import Approve
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError

from .validation_rounds import Series, answer_series, spread_over_rounds

FEWEST: Final = 20
"""Repeats below which spreads say nothing."""

SIGMAS: Final = 4.4
"""Standard errors that a statistic may lie off: two-sided probability 1.1e-5."""

_SAMPLED_DOF: Final = 30.0
"""Degrees of freedom from which a variance is that of the sample, and its prior of no weight."""


@dataclass(frozen=True)
class Check:
    """One statistic, the largest size that passes, and what it says."""

    name: str
    statistic: float
    limit: float
    meaning: str
    of_bias: bool = False
    """Whether it compares with noiseless values, which device noise moves."""

    @property
    def passed(self) -> bool:
        """Whether it is within its limit."""
        return abs(self.statistic) <= self.limit


def validate_backend(
    experiment: Experiment,
    *,
    repeats: int = 400,
    wrap: Callable[[Program], Program] = lambda program: program,
    folder: Path | None = None,
    jobs: SubmissionPolicy | None = None,
    approve: Approve | None = None,
) -> list[Check]:
    """Check energies, gradients, metrics and fidelities of a backend at a random point.

    On hardware everything of one kind is one round, and so one job where the device allows. Rounds
    are journaled: the same validation in the same folder goes on where it was cut off.

    Args:
        experiment: molecule, ansatz, backend and shots of one energy.
        repeats: energies that are measured; gradients and metrics take a twentieth as many.
        wrap: changes the compiled program before it is used, for tests of these checks.
        folder: see `answer_series`.
        jobs: what is to be done with jobs on hardware.
        approve: called before the first job on hardware, as by `run`.
    """
    if repeats < FEWEST:
        raise InputError(f"a validation needs at least {FEWEST} repeats, got {repeats}")
    assembly = assemble(experiment)
    program = wrap(assembly.program)
    evaluator = replace(assembly.evaluator, program=program)
    exact = exact_counterpart(experiment)
    rng = np.random.default_rng(np.random.SeedSequence(experiment.seed))
    x = rng.normal(0.0, 0.1, size=assembly.circuit.n_parameters)
    y = x + rng.normal(0.0, 0.3, size=len(x))
    shots, few = experiment.measurement.shots or 1000, max(8, repeats // 20)
    hardware = isinstance(program, DurableProgram)

    def series(name: str, stream: int, query: Query, times: int) -> Series:
        return Series(name, stream, spread_over_rounds(query, times, together=hardware))

    planned = [
        series("energies", 1, Energy(x), repeats),
        series("gradients", 2, Gradient(x), few),
        series("metrics", 4, Metric(x, "block-diagonal"), few),
        Series("fidelities", 3, [[Fidelity(x, y, 100 * shots), Fidelity(x, x, 10 * shots)]]),
    ]
    if not hardware:
        planned.append(Series("a repeated energy", 1, [[Energy(x)]]))
    answers = answer_series(
        assembly, evaluator, planned, repeats, folder=folder, jobs=jobs, approve=approve
    )
    checks = [
        *_energies(experiment, exact, x, answers["energies"], noiseless=program.exact),
        *_gradients(exact, x, answers["gradients"], noiseless=program.exact),
        *_metrics(exact, x, answers["metrics"], noiseless=program.exact),
        *_fidelities(exact, x, y, answers["fidelities"], 100 * shots),
    ]
    if not hardware:
        first, again = answers["energies"][0], answers["a repeated energy"][0]
        differs = float(again.value != first.value)
        checks.insert(5, Check("energy: same seed, same value", differs, 0.0,
                               "a repeated round differs"))  # fmt: skip
    return checks


def _energies(
    experiment: Experiment,
    exact: Assembly,
    x: FloatArray,
    answers: Sequence[Answer],
    *,
    noiseless: bool,
) -> list[Check]:
    truth, repeats = exact.evaluator.exact_energy(x), len(answers)
    asked = experiment.measurement.shots or 0
    values = np.array([a.value for a in answers])
    variances = np.array([a.variance for a in answers])
    spread = values.std(ddof=1)
    center = truth if noiseless else values.mean()
    inside = float(np.mean(np.abs(values - center) <= 1.96 * np.sqrt(variances)))
    commonest = float(np.unique(values, return_counts=True)[1].max()) / repeats
    kurtosis = float(np.mean((values - values.mean()) ** 4) / max(values.var() ** 2, 1e-300))
    ratio_error = sqrt(max(kurtosis - 1.0, 0.1) / repeats)
    return [
        Check("energy: bias", (values.mean() - truth) / max(spread / sqrt(repeats), 1e-15), SIGMAS,
              "standard errors off the exact energy", of_bias=True),
        Check("energy: reported variance", (variances.mean() / max(spread**2, 1e-300) - 1)
              / ratio_error, SIGMAS, "off the empirical variance, in its own errors"),
        Check("energy: 95 % intervals", (inside - 0.95) / sqrt(0.95 * 0.05 / repeats), SIGMAS,
              "off 95 % coverage, in binomial errors"),
        Check("energy: shots", float(max(abs(a.shots - asked) for a in answers)), 0.0,
              "shots spent less shots asked"),
        Check("energy: fresh noise", commonest, 0.5, "share of the commonest value"),
    ]  # fmt: skip


def _gradients(
    exact: Assembly, x: FloatArray, answers: Sequence[Answer], *, noiseless: bool
) -> list[Check]:
    truth, repeats = exact.program.gradient(x)[1], len(answers)
    values = np.array([a.value for a in answers])
    variances = np.array([a.variance for a in answers])
    varies = variances.mean(axis=0) > 0
    z = (values.mean(axis=0) - truth)[varies] / np.sqrt(variances.mean(axis=0)[varies] / repeats)
    n = max(int(varies.sum()), 1)
    # Σ z² of n components: mean n, variance about 2 n.
    center, freedom = (truth, 1.0) if noiseless else (values.mean(axis=0), 1 - 1 / repeats)
    pulls = ((values - center)[:, varies] ** 2 / variances.mean(axis=0)[varies]).mean() / freedom
    return [
        Check("gradient: bias", (float(z @ z) - n) / sqrt(2 * n), 2 * SIGMAS,
              "χ² of the mean gradient less its expectation, in its errors", of_bias=True),
        Check("gradient: reported variance", (float(pulls) - 1) / sqrt(2 / (n * repeats)),
              2 * SIGMAS, "squared deviations over reported variances, less 1, in errors"),
    ]  # fmt: skip


def _metrics(
    exact: Assembly, x: FloatArray, answers: Sequence[Answer], *, noiseless: bool
) -> list[Check]:
    truth, repeats = exact.program.metric(x, "block-diagonal"), len(answers)
    values = np.array([a.value for a in answers])
    variance = np.array([a.variance for a in answers]).mean(axis=0)
    measured = np.triu(variance > 1e-9)
    n = max(int(measured.sum()), 1)
    mean = np.square(values.mean(axis=0) - truth)[measured] / variance[measured] * repeats
    center, freedom = (truth, 1.0) if noiseless else (values.mean(axis=0), 1 - 1 / repeats)
    pulls = np.square(values - center) / (freedom * np.where(measured, variance, 1.0))
    # Where few rare outcomes were seen, the variance leans on its prior, and is rather too large.
    sampled = measured & (np.array([a.dof for a in answers]).min(axis=0) >= _SAMPLED_DOF)
    excess = _excess(pulls[:, sampled])
    too_small = max(_excess(pulls[:, measured & ~sampled]), 0.0)
    return [
        Check("metric: bias", (float(mean.sum()) - n) / sqrt(2 * n), 2 * SIGMAS,
              "χ² of the mean metric less its expectation, in its errors", of_bias=True),
        Check("metric: reported variance", max(excess, too_small, key=abs), 2 * SIGMAS,
              "squared deviations over reported variances, less 1, in errors"),
    ]  # fmt: skip


def _excess(pulls: FloatArray) -> float:
    """Mean of squared deviations over variances, shape (metrics, entries), less 1, in errors."""
    if not pulls.size:
        return 0.0
    each = pulls.mean(axis=1)  # the entries of a metric depend on each other
    error = max(float(each.std(ddof=1)), 1e-12) / sqrt(len(each))
    return (float(each.mean()) - 1) / max(error, 0.05)


def _fidelities(
    exact: Assembly, x: FloatArray, y: FloatArray, answers: Sequence[Answer], shots: int
) -> list[Check]:
    truth = float(exact.evaluator.answer([Fidelity(x, y)], 0)[0].value)
    different, same = answers
    error = sqrt(max(truth * (1 - truth), 1e-12) / shots)
    return [
        Check("fidelity: bias", (float(different.value) - truth) / error, SIGMAS,
              "binomial errors off the exact |⟨ψ(x)|ψ(y)⟩|²", of_bias=True),
        Check("fidelity: of a state with itself", float(same.value) - 1.0, 1e-12,
              "off 1", of_bias=True),
    ]  # fmt: skip
