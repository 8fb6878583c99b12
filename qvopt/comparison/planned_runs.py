"""The runs of a comparison: each a run, with a name made of the content of its description."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from qvopt.experiment.specification import Experiment, make_experiment
from qvopt.optimizers.registry import describe, get_optimizer
from qvopt_molecules.errors import InputError

from .budgets import RunBudget
from .frozen import FrozenProblem
from .labels import checked_label
from .spaces import SHOTS, trial_options
from .specification import TUNING_SEEDS, ComparisonSpec, EntrantSpec


@dataclass(frozen=True)
class PlannedRun:
    """One run to do, or done.

    Attributes:
        problem: what it runs on.
        optimizer: label of the optimizer.
        experiment: what runs, in full.
        trial: number of the trial that it belongs to; None for a scored run.
    """

    problem: FrozenProblem
    optimizer: str
    experiment: Experiment
    trial: int | None = None

    @property
    def name(self) -> str:
        """The run folder's name: equal for equal experiments on equal integrals."""
        text = f"{self.experiment.content_hash()} {self.problem.integrals}"
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    @property
    def path(self) -> str:
        """The run folder below the comparison's: no directory holds thousands."""
        name = self.name
        return f"runs/{name[:2]}/{name[2:]}"

    @property
    def budget(self) -> RunBudget:
        """What it may spend."""
        caps = self.experiment.budget.model_dump(include=set(RunBudget.model_fields))
        return RunBudget(**caps)

    @property
    def gradients(self) -> float | None:
        """How many gradients its budget pays; None if shots and circuits are not capped."""
        shots = self.experiment.measurement.shots or 1
        energies = self.budget.energies(shots, self.problem.sizes["groups"])
        paid = energies / max(self.problem.sizes["gradient_energies"], 1)
        return paid if math.isfinite(paid) else None

    def task(self) -> dict[str, Any]:
        """What a worker needs, as plain data."""
        return {
            "run": self.path,
            "experiment": self.experiment.document(),
            "integrals": self.problem.integrals,
            "references": dict(self.problem.references),
            "exact": self.problem.exact,
        }


@dataclass(frozen=True)
class Entrant:
    """An optimizer with its label, its hyper-parameters and its shots on each problem."""

    label: str
    spec: EntrantSpec
    policy: int | None = None

    def shots_on(self, problem: FrozenProblem, spec: ComparisonSpec) -> int | None:
        """Shots of one energy; None where this policy is none of the problem's."""
        shots = self.spec.shots or problem.shots or spec.shots
        if self.policy is None:
            return shots[0] if len(shots) == 1 else None
        return self.policy if self.policy in shots and len(shots) > 1 else None


def entrants(spec: ComparisonSpec, problems: Sequence[FrozenProblem]) -> list[Entrant]:
    """Return who takes part, each policy of shots on its own, with unique labels.

    Raises InputError for an unknown optimizer or hyper-parameter, and for two equal labels.
    """
    entrants: list[Entrant] = []
    names = [entrant.name for entrant in spec.optimizers]
    for entrant in spec.optimizers:
        get_optimizer(entrant.name, **entrant.options)
        if entrant.tuned:
            trial_options(entrant, spec.tuning.trials)
        label = checked_label(entrant.label or entrant.name)
        if entrant.label is None and names.count(entrant.name) > 1:
            words = [f"{k}={v}" for k, v in entrant.options.items()]
            label = " ".join([label, *words, *(["tuned"] if entrant.tuned else [])])
        policies: set[int | None] = set()
        for problem in problems:
            shots = entrant.shots or problem.shots or spec.shots
            policies |= {None} if len(shots) == 1 else set(shots)
        for policy in sorted(policies, key=lambda p: p or 0):
            name = label if policy is None else f"{label} @{policy}"
            if any(other.label == name for other in entrants):
                raise InputError(f"two optimizers are called '{name}'; give one a label")
            entrants.append(Entrant(name, entrant, policy))
    return entrants


def scored_runs(
    spec: ComparisonSpec,
    problems: Sequence[FrozenProblem],
    who: Sequence[Entrant],
    chosen: dict[str, dict[str, Any]],
) -> Iterator[PlannedRun]:
    """Every scored run, seed by seed; `chosen` are the hyper-parameters of tuned optimizers."""
    seeds = range(spec.first_seed, spec.first_seed + spec.seeds)
    for problem in problems:
        budget = problem.run_budget
        bases = []
        for entrant in who:
            shots = entrant.shots_on(problem, spec)
            if shots is not None:
                options = chosen.get(entrant.label, entrant.spec.options)
                bases.append((entrant, _experiment(spec, problem, entrant, options, shots, budget)))
        for seed in seeds:
            for entrant, base in bases:
                yield PlannedRun(problem, entrant.label, base.model_copy(update={"seed": seed}))


def trial_runs(
    spec: ComparisonSpec, problems: Sequence[FrozenProblem], who: Sequence[Entrant]
) -> Iterator[PlannedRun]:
    """Every run of the search of hyper-parameters."""
    for problem in problems:
        budget = spec.tuning.budget[0] if spec.tuning.budget else problem.run_budget
        for entrant in who:
            shots = tuning_shots(spec, problem, entrant)
            if not entrant.spec.tuned or shots is None:
                continue
            for trial, options in enumerate(trial_options(entrant.spec, spec.tuning.trials)):
                base = _experiment(spec, problem, entrant, options, shots, budget)
                for k in range(spec.tuning.seeds):
                    seed = base.model_copy(update={"seed": TUNING_SEEDS + k})
                    yield PlannedRun(problem, entrant.label, seed, trial)


def check_budget(problem: FrozenProblem, entrant: Entrant, shots: int, budget: RunBudget) -> None:
    """Raise InputError if a budget does not pay one step and the final energies."""
    energies = 3 + step_energies(problem, entrant.spec.name)
    groups = problem.sizes["groups"]
    if shots < groups:
        raise InputError(
            f"problem {problem.label}: {shots} shots are too few for its {groups} measurement "
            f"groups; give {entrant.label} more for an energy"
        )
    if budget.energies(shots, groups) < energies:
        raise InputError(
            f"problem {problem.label}: a budget of {budget.text()} does not pay one step of "
            f"{entrant.label} and the final energies, {energies * shots:,} shots and "
            f"{energies * groups:,} circuits; give more, or fewer shots for an energy"
        )


def step_energies(problem: FrozenProblem, optimizer: str) -> int:
    """Energies that one round of an optimizer takes: those of a gradient, or one."""
    gradients = "gradients" in describe(optimizer).needs
    return problem.sizes["gradient_energies"] if gradients else 1


def tuning_shots(spec: ComparisonSpec, problem: FrozenProblem, entrant: Entrant) -> int | None:
    """Shots of one energy in a trial: the policy's own where an optimizer has several."""
    if entrant.policy is not None:
        return entrant.policy
    shots = entrant.shots_on(problem, spec)
    return spec.tuning.shots or shots or (problem.shots or spec.shots)[0]


def _experiment(
    spec: ComparisonSpec,
    problem: FrozenProblem,
    entrant: Entrant,
    options: dict[str, Any],
    shots: int,
    budget: RunBudget,
) -> Experiment:
    shots = options.get(SHOTS, shots)
    check_budget(problem, entrant, shots, budget)
    options = {key: value for key, value in options.items() if key != SHOTS}
    if options.get("schedule", "constant") != "constant" and "schedule_steps" not in options:
        options["schedule_steps"] = _paid_steps(problem, entrant, shots, budget)
    return make_experiment(
        {
            **problem.base,
            "measurement": {**problem.base["measurement"], "shots": shots},
            "optimizer": {"name": entrant.spec.name, **options},
            "max_steps": spec.max_steps,
            "monitor": "exact" if problem.exact else "none",
            "budget": budget.caps(),
        },
        recorded=True,
    )


def _paid_steps(problem: FrozenProblem, entrant: Entrant, shots: int, budget: RunBudget) -> int:
    """Steps that a budget pays: what a schedule of the learning rate is shaped to."""
    energies = budget.energies(shots, problem.sizes["groups"])
    paid = energies / step_energies(problem, entrant.spec.name)
    return max(1, int(paid)) if math.isfinite(paid) else 300
