"""The search of hyper-parameters: equal effort for each optimizer, all of it charged."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from .frozen import FrozenProblem
from .planned_runs import Entrant, PlannedRun
from .spaces import trial_options
from .specification import ComparisonSpec
from .stored_outcome import StoredOutcome

_BEST: Final = 1e-6
_WORST: Final = 1e3

PROTOCOL: Final = (
    "Each tuned optimizer was tried with the same number of settings: its defaults, and settings "
    "drawn in strata from its ranges. Each setting was run with the same budget on every tuning "
    "problem and seed; none of these seeds is scored. The score is the mean of log10(final true "
    "error / Hartree-Fock's error), a run that diverged or crashed counting as 3; the lowest wins, "
    "the earlier one where two are equal."
)


def score(problem: FrozenProblem, outcome: StoredOutcome) -> float:
    """log10 of the share of Hartree-Fock's error that is left at the end: lower is better."""
    if outcome.final is None or outcome.status in ("crashed", "diverged"):
        return math.log10(_WORST)
    span = max(abs((problem.references.get("hf") or 0.0) - problem.reference), 1e-6)
    return math.log10(min(max((outcome.final - problem.reference) / span, _BEST), _WORST))


def choose(
    spec: ComparisonSpec,
    who: Sequence[Entrant],
    trials: Sequence[tuple[PlannedRun, StoredOutcome]],
) -> dict[str, dict[str, Any]]:
    """Return for each tuned optimizer what was tried, its scores, costs and the choice.

    An optimizer without all its trials done is left out.
    """
    chosen: dict[str, dict[str, Any]] = {}
    for entrant in who:
        if not entrant.spec.tuned:
            continue
        options = trial_options(entrant.spec, spec.tuning.trials)
        scores: list[list[float]] = [[] for _ in options]
        shots = seconds = 0.0
        for run, outcome in trials:
            if run.optimizer == entrant.label and run.trial is not None:
                scores[run.trial].append(score(run.problem, outcome))
                shots += sum(outcome.spent.values())
                seconds += outcome.seconds
        if not all(scores):
            continue
        means = [sum(s) / len(s) for s in scores]
        best = min(range(len(options)), key=lambda k: (means[k], k))
        chosen[entrant.label] = {
            "options": options[best],
            "trials": [
                {"options": o, "score": round(m, 4)} for o, m in zip(options, means, strict=True)
            ],
            "chosen": best,
            "shots": int(shots),
            "seconds": round(seconds, 3),
        }
    return chosen


def chosen_options(chosen: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The hyper-parameters of each tuned optimizer."""
    return {label: dict(entry["options"]) for label, entry in chosen.items()}
