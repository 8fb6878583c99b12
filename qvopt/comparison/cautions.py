"""What is worth knowing before a comparison begins: targets and budgets that decide nothing."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from qvopt.optimizers.registry import describe
from qvopt.runs.wording import thousandth

from .frozen import FrozenProblem
from .labels import listed, start_within
from .planned_runs import Entrant, step_energies
from .specification import ComparisonSpec

FEW_FIRST_STEPS: Final = 5
"""A budget that pays fewer steps shows little of an optimizer."""


def cautions(
    spec: ComparisonSpec, problems: Sequence[FrozenProblem], entrants: Sequence[Entrant]
) -> list[str]:
    """Return a sentence for each thing that makes a comparison say less than it seems to.

    A start that meets a target already, where the start is known; budgets that pay fewer than
    `FEW_FIRST_STEPS` steps of an optimizer.
    """
    return [*_met_targets(spec, problems), *_few_steps(spec, problems, entrants)]


def _met_targets(spec: ComparisonSpec, problems: Sequence[FrozenProblem]) -> list[str]:
    met: dict[tuple[float, ...], list[FrozenProblem]] = defaultdict(list)
    for problem in problems:
        error = problem.start_error
        targets = tuple(1e-3 * t for t in dict.fromkeys(spec.targets))
        within = tuple(t for t in targets if error is not None and error <= t)
        if within:
            met[within].append(problem)
    return [
        start_within([p.label for p in where], targets, thousandth(p.unit for p in where))
        for targets, where in met.items()
    ]


def _few_steps(
    spec: ComparisonSpec, problems: Sequence[FrozenProblem], entrants: Sequence[Entrant]
) -> list[str]:
    sentences = []
    for problem in problems:
        paid: dict[float, list[str]] = defaultdict(list)
        for entrant in entrants:
            shots = entrant.shots_on(problem, spec)
            if shots is None:
                continue
            energies = problem.run_budget.energies(shots, problem.sizes["groups"])
            steps = energies / first_step_energies(problem, entrant.spec.name)
            steps = min(steps, problem.run_budget.rounds)
            if steps < FEW_FIRST_STEPS:
                paid[float(f"{steps:.2g}")].append(entrant.label)
        for steps, names in sorted(paid.items()):
            sentences.append(
                f"{problem.label}: a budget of {problem.run_budget.text()} pays about {steps:g} "
                f"step{'' if steps == 1 else 's'} of {listed(names)}: too few to learn much of "
                f"{'them' if len(names) > 1 else 'it'}."
            )
    return sentences


def first_step_energies(problem: FrozenProblem, optimizer: str) -> float:
    """Return about how many energies a first step takes, by the cost that the optimizer states.

    A metric, a calibration and shots by component are not counted, so it may take more, and
    optimizers that choose their shots may later take fewer.
    """
    n = problem.sizes["parameters"]
    cost = describe(optimizer).cost
    if "2R" in cost:  # a gradient, or as many energies: 2R for each parameter
        return float(problem.sizes["gradient_energies"])
    if "ln n" in cost:
        return 4 + 3 * math.log(n)
    if cost.isdecimal():
        return float(cost)
    return float(n) if cost.startswith("n ") else float(step_energies(problem, optimizer))
