"""How often the reported interval of a mitigated energy holds the truth: H2 on five snapshots.

    python examples/noise_study/coverage.py [--seeds 100] [--write]

Every energy is measured at the noiseless optimum of UCCSD with post-selection, and the reference
state or Clifford data regression, at equal shots in all. `--write` renews the table of
docs/mitigation.md.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from molecules_table import DEVICES, MOLECULES, NAMES, SHOTS, WAYS

from qvopt import make_experiment, run
from qvopt.engine.assembly import assemble
from qvopt.optimizers.protocol import Energy

SEEDS = 100
COMMAND = "python examples/noise_study/coverage.py --write"
HEAD = (
    "| molecule | device | correction | shots | bias (mHa) | reported σ | scatter | 95 % interval "
    "holds |\n|---|---|---|--:|--:|--:|--:|--:|\n"
)
SHOWN = {"best": "reference", "cdr": "regression"}


def row(molecule, device, way, optimum, shots, seeds):
    """One line of the table."""
    data = {
        **MOLECULES[molecule],
        "backend": f"aer:{device}",
        "shots": shots // 2,
        "measurement": {"postselect": True},
        "mitigation": WAYS[way],
    }
    evaluator = assemble(make_experiment(data)).evaluator
    answers = [evaluator.answer([Energy(optimum.x)], seed)[0] for seed in range(seeds)]
    errors = 1e3 * (np.array([a.value for a in answers]) - optimum.energy)
    sigma = 1e3 * np.sqrt([a.variance for a in answers])
    holds = int(np.sum(np.abs(errors) <= 1.96 * sigma))
    return (
        f"| {NAMES[molecule]} | {device.removeprefix('fake_')} | {SHOWN[way]} | {shots:,} | "
        f"{errors.mean():+.1f} ± {errors.std(ddof=1) / np.sqrt(seeds):.1f} | "
        f"{np.sqrt(np.mean(sigma**2)):.1f} | {errors.std(ddof=1):.1f} | {holds}/{seeds} |\n"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--write", action="store_true", help="renew the table of the documentation")
    arguments = parser.parse_args()
    table, optimum = HEAD, run("h2")
    for device in DEVICES:
        for shots in (SHOTS, 20 * SHOTS):
            for way in SHOWN:
                line = row("h2", device, way, optimum, shots, arguments.seeds)
                print(line, end="", flush=True)
                table += line
    if arguments.write:
        sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
        from published import renew

        renew("mitigation.md", "coverage", table, COMMAND)


if __name__ == "__main__":
    main()
