"""`qvopt relax` and `qvopt oo-vqe`."""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qvopt.tasks.orbital_optimization import optimize_orbitals
from qvopt.tasks.relax import relax
from qvopt.tasks.relaxation_result import Geometry, Relaxation
from qvopt.tasks.task_folder import ORBITALS, RELAXATION
from qvopt_molecules.molecule import Atom

from .folders import asked_of, interruptible, print_notes
from .output import print_json, print_table


def relax_command(
    what: str,
    data: Mapping[str, Any] | None,
    given: Mapping[str, Any],
    out: Path | None,
    as_json: bool,
) -> int:
    """Relax a geometry; exit code 1 where no minimum was found.

    The runs are in `out`, or a folder of the question's.
    """

    def show(geometry: Geometry) -> None:
        print(
            f"{geometry.energy:16.8f} Ha   largest gradient {geometry.largest:.2e} Ha/bohr",
            file=sys.stderr,
            flush=True,
        )

    usual = {"tolerance": 3e-4, "max_geometries": 50}
    experiment, asked, folder = asked_of(RELAXATION, what, data, given, usual, out)

    def work() -> int:
        relaxation = relax(experiment, **asked, out=folder, progress=show)
        if as_json:
            print_json(relaxation.document() | {"folder": str(folder)})
        else:
            _print_relaxation(relaxation, folder)
        return 0 if relaxation.converged else 1

    return interruptible(work, folder)


def _print_relaxation(relaxation: Relaxation, folder: Path) -> None:
    first, last = relaxation.geometries[0], relaxation.final
    print(f"\n{relaxation.message or 'relaxed'}: {last.energy:.8f} Ha")
    print(f"{1e3 * (last.energy - first.energy):z.4f} mHa from the first geometry, in Ångström:")
    rows = []
    for atom in last.atoms:
        places = zip("xyz", atom.position, strict=True)
        rows.append({"atom": atom.symbol, **{k: f"{v:z.6f}" for k, v in places}})
    print_table(rows)
    print("shortest distances (Å)  " + "  ".join(_distances(last.atoms)))
    print(f"runs     {folder}\npath     {folder / 'path.xyz'}")
    if relaxation.converged:
        print(f"relaxed  {folder / 'relaxed.xyz'}")


def _distances(atoms: Sequence[Atom], most: int = 8) -> list[str]:
    """The shortest distances, atoms by element and number."""
    distances = []
    for (i, a), (j, b) in itertools.combinations(enumerate(atoms, 1), 2):
        distances.append((math.dist(a.position, b.position), f"{a.symbol}{i}-{b.symbol}{j}"))
    return [f"{pair} {distance:.4f}" for distance, pair in sorted(distances)[:most]]


def orbitals_command(
    what: str,
    data: Mapping[str, Any] | None,
    given: Mapping[str, Any],
    out: Path | None,
    as_json: bool,
) -> int:
    """Optimise orbitals; exit code 1 where they did not converge.

    The runs are in `out`, or a folder of the question's.
    """

    def show(number: int, energy: float, gradient: float) -> None:
        line = f"{number:4d}  {energy:16.8f} Ha   largest orbital gradient {gradient:.2e} Ha"
        print(line, file=sys.stderr, flush=True)

    usual = {"tolerance": 1e-5, "max_rounds": 300}
    experiment, asked, folder = asked_of(ORBITALS, what, data, given, usual, out)
    print_notes(experiment)

    def work() -> int:
        orbitals = optimize_orbitals(experiment, **asked, out=folder, progress=show)
        if as_json:
            print_json(orbitals.document() | {"folder": str(folder)})
        else:
            print(f"\nenergy at the first orbitals  {orbitals.energies[0]:.8f} Ha")
            print(f"energy at the best orbitals   {orbitals.energy:.8f} Ha")
            end = "at a minimum" if orbitals.converged else "not converged"
            print(f"{end} after {orbitals.runs} VQE runs and {orbitals.saddles} saddle points")
            print(f"runs  {folder}")
        return 0 if orbitals.converged else 1

    return interruptible(work, folder)
