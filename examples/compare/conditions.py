"""Runs conditions.toml and renews the table of docs/results.md on where the order holds.

    python examples/compare/conditions.py              # prints it: half an hour of one core
    python examples/compare/conditions.py --write      # and renews the page

A condition's order is that of the median final errors. It is compared with the order on the same
molecule under the usual conditions: by Kendall's τ, and by the pairs that differ significantly in
both and the other way round.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from qvopt import compare

HERE = Path(__file__).resolve().parent
sys.path += [str(HERE), str(HERE.parents[1] / "benchmarks")]

from orders import agreement, final, reversals, scores  # noqa: E402
from published import renew  # noqa: E402

COMMAND = "python examples/compare/conditions.py --write"
USUAL = ("LiH 3.2 Å 300,000 shots", "H4 1.5 Å 300,000 shots", "H2 1.2 Å")
HEADING = (
    "| condition | first | second | third | last | τ | reversed |\n|---|---|---|---|---|--:|---|\n"
)


def usual(problem: str) -> str:
    """The usual conditions for the molecule of a problem."""
    return next(name for name in USUAL if name.split()[0] == problem.split()[0])


def shown_error(error: float) -> str:
    """In mHa; of runs that could not take a step there is none."""
    return "(none)" if np.isinf(error) else f"{1e3 * error:.{3 if error >= 0.1 else 2}g}"


def table(outcomes) -> tuple[str, str]:
    """One row for each condition and, in words, what they come to."""
    names, by_problem = scores(outcomes, final)
    text, taus, reversed_pairs, firsts = HEADING, [], 0, []
    for problem, errors in by_problem.items():
        medians, base = np.median(errors, axis=0), by_problem[usual(problem)]
        order = np.argsort(medians)
        cells = [f"{names[k]} {shown_error(medians[k])}" for k in (*order[:3], order[-1])]
        tau, pairs = agreement(np.median(base, axis=0), medians), reversals(base, errors)
        shown = ", ".join(f"{names[b]} before {names[a]}" for a, b in pairs)
        if problem in USUAL:
            tau_text, shown = "", "(the usual)"
        else:
            tau_text = f"{tau:.2f}"
            taus.append(tau)
            reversed_pairs += len(pairs)
        firsts.append(names[order[0]])
        text += f"| {problem} | " + " | ".join(cells) + f" | {tau_text} | {shown} |\n"
    n = len(names) * (len(names) - 1) // 2
    best = max(set(firsts), key=firsts.count)
    words = (
        f"{len(outcomes)} runs, {len(next(iter(by_problem.values())))} seeds. `{best}` is first in "
        f"{firsts.count(best)} of {len(firsts)} conditions; the median of τ is "
        f"{np.median(taus):.2f}, the lowest {min(taus):.2f}; {reversed_pairs} of "
        f"{n * len(taus)} pairs are reversed."
    )
    return text, words


def main() -> None:
    """Run, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("comparisons/conditions"))
    parser.add_argument("--write", action="store_true", help="renew docs/results.md")
    arguments = parser.parse_args()
    text, words = table(compare(HERE / "conditions.toml", out=arguments.out).outcomes)
    print(text + "\n" + words)
    if arguments.write:
        renew("results.md", "conditions", f"{text}\n{words}\n", COMMAND)


if __name__ == "__main__":
    main()
