"""`qvopt validate`: statistical checks of a backend."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from qvopt.backends.protocol import SubmissionPolicy
from qvopt.engine.assembly import assemble
from qvopt.experiment.specification import Experiment, make_experiment
from qvopt.tasks.validation import Check, validate_backend
from qvopt.tasks.validation_rounds import stored_validation
from qvopt_molecules.errors import InputError

from .output import print_json, print_table
from .spending import status_printer, terminal
from .tables import print_text

FAILED: Final = "FAILED"
BIAS: Final = "bias"
_NOISELESS: Final = (
    "Tested against exact values: means, reported variances, coverage of 95 % intervals, shots "
    "spent, and that noise is fresh in each round."
)
_NOISY: Final = (
    "This backend offers no noiseless values, as devices and noise models do not.{biased} Tested "
    "about its own means: reported variances, coverage of 95 % intervals, shots spent, and that "
    "noise is fresh in each round."
)
_BIASED: Final = (
    " Rows that say bias compare its means with noiseless values: device noise moves them, and so "
    "would a fault of the backend; an error mitigation brings them back."
)


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
    experiment = stored.folder.begun_experiment()
    return _validate(experiment, stored.repeats, path, as_json, yes, resubmit)


def _validate(
    experiment: Experiment,
    repeats: int,
    out: Path | None,
    as_json: bool,
    yes: bool,
    resubmit: bool = False,
) -> int:
    approve = terminal(yes=yes, quiet=True, question="submit them?")
    jobs = SubmissionPolicy(resubmit=resubmit, on_progress=status_printer(quiet=False))
    checks = validate_backend(experiment, repeats=repeats, folder=out, jobs=jobs, approve=approve)
    noiseless = assemble(experiment).program.exact
    rows = [
        {
            "check": c.name,
            "statistic": round(float(c.statistic), 3),
            "limit": c.limit,
            "result": _verdict(c, noiseless),
            "meaning": c.meaning,
        }
        for c in checks
    ]
    if as_json:
        print_json(rows)
    else:
        print_table(rows)
        biased = any(row["result"] == BIAS for row in rows)
        print_text(_NOISY.format(biased=_BIASED if biased else "") if not noiseless else _NOISELESS)
    return 1 if any(row["result"] == FAILED for row in rows) else 0


def _verdict(check: Check, noiseless: bool) -> str:
    if check.passed:
        return "ok"
    return BIAS if check.of_bias and not noiseless else FAILED
