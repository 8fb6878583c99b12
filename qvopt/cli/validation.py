"""`qvopt validate`: statistical checks of a backend."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qvopt.backends.cost import Cost
from qvopt.backends.protocol import DurableProgram, SubmissionPolicy
from qvopt.experiment.specification import Experiment, make_experiment
from qvopt.tasks.validation_rounds import stored_validation
from qvopt_molecules.errors import InputError

from .output import print_json, print_table
from .spending import ask, cost_line, status_printer


def validate_command(
    data: Mapping[str, Any], repeats: int, out: Path | None, as_json: bool, yes: bool
) -> int:
    """Print the checks; exit code 1 if one fails."""
    return _validate(make_experiment(data), repeats, out, as_json, yes)


def resume_validation(path: Path, as_json: bool, yes: bool, resubmit: bool) -> int:
    """Go on with the validation in a folder."""
    stored = stored_validation(path)
    if stored is None:
        raise InputError(f"{path} holds no validation")
    experiment = stored.folder.experiment()
    return _validate(experiment, stored.repeats, path, as_json, yes, resubmit)


def _validate(
    experiment: Experiment,
    repeats: int,
    out: Path | None,
    as_json: bool,
    yes: bool,
    resubmit: bool = False,
) -> int:
    from qvopt.tasks.validation import validate_backend

    def approve(program: DurableProgram, cost: Cost) -> None:
        pricing = program.pricing
        if pricing.free:
            return
        print(cost_line(pricing, cost), file=sys.stderr, flush=True)
        if not yes and not experiment.budget.model_dump(exclude_none=True):
            ask("submit them?")

    jobs = SubmissionPolicy(resubmit=resubmit, on_progress=status_printer(quiet=False))
    checks = validate_backend(experiment, repeats=repeats, folder=out, jobs=jobs, approve=approve)
    rows = [
        {
            "check": c.name,
            "statistic": round(float(c.statistic), 3),
            "limit": c.limit,
            "result": "ok" if c.passed else "FAILED",
            "meaning": c.meaning,
        }
        for c in checks
    ]
    if as_json:
        print_json(rows)
    else:
        print_table(rows)
    return 0 if all(c.passed for c in checks) else 1
