"""Energies of LUCJ circuits beside ffsim: two repetitions, all-to-all, one core.

    python benchmarks/lucj_peers.py [--orbitals 4 6 8 10] [--write]

LiH, and chains of hydrogen at half filling. Both sides get parameters drawn at random, so that no
rotation is trivial: ours a circuit of two repetitions, ffsim an operator of the same two
repetitions (two orbital rotations and one diagonal Coulomb evolution each, alpha and beta alike)
applied to the Hartree-Fock state; then ⟨H⟩ by a product with the Hamiltonian. ffsim's linear
operator is made outside the clock. The energies of the two differ, the work does not. Ours gives
the full gradient too, which ffsim does not. All are timed in turns; each time is the least CPU time
of a call in nine turns.
"""

from __future__ import annotations

import one_core  # noqa: F401  # isort: skip

import argparse
import time
from collections.abc import Callable, Sequence
from typing import Any

import ffsim
import numpy as np
from published import printed
from sector_scaling import chain

from qvopt.backends.batch import Point
from qvopt.backends.protocol import Problem
from qvopt.backends.sector import SectorBackend
from qvopt_circuits.lucj import LUCJ
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.integrals import build_hamiltonian

TURNS = 9
SECONDS = 0.1  # of each piece of work in a turn, roughly


def peer(hamiltonian: MolecularHamiltonian, seed: int) -> tuple[Callable[[], Any], ...]:
    """An energy of ffsim, and its product with the Hamiltonian alone."""
    norb, nelec = hamiltonian.norb, (hamiltonian.n_alpha, hamiltonian.n_beta)
    operator = ffsim.random.random_ucj_op_spin_balanced(norb, n_reps=2, seed=seed)
    molecular = ffsim.MolecularHamiltonian(
        hamiltonian.one_body, hamiltonian.two_body, hamiltonian.core_energy
    )
    linear = ffsim.linear_operator(molecular, norb=norb, nelec=nelec)
    reference = ffsim.hartree_fock_state(norb, nelec)

    def energy() -> float:
        state = ffsim.apply_unitary(reference, operator, norb=norb, nelec=nelec)
        return float(np.vdot(state, linear @ state).real)

    return energy, lambda: linear @ reference


def least_ms(works: Sequence[Callable[[], Any]]) -> list[float]:
    """Milliseconds of CPU time of a call of each, in turns; the least of all turns."""
    calls = []
    for work in works:
        work()
        start = time.process_time()
        work()
        calls.append(max(1, int(SECONDS / max(time.process_time() - start, 1e-6))))
    times: list[list[float]] = [[] for _ in works]
    for _ in range(TURNS):
        for work, n, of_work in zip(works, calls, times, strict=True):
            start = time.process_time()
            for _ in range(n):
                work()
            of_work.append((time.process_time() - start) / n)
    return [1e3 * min(of_work) for of_work in times]


def measure(name: str, hamiltonian: MolecularHamiltonian) -> None:
    """Print the line of a molecule."""
    circuit = LUCJ(repetitions=2, connectivity="all-to-all").circuit(hamiltonian)
    program = SectorBackend(threads=1).compile(Problem(circuit, None, hamiltonian))
    x = np.random.default_rng(0).normal(size=circuit.n_parameters)
    energy, gradient, theirs, product = least_ms(
        [
            lambda: program.energies([Point(x)]),
            lambda: program.gradient(x),
            *peer(hamiltonian, 1),
        ]
    )
    shape = program.tables.shape
    print(
        f"{name:<9}{hamiltonian.norb:>8}{shape[0] * shape[1]:>14,}{energy:>11.3f}{gradient:>13.3f}"
        f"{theirs:>10.3f}{product:>12.3f}{theirs / energy:>7.1f}x",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--orbitals", type=int, nargs="+", default=[4, 6, 8, 10])
    parser.add_argument("--write", action="store_true", help="renew docs/benchmarks.md")
    options = parser.parse_args()
    with printed(options.write, "benchmarks.md", "lucj-peers"):
        print(
            f"{'molecule':<9}{'orbitals':>8}{'determinants':>14}{'energy ms':>11}"
            f"{'gradient ms':>13}{'ffsim ms':>10}{'of which H':>12}{'ratio':>8}"
        )
        measure("lih", build_hamiltonian(find_molecule("lih")))
        for n in options.orbitals:
            measure(f"h{n}", chain(n))


if __name__ == "__main__":
    main()
