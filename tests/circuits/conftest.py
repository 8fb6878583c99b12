from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from qvopt_circuits.circuit import Circuit
from qvopt_circuits.gates import EXCITATIONS, FIXED, PHASES, ROTATIONS, Angle, Gate
from qvopt_molecules.hamiltonian import MolecularHamiltonian

GEOMETRIES = {
    "h2": "H 0 0 0; H 0 0 0.735",
    "lih": "Li 0 0 0; H 0 0 1.595",
    "beh2": "Be 0 0 0; H 0 0 1.3264; H 0 0 -1.3264",
    "h2o": "O 0 0 0; H 0.7574806116466019 0 0.5865041542730024; "
    "H -0.7574806116466019 0 0.5865041542730024",
    "h4": "H 0 0 0; H 0 0 1; H 0 0 2; H 0 0 3",
    "h3": "H 0 0 0; H 0 0 1; H 0 0 2.1",
}


@pytest.fixture(scope="session")
def molecule() -> Callable[[str], MolecularHamiltonian]:
    """Build a Hamiltonian straight from PySCF, with irreps, without the molecules' own code."""
    from pyscf import ao2mo, gto, scf

    made: dict[str, MolecularHamiltonian] = {}

    def build(name: str) -> MolecularHamiltonian:
        if name not in made:
            spin = 1 if name == "h3" else 0
            mol = gto.M(atom=GEOMETRIES[name], symmetry=True, spin=spin, verbose=0)
            mf = (scf.ROHF if spin else scf.RHF)(mol)
            mf.conv_tol = 1e-12
            mf.kernel()
            c = mf.mo_coeff
            made[name] = MolecularHamiltonian(
                core_energy=float(mol.energy_nuc()),
                one_body=c.T @ mf.get_hcore() @ c,
                two_body=ao2mo.restore(1, ao2mo.kernel(mol, c), c.shape[1]),
                n_alpha=mol.nelec[0],
                n_beta=mol.nelec[1],
                orbital_energies=np.asarray(mf.mo_energy),
                irreps=tuple(int(k) % 10 for k in scf.hf_symm.get_orbsym(mol, c)),
                label=name,
            )
        return made[name]

    return build


@pytest.fixture(scope="session")
def random_circuit() -> Callable[..., Circuit]:
    """Draw gates of every kind on random qubits with affine angles of shared parameters."""

    def draw(rng: np.random.Generator, n_qubits: int, n_gates: int, names: tuple = ()) -> Circuit:
        widths = {**FIXED, **ROTATIONS, **EXCITATIONS, **PHASES}
        gates = []
        for name in rng.choice(names or list(widths), n_gates):
            width = widths[str(name)] or int(rng.integers(1, n_qubits + 1))
            qubits = tuple(int(q) for q in rng.permutation(n_qubits)[:width])
            angle = None
            if name not in FIXED:
                index = None if rng.random() < 0.2 else int(rng.integers(3))
                angle = Angle(index, float(rng.normal()), float(rng.normal()))
            letters = "".join(rng.choice(list("XYZ"), width)) if name == "pauli-rotation" else ""
            gates.append(Gate(str(name), qubits, angle, letters))
        return Circuit(n_qubits, tuple(gates), 3)

    return draw


@pytest.fixture(scope="session")
def ladder() -> Callable[[int, int], np.ndarray]:
    """Dense Jordan-Wigner annihilators by Kronecker products, qubit 0 the lowest bit."""

    def annihilator(q: int, n_qubits: int) -> np.ndarray:
        out = np.eye(1)
        for p in range(n_qubits):
            lower = np.array([[0, 1], [0, 0]])
            factor = np.diag([1, -1]) if p < q else lower if p == q else np.eye(2)
            out = np.kron(factor, out)
        return out

    return annihilator


@pytest.fixture(scope="session")
def excitation_generator(ladder) -> Callable[[tuple[int, ...], int], np.ndarray]:
    """T - T†, dense."""

    def build(qubits: tuple[int, ...], n_qubits: int) -> np.ndarray:
        half = len(qubits) // 2
        t = np.eye(1 << n_qubits)
        for q in qubits[half:]:
            t = t @ ladder(q, n_qubits).T
        for q in reversed(qubits[:half]):
            t = t @ ladder(q, n_qubits)
        return t - t.T

    return build
