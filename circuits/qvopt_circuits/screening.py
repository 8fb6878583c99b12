"""What a determinant's neighbours say of Pauli strings: gradients before any circuit runs."""

from __future__ import annotations

from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.mappings import qubit_hamiltonian

from .clusters import reference_gates


def couplings(hamiltonian: MolecularHamiltonian) -> dict[int, float]:
    """Return ⟨n ^ x|H|n⟩ for every mask x of flipped qubits that the Hamiltonian has.

    |n⟩ is the Hartree-Fock determinant on Jordan-Wigner qubits, and H is real. A string P that
    flips x, with an odd number of Y, has dE/dt = ±2 ⟨n ^ x|H|n⟩ at t = 0 in exp(-i t P), and one
    with an even number 0. Source: Ryabinkin, Yen, Genin and Izmaylov, arXiv:1809.03827.
    """
    bits = sum(1 << gate.qubits[0] for gate in reference_gates(hamiltonian))
    observable = qubit_hamiltonian(hamiltonian)
    elements: dict[int, complex] = {}
    for x, z, c in zip(observable.x, observable.z, observable.coefficients, strict=True):
        # P|n⟩ = i^{#Y} (-1)^{|n & z|} |n ^ x⟩
        flips, phases = int(x), int(z)
        factor = 1j ** (flips & phases).bit_count() * (-1) ** (bits & phases).bit_count()
        elements[flips] = elements.get(flips, 0.0) + factor * float(c)
    return {x: value.real for x, value in elements.items()}
