"""Shot-frugal optimizers (arXiv:1909.09083, 2004.06252, 2108.10434) beside Adam and SPSA.

Runs `frugal.toml` and prints the median of the true error at the end of every optimizer, the
expected shots to 1.6 mHa and the mean rank over both molecules, best first. What has run in the
folder is not run again. A minute.

    python examples/papers/frugal.py [--out frugal]
    python examples/papers/frugal.py --write    # the table of docs/papers.md
"""

import argparse
from pathlib import Path

from pages import renew, this_command

from qvopt import compare

FILE = Path(__file__).resolve().with_suffix(".toml")
CHEMICAL_ACCURACY = 1.6e-3
NAMES = {
    "icans": "iCANS", "gcans": "gCANS", "rosalin": "Rosalin", "adam": "Adam",
    "gradient-descent": "gradient descent", "spsa": "SPSA",
}  # fmt: skip


def table(summary) -> str:
    """The optimizers by mean rank."""
    errors = {(row.problem, row.optimizer): 1e3 * row.error for row in summary.at_end}
    shots = {
        row.optimizer: row.ert
        for row in summary.at_targets
        if (row.problem, row.target) == ("h2", CHEMICAL_ACCURACY)
    }
    lines = [
        "| optimizer | H2: median error, mHa | shots to 1.6 mHa | LiH: median error, mHa "
        "| mean rank | 95 % | group |",
        "|---|--:|--:|--:|--:|---|---|",
    ]
    for rank in summary.ranking:
        name = rank.optimizer
        reached = f"{shots[name]:,.0f}" if shots[name] < float("inf") else "–"
        low, high = rank.interval.low, rank.interval.high
        lines.append(
            f"| {NAMES[name]} | {errors['h2', name]:.2g} | {reached} | {errors['lih', name]:.3g} "
            f"| {rank.mean:.2f} | {low:.2f}–{high:.2f} | {rank.letters} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("frugal"))
    parser.add_argument("--write", action="store_true", help="renew docs/papers.md")
    arguments = parser.parse_args()
    made = table(compare(FILE, out=arguments.out).summary)
    print(made)
    if arguments.write:
        renew("papers.md", "frugal", made, this_command())


if __name__ == "__main__":
    main()
