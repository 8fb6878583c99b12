"""A small active space of lithium hydride, its orbitals optimised together with the circuit."""

from qvopt import optimize_orbitals

molecule = {"name": "lih", "basis": "6-31g", "active_space": {"electrons": 2, "n_orbitals": 2}}
found = optimize_orbitals(molecule, tolerance=1e-4)
print(f"Hartree-Fock orbitals: {found.energies[0]:.6f} Ha")
print(f"optimised orbitals:    {found.energy:.6f} Ha in {len(found.energies)} runs")
