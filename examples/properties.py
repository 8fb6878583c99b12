"""What the prepared state of water is like: dipole, natural occupations, spin, overlap with FCI.

`qvopt properties RUN` prints the same of any run; under shots every number has its error bar.
"""

import tempfile
from pathlib import Path

from qvopt import run, run_properties

molecule = {"name": "h2o", "active_space": {"electrons": 6, "n_orbitals": 5}}
with tempfile.TemporaryDirectory() as folder:
    run(molecule, out=Path(folder) / "water")
    exact = run_properties(Path(folder) / "water")
    measured = run_properties(Path(folder) / "water", shots=100_000)
rows = {
    "electrons": (exact.electrons, measured.electrons),
    "spin squared": (exact.spin_squared, measured.spin_squared),
    "dipole (D)": (exact.dipole_norm, measured.dipole_norm),
}
for name, (value, sample) in rows.items():
    print(f"{name:14s} {value.value:9.5f}   measured {sample.value:9.5f} ± {sample.stderr:.5f}")
print("occupations   ", "  ".join(f"{o.value:.4f}" for o in exact.occupations))
print(f"overlap with full CI {exact.overlap:.6f}")
