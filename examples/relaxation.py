"""The equilibrium of lithium hydride: a VQE at every geometry, gradients by density matrices."""

from qvopt import relax

found = relax({"name": "lih", "set": {"bond": 1.7}, "active_space": {"frozen_core": 1}})
for geometry in found.geometries:
    bond = abs(geometry.atoms[1].position[2] - geometry.atoms[0].position[2])
    print(f"bond {bond:.4f} Å  {geometry.energy:.6f} Ha  gradient {geometry.largest:.1e} Ha/bohr")
