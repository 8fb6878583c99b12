"""LUCJ starts from CCSD amplitudes; its amplitudes are complex."""

import numpy as np
from common import show

from qvopt import build_hamiltonian, find_molecule
from qvopt_circuits import LUCJ
from qvopt_circuits.matrices import circuit_state
from qvopt_molecules.mappings import qubit_hamiltonian

show("h2", "lucj")
show("h4-chain", "lucj")

hamiltonian = build_hamiltonian(find_molecule("h4-chain"))
matrix = qubit_hamiltonian(hamiltonian).to_sparse()
for connectivity in ("heavy-hex", "square", "all-to-all"):
    for repetitions in (1, 2, 4):
        ansatz = LUCJ(repetitions=repetitions, connectivity=connectivity)
        x = ansatz.start(hamiltonian, np.random.default_rng(0))
        state = circuit_state(ansatz.circuit(hamiltonian), x)
        energy = np.vdot(state, matrix @ state).real
        print(f"{connectivity:10} {repetitions} repetitions, at the start: {energy:.6f} Ha")
