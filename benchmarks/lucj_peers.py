"""Energies of LUCJ circuits beside ffsim: two repetitions, all-to-all, one core.

    python benchmarks/lucj_peers.py [--orbitals 4 6 8 10]

Chains of hydrogen at half filling. Both sides get parameters drawn at random, so that no rotation
is trivial: ours a circuit of two repetitions, ffsim an operator of the same two repetitions (two
orbital rotations and one diagonal Coulomb evolution each, alpha and beta alike) applied to the
Hartree-Fock state; then ⟨H⟩ by a product with the Hamiltonian. ffsim's linear operator is made
outside the clock. The energies of the two differ, the work does not. Ours gives the full gradient
too, which ffsim does not.
"""

from __future__ import annotations

import one_core  # isort: skip

import argparse

import ffsim
import numpy as np
from sector_scaling import chain

from qvopt.backends.batch import Point
from qvopt.backends.protocol import Problem
from qvopt.backends.sector import SectorBackend
from qvopt_circuits.lucj import LUCJ


def theirs(hamiltonian, seed):
    """Milliseconds of an energy of ffsim, and of its product with the Hamiltonian."""
    norb, nelec = hamiltonian.norb, (hamiltonian.n_alpha, hamiltonian.n_beta)
    operator = ffsim.random.random_ucj_op_spin_balanced(norb, n_reps=2, seed=seed)
    molecular = ffsim.MolecularHamiltonian(
        hamiltonian.one_body, hamiltonian.two_body, hamiltonian.core_energy
    )
    linear = ffsim.linear_operator(molecular, norb=norb, nelec=nelec)
    reference = ffsim.hartree_fock_state(norb, nelec)

    def energy():
        state = ffsim.apply_unitary(reference, operator, norb=norb, nelec=nelec)
        return np.vdot(state, linear @ state).real

    return one_core.median_ms(energy), one_core.median_ms(lambda: linear @ reference)


def measure(n: int) -> None:
    """Print the line of a chain."""
    hamiltonian = chain(n)
    circuit = LUCJ(repetitions=2, connectivity="all-to-all").circuit(hamiltonian)
    program = SectorBackend(threads=1).compile(Problem(circuit, None, hamiltonian))
    x = np.random.default_rng(0).normal(size=circuit.n_parameters)
    energy = one_core.median_ms(lambda: program.energies([Point(x)]))
    gradient = one_core.median_ms(lambda: program.gradient(x))
    peer, product = theirs(hamiltonian, 1)
    shape = program.tables.shape
    print(
        f"{n:>8}{shape[0] * shape[1]:>14,}{energy:>11.3f}{gradient:>13.3f}{peer:>10.3f}"
        f"{product:>12.3f}{peer / energy:>6.1f}x",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--orbitals", type=int, nargs="+", default=[4, 6, 8, 10])
    options = parser.parse_args()
    print(
        f"{'orbitals':>8}{'determinants':>14}{'energy ms':>11}{'gradient ms':>13}{'ffsim ms':>10}"
        f"{'of which H':>12}{'ratio':>7}"
    )
    for n in options.orbitals:
        measure(n)


if __name__ == "__main__":
    main()
