"""Runs noisy_devices.toml and renews the table of docs/results.md on optimizers for devices.

    python examples/compare/noisy_devices.py              # prints it: minutes of one core
    python examples/compare/noisy_devices.py --write      # and renews the page

All runs of an optimizer with one budget are taken together: devices times seeds. Errors are true
ones, of the parameters that a run returned.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

from qvopt import compare

HERE = Path(__file__).resolve().parent
sys.path += [str(HERE), str(HERE.parents[1] / "benchmarks")]

from orders import final  # noqa: E402
from published import renew  # noqa: E402

COMMAND = "python examples/compare/noisy_devices.py --write"
TARGETS = (1.6, 5.0)
HEADING = (
    "| budget of a run | optimizer | median error (mHa) | worst | within 1.6 | within 5 | steps | "
    "shots |\n|---|---|--:|--:|--:|--:|--:|--:|\n"
)


def budget_of(problem: str) -> str:
    """The budget in a problem's label."""
    found = re.search(r"([\d.,]+) (jobs|QPU seconds)$", problem)
    assert found is not None
    return f"{float(found[1].replace(',', '')):g} {found[2]}"


def table(outcomes) -> str:
    """One row for each budget and optimizer, best first."""
    runs = defaultdict(list)
    for outcome in outcomes:
        runs[budget_of(outcome.problem), outcome.optimizer].append(outcome)
    rows = []
    for (budget, optimizer), members in runs.items():
        errors = np.array([1e3 * final(member) for member in members])
        rows.append(
            (
                budget,
                float(np.median(errors)),
                f"| {budget} | {optimizer} | {np.median(errors):.3g} | {errors.max():.3g} | "
                + " | ".join(f"{int(np.sum(errors <= t))}/{len(errors)}" for t in TARGETS)
                + f" | {np.median([len(m.shots) - 1 for m in members]):.0f} | "
                f"{np.median([sum(m.spent.values()) for m in members]):,.0f} |",
            )
        )
    order = {name: k for k, name in enumerate(dict.fromkeys(row[0] for row in rows))}
    rows.sort(key=lambda row: (order[row[0]], row[1]))
    return HEADING + "\n".join(row[2] for row in rows) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("comparisons") / "noisy-devices")
    parser.add_argument("--write", action="store_true", help="renew docs/results.md")
    arguments = parser.parse_args()
    result = compare(HERE / "noisy_devices.toml", out=arguments.out)
    shown = table(result.outcomes)
    print(shown)
    if arguments.write:
        renew("results.md", "noisy-devices", shown, COMMAND)


if __name__ == "__main__":
    main()
