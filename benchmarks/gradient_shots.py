"""Shots of a gradient near the optimum and at Hartree-Fock: a table of docs/measurement.md.

All shifted energies of UCCSD's parameter-shift gradient, with exact variances of one shot. "fluid
against plain" is Σ Var over all components at equal shots, fluid basis rotations over plain ones,
both split in proportion to the coefficients. "best split" is how many shots fewer the split that
is best for these states takes, for an equally good gradient in fluid rotations:
1 - (Σ |c| sd)² / (Σ |c| Σ |c| sd²). `--write` puts the table into the page.
"""

import one_core  # noqa: F401, I001  first: sets the number of threads
import argparse

import numpy as np
from error_bars import optimum, points
from published import renew, this_command

from qvopt import make_experiment
from qvopt.backends.sector.sampling import deviations_in_states
from qvopt.engine.assembly import assemble
from qvopt.gradients.parameter_shift import expand_gradient

NAMES = {"lih": "LiH", "h2o": "H2O"}
PLANS = ("fluid-basis-rotation", "basis-rotation")


def one_shot_variances(molecule, x, grouping):
    """Coefficients |c| of the shifted energies of a gradient, and their variances at one shot."""
    data = {"molecule": molecule, "shots": 1000, "measurement": {"grouping": grouping}}
    assembly = assemble(make_experiment(data))
    expansion = expand_gradient(assembly.circuit, x)
    states = [assembly.program.state(point) for point in expansion.points]
    plan = assembly.evaluator.need_plan()
    sd = deviations_in_states(plan, assembly.molecular, states)
    weights = plan.weights if plan.shifted_weights is None else plan.shifted_weights
    return expansion.weights, np.sum(sd**2 / weights, axis=1)


def row(molecule, name, x):
    total = {}
    for grouping in PLANS:
        c, variance = one_shot_variances(molecule, x, grouping)
        total[grouping] = c.sum() * (c @ variance)
        if grouping == PLANS[0]:
            saved = 1.0 - (c @ np.sqrt(variance)) ** 2 / total[grouping]
    ratio = total[PLANS[1]] / total[PLANS[0]]
    return f"| {NAMES[molecule]} | {name} | {ratio:.1f} times less | {100 * saved:.0f} % fewer |\n"


def states(molecule):
    """Hartree-Fock and the points of `error_bars.py`."""
    x = optimum({"molecule": molecule})
    yield "Hartree–Fock", np.zeros_like(x)
    yield from points(x)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="renew docs/measurement.md")
    arguments = parser.parse_args()
    table = "| molecule | at | variance, fluid against plain rotations | shots, best split |\n"
    table += "|---|---|---:|---:|\n"
    print(table, end="")
    for molecule in NAMES:
        for name, x in states(molecule):
            line = row(molecule, name, x)
            print(line, end="", flush=True)
            table += line
    if arguments.write:
        renew("measurement.md", "gradient-shots", table, this_command())


if __name__ == "__main__":
    main()
