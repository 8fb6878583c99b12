"""How the default hyper-parameters were chosen: a grid search under shot noise.

    python benchmarks/tuning.py                     # the search, and the check on other molecules
    python benchmarks/tuning.py --only adam lion    # some optimizers
    python benchmarks/tuning.py --seeds 1 --workers 2

Each candidate gets the same budget of shots on each molecule, everything charged. Its score is
the mean over molecules and seeds of log10(error / correlation energy), error being the noiseless
energy of the last iterate above full CI; 0 is Hartree-Fock, -1 is 90 % of the correlation energy.
The best candidate is chosen; where several are within 0.1 of it, the first, and grids begin with
the smallest steps. It is then run on molecules that took no part, beside the candidate that is best
there: the regret is how much it loses, in powers of ten. docs/benchmarks.md names the defaults that
are others. (bobyqa is left out: with tens of parameters one of its runs takes half an hour.)
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from published import printed

TRAINING = {  # molecule: (shots of an energy, gradients that the budget is worth)
    "h2": (2000, 100),
    "h4-chain": (4000, 100),
    "lih": (4000, 40),
}
HELD_OUT = {"h3+": (2000, 100), "h4-square": (4000, 100), "beh2": (8000, 12)}
SETTINGS = {"h2": 12, "h4-chain": 104, "lih": 368, "h3+": 32, "h4-square": 104, "beh2": 816}

RATES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05)
GRIDS: dict[str, dict[str, tuple]] = {
    "gradient-descent": {"learning_rate": (0.01, 0.02, 0.05, 0.1, 0.2)},
    "momentum": {"learning_rate": (0.001, 0.003, 0.006, 0.012, 0.025)},
    "nesterov": {"learning_rate": (0.001, 0.003, 0.006, 0.012, 0.025)},
    "adagrad": {"learning_rate": (0.005, 0.01, 0.02, 0.05, 0.1)},
    "rmsprop": {"learning_rate": RATES[:5]},
    "adadelta": {"epsilon": (1e-6, 1e-5), "learning_rate": (0.3, 1.0, 3.0, 10.0)},
    "adam": {"learning_rate": RATES},
    "amsgrad": {"learning_rate": RATES},
    "adamax": {"learning_rate": RATES},
    "nadam": {"learning_rate": RATES},
    "adamw": {"learning_rate": RATES},
    "adabelief": {"learning_rate": (0.0005, 0.001, 0.002, 0.005, 0.01)},
    "yogi": {"learning_rate": RATES},
    "lion": {"learning_rate": (0.0005, 0.001, 0.002, 0.003, 0.005, 0.01)},
    "adafactor": {"learning_rate": (0.001, 0.003, 0.006, 0.012)},
    "blockwise": {"learning_rate": RATES[1:]},
    "qng": {"learning_rate": (0.02, 0.05, 0.1, 0.2)},
    "qng-momentum": {"learning_rate": (0.003, 0.006, 0.012, 0.025)},
    "qng-adam": {"learning_rate": RATES[:5]},
    "l-bfgs": {"first_step": (0.02, 0.05, 0.1)},
    "noise-aware-l-bfgs": {"max_step": (0.05, 0.1, 0.2), "averaging": (0.0, 0.5, 0.8)},
    "spsa": {"perturbation": (0.05, 0.1, 0.2), "target_step": (0.0005, 0.001, 0.002)},
    "qn-spsa": {"learning_rate": (0.001, 0.003, 0.01), "regularization": (1.0, 0.3, 0.05)},
    "rotosolve": {"reuse": (True, False), "significance": (1.0, 2.0, 3.0)},
    "excitation-solve": {"reuse": (True, False), "significance": (1.0, 2.0, 3.0)},
    "icans": {"learning_rate": (0.005, 0.01, 0.02, 0.05)},
    "gcans": {"learning_rate": (0.005, 0.01, 0.02, 0.05)},
    "rosalin": {"learning_rate": (0.005, 0.01, 0.02, 0.05)},
    "cobyla": {"first_step": (0.02, 0.05, 0.1, 0.2)},
    "nelder-mead": {"first_step": (0.02, 0.05, 0.1, 0.2)},
    "cma-es": {"step": (0.01, 0.02, 0.05, 0.1)},
}


def score(task: tuple[str, str, dict, int]) -> float:
    """log10 of the share of the correlation energy that is missing at the end."""
    name, molecule, options, seed = task
    from qvopt import run

    shots, gradients = {**TRAINING, **HELD_OUT}[molecule]
    result = run(
        molecule,
        optimizer={"name": name, **options},
        measurement={"shots": shots, "grouping": "basis-rotation"},
        seed=seed,
        max_steps=10**6,
        budget={"shots": gradients * SETTINGS[molecule] * shots},
    )
    missing = (result.exact - result.fci) / (result.hf - result.fci)
    return float(np.log10(np.clip(missing, 1e-6, 1e3)))


def candidates(name: str) -> list[dict]:
    grid = GRIDS[name]
    return [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]


def search(names: list[str], molecules: list[str], seeds: range, pool) -> dict[str, np.ndarray]:
    """Scores of shape (candidates, molecules, seeds) by optimizer."""
    tasks = {
        (n, c, m, s): (n, molecule, options, seed)
        for n in names
        for c, options in enumerate(candidates(n))
        for m, molecule in enumerate(molecules)
        for s, seed in enumerate(seeds)
    }
    out = {n: np.empty((len(candidates(n)), len(molecules), len(seeds))) for n in names}
    scores = pool.map(score, tasks.values())
    for done, ((n, *where), value) in enumerate(zip(tasks, scores, strict=True), start=1):
        out[n][tuple(where)] = value
        if sys.stderr.isatty():
            print(f"\r{done} of {len(tasks)} runs", end="", file=sys.stderr)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", nargs="*", default=list(GRIDS), metavar="OPTIMIZER")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--json", help="write all scores into this file")
    parser.add_argument("--write", action="store_true", help="renew docs/benchmarks.md")
    arguments = parser.parse_args()
    if arguments.write and arguments.only != list(GRIDS):
        parser.error("the page shows all optimizers: --write goes without --only")
    with printed(arguments.write, "benchmarks.md", "tuning"):
        show(arguments)


def show(arguments: argparse.Namespace) -> None:
    """Measure, and print the rows."""
    names, record = arguments.only, {}
    with ProcessPoolExecutor(arguments.workers) as pool:
        print(f"{'optimizer':20s} {'chosen':42s} {'score':>6s}  {'held out':>8s} {'regret':>6s}")
        for name in names:
            training = search([name], list(TRAINING), range(arguments.seeds), pool)[name]
            mean = training.mean(axis=(1, 2))
            best = int(np.flatnonzero(mean <= mean.min() + 0.1)[0])
            # Other seeds, so that the check has drawn none of the search's noise.
            other = search([name], list(HELD_OUT), range(100, 100 + arguments.seeds), pool)[name]
            held = other.mean(axis=(1, 2))
            chosen = candidates(name)[best]
            text = ", ".join(f"{k}={v}" for k, v in chosen.items())
            print(
                f"{name:20s} {text:42s} {mean[best]:6.2f}  {held[best]:8.2f} "
                f"{held[best] - held.min():6.2f}",
                flush=True,
            )
            record[name] = {
                "candidates": candidates(name),
                "training": training.tolist(),
                "held_out": other.tolist(),
            }
            if arguments.json:
                with open(arguments.json, "w", encoding="utf-8") as file:
                    json.dump(record, file)


if __name__ == "__main__":
    main()
