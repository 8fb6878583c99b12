"""How many shots optimizers need on UCCSD: until they stay at 1.6 mHa, and until they know it.

    python benchmarks/fewest_shots.py --seeds 10 lih lih-3.2 h4-1.5   # some, with rivals
    python benchmarks/fewest_shots.py --write                         # the table of the docs

Every optimizer has the same structure where its line says so: parameters that the point group
allows, spin-adapted, from the named start. Scores, all above the circuit's own minimum: shots until
the error stays below 1.6 mHa (median over seeds; runs that do not get there count as infinite),
the final error at the budget, and for runs with a stop of their own the shots until it and how
often the true error was below 1.6 mHa then. Energies are sampled on the sector engine; exact ones
only score.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from published import renew
from scipy.optimize import minimize
from scores import shots_to_stay

from qvopt import make_experiment
from qvopt.engine.assembly import Assembly, assemble
from qvopt.optimizers.registry import get_optimizer
from qvopt.records.ledger import Budget, Ledger
from qvopt.runs.driver import Driver

FloatArray = npt.NDArray[np.float64]

TARGET = 1.6e-3
CORE = {"active_space": {"frozen_core": 1}}
PROBLEMS: dict[str, tuple[dict[str, Any], int]] = {
    "h2": ({"name": "h2"}, 50_000),
    "lih": ({"name": "lih", **CORE}, 300_000),
    "lih-2.4": ({"name": "lih", "set": {"bond": 2.4}, **CORE}, 1_000_000),
    "lih-3.2": ({"name": "lih", "set": {"bond": 3.2}, **CORE}, 1_000_000),
    "h4": ({"name": "h4-chain"}, 1_000_000),
    "h4-1.5": ({"name": "h4-chain", "set": {"bond": 1.5}}, 2_000_000),
    "h4-2.0": ({"name": "h4-chain", "set": {"bond": 2.0}}, 3_000_000),
    "beh2": ({"name": "beh2", **CORE}, 1_000_000),
    "beh2-2.0": ({"name": "beh2", "set": {"bond": 2.0}, **CORE}, 1_000_000),
    "h2o-1.8": (
        {"name": "h2o", "set": {"bond": 1.8}, "active_space": {"electrons": 6, "n_orbitals": 5}},
        1_000_000,
    ),
    "h4-square": ({"name": "h4-square"}, 3_000_000),
    "n2-1.6": (
        {"name": "n2", "set": {"bond": 1.6}, "active_space": {"electrons": 6, "n_orbitals": 6}},
        3_000_000,
    ),
}
PLAIN = {"name": "uccsd"}
TIED = {"name": "uccsd", "point_group": True, "spin_adapted": True}
CERTIFIED = {"expected_error": TARGET, "confidence": 0.95}


@dataclass(frozen=True)
class Entrant:
    """An optimizer, its hyper-parameters, the ansatz and the start."""

    name: str
    options: dict[str, Any]
    ansatz: dict[str, Any]
    initial: str

    @property
    def label(self) -> str:
        """For the table's first column."""
        structure = "tied" if self.ansatz is TIED else "plain"
        rate = self.options.get("learning_rate", "")
        return f"{self.name} {rate} {structure} {self.initial}".replace("  ", " ")


RIVALS = [
    Entrant(name, {"learning_rate": rate}, TIED, initial)
    for initial in ("mp2", "ccsd", "newton")
    for name in ("icans", "gcans")
    for rate in (0.03, 0.1, 0.3)
]
OURS = [Entrant("kalman-newton", {}, PLAIN, "zeros")]
OURS += [Entrant("kalman-newton", {}, TIED, initial) for initial in ("mp2", "ccsd")]


def problem(name: str, ansatz: dict[str, Any], initial: str) -> Assembly:
    """Build a problem at 300 shots an energy."""
    molecule, _ = PROBLEMS[name]
    data = {"molecule": molecule, "ansatz": {**ansatz, "initial": initial}, "shots": 300}
    return assemble(make_experiment(data))


def minimum(name: str, ansatz: dict[str, Any]) -> float:
    """The circuit's lowest minimum, from several starts."""
    rng = np.random.default_rng(0)
    found = []
    for initial in ("zeros", "mp2", "ccsd", "newton"):
        assembly = problem(name, ansatz, initial)
        for deviation in (0.0, 0.1):
            x = assembly.start + deviation * rng.normal(size=len(assembly.start))
            found.append(minimize(assembly.program.gradient, x, jac=True, tol=1e-7).fun)
    return float(min(found))


def trace(
    assembly: Assembly, entrant: Entrant, options: dict[str, Any], seed: int, budget: int
) -> tuple[FloatArray, bool]:
    """Run once; return shots and exact energies by step, and whether the run ended by itself."""
    optimizer = get_optimizer(entrant.name, **entrant.options, **options)
    driver = Driver(
        replace(assembly.evaluator, seed=seed), optimizer, assembly.start, seed, 10**6,
        Ledger(Budget(shots=budget)),
    )  # fmt: skip
    steps = [(step.shots, step.exact) for step in driver]
    assert driver.outcome is not None
    return np.array(steps), driver.outcome.status == "converged"


@dataclass(frozen=True)
class Scores:
    """What the runs of an entrant gave: one entry a seed, shots and Hartree above the minimum."""

    stays: FloatArray
    final: FloatArray
    known: FloatArray
    error_when_known: FloatArray

    @classmethod
    def of(
        cls, assembly: Assembly, entrant: Entrant, seeds: Sequence[int], budget: int, best: float
    ) -> Scores:
        """Run an entrant at its budget, and until its own stop where it has one."""
        stay, final, known, errors = [], [], [], []
        for seed in seeds:
            steps, _ = trace(assembly, entrant, {}, seed, budget)
            stay.append(shots_to_stay(steps[:, 0], steps[:, 1] - best, TARGET))
            final.append(steps[-1, 1] - best)
            if entrant.name == "kalman-newton":
                steps, _ = trace(assembly, entrant, CERTIFIED, seed, 50 * budget)
                known.append(steps[-1, 0])
                errors.append(steps[-1, 1] - best)
        return cls(*(np.array(column) for column in (stay, final, known, errors)))

    @property
    def cells(self) -> list[str]:
        """Stays: how many, median, largest; final error: median, largest; own stop and within."""
        n = len(self.stays)
        cells = [f"{np.isfinite(self.stays).sum()}/{n}"]
        cells += [_shots(np.median(self.stays)), _shots(np.max(self.stays))]
        cells += [f"{1e3 * np.median(self.final):.3f}", f"{1e3 * np.max(self.final):.3f}"]
        if len(self.known):
            within = int(np.sum(self.error_when_known <= TARGET))
            cells += [_shots(np.median(self.known)), f"{within}/{n}"]
        return cells


def _shots(value: float) -> str:
    return f"{value:,.0f}" if np.isfinite(value) else "–"


HEADING = (
    "| problem | from | stays | after (median) | (largest) | final error, mHa | largest "
    "| knows after | and is right |\n|---|---|---:|---:|---:|---:|---:|---:|---:|\n"
)


def main() -> None:
    """Print a table for each problem."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("problems", nargs="*", default=list(PROBLEMS))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=100, help="first seed")
    parser.add_argument("--only", choices=["ours", "rivals"], help="part of the table")
    parser.add_argument("--write", action="store_true", help="renew the table of the docs")
    arguments = parser.parse_args()
    if arguments.write:
        arguments.seeds, arguments.only = 20, "ours"
    table = HEADING
    entrants = {"ours": OURS, "rivals": RIVALS}.get(arguments.only, [*OURS, *RIVALS])
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    for name in arguments.problems:
        budget = PROBLEMS[name][1]
        print(f"\n{name}, {budget:,} shots")
        references: dict[bool, float] = {}
        for entrant in entrants:
            assembly = problem(name, entrant.ansatz, entrant.initial)
            tied = entrant.ansatz is TIED
            if tied not in references:
                references[tied] = minimum(name, entrant.ansatz)
            cells = Scores.of(assembly, entrant, seeds, budget, references[tied]).cells
            print(f"{entrant.label:38s} " + " ".join(f"{c:>11}" for c in cells), flush=True)
            start = f"{'tied, ' if tied else ''}{entrant.initial}"
            table += "| " + " | ".join([name, start, *cells]) + " |\n"
    if arguments.write:
        renew(
            "kalman-newton.md", "kalman-newton", table, "python benchmarks/fewest_shots.py --write"
        )


if __name__ == "__main__":
    main()
