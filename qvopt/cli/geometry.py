"""`qvopt relax` and `qvopt oo-vqe`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qvopt.experiment import make_experiment
from qvopt.tasks.orbital_optimisation import optimise_orbitals
from qvopt.tasks.relax import Geometry, relax

from .output import print_json, print_table


def relax_command(
    data: Mapping[str, Any], tolerance: float, most: int, out: Path | None, as_json: bool
) -> int:
    """Relax a geometry; exit code 1 where no minimum was found."""

    def show(geometry: Geometry) -> None:
        print(
            f"{geometry.energy:16.8f} Ha   largest gradient {geometry.largest:.2e} Ha/bohr",
            file=sys.stderr,
            flush=True,
        )

    experiment = make_experiment(data)
    found = relax(experiment, tolerance=tolerance, max_geometries=most, out=out, progress=show)
    if as_json:
        print_json(found.document())
    else:
        print(f"\n{found.message or 'relaxed'}: {found.final.energy:.8f} Ha")
        rows = []
        for atom in found.final.atoms:
            places = zip("xyz", atom.position, strict=True)
            rows.append({"atom": atom.symbol, **{k: f"{v:.6f}" for k, v in places}})
        print_table(rows)
        if out is not None:
            print(f"runs     {out}\npath     {out / 'path.xyz'}")
    return 0 if found.converged else 1


def orbitals_command(data: Mapping[str, Any], tolerance: float, most: int, as_json: bool) -> int:
    """Optimise orbitals; exit code 1 where they did not converge."""

    def show(number: int, energy: float, gradient: float) -> None:
        line = f"{number:4d}  {energy:16.8f} Ha   largest orbital gradient {gradient:.2e} Ha"
        print(line, file=sys.stderr, flush=True)

    found = optimise_orbitals(
        make_experiment(data), tolerance=tolerance, max_rounds=most, progress=show
    )
    if as_json:
        print_json(found.document())
    else:
        print(f"\nenergy at the first orbitals  {found.energies[0]:.8f} Ha")
        print(f"energy at the best orbitals   {found.energy:.8f} Ha")
        end = "at a minimum" if found.converged else "not converged"
        print(f"{end} after {found.runs} VQE runs and {found.saddles} saddle points")
    return 0 if found.converged else 1
