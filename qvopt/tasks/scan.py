"""Curves: one run for each value of a parameter of the molecule, or of the lattice model.

A scan is a folder: `scan.toml` (what was asked), `points/0000` and so on (each an ordinary run),
and what is derived from them, `scan.json`, `scan.csv` and `scan.png`. A finished point is never run
again, an interrupted one is resumed.

With warm starts each point begins where its neighbour ended, in orbitals that follow the
neighbour's (`qvopt_molecules.alignment`). Without them the points do not depend on each other:
`Scan.independent` gives their sessions, for a backend that takes the rounds of all in one batch.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from qvopt.backends.catalogue import get_backend, is_provider
from qvopt.backends.protocol import Backend, SubmissionPolicy
from qvopt.engine.assembly import assemble, hamiltonian_of, resolve_molecule
from qvopt.experiment.ignored import refuse_ignored
from qvopt.experiment.resolving import resolve, with_backend
from qvopt.experiment.settings import Settings, takes_settings
from qvopt.experiment.specification import Experiment, MoleculeSpec
from qvopt.records.portable import portable
from qvopt.runs.approval import Approve, approve_runs
from qvopt.runs.bar import counted
from qvopt.runs.defaults import with_defaults
from qvopt.runs.folder import RunFolder
from qvopt.runs.result import Result
from qvopt.runs.session import Session
from qvopt.runs.steps import Step
from qvopt.runs.stored import ended_result, kind_entry
from qvopt.runs.wording import wording_of
from qvopt.tasks.branches import follow
from qvopt.tasks.grid import grid_values
from qvopt.tasks.job_sets import in_job_sets, outlives
from qvopt.tasks.kept_runs import cleared
from qvopt.tasks.scan_link import NAME as LINK
from qvopt.tasks.scan_link import Link, link_text, read_link
from qvopt.tasks.scan_result import ScanPoint, ScanResult, csv_text, scan_point, scanned_unit
from qvopt.tasks.task_folder import SCAN, claim_task, read_task
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError, shown
from qvopt_molecules.exact_reference import exact_method
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.spins import Hamiltonian

CONTINUOUS = 0.7
"""Overlap of the occupied orbitals of neighbours above which parameters carry over."""


class Scan:
    """A scan in progress. Iterate over it for its points, then ask for its `result()`.

    Args:
        experiment: what every point shares.
        parameter: the molecule's parameter that varies, such as "bond", or the model's, as "u".
        values: its values, run in this order.
        warm: start each point where the one before it ended.
        folder: where to keep the runs; an existing folder of the same scan is resumed. None
            keeps nothing.

    Raises InputError, before anything runs, where a point is not possible.
    """

    def __init__(
        self,
        experiment: Experiment,
        parameter: str,
        values: str | Sequence[float],
        *,
        warm: bool = True,
        folder: Path | None = None,
        backend: Backend | None = None,
    ) -> None:
        refuse_ignored(experiment)
        self._backend = backend
        if not isinstance(parameter, str):
            raise InputError(f"a scan varies one parameter by name, got {shown(parameter)}")
        if parameter in experiment.molecule.set:
            raise InputError(
                f"{parameter} is set to {experiment.molecule.set[parameter]:g} and is what the "
                f"scan varies; leave one of them out"
            )
        self.experiment, self.parameter, self.warm = experiment, parameter, warm
        self.values = grid_values(values)
        self.folder = folder
        self._experiments = [self._at(value) for value in self.values]
        geometries, units = set(), set()
        self.names: dict[str, str] = {}
        self.basis, name = "", Path(experiment.molecule.name).stem
        for value, point in zip(self.values, self._experiments, strict=True):
            try:
                molecule = resolve_molecule(point.molecule)
                if point.molecule.is_lattice:
                    units.add(point.molecule.energy_unit)
                    self.names = {"kind": "lattice", **kind_entry(hamiltonian_of(point.molecule))}
            except InputError as error:
                raise InputError(f"{parameter} = {value:g}: {error}") from None
            if molecule is None and not point.molecule.is_lattice:
                raise InputError(
                    "an FCIDUMP file, like any fixed Hamiltonian, is one geometry; it has no "
                    "parameter to scan"
                )
            geometries.add(value if molecule is None else molecule.atoms)
            if molecule is not None:
                self.basis = molecule.basis
                if not re.fullmatch(r"[\w.+-]+", name):  # an inline geometry: its formula
                    name = molecule.name
        if len(geometries) < len(set(self.values)):
            raise InputError(f"{parameter} does not change the molecule; name it in the geometry")
        if self.names:
            self.names["unit"] = units.pop() if len(units) == 1 else ""
        self.label = name[:40] or "molecule"
        self.unit = scanned_unit(experiment.molecule, parameter, wording_of(self.names))
        self._done: list[ScanPoint] = []
        self._notes: dict[str, list[float]] = {}
        self._approved = False
        if folder is not None:
            claim_task(folder, SCAN, self.document()["scan"], experiment)

    def approve(self, approve: Approve | None) -> None:
        """State what all points may take, and ask; a scan that has begun was agreed to.

        Raises InputError where a point's run has no bound, and where the answer is no.
        """
        experiment = self._experiments[0]
        begun = self.folder is not None and any(self.folder.glob("points/*/journal.jsonl"))
        if not begun and (self._backend is not None or is_provider(experiment.backend.name)):
            assembly = with_defaults(assemble(experiment, backend=self._backend))
            approve_runs(self.experiment, assembly, len(self.values), approve)
        self._approved = True

    def document(self) -> dict[str, Any]:
        """What was asked, as plain data."""
        scan = {"parameter": self.parameter, "values": list(self.values), "warm": self.warm}
        return {"scan": scan, "experiment": self.experiment.document()}

    @classmethod
    def open(cls, folder: Path) -> Scan:
        """Return the scan of an existing folder, to go on with it; of its file, as a new one."""
        scan, experiment = read_task(folder, SCAN)
        try:
            return cls(experiment, scan["parameter"], scan["values"], warm=scan["warm"],
                       folder=folder if folder.is_dir() else None)  # fmt: skip
        except KeyError:
            raise InputError(f"{folder} does not describe a scan") from None

    def __iter__(self) -> Iterator[ScanPoint]:
        """Run what is missing, yielding each point when it is done."""
        for point, _ in self.steps():
            if point is not None:
                yield point

    def steps(self) -> Iterator[tuple[ScanPoint | None, Step | None]]:
        """Yield (None, step) for each step of a run, and (point, None) when a point is done."""
        self._done, self._notes = [], {}
        for step in self._queued():
            yield None, step
        before: tuple[Hamiltonian, FloatArray] | None = None
        for number, value in enumerate(self.values):
            done = self._finished(number)
            if done is not None:
                hamiltonian, result, continuity, warm = done
            else:
                session, continuity = self._session(number, before)
                warm = session.experiment.start is not None and self.warm and number > 0
                hamiltonian = session.assembly.hamiltonian
                with session:
                    for step in session:
                        yield None, step
                    result = session.result()
            x = result.x if result.average is None else result.average.x
            before = (hamiltonian, x) if self.warm and np.all(np.isfinite(x)) else None
            point = scan_point(value, result, hamiltonian, continuity, warm)
            if isinstance(hamiltonian, MolecularHamiltonian):
                for note in hamiltonian.notes:
                    self._notes.setdefault(note, []).append(value)
            if isinstance(hamiltonian, MolecularHamiltonian) and not self.names.get("kind"):
                self.names["exact_method"] = exact_method(hamiltonian)
            self._done.append(point)
            yield point, None

    def _queued(self) -> Iterator[Step]:
        """Run independent points side by side, where their jobs wait in a provider's queue."""
        missing = [] if self.warm else [k for k in range(len(self.values)) if not self._finished(k)]
        if self.folder is None or not missing:
            return
        spec = self.experiment.backend
        backend = get_backend(spec.name, **spec.options)
        if outlives(backend):
            jobs = SubmissionPolicy("submit", approved=self._approved)
            how = {"backend": backend, "jobs": jobs}
            yield from in_job_sets(
                missing, lambda number: self._session(number, None, **how)[0], backend.timeouts
            )

    def independent(self) -> Iterator[Session]:
        """Yield a session for every point that is missing; none waits for another.

        They may be stepped side by side, so that the jobs of all points are in one batch. Raises
        InputError with warm starts, which chain the points.
        """
        if self.warm:
            raise InputError("warm starts chain the points; scan with warm = False")
        for number in range(len(self.values)):
            if self._finished(number) is None:
                yield self._session(number, None)[0]

    def result(self) -> ScanResult:
        """Return the points that are done, and write the derived files."""
        folder = None if self.folder is None else str(self.folder)
        points, ansatz = tuple(self._done), self.experiment.ansatz.name
        result = ScanResult(
            self.label, self.parameter, points, folder, self.names, ansatz, self.basis,
            {note: tuple(values) for note, values in self._notes.items()}, self.unit,
        )  # fmt: skip
        if self.folder is not None:
            home = RunFolder(self.folder)
            home.write_json("scan.json", result.document())
            home.write_text("scan.csv", csv_text(portable(result.table(), self.folder)))
        return result

    def _at(self, value: float) -> Experiment:
        spec = self.experiment.molecule
        molecule = spec.model_copy(update={"set": {**spec.set, self.parameter: value}})
        return self.experiment.model_copy(update={"molecule": molecule})

    def _path(self, number: int) -> Path | None:
        return None if self.folder is None else self.folder / "points" / f"{number:04d}"

    def _finished(self, number: int) -> tuple[Hamiltonian, Result, float | None, bool] | None:
        path = self._path(number)
        if path is None or not RunFolder.begun(path):
            return None
        result = ended_result(path)
        if result is None:
            return None
        run = RunFolder(path)
        return run.hamiltonian(), result, *read_link(path)

    def _session(
        self, number: int, before: tuple[Hamiltonian, FloatArray] | None, **how: Any
    ) -> tuple[Session, float | None]:
        """Resume a point, or begin it; `how` is for the session."""
        jobs = SubmissionPolicy(approved=self._approved)
        how = {"backend": self._backend, "jobs": jobs, **how}
        path = self._path(number)
        if path is not None and not cleared(path):
            return Session.resume(path, **how), read_link(path)[0]
        experiment = self._experiments[number]
        hamiltonian = hamiltonian_of(experiment.molecule)
        continuity = None
        if before is not None:
            hamiltonian, continuity = _following(experiment.molecule, hamiltonian, before[0])
            if continuity > CONTINUOUS and _fits(experiment, hamiltonian, before[1]):
                start = tuple(before[1].tolist())
                experiment = experiment.model_copy(update={"start": start})
        link = Link(continuity, experiment.start is not None and number > 0)
        session = Session.begin(
            experiment,
            out=path,
            store=path is not None,
            hamiltonian=hamiltonian,
            files={LINK: link_text(link)},
            **how,
        )
        return session, continuity


@takes_settings
def scan(
    problem: Any,
    parameter: str,
    values: str | Sequence[float],
    *,
    warm: bool = True,
    out: str | Path | None = None,
    progress: bool | Callable[[ScanPoint], object] | None = None,
    approve: Approve | None = None,
    **settings: Unpack[Settings],
) -> ScanResult:
    """Run a potential-energy curve to its end and return it.

        scan("h2", "bond", "0.4:3.0:30").frame()

    Args:
        problem: as for `run`; one that has parameters.
        parameter: which of the molecule's parameters varies.
        values: "start:stop:number" or the values themselves.
        warm: start each point where its neighbour ended.
        out: folder to keep the runs in, and to go on with.
        progress: called with each point; or whether to show a bar, None in notebooks alone.
        approve: called before the first job on hardware, as by `run`.

    Raises InputError for what cannot run.
    """
    experiment, backend = resolve(problem, settings)
    folder = None if out is None else Path(out)
    work = Scan(
        with_backend(experiment, backend), parameter, values, warm=warm, folder=folder,
        backend=backend,
    )  # fmt: skip
    work.approve(approve)
    with counted(progress, "points", len(work.values)) as report:
        for point in work:
            report(point)
    return work.result()


def default_folder(work: Scan) -> Path:
    """Where the command line keeps a scan: the same question finds its folder again."""
    text = json.dumps(work.document(), sort_keys=True)
    key = hashlib.sha256(text.encode()).hexdigest()[:8]
    return Path("scans") / f"{work.label}-{work.parameter}-{key}"


def _following(
    spec: MoleculeSpec, hamiltonian: Hamiltonian, previous: Hamiltonian
) -> tuple[Hamiltonian, float]:
    """A Hamiltonian in orbitals that follow its neighbour's, and their continuity.

    Sites and spins are where they are; 0 where their number changes.
    """
    if hamiltonian.n_qubits != previous.n_qubits:
        return hamiltonian, 0.0
    if hamiltonian.electrons is None or previous.electrons is None:
        return hamiltonian, 1.0
    here, before = hamiltonian.orbitals(), previous.orbitals()
    if here.frame is None and here.electrons != before.electrons:
        return hamiltonian, 0.0
    aligned = follow(spec, here, before)
    return aligned.hamiltonian, aligned.continuity


def _fits(experiment: Experiment, hamiltonian: Hamiltonian, x: FloatArray) -> bool:
    """Whether the parameters are as many as the point's circuit has."""
    return assemble(experiment, hamiltonian).circuit.n_parameters == len(x)
