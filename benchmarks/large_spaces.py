"""Plans and shot-noisy energies of large spaces: time, memory, roofline and peers.

    python benchmarks/large_spaces.py [--orbitals 10 12 14] [--shots 2000] [--strings 8 10]

Chains of hydrogen at half filling, 2n qubits; CPU time on one core. "fluid" and "plain" are the
seconds of a plan with its allocation, fluid basis rotations and those of the double factorisation.
A shot-noisy energy includes its
state; "dgemm" is what rotating the state of every group by matrices over strings would take, two
products each, at the rate of a large product of BLAS in the same run: outcomes that are drawn in
two steps need less. The second table groups the Pauli strings of chains (`--strings` atoms); up to
eight atoms Qiskit's `group_commuting` (rustworkx) colours them too, which takes it gigabytes for
ten. `--write` puts all of it into docs/benchmarks.md.
"""

from __future__ import annotations

import one_core  # noqa: F401  # isort: skip

import argparse
import resource
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from published import printed
from sector_scaling import chain, dgemm_flops

from qvopt.backends.batch import Point
from qvopt.backends.protocol import Problem
from qvopt.backends.sector import SectorBackend
from qvopt.measurement.allocation import allocate, with_allocation
from qvopt.measurement.basis_rotation import basis_rotation_plan
from qvopt.measurement.catalogue import build_plan
from qvopt.measurement.fluid import fluid_plan
from qvopt.measurement.statistics import combine_moments
from qvopt_circuits import UCCSD
from qvopt_molecules.mappings import qubit_hamiltonian
from qvopt_molecules.pauli import PauliSum, label

QISKIT_UP_TO = 8
COLOURED = ("qubit-wise", "qubit-wise-coloring", "fully-commuting", "fully-commuting-coloring")


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    """CPU time of a call, and what it returns."""
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def peak_gib() -> float:
    """Peak memory of this process, libraries included."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def made(name: str, hamiltonian: Any) -> Any:
    """A plan of orbital rotations with its allocation."""
    make = fluid_plan if name == "fluid-basis-rotation" else basis_rotation_plan
    return with_allocation(make(hamiltonian), "variance", hamiltonian=hamiltonian)


def measure(n: int, shots: int, rate: float) -> None:
    """Print the line of a chain."""
    h = chain(n)
    fluid, plan = seconds(lambda: made("fluid-basis-rotation", h))
    plain, _ = seconds(lambda: made("basis-rotation", h))
    circuit = UCCSD().circuit(h)
    program = SectorBackend(threads=1).compile(Problem(circuit, None, h, plan))
    point = Point(np.full(circuit.n_parameters, 0.01))
    split = allocate(plan.weights, shots)[None, :]
    seed = np.random.SeedSequence(1)

    def energy() -> Any:
        return combine_moments(plan, program.sample([point], split, seed)[0])

    energy()
    state, _ = seconds(lambda: program.state(point))
    once = min(seconds(energy)[0] for _ in range(3))
    a, b = program.tables.shape
    dgemm = len(plan.groups) * 2 * a * b * (a + b) / rate
    print(
        f"{2 * n:>6}{a * b:>14,}{len(plan.groups):>7}{fluid:>9.2f}{plain:>9.2f}"
        f"{state:>9.3f}{once:>10.3f}{dgemm:>9.3f}{dgemm / once:>7.1f}x{peak_gib():>9.2f}",
        flush=True,
    )


def colour(n: int) -> None:
    """Print the table of the strings of a chain."""
    observable = qubit_hamiltonian(chain(n))
    print(f"\n{len(observable):,} Pauli strings of {n} hydrogen atoms")
    print(f"{'grouping':26}{'groups':>8}{'seconds':>10}{'GiB':>8}{'Qiskit':>10}{'groups':>8}")
    small = qubit_hamiltonian(chain(2))
    for name in COLOURED:
        build_plan(name, chain(2), small, "jordan-wigner")
        ours, plan = seconds(lambda n_=name: build_plan(n_, chain(2), observable, "jordan-wigner"))
        line = f"{name:26}{len(plan.groups):>8}{ours:>10.2f}{peak_gib():>8.2f}"
        if n <= QISKIT_UP_TO and name.endswith("coloring"):
            theirs, groups = seconds(
                lambda n_=name: qiskit_sum(observable).group_commuting(n_.startswith("qubit-wise"))
            )
            line += f"{theirs:>10.2f}{len(groups):>8}{theirs / ours:>7.1f}x"
        print(line, flush=True)


def qiskit_sum(observable: PauliSum) -> Any:
    """The strings as Qiskit's operator, without the identity."""
    from qiskit.quantum_info import SparsePauliOp

    part = observable.without_identity()
    labels = [
        label(int(x), int(z), part.n_qubits)[::-1] for x, z in zip(part.x, part.z, strict=True)
    ]
    return SparsePauliOp(labels, part.coefficients)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--orbitals", type=int, nargs="*", default=[10, 12])
    parser.add_argument("--shots", type=int, default=2000)
    parser.add_argument("--strings", type=int, nargs="*", default=[8])
    parser.add_argument("--write", action="store_true", help="renew docs/benchmarks.md")
    options = parser.parse_args()
    with printed(options.write, "benchmarks.md", "large-spaces"):
        show(options)


def show(options: argparse.Namespace) -> None:
    """Measure, and print both tables."""
    made("fluid-basis-rotation", chain(4))  # kernels are compiled
    rate = dgemm_flops()
    print(f"seconds; dgemm at {rate / 1e9:.0f} Gflop/s; {options.shots:,} shots an energy")
    print(
        f"{'qubits':>6}{'determinants':>14}{'groups':>7}{'fluid':>9}{'plain':>9}"
        f"{'state':>9}{'energy':>10}{'dgemm':>9}{'ratio':>8}{'GiB':>9}"
    )
    for n in options.orbitals:
        measure(n, options.shots, rate)
    for n in options.strings:
        colour(n)


if __name__ == "__main__":
    main()
