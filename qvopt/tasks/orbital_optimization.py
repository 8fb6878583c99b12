r"""Orbital-optimised VQE: the lowest energy over circuit parameters and orbitals.

    E(κ) = min_x ⟨ψ(x)| H[C exp(κ)] |ψ(x)⟩,   κ between frozen, active and empty orbitals.

A VQE runs at each set of orbitals, from where the last one ended. Its density matrices give the
gradient g of E exactly, and the Hessian but for the response of x, V Λ V^T. A step is
-V |Λ|^-1 V^T g, down the hill also where it curves down (Dauphin et al., arXiv:1406.2572).

Canonical orbitals are often a saddle: the gradient between irreducible representations is zero, and
stays it. So at a stationary point the lowest curvature of E, response included, is looked for
(products with its Hessian are differences of g), and a negative one is followed down. What is found
is a minimum, the lowest one near the start, not for certain the lowest of all.

At a full CI active state this is CASSCF. I. O. Sokolov et al., arXiv:1911.10864; W. Mizukami et
al., arXiv:1910.11526.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from qvopt.backends.protocol import Backend
from qvopt.engine.assembly import assemble, grown, molecular_hamiltonian
from qvopt.engine.states import components
from qvopt.experiment.ignored import refuse_ignored
from qvopt.experiment.resolving import resolve
from qvopt.experiment.settings import Settings, takes_settings
from qvopt.experiment.specification import AnsatzSpec, Experiment
from qvopt.records.ledger import Costs, add_costs
from qvopt.runs.bar import counted
from qvopt.runs.folder import RunFolder
from qvopt.runs.result import Result
from qvopt.runs.session import Session
from qvopt.tasks.curvature import lowest_curvature
from qvopt.tasks.kept_runs import ended_run
from qvopt.tasks.orbital_derivatives import (
    Pairs,
    orbital_gradient,
    orbital_hessian,
    rotations,
    turned,
)
from qvopt.tasks.orbitals_result import OptimizedOrbitals
from qvopt.tasks.properties import density_matrices
from qvopt.tasks.task_folder import ORBITALS, claim_task
from qvopt_circuits.catalogue import ansatz_data
from qvopt_circuits.given import GivenCircuit
from qvopt_molecules.argument_checks import real_number, whole_number
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError
from qvopt_molecules.hamiltonian import MolecularHamiltonian

_LONGEST = 0.3  # radians of one rotation in a step
_FLATTEST = 0.002  # Hartree: curvatures below are taken for this
_UNSTABLE = -0.1  # of a curvature that is otherwise about 1
_PROBE, _KICK = 0.003, 0.2  # radians: of a difference of gradients, and off a saddle


@takes_settings
def optimize_orbitals(
    problem: Any,
    *,
    tolerance: float = 1e-5,
    max_rounds: int = 300,
    out: str | Path | None = None,
    progress: bool | Callable[[int, float, float], object] | None = None,
    **settings: Unpack[Settings],
) -> OptimizedOrbitals:
    """Run orbital-optimised VQE to a minimum, on exact energies.

        optimize_orbitals("lih", active_space=(2, 2)).energy

    The circuit is that of the first orbitals throughout; an adaptive one grows there.

    Args:
        problem: as for `run`, with an active space.
        tolerance: largest orbital gradient in Hartree to stop at.
        max_rounds: most VQE runs, those that look for negative curvature included.
        out: folder of the runs; one that holds the same optimisation is resumed.
        progress: called with round, energy and gradient; or whether to show a bar, None in
            notebooks alone.

    Raises InputError where there is nothing to rotate, for shots, and for integrals without a
    molecule.
    """
    experiment, backend = resolve(problem, settings)
    if experiment.measurement.shots is not None:
        raise InputError("orbitals are optimised on exact density matrices; leave shots out")
    refuse_ignored(experiment)
    real_number(tolerance, "tolerance", "gradient in Hartree", below=1)
    whole_number(max_rounds, "max_rounds", 1)
    h = molecular_hamiltonian(experiment.molecule)
    if h.frame is None:
        raise InputError("orbital optimisation needs a molecule, not bare integrals")
    pairs = rotations(h)
    if len(pairs[0]) == 0:
        raise InputError("every orbital is active: there is nothing to rotate; give --active-space")
    folder = None if out is None else Path(out)
    if folder is not None:
        asked = {"tolerance": tolerance, "max_rounds": max_rounds}
        claim_task(folder, ORBITALS, asked, experiment)
    given = _with_its_circuit(experiment, h, backend, folder)
    with counted(progress, "rounds", max_rounds) as report:
        search = _Search(given, pairs, max_rounds, folder, report, backend)
        optimized = _minimized(search, h, tolerance)
    if folder is not None:
        RunFolder(folder).write_json("orbitals.json", optimized.document())
    return optimized


def _minimized(search: _Search, h: MolecularHamiltonian, tolerance: float) -> OptimizedOrbitals:
    """Descend to stationary points, off those that are saddles, to a minimum."""
    here, saddles, stable = search.step(h), 0, False
    while True:
        here = _descend(search, here, tolerance)
        if here.largest >= tolerance or search.spent:
            break
        lower = _off_saddle(search, here)
        stable = lower is None and not search.spent
        if lower is None:
            break
        here, saddles = search.step(lower.hamiltonian), saddles + 1
    return OptimizedOrbitals(
        stable, tuple(search.energies), here.largest, here.hamiltonian, here.result, search.runs,
        saddles, search.costs,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Place:
    """One set of orbitals, the VQE there, and the gradient along the rotations."""

    hamiltonian: MolecularHamiltonian
    result: Result
    energy: float
    one: FloatArray
    two: FloatArray
    slope: FloatArray

    @property
    def largest(self) -> float:
        return float(np.abs(self.slope).max())

    def axes(self) -> tuple[FloatArray, FloatArray]:
        """Positive curvatures |λ| and their directions (columns), at fixed density matrices."""
        h = self.hamiltonian
        assert h.frame is not None
        values, axes = np.linalg.eigh(orbital_hessian(h, h.frame, self.one, self.two))
        return np.maximum(np.abs(values), _FLATTEST), axes


class _Search:
    """Runs VQEs, each from where the last one ended."""

    def __init__(
        self,
        experiment: Experiment,
        pairs: Pairs,
        most: int,
        folder: Path | None,
        progress: Callable[[int, float, float], object],
        backend: Backend | None,
    ) -> None:
        self.pairs, self._backend, self._folder = pairs, backend, folder
        self.energies: list[float] = []
        self.costs: Costs = {}
        self.runs = 0
        self._experiment, self._most, self._progress = experiment, most, progress

    @property
    def spent(self) -> bool:
        return self.runs >= self._most

    def step(self, h: MolecularHamiltonian) -> _Place:
        """Run a VQE from the last step's parameters, and tell of it."""
        place = self.probe(h, None)
        self.energies.append(place.energy)
        self._start_at(place.result.x)
        self._progress(self.runs, place.energy, place.largest)
        return place

    def probe(self, h: MolecularHamiltonian, start: FloatArray | None) -> _Place:
        """Run a VQE from `start`."""
        if start is not None:
            self._start_at(start)
        path = None if self._folder is None else self._folder / "runs" / f"{self.runs:04d}"

        def begin() -> Session:
            return Session.begin(
                self._experiment,
                out=path,
                store=path is not None,
                hamiltonian=h,
                backend=self._backend,
            )

        done = ended_run(path, begin, self._backend)
        result = done.result
        self.costs = add_costs(self.costs, result.costs)
        self.runs += 1
        assembly = assemble(done.experiment, h, self._backend)
        one, two = density_matrices(components(assembly, result.x), h.norb)
        energy = float(result.energy if result.exact is None else result.exact)  # type: ignore[arg-type]
        assert h.frame is not None
        slope = orbital_gradient(h, h.frame, one, two)[self.pairs]
        return _Place(h, result, energy, one, two, slope)

    def _start_at(self, x: FloatArray) -> None:
        start = tuple(x.tolist())
        self._experiment = self._experiment.model_copy(update={"start": start})


def _with_its_circuit(
    experiment: Experiment,
    h: MolecularHamiltonian,
    backend: Backend | None,
    folder: Path | None,
) -> Experiment:
    """The experiment with its circuit gate by gate, grown if the ansatz is adaptive.

    Circuits may depend on the orbitals; their parameters would change their meaning on the way.
    """
    assembly = assemble(experiment, h, backend)
    start = assembly.start
    if assembly.evaluator.growth is not None:
        path = None if folder is None else folder / "growth"

        def begin() -> Session:
            return Session.begin(
                experiment, out=path, store=path is not None, hamiltonian=h, backend=backend
            )

        done = ended_run(path, begin, backend)
        assembly = grown(assemble(done.experiment, h, backend), done.result.operators)
        start = done.result.x
    given = AnsatzSpec(**ansatz_data(GivenCircuit.of(assembly.circuit)))
    return experiment.model_copy(update={"ansatz": given, "start": tuple(start.tolist())})


def _descend(search: _Search, here: _Place, tolerance: float) -> _Place:
    """Step down until the gradient is below the tolerance, or nothing is gained."""
    while here.largest >= tolerance and not search.spent:
        curvatures, axes = here.axes()
        step = -axes @ ((axes.T @ here.slope) / curvatures)
        step *= min(1.0, _LONGEST / float(np.abs(step).max()))
        scale = 1.0
        while True:
            there = search.step(turned(here.hamiltonian, scale * step, search.pairs))
            gain = here.energy - there.energy
            enough = gain >= -1e-4 * scale * float(step @ here.slope) - 1e-9
            if enough or search.spent or scale < 1e-3:
                break
            scale *= 0.4
        if not enough:
            break
        here = there
    return here


def _off_saddle(search: _Search, here: _Place) -> _Place | None:
    """A lower place along a direction of negative curvature; None where there is none."""
    h, x = here.hamiltonian, here.result.x
    curvatures, axes = here.axes()

    def product(v: FloatArray) -> FloatArray:
        size = _PROBE / float(np.abs(v).max())
        slope = search.probe(turned(h, size * v, search.pairs), x).slope
        return np.asarray((slope - here.slope) / size)

    lowest, direction = lowest_curvature(
        product, curvatures**-0.5, axes, np.random.default_rng(0), unstable=_UNSTABLE
    )
    if lowest >= _UNSTABLE:
        return None
    direction = direction * (_KICK / float(np.abs(direction).max()))
    sides = [search.probe(turned(h, s * direction, search.pairs), x) for s in (1.0, -1.0)]
    lower = min(sides, key=lambda place: place.energy)
    return lower if lower.energy < here.energy - 1e-8 else None
