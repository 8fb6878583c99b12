"""Variance × shots of every grouping: tables of docs/measurement.md and docs/benchmarks.md.

Of one energy in the full CI state in Hartree², each grouping at the allocation that is best there,
(Σ_g sd_g)², with the number of circuits. `--write` puts the tables into the pages.
"""

import one_core  # noqa: F401, I001  first: sets the number of threads
import argparse
from functools import lru_cache

from published import renew, this_command
from qvopt import make_experiment
from qvopt.tasks.shots_needed import measurement_table

NAMES = {"h2": "H2", "heh+": "HeH+", "h3+": "H3+", "h4-chain": "H4 chain", "lih": "LiH",
         "beh2": "BeH2", "h2o": "H2O", "nh3": "NH3"}  # fmt: skip
ALL = ("h2", "heh+", "h3+", "h4-chain", "lih", "beh2", "h2o", "nh3")
SHORT = ("h2", "lih", "beh2", "h2o", "nh3")
COLUMNS = {"qubit-wise": "qubit-wise", "fully-commuting": "fully commuting",
           "basis-rotation": "basis rotations",
           "fluid-basis-rotation": "fluid basis rotations (default)"}  # fmt: skip
BEST = "fluid-basis-rotation"
PUBLISHED_GAIN = (
    '"more than an order of magnitude" fewer measurements '
    "([arXiv:2208.14490](https://arxiv.org/abs/2208.14490), abstract; several molecules)"
)


def cells(molecule):
    """Return "variance (circuits)" of every grouping, worst kind first."""
    return {
        r.grouping: f"{number(r.variance)}{f' ({r.groups})' if r.groups else ''}"
        for r in in_full_ci(molecule)
    }


@lru_cache
def in_full_ci(molecule):
    table = measurement_table(make_experiment({"molecule": molecule}))
    return [r for r in table if r.state == "fci"]


def number(value):
    return f"{value:,.0f}" if value >= 99.5 else f"{value:.3g}"


def long_table(by_molecule):
    lines = ["| grouping | " + " | ".join(NAMES[m] for m in ALL) + " |"]
    lines.append("|---|" + "---|" * len(ALL))
    for grouping in by_molecule["h2"]:
        row = [grouping, *(by_molecule[m].get(grouping, "") for m in ALL)]
        row = [f"**{cell}**" for cell in row] if grouping == BEST else row
        lines.append("| " + " | ".join(row) + " |")
    return "\n".join(lines) + "\n"


def short_table(by_molecule):
    lines = ["| molecule | " + " | ".join(COLUMNS.values()) + " |"]
    lines.append("|---|" + "---|" * len(COLUMNS))
    for molecule in SHORT:
        row = [NAMES[molecule], *(by_molecule[molecule][grouping] for grouping in COLUMNS)]
        lines.append("| " + " | ".join(row) + " |")
    return "\n".join(lines) + "\n"


def gain(molecule):
    """How many times fewer shots fluid rotations take than plain ones, each at its best."""
    variance = {r.grouping: r.variance for r in in_full_ci(molecule)}
    return variance["basis-rotation"] / variance[BEST]


def gain_table():
    words = ", ".join(f"{NAMES[m]} {gain(m):.3g}" for m in SHORT if m != "h2")
    return (
        "| | published | here |\n|---|---|---|\n"
        "| moving one-electron parts between fragments, against plain fragments | "
        f"{PUBLISHED_GAIN} | {words} times fewer |\n"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the tables into the pages")
    arguments = parser.parse_args()
    by_molecule = {}
    for molecule in ALL:
        by_molecule[molecule] = cells(molecule)
        print(NAMES[molecule], by_molecule[molecule], flush=True)
    tables = {
        ("measurement.md", "groupings"): long_table(by_molecule),
        ("measurement.md", "fluid-gain"): gain_table(),
        ("benchmarks.md", "groupings"): short_table(by_molecule),
    }
    for (page, name), table in tables.items():
        print(table)
        if arguments.write:
            renew(page, name, table, this_command())


if __name__ == "__main__":
    main()
