"""`qvopt validate`: statistical checks of a backend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qvopt.experiment.specification import make_experiment

from .output import print_json, print_table


def validate_command(data: Mapping[str, Any], repeats: int, as_json: bool) -> int:
    """Print the checks; exit code 1 if one fails."""
    from qvopt.tasks.validation import validate_backend

    checks = validate_backend(make_experiment(data), repeats=repeats)
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
