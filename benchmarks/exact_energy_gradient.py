"""Exact energy and full gradient of UCCSD: qvopt's sector engine beside its peers, one core.

    python benchmarks/exact_energy_gradient.py [--molecules h2 lih h2o beh2 n2]

All run in this process, on the same molecule and the same number of parameters, at all amplitudes
0.01. Compile time is apart. Energies differ by the order of the Trotter product and by sign
conventions; gradient norms show that the work is alike. A peer that is not installed is left out.
"""

from __future__ import annotations

import one_core  # isort: skip

import argparse
import multiprocessing

import numpy as np
from published import printed

from qvopt.backends.lightning import LightningBackend
from qvopt.backends.protocol import Problem
from qvopt.backends.sector import SectorBackend
from qvopt_circuits import UCCSD
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.mappings import qubit_hamiltonian

PEERS_UP_TO = {"pennylane": 14, "numpy": 20, "jax": 14}  # qubits; beyond, minutes to hours


def tencirchem(name: str, backend: str) -> tuple[int, float, float, float]:
    """UCCSD of TenCirChem-NG with every excitation a parameter of its own; timed here.

    Runs in a process of its own, since the first array backend it is given stays.
    """
    from pyscf import gto
    from tencirchem import UCCSD as Peer
    from tencirchem import set_backend

    set_backend(backend)
    molecule = find_molecule(name)
    mol = gto.M(
        atom=[(a.symbol, a.position) for a in molecule.atoms],
        basis=molecule.basis,
        charge=molecule.charge,
        verbose=0,
    )
    peer = Peer(
        mol, pick_ex2=False, sort_ex2=False, engine="civector", run_ccsd=False, run_fci=False
    )
    peer.param_ids = list(range(len(peer.ex_ops)))
    x = np.full(len(peer.ex_ops), 0.01)
    energy, gradient = peer.energy_and_grad(x)
    ms = one_core.median_ms(lambda: peer.energy_and_grad(x))
    return len(x), ms, float(energy), float(np.linalg.norm(gradient))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--molecules", nargs="+", default=["h2", "lih", "h2o", "beh2", "n2"])
    parser.add_argument("--write", action="store_true", help="renew docs/benchmarks.md")
    options = parser.parse_args()
    with printed(options.write, "benchmarks.md", "exact-energy-gradient"):
        show(options)


def show(options: argparse.Namespace) -> None:
    """Measure, and print the rows."""
    print(
        f"{'molecule':10}{'engine':28}{'params':>7}{'ms':>11}{'ratio':>9}{'energy':>16}{'|grad|':>9}"
    )
    for name in options.molecules:
        molecule = find_molecule(name)
        hamiltonian = build_hamiltonian(molecule)
        circuit = UCCSD().circuit(hamiltonian)
        x = np.full(circuit.n_parameters, 0.01)
        ours = SectorBackend().compile(Problem(circuit, None, hamiltonian))
        base = report(name, "qvopt sector", 1.0, *timed(ours, x))
        if circuit.n_qubits <= PEERS_UP_TO["pennylane"]:
            problem = Problem(circuit, qubit_hamiltonian(hamiltonian), hamiltonian)
            peer = LightningBackend().compile(problem)
            report(name, "PennyLane lightning adjoint", base, *timed(peer, x))
        for backend in ("numpy", "jax"):
            if circuit.n_qubits > PEERS_UP_TO[backend]:
                continue
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                try:
                    row = pool.apply(tencirchem, (name, backend))
                except ImportError as error:
                    print(f"{name:10}TenCirChem left out: {error}")
                    break
            report(name, f"TenCirChem civector {backend}", base, *row)


def timed(program, x) -> tuple[int, float, float, float]:
    """Parameters, milliseconds, energy and gradient norm of one program."""
    energy, gradient = program.gradient(x)
    ms = one_core.median_ms(lambda: program.gradient(x))
    return len(x), ms, float(energy), float(np.linalg.norm(gradient))


def report(
    name: str, label: str, base: float, count: int, ms: float, energy: float, norm: float
) -> float:
    """Print a row, and return its time."""
    ratio = 1.0 if label.startswith("qvopt") else ms / base
    print(
        f"{name:10}{label:28}{count:>7}{ms:>11.4f}{ratio:>8.1f}x{energy:>16.8f}{norm:>9.4f}",
        flush=True,
    )
    return ms


if __name__ == "__main__":
    main()
