"""Gates of a gradient in other orders than the engine's own: spin-adapted and sorted circuits.

    python benchmarks/circuit_orders.py [--orbitals 8 10 12] [--repeats 5]

A chain of n hydrogen atoms in STO-3G, half filled, one core. For each circuit: energy and full
gradient by the engine that its forecast chooses, per gate, beside UCCSD in its own order, and the
forecast of the large engine beside its time. CPU seconds, the least of several; circuits take
turns, so that what else the machine does meets all of them.
"""

from __future__ import annotations

import one_thread_blas  # noqa: F401  # isort: skip

import argparse
import time
from typing import Any

import numpy as np
from published import printed
from sector_scaling import chain

from qvopt.backends.protocol import Problem
from qvopt.backends.sector import SectorBackend
from qvopt_circuits import UCCSD
from qvopt_molecules.mappings import qubit_hamiltonian

CIRCUITS: dict[str, dict[str, Any]] = {
    "own order": {},
    "spin-adapted": {"spin_adapted": True},
    "sorted by MP2": {"order": "mp2"},
    "spin-adapted, by pairs": {"spin_adapted": True, "order": "canonical"},
    "spin-adapted, by MP2": {"spin_adapted": True, "order": "mp2"},
}


def gradients(n: int, repeats: int) -> None:
    """Print a row for each circuit of one size."""
    h = chain(n)
    programs, points, times = {}, {}, dict.fromkeys(CIRCUITS, np.inf)
    for name, options in CIRCUITS.items():
        circuit = UCCSD(**options).circuit(h)
        problem = Problem(circuit, qubit_hamiltonian(h), h)
        programs[name] = SectorBackend(threads=1).compile(problem)
        points[name] = np.random.default_rng(0).normal(size=circuit.n_parameters) * 0.05
        programs[name].gradient(points[name])
    for _ in range(repeats):
        for name, program in programs.items():
            start = time.process_time()
            program.gradient(points[name])
            times[name] = min(times[name], time.process_time() - start)
    own = None
    for name, program in programs.items():
        gates = len(program.circuit.parametric)
        each = times[name] / gates
        own = each if own is None else own
        forecast = program.forecast
        said = "" if forecast is None else f"{forecast.seconds / times[name]:.2f}"
        print(
            f"{2 * n:>6} {name:<24} {program.circuit.n_parameters:>6} {gates:>6} "
            f"{times[name]:>9.4f} {1e6 * each:>8.1f} {each / own:>6.2f}x {said:>9}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--orbitals", nargs="+", type=int, default=[8, 10, 12])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="renew docs/benchmarks.md")
    options = parser.parse_args()
    with printed(options.write, "benchmarks.md", "circuit-orders"):
        print(
            f"{'qubits':>6} {'UCCSD':<24} {'params':>6} {'gates':>6} {'seconds':>9} "
            f"{'µs/gate':>8} {'of own':>7} {'forecast':>9}"
        )
        for n in options.orbitals:
            gradients(n, options.repeats)


if __name__ == "__main__":
    main()
