"""What a pair of energies at the best shift tells of a parameter's displacement, beside its rule.

    python benchmarks/shift_information.py            # prints the table
    python benchmarks/shift_information.py --write    # and renews docs/kalman-newton.md

Along one parameter E(x* + t) = Σ_k a_k (1 - cos ω_k t) plus an odd part. If the minimum lies δ off
along that parameter alone, a pair at ±t differs by 2 δ f'(t), f' = Σ a_k ω_k sin ω_k t, and s shots
hold f'(t)² s / v of information on δ (v: variance of one shot, taken as the same everywhere). The
shift rule, whose coefficients have the absolute sum ω_max, holds h² s / (ω_max² v) with h = f''(0).
By Bernstein's inequality no unbiased rule for the derivative has a smaller sum. The pair is not
unbiased: what displacements of other parameters do to it is not known.
"""

from __future__ import annotations

import one_core  # isort: skip  # noqa: F401

import argparse

import numpy as np
import numpy.typing as npt
from fewest_shots import TIED, minimize, problem
from published import renew

FloatArray = npt.NDArray[np.float64]
MOLECULES = ("lih", "lih-3.2", "h4-1.5", "h4-2.0", "beh2-2.0", "h2o-1.8", "n2-1.6")
HEADING = "| problem | parameters | median gain | largest |\n|---|---:|---:|---:|\n"


def gains(name: str) -> FloatArray:
    """Information of the best pair by that of the shift rule, for each parameter that curves."""
    assembly = problem(name, TIED, "ccsd")
    gradient = assembly.program.gradient
    x = minimize(gradient, assembly.start, jac=True, tol=1e-9).x
    lowest, found = gradient(x)[0], []
    for unit, known in zip(np.eye(len(x)), assembly.evaluator.landscape.frequencies, strict=True):
        w = np.array(known, dtype=np.float64)
        shifts = np.arange(1, len(w) + 1) * np.pi / (w[0] * (len(w) + 1))
        even = [0.5 * (gradient(x + t * unit)[0] + gradient(x - t * unit)[0]) for t in shifts]
        a = np.linalg.solve(1 - np.cos(np.outer(shifts, w)), np.array(even) - lowest)
        curvature = a @ w**2
        if curvature > 1e-3:
            t = np.linspace(0.0, np.pi / w[0], 1000)
            steepest = np.abs((a * w) @ np.sin(np.outer(w, t))).max()
            found.append((w.max() * steepest / curvature) ** 2)
    return np.array(found)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("problems", nargs="*", default=MOLECULES)
    parser.add_argument("--write", action="store_true", help="renew docs/kalman-newton.md")
    arguments = parser.parse_args()
    table = HEADING
    for name in arguments.problems:
        found = gains(name)
        row = f"| {name} | {len(found)} | {np.median(found):.2f} | {found.max():.2f} |\n"
        print(row, end="", flush=True)
        table += row
    if arguments.write:
        command = "python benchmarks/shift_information.py --write"
        renew("kalman-newton.md", "shift-information", table, command)


if __name__ == "__main__":
    main()
