"""8. Shot noise: the families on LiH at equal total shots.

Gradient-free COBYLA models energies and stops where noise hides their differences; SPSA goes down
slowly and surely; Adam is the workhorse; plain L-BFGS spends nearly all shots in a line search that
compares energies within their noise, and with a memory of one pair it fares no better (the control:
it is not what the memory holds); its noise-aware form allows for the noise. The natural gradient
knows the geometry, and pays shots for it. Energies shown are the noiseless ones at each iterate,
which no optimizer sees.
Sources: A. Kandala et al., Nature 549, 242 (2017); arXiv:1412.6980; arXiv:2010.04352;
arXiv:1909.02108.
"""

import sys

import numpy as np
from common import figure, print_table, save

from qvopt import Session, make_experiment

OPTIMIZERS = {
    "cobyla": "cobyla",
    "spsa": "spsa",
    "adam": "adam",
    "l-bfgs": {"name": "l-bfgs", "memory": 20},
    "l-bfgs, one pair": {"name": "l-bfgs", "memory": 1},
    "noise-aware-l-bfgs": "noise-aware-l-bfgs",
    "qng": "qng",
}
SHOTS = 1200


def one(molecule, name, seed, budget):
    """(shots, error) along a run, how it ended, and the share of shots in its line search."""
    experiment = make_experiment(
        {"molecule": molecule, "optimizer": OPTIMIZERS[name], "shots": SHOTS, "seed": seed,
         "max_steps": 10**6, "budget": {"shots": budget}}
    )  # fmt: skip
    with Session.begin(experiment, store=False) as session:
        steps = [(step.shots, step.exact) for step in session]
        result = session.result()
    shots, exact = np.array(steps).T
    search = result.costs.get("line-search")
    share = 0.0 if search is None else search.shots / result.shots
    return shots, exact - result.fci, result.status, share


def compute(molecule="lih", seeds=5, budget=18_000_000, names=tuple(OPTIMIZERS)):
    """By optimizer: a list over seeds of what `one` returns."""
    out = {}
    for name in names:
        out[name] = [one(molecule, name, seed, budget) for seed in range(seeds)]
        print(f"{name}: {seeds} runs", file=sys.stderr)
    return out


def last(runs):
    """Errors at the end of each run."""
    return np.array([errors[-1] for _, errors, *_ in runs])


def draw(data):
    """Median error against shots, every seed faint."""
    fig, ax = figure(1, (7, 4.2))
    grid = np.logspace(4, np.log10(max(s[-1] for r in data.values() for s, *_ in r)), 200)
    for name, runs in data.items():
        curves = []
        for shots, errors, *_ in runs:
            k = np.searchsorted(shots, grid, side="right") - 1
            curves.append(1e3 * errors[np.maximum(k, 0)])
        (line,) = ax.loglog(grid, np.median(curves, axis=0), label=name)
        for curve in curves:
            ax.loglog(grid, curve, color=line.get_color(), alpha=0.2, lw=0.7)
    ax.axhline(1.6, color="k", lw=0.8, ls=":")
    ax.annotate("chemical accuracy", (grid[0], 1.7), fontsize=8)
    ax.set(xlabel="shots spent in total", ylabel="error (mHa)", title="LiH, UCCSD, 92 amplitudes")
    ax.legend(loc="upper left", fontsize=8, ncols=2)
    return fig


def main():
    """Print and draw."""
    data = compute()
    print_table(
        [
            {"optimizer": n, "median error (mHa)": float(1e3 * np.median(last(r))),
             "worst (mHa)": float(1e3 * last(r).max()),
             "in line search (%)": float(100 * np.mean([share for *_, share in r])),
             "ended": ", ".join(sorted({status for _, _, status, _ in r}))}
            for n, r in data.items()
        ]
    )  # fmt: skip
    save(draw(data), __file__)


if __name__ == "__main__":
    main()
