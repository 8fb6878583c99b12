"""Geometry optimisation: downhill along nuclear gradients, a VQE run at every geometry.

BFGS in Cartesian coordinates (SciPy's), with gradients through the density matrices
(`qvopt.tasks.nuclear_gradient`). A geometry keeps the abelian point group that it starts with,
unless `molecule.symmetry` is false: gradients are taken along the displacements that keep it. Off
them nearly degenerate orbitals would mix at once, and the energy of a circuit jump.

Every run starts from the parameters of the last one, in orbitals that follow it, and is kept in a
folder of its own: a relaxation that was interrupted goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from qvopt.backends.protocol import Backend
from qvopt.engine.assembly import assemble, grown, resolve_molecule
from qvopt.engine.states import components
from qvopt.experiment.ignored import refuse_ignored
from qvopt.experiment.resolving import resolve
from qvopt.experiment.settings import Settings, takes_settings
from qvopt.experiment.specification import ActiveSpaceSpec, Experiment
from qvopt.runs.bar import counted
from qvopt.runs.folder import RunFolder
from qvopt.runs.session import Session
from qvopt.tasks.branches import follow
from qvopt.tasks.kept_runs import EndedRun, ended_run
from qvopt.tasks.nuclear_gradient import BOHR, gradient_from_matrices, integral_derivatives
from qvopt.tasks.properties import density_matrices
from qvopt.tasks.relaxation_result import Geometry, Relaxation
from qvopt.tasks.task_folder import RELAXATION, claim_task
from qvopt_molecules.argument_checks import real_number, whole_number
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError
from qvopt_molecules.geometry import format_geometry
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.molecule import Atom, Molecule
from qvopt_molecules.point_group import symmetric_displacements, symmetric_geometry


@takes_settings
def relax(
    problem: Any,
    *,
    tolerance: float = 3e-4,
    max_geometries: int = 50,
    out: str | Path | None = None,
    progress: bool | Callable[[Geometry], object] | None = None,
    **settings: Unpack[Settings],
) -> Relaxation:
    """Relax a molecule's geometry on the energy surface of its VQE.

    Args:
        problem: as for `run`.
        tolerance: largest gradient component in Hartree per bohr to stop at.
        max_geometries: most energies and gradients.
        out: folder of the runs; one that holds the same relaxation is resumed.
        progress: called with each geometry; or whether to show a bar, None in notebooks alone.

    Raises InputError for what cannot be relaxed.
    """
    experiment, backend = resolve(problem, settings)
    if experiment.measurement.shots is not None:
        raise InputError(
            "a geometry is relaxed on exact energies: a line search would chase the noise; leave "
            "shots out (single gradients may be measured, see qvopt.tasks.nuclear_gradient)"
        )
    refuse_ignored(experiment)
    real_number(tolerance, "tolerance", "gradient in Hartree per bohr", below=1)
    whole_number(max_geometries, "max_geometries", 1)
    start = resolve_molecule(experiment.molecule)
    if start is None:
        raise InputError("only a molecule has a geometry to relax")
    if len(start.atoms) < 2:
        raise InputError("one atom has no geometry to relax")
    group = None
    if start.symmetry:
        atoms, group = symmetric_geometry(start.atoms)
        start = replace(start, atoms=atoms)
    directions = symmetric_displacements(start.atoms, group)
    folder = None if out is None else Path(out)
    with counted(progress, "geometries", max_geometries) as report:
        work = _Work(experiment, start, directions, folder, max_geometries, report, backend)
        return work.run(tolerance)


class _StopSearch(Exception):
    pass


@dataclass
class _Work:
    experiment: Experiment
    molecule: Molecule
    directions: FloatArray
    folder: Path | None
    most: int
    progress: Callable[[Geometry], object]
    backend: Backend | None
    visited: list[Geometry] = field(default_factory=list)
    _before: tuple[MolecularHamiltonian, FloatArray] | None = None

    def run(self, tolerance: float) -> Relaxation:
        from scipy.optimize import minimize

        if self.folder is not None:
            asked = {"tolerance": tolerance, "max_geometries": self.most}
            claim_task(self.folder, RELAXATION, asked, self.experiment)
        start = np.array([a.position for a in self.molecule.atoms]).reshape(-1) / BOHR
        message, converged = "", False

        def stop(_: FloatArray) -> None:
            if self.visited[-1].largest < tolerance:
                raise _StopSearch

        try:
            result = minimize(
                self._evaluate, start, jac=True, method="BFGS", callback=stop,
                options={"gtol": tolerance, "norm": np.inf},
            )  # fmt: skip
            message = "" if result.success else str(result.message)
        except _StopSearch:
            pass
        best = min(self.visited, key=lambda g: g.largest)
        converged = best.largest < tolerance
        if best is not self.visited[-1]:
            self.visited.append(best)  # the relaxed geometry stands last
        if not converged and not message:
            message = f"no minimum after {self.most} geometries"
        out = Relaxation(converged, tuple(self.visited), "" if converged else message)
        if self.folder is not None:
            home = RunFolder(self.folder)
            home.write_json("relaxation.json", out.document())
            home.write_text("path.xyz", out.xyz())
            if converged:
                home.write_text("relaxed.xyz", Relaxation(True, (out.final,)).xyz())
        return out

    def _evaluate(self, coordinates: FloatArray) -> tuple[float, FloatArray]:
        if len(self.visited) >= self.most:
            raise _StopSearch
        places = (np.asarray(coordinates) * BOHR).reshape(-1, 3).tolist()
        atoms = tuple(
            Atom(a.symbol, (x, y, z))
            for a, (x, y, z) in zip(self.molecule.atoms, places, strict=True)
        )
        molecule = replace(self.molecule, atoms=atoms, references={})
        done = self._run(molecule)
        hamiltonian, result = done.hamiltonian, done.result
        assembly = grown(assemble(done.experiment, hamiltonian, self.backend), result.operators)
        parts = components(assembly, result.x)
        one, two = density_matrices(parts, hamiltonian.norb)
        along = self.directions
        derivatives = integral_derivatives(molecule, hamiltonian, directions=along)
        gradient = gradient_from_matrices(derivatives, one, two, along)
        energy = float(result.energy if result.exact is None else result.exact)  # type: ignore[arg-type]
        self._before = (hamiltonian, result.x)
        here = Geometry(atoms, energy, gradient, result.run)
        self.visited.append(here)
        self.progress(here)
        return energy, gradient.reshape(-1)

    def _run(self, molecule: Molecule) -> EndedRun:
        """Run, or take from its folder, the VQE of a geometry."""
        space = molecule.active_space
        spec = self.experiment.molecule.model_copy(
            update={
                "name": format_geometry(molecule.atoms),
                "label": molecule.name[:80],
                "definition": None,
                "set": {},
                "basis": molecule.basis,
                "charge": molecule.charge,
                "spin": molecule.spin,
                "orbitals": molecule.orbitals,
                "symmetry": molecule.symmetry,
                "active_space": None if space is None else ActiveSpaceSpec(**asdict(space)),
            }
        )
        experiment = self.experiment.model_copy(update={"molecule": spec})
        path = None if self.folder is None else self.folder / "steps" / f"{len(self.visited):04d}"

        def begin() -> Session:
            hamiltonian, asked = build_hamiltonian(molecule), experiment
            if self._before is not None:
                hamiltonian = follow(spec, hamiltonian, self._before[0]).hamiltonian
                start = tuple(self._before[1].tolist())
                n_parameters = assemble(asked, hamiltonian, self.backend).circuit.n_parameters
                if n_parameters == len(start):
                    asked = asked.model_copy(update={"start": start})
            return Session.begin(
                asked,
                out=path,
                store=path is not None,
                hamiltonian=hamiltonian,
                backend=self.backend,
            )

        return ended_run(path, begin, self.backend)
