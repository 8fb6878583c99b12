"""References of several determinants beside one, where bonds are stretched.

    python examples/noise_study/several_determinants.py [--write]

Energies at the noiseless optimum of UCCSD, on Aer with 0.1 % depolarising error of each two-qubit
gate, from so many shots that their error is below 0.1 mHa (counts are drawn from the exact
distribution). The weight is that of the Hartree-Fock determinant in the state. `--write` renews
the table of docs/mitigation.md.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

from qvopt import make_experiment, run
from qvopt.backends.batch import Point
from qvopt.backends.catalogue import get_backend
from qvopt.engine.assembly import assemble
from qvopt.optimizers.protocol import Energy

COMMAND = "python examples/noise_study/several_determinants.py --write"
SHOTS = 400_000_000
NOISE = {"name": "aer", "noise": {"two_qubit": 0.001}}
BONDS = (1.0, 1.5, 2.0)
KEPT = (0, 1, 2, 4)
HEADING = (
    "| bonds of H4 (Å) | weight of the determinant | raw (mHa) | one determinant | "
    + " | ".join(f"{k} parameters" for k in KEPT[1:])
    + " |\n|--:|--:|--:|--:|"
    + "--:|" * (len(KEPT) - 1)
    + "\n"
)


def weight(experiment, x):
    """|⟨Hartree-Fock|state⟩|²."""
    program = get_backend("statevector").compile(assemble(experiment).program.problem)
    reference, state = program.states([Point(np.zeros(len(x))), Point(x)])
    return float(abs(np.vdot(reference, state)) ** 2)


def row(bond):
    """One bond length: raw, and with each reference."""
    molecule = {"molecule": {"name": "h4-chain", "set": {"bond": bond}}}
    optimum = run(make_experiment(molecule))
    noisy = {**molecule, "backend": NOISE, "shots": SHOTS, "measurement": {"allocation": "uniform"}}
    errors = []
    for mitigation in ({}, *({"reference": {"parameters": k}} for k in KEPT)):
        evaluator = assemble(make_experiment({**noisy, "mitigation": mitigation})).evaluator
        (energy,) = evaluator.answer([Energy(optimum.x)], 0)
        errors.append(1e3 * (energy.value - optimum.energy))
    cells = [f"{bond:g}", f"{weight(make_experiment(molecule), optimum.x):.2f}"]
    return "| " + " | ".join(cells + [f"{e:+.1f}" for e in errors]) + " |\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="renew the table of the page")
    arguments = parser.parse_args()
    table = HEADING
    for bond in BONDS:
        table += row(bond)
        print(table.splitlines()[-1], flush=True)
    if arguments.write:
        sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
        from published import renew

        renew("mitigation.md", "several-determinants", table, COMMAND)


if __name__ == "__main__":
    main()
