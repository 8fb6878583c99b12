"""Runs parts.toml and renews the table of docs/kalman-newton.md on where the gain comes from.

    python examples/compare/parts.py              # prints it: a quarter of an hour of one core
    python examples/compare/parts.py --write      # and renews the page

Cells are medians over seeds: thousands of shots after which the true error stays below 1.6 mHa, and
the final error in mHa.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

import numpy as np

from qvopt import compare

HERE = Path(__file__).resolve().parent
sys.path += [str(HERE), str(HERE.parents[1] / "benchmarks")]

from orders import final, scores  # noqa: E402
from published import renew  # noqa: E402
from scores import shots_to_stay  # noqa: E402

COMMAND = "python examples/compare/parts.py --write"
TARGET = 1.6e-3


def short(name: str) -> str:
    """The molecule."""
    return re.sub(r" uccsd.*", "", name)


def table(outcomes) -> str:
    """One row for each optimizer, one column for each instance."""
    names, stayed = scores(outcomes, lambda o: shots_to_stay(o.shots, o.error, TARGET))
    _, finals = scores(outcomes, lambda o: 1e3 * final(o))
    text = "| optimizer | " + " | ".join(map(short, stayed)) + " |\n|---|" + "---:|" * len(stayed)
    text += "\n"
    for k, name in enumerate(names):
        cells = []
        for problem in stayed:
            shots = float(np.median(stayed[problem][:, k]))
            shown = f"{shots / 1e3:,.0f}" if np.isfinite(shots) else "–"
            cells.append(f"{shown}; {np.median(finals[problem][:, k]):.2g}")
        text += f"| {name} | " + " | ".join(cells) + " |\n"
    seeds = len({outcome.seed for outcome in outcomes})
    return f"{text}\n{len(outcomes)} runs, {seeds} seeds.\n"


def main() -> None:
    """Run, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("comparisons/parts"))
    parser.add_argument("--write", action="store_true", help="renew docs/kalman-newton.md")
    arguments = parser.parse_args()
    text = table(compare(HERE / "parts.toml", out=arguments.out).outcomes)
    print(text)
    if arguments.write:
        renew("kalman-newton.md", "parts", text, COMMAND)


if __name__ == "__main__":
    main()
