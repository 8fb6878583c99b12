"""Circuits and variance of a measured metric, by rule: a table of docs/measurement.md.

UCCSD of a molecule. √(Σ Var g × shots) is of all entries of the block-diagonal metric, with the
shots of all its circuits together: at the optimum, and 0.1 and 0.5 radians a parameter off it, the
points of `error_bars.py`. `--write` puts the table of H2O into the page.
"""

import one_core  # noqa: F401, I001  first: sets the number of threads
import argparse
from typing import get_args

import numpy as np
from error_bars import optimum, points
from published import renew, this_command

from qvopt import make_experiment
from qvopt.engine.assembly import assemble
from qvopt.gradients.metric_rules import MetricRule, measured_metric
from qvopt.optimizers.protocol import Metric

KINDS = ("diagonal", "block-diagonal", "full")
SHOTS, REPEATS = 1000, 3


def circuits(assembly, x, rule):
    """Circuits of a metric of each kind."""
    expanded = [measured_metric(rule, assembly.circuit, x, kind) for kind in KINDS]
    return [len(e.pairs) + len(e.readings) + len(e.overlaps) for e in expanded]


def root_variance(molecule, x, rule, count):
    """√(Σ Var g × shots) of the block-diagonal metric, by the variances that it reports."""
    data = {"molecule": molecule, "shots": SHOTS, "measurement": {"metric": rule}}
    evaluator = assemble(make_experiment(data)).evaluator
    answers = evaluator.answer([Metric(x, "block-diagonal")] * REPEATS, 1)
    return np.sqrt(np.mean([a.variance.sum() for a in answers]) * SHOTS * count)


def table(molecule):
    lines = [
        "| rule | " + " | ".join(f"circuits, {kind}" for kind in KINDS)
        + " | √(Σ Var g × shots): minimum | near | far |",
        "|---|" + 6 * "---:|",
    ]  # fmt: skip
    assembly = assemble(make_experiment({"molecule": molecule}))
    x = optimum({"molecule": molecule})
    for rule in get_args(MetricRule):
        counts = circuits(assembly, x, rule)
        roots = [root_variance(molecule, at, rule, counts[1]) for _, at in points(x)]
        cells = [*(f"{n:,}" for n in counts), *(f"{root:.3g}" for root in roots)]
        lines.append(f"| `{rule}` | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--molecule", default="h2o")
    parser.add_argument("--write", action="store_true", help="renew docs/measurement.md")
    arguments = parser.parse_args()
    made = table(arguments.molecule)
    print(made)
    if arguments.write:
        renew("measurement.md", "metric-rules", made, this_command())


if __name__ == "__main__":
    main()
