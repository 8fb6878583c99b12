"""How honest reported errors are: reported over true variance, and coverage of 95 % intervals.

    python benchmarks/error_bars.py [--trials 10000] [--quantity energy gradient metric mitigated]
                                  [--backend sector lightning aer] [--setting WORDS]
                                  [--json FILE]
    python benchmarks/error_bars.py --write    # the table of docs/measurement.md

Every row is one setting: what is measured, where, with how many shots for a measurement group on
average, many times with fresh shots. "reported/true" is the mean reported variance over the
mean squared error, summed over components; "coverage" the share of components whose 95 % interval
(Student's t) holds the exact value; "normal" the same with ± 1.96 standard errors. "dof" is the
median of the degrees of freedom. Values of mitigated energies are compared with their own mean: a
device's remaining bias is not an error of the variance. A row is marked where coverage lies off
95 ± 1.5 %: "wide" where it lies above, "SHORT" where it lies below.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
from published import renew
from scipy.special import stdtrit

from qvopt import make_experiment
from qvopt.engine.assembly import assemble, exact_counterpart
from qvopt.optimizers.protocol import Energy, Gradient, Metric
from qvopt.optimizers.registry import get_optimizer
from qvopt.runs.driver import Driver

SHOTS = (10, 30, 100, 1000)
BATCH = 50
NOISE = {"two_qubit": 0.01, "readout": 0.03}
MITIGATIONS: dict[str, dict[str, Any]] = {
    "as measured": {},
    "post-selected": {"measurement": {"postselect": True}},
    "readout-corrected": {"mitigation": {"readout": {"shots": 4000}}},
    "extrapolated": {"mitigation": {"zne": {"scales": [1, 3]}}},
}

POINTS = ("minimum", "near", "far")
FLUID, COMMUTING = "fluid-basis-rotation", "fully-commuting"
NOISY = {"as measured": "as measured", "post-selected": "post-selected",
         "readout-corrected": "readout corrected", "extrapolated": "extrapolated"}  # fmt: skip
PUBLISHED = [  # heading, quantity, setting, points, shots, trials
    ("H2 energy, fluid rotations (default)", "energy", f"h2 {FLUID} variance sector",
     POINTS, SHOTS[:3], 4000),
    ("H2 energy, fluid rotations, `weighted`", "energy", f"h2 {FLUID} weighted sector",
     ("minimum", "far"), SHOTS[:3], 4000),
    ("H2 energy, fully commuting", "energy", f"h2 {COMMUTING} variance sector",
     ("minimum", "far"), SHOTS[:3], 4000),
    ("H2 energy, fully commuting, `weighted`", "energy", f"h2 {COMMUTING} weighted sector",
     ("minimum",), SHOTS[:3], 4000),
    ("LiH energy, fluid rotations (default)", "energy", f"lih {FLUID} variance sector",
     POINTS, SHOTS[:3], 4000),
    ("H2 gradient", "gradient", f"h2 {FLUID} variance sector", ("minimum", "far"), (10, 100), 2000),
    ("H2 metric, covariances", "metric", "h2 covariances sector", ("minimum",), (10, 100), 2000),
    ("H2 metric, fidelities", "metric", "h2 fidelities sector", ("minimum",), (10, 100), 2000),
    ("H2 metric, Hadamard tests", "metric", "h2 hadamard sector", ("minimum",), (10, 100), 2000),
    ("H4 chain gradient", "gradient", f"h4-chain {FLUID} variance sector",
     ("minimum",), (10, 100), 1000),
    ("H2 gradient, Aer", "gradient", f"h2 {FLUID} variance aer",
     ("minimum", "far"), (10, 100), 500),
    ("H2 gradient, Lightning", "gradient", f"h2 {FLUID} variance lightning",
     ("minimum", "far"), (10, 100), 500),
    ("H2 metric, covariances, Aer", "metric", "h2 covariances aer", ("minimum",), (10, 100), 500),
    ("H2 metric, fidelities, Aer", "metric", "h2 fidelities aer", ("minimum",), (10, 100), 500),
    *((f"H2 energy with noise, {words}, Aer", "mitigated", f"h2 {FLUID} {name}",
       POINTS, SHOTS[:3], 1000) for name, words in NOISY.items()),
]  # fmt: skip


def optimum(data: dict[str, Any]) -> np.ndarray:
    """Parameters at the energy minimum, by an exact L-BFGS run."""
    exact = {k: v for k, v in data.items() if k in ("molecule", "ansatz", "active")}
    assembly = assemble(make_experiment(exact))
    driver = Driver(assembly.evaluator, get_optimizer("l-bfgs"), assembly.start, 0, 300)
    for _ in driver:
        pass
    return np.asarray(driver.x)


def points(x: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """The minimum, where few outcomes are rare ones, and two states away from it."""
    rng = np.random.default_rng(np.random.SeedSequence(1))
    yield "minimum", x
    yield "near", x + 0.1 * rng.normal(size=len(x))
    yield "far", x + 0.5 * rng.normal(size=len(x))


def row(answers: list[Any], truth: np.ndarray | None) -> dict[str, float]:
    """Summarise answers to one query."""
    values = np.array([np.ravel(a.value) for a in answers], dtype=np.float64)
    variances = np.array([np.ravel(a.variance) for a in answers], dtype=np.float64)
    dof = np.array([np.ravel(np.inf if a.dof is None else a.dof) for a in answers])
    exact = values.mean(axis=0) if truth is None else np.ravel(truth)
    scattered = values.std(axis=0) > 1e-9  # the others are certain
    values, variances, exact = values[:, scattered], variances[:, scattered], exact[scattered]
    dof = np.broadcast_to(dof, (len(values), len(scattered)))[:, scattered]
    off = np.abs(values - exact)
    t = np.where(np.isfinite(dof), stdtrit(np.minimum(dof, 1e9), 0.975), 1.959964)
    return {
        "ratio": float(variances.mean(axis=0).sum() / np.square(off).mean(axis=0).sum()),
        "coverage": float(np.mean(off <= t * np.sqrt(variances))),
        "normal": float(np.mean(off <= 1.959964 * np.sqrt(variances))),
        "dof": float(np.median(dof)),
    }


def settings(quantities: list[str], backends: list[str]) -> Iterator[tuple[str, str, dict]]:
    """(quantity, label, experiment) of every table row but for its shots and its point."""
    molecules = [("h2", {}), ("lih", {}), ("h4-chain", {})]
    for backend in backends:
        for molecule, options in molecules if backend == "sector" else molecules[:1]:
            for allocation in ("variance", "weighted") if backend == "sector" else ("variance",):
                for grouping in ("fluid-basis-rotation", "fully-commuting"):
                    measurement = {"allocation": allocation, "grouping": grouping}
                    data = {"molecule": molecule, "measurement": measurement, **options}
                    data["backend"] = backend
                    label = f"{molecule} {grouping} {allocation} {backend}"
                    if "energy" in quantities:
                        yield "energy", label, data
                    default = allocation == "variance" and grouping.startswith("fluid")
                    if "gradient" in quantities and default and molecule != "lih":
                        yield "gradient", label, data
                    if "metric" in quantities and default and molecule == "h2":
                        for rule in ("covariances", "fidelities", "hadamard"):
                            chosen = {**data, "measurement": {**measurement, "metric": rule}}
                            yield "metric", f"{molecule} {rule} {backend}", chosen
    if "mitigated" in quantities and "aer" in backends:
        for name, change in MITIGATIONS.items():
            for molecule, grouping in (
                ("h2", "fluid-basis-rotation"), ("h2", "qubit-wise"), ("h3+", "basis-rotation"),
            ):  # fmt: skip
                data: dict[str, Any] = {"molecule": molecule}
                data["backend"] = {"name": "aer", "noise": NOISE}
                data["measurement"] = {"grouping": grouping, **change.get("measurement", {})}
                if name == "post-selected" and grouping == "qubit-wise":
                    continue  # few of these groups show the electron numbers
                rest = {k: v for k, v in change.items() if k != "measurement"}
                yield "mitigated", f"{molecule} {grouping} {name}", {**data, **rest}


def measure(quantity: str, data: dict, x: np.ndarray, per_group: int, trials: int) -> Any:
    """Answer one query `trials` times; return the answers and the exact value."""
    probe = assemble(make_experiment({**data, "shots": 1_000_000}))
    n_groups = len(probe.evaluator.need_plan().groups)
    copies = 2 if "zne" in data.get("mitigation", {}) else 1
    shots = per_group if quantity == "metric" else per_group * n_groups * copies
    assembly = assemble(make_experiment({**data, "shots": shots}))
    query: Any = {"energy": Energy(x), "mitigated": Energy(x), "gradient": Gradient(x)}.get(
        quantity, Metric(x, "block-diagonal")
    )
    answers: list[Any] = []
    for k in range(0, trials, BATCH):
        answers += assembly.evaluator.answer([query] * min(BATCH, trials - k), 1, k)
    if quantity == "mitigated":  # with noise, which no simulator is without
        return answers, None
    exact = exact_counterpart(make_experiment({**data, "shots": shots}))
    if quantity == "energy":
        return answers, np.array([exact.evaluator.exact_energy(x)])
    if quantity == "gradient":
        return answers, exact.evaluator.answer([Gradient(x)], 0)[0].value
    return answers, exact.evaluator.answer([query], 0)[0].value


def cells(case: tuple, point: str, shots: tuple[int, ...]) -> list[str]:
    """The cells "reported/true, coverage" of a row of the published table."""
    _, quantity, label, _, _, trials = case
    (data,) = [d for q, words, d in settings([quantity], ["sector", "lightning", "aer"])
               if (q, words) == (quantity, label)]  # fmt: skip
    x = dict(points(optimum(data)))[point]
    summaries = [row(*measure(quantity, data, x, n, trials)) for n in shots]
    return [f"{s['ratio']:.2f}, {100 * s['coverage']:.1f} %" for s in summaries]


def write() -> None:
    """Make the table of docs/measurement.md."""
    table = (
        "| | | n = 10: reported/true, coverage | 30 | 100 | trials |\n|---|---|---|---|---|---:|\n"
    )
    print(table, end="", flush=True)
    for case in PUBLISHED:
        heading, _, _, places, shots, trials = case
        for point in places:
            by_shots = dict(zip(shots, cells(case, point, shots), strict=True))
            columns = " | ".join(by_shots.get(n, "") for n in SHOTS[:3])
            line = f"| {heading} | {point} | {columns} | {trials:,} |\n"
            print(line, end="", flush=True)
            table, heading = table + line, ""
    renew("measurement.md", "error-bars", table, "python benchmarks/error_bars.py --write")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--shots", type=int, nargs="+", default=list(SHOTS))
    quantities = ["energy", "gradient", "metric", "mitigated"]
    parser.add_argument("--quantity", nargs="+", choices=quantities, default=quantities)
    parser.add_argument("--backend", nargs="+", default=["sector", "lightning", "aer"])
    parser.add_argument("--setting", default="", help="only settings with these words in them")
    parser.add_argument("--json", help="write the rows to this file")
    parser.add_argument("--write", action="store_true", help="make the table of measurement.md")
    arguments = parser.parse_args()
    if arguments.write:
        write()
        return
    rows: list[dict[str, Any]] = []
    minima: dict[str, np.ndarray] = {}
    heading = f"{'quantity':10}{'setting':52}{'point':9}{'shots':>6}"
    print(f"{heading}{'reported/true':>15}{'coverage':>10}{'normal':>9}{'dof':>8}")
    for quantity, label, data in settings(arguments.quantity, arguments.backend):
        if arguments.setting not in label:
            continue
        molecule = data["molecule"]
        if molecule not in minima:
            minima[molecule] = optimum(data)
        for name, x in points(minima[molecule]):
            for per_group in arguments.shots:
                answers, truth = measure(quantity, data, x, per_group, arguments.trials)
                found = row(answers, truth)
                rows.append({"quantity": quantity, "setting": label, "point": name,
                             "shots": per_group, **found})  # fmt: skip
                mark = "" if abs(found["coverage"] - 0.95) <= 0.015 else (
                    "  wide" if found["coverage"] > 0.95 else "  SHORT")  # fmt: skip
                print(f"{quantity:10}{label:52}{name:9}{per_group:>6}{found['ratio']:>15.2f}"
                      f"{100 * found['coverage']:>9.1f}%{100 * found['normal']:>8.1f}%"
                      f"{found['dof']:>8.0f}{mark}", flush=True)  # fmt: skip
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump(rows, file, indent=1)
    short = sum(r["coverage"] < 0.935 for r in rows)
    print(f"{len(rows)} settings, {short} below 93.5 %", file=sys.stderr)


if __name__ == "__main__":
    main()
