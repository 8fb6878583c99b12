"""UCCSD energies of TenCirChem beside ours, over the same integrals.

Three optima for each molecule: TenCirChem's UCCSD by its own optimizer, the same circuit (its
operators, order and ties, `ucc.ex_ops` and `param_ids`) by ours, and our own UCCSD, of which the
order of operators differs. The first two are one number; the third tells what the order is worth.
At the end of a printed line: the difference of both circuits' energies at random parameters.
`--write` puts the table into docs/benchmarks.md.
"""

import argparse

import numpy as np
from published import renew, this_command
from pyscf import gto
from tencirchem import UCCSD as Peer
from tencirchem import set_backend

from qvopt import build_hamiltonian, find_molecule
from qvopt.backends.catalogue import get_backend
from qvopt.backends.protocol import Problem
from qvopt.experiment.specification import make_experiment
from qvopt.runs.session import Session
from qvopt_circuits import Angle, Circuit, Gate
from qvopt_circuits.catalogue import ansatz_data
from qvopt_circuits.clusters import reference_gates
from qvopt_circuits.given import GivenCircuit
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.mappings import qubit_hamiltonian
from qvopt_molecules.references import fci_energy

DEFAULT = ("h2", "h4-chain", "h4-square", "lih", "beh2", "h2o")
HEAD = (
    "| molecule | parameters | TenCirChem (Ha) | same circuit here (Ha) | difference | "
    "our UCCSD (Ha) | above full CI (mHa): theirs | ours |\n"
    "|---|---:|---:|---:|---:|---:|---:|---:|\n"
)


def peer_of(name):
    molecule = find_molecule(name)
    atoms = [(a.symbol, a.position) for a in molecule.atoms]
    mol = gto.M(atom=atoms, basis=molecule.basis, charge=molecule.charge, verbose=0)
    # Our orbitals, of the stable mean field: those of square H4 are degenerate, and the start
    # of the peer's amplitudes depends on the choice.
    orbitals = build_hamiltonian(molecule).frame.coefficients
    peer = Peer(mol, engine="civector", mo_coeff=orbitals)
    h = MolecularHamiltonian(
        core_energy=float(peer.e_core),
        one_body=np.asarray(peer.int1e),
        two_body=np.asarray(peer.int2e),
        n_alpha=mol.nelec[0],
        n_beta=mol.nelec[1],
        label=name,
    )
    return peer, h


def circuit_of(peer, h):
    """Its circuit: (p, q, r, s) is a†_p a†_q a_r a_s, its lower spin orbitals are our alpha."""
    gates = reference_gates(h)
    for operator, k in zip(peer.ex_ops, peer.param_ids, strict=True):
        half = len(operator) // 2
        qubits = (*reversed(operator[half:]), *operator[:half])
        kind = "single-excitation" if half == 1 else "double-excitation"
        gates.append(Gate(kind, tuple(int(q) for q in qubits), Angle(int(k), 2.0)))
    return Circuit(h.n_qubits, tuple(gates), peer.n_params)


def optimum(h, **ansatz):
    experiment = make_experiment({"molecule": "h2", "max_steps": 3000, **ansatz})
    with Session.begin(experiment, store=False, hamiltonian=h) as session:
        for _ in session:
            pass
        return session.result()


def row(name):
    """One line of the table, and the difference of both circuits at random parameters."""
    peer, h = peer_of(name)
    circuit = circuit_of(peer, h)
    x = np.random.default_rng(0).normal(0.0, 0.1, peer.n_params)
    program = get_backend("sector").compile(Problem(circuit, qubit_hamiltonian(h), h, None))
    there = float(peer.energy(x))
    random = float(program.gradient(x)[0]) - there
    theirs = float(peer.kernel())
    same = optimum(h, ansatz=ansatz_data(GivenCircuit.of(circuit, peer.init_guess)))
    own = optimum(h)
    exact = fci_energy(h)
    line = (
        f"| {name} | {peer.n_params} | {theirs:.8f} | {same.energy:.8f} | "
        f"{same.energy - theirs:+.0e} | {own.energy:.8f} | "
        f"{1e3 * (theirs - exact):.4f} | {1e3 * (own.energy - exact):.4f} |\n"
    )
    return line, random


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--molecules", nargs="+", default=DEFAULT)
    parser.add_argument("--write", action="store_true", help="renew docs/benchmarks.md")
    arguments = parser.parse_args()
    set_backend("numpy")
    print(HEAD, end="")
    table = HEAD
    for name in arguments.molecules:
        line, random = row(name)
        print(f"{line[:-1]}  at random parameters {random:+.1e}", flush=True)
        table += line
    if arguments.write:
        renew("benchmarks.md", "uccsd-energies", table, this_command())


if __name__ == "__main__":
    main()
