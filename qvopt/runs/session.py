"""Begins, resumes and finishes runs: the experiment, its folder and its driver together."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from qvopt.backends.catalogue import as_backend, is_recorded_as
from qvopt.backends.cost import Cost
from qvopt.backends.protocol import DurableProgram, SubmissionPolicy
from qvopt.engine.assembly import Assembly, assemble, hamiltonian_of
from qvopt.engine.auto_mitigation import mitigation_of
from qvopt.engine.energy_plan import energy_evaluator
from qvopt.engine.growing import growing_optimizer
from qvopt.experiment.earlier import as_begun
from qvopt.experiment.handing import handed_again
from qvopt.experiment.ignored import refuse_idle_caps, refuse_ignored
from qvopt.experiment.resolving import with_backend
from qvopt.experiment.specification import Experiment
from qvopt.optimizers.registry import get_optimizer
from qvopt.records.events import Begin, History
from qvopt.records.journal import Journal
from qvopt.records.ledger import Ledger
from qvopt.runs.approval import Approve, approve_run
from qvopt.runs.attaching import AttachedPrograms
from qvopt.runs.auto_choice import CANDIDATES, candidates_text
from qvopt.runs.bit_strings import bit_strings
from qvopt.runs.budget import make_budget, refuse_unbounded
from qvopt.runs.certificate import Certificate
from qvopt.runs.defaults import chosen_monitor, with_defaults
from qvopt.runs.driver import Driver
from qvopt.runs.end_check import EndCheck
from qvopt.runs.final_estimate import FinalAim, FinalEstimate
from qvopt.runs.folder import RunFolder, default_name
from qvopt.runs.problem_description import describe_problem
from qvopt.runs.references import References, references_of
from qvopt.runs.result import Result, Trace
from qvopt.runs.steps import Outcome, Step
from qvopt.runs.stopping import Watch
from qvopt.runs.stored import begin_of, kind_of, names_of, recorded_references
from qvopt.runs.wording import wording_of
from qvopt_circuits.circuit import Circuit
from qvopt_molecules.argument_checks import path_of
from qvopt_molecules.errors import InputError
from qvopt_molecules.penalties import PenaltyWeights
from qvopt_molecules.spins import Hamiltonian


class Session:
    """A run in progress. Iterate over it for its steps, then ask for its `result()`.

        with Session.begin(experiment, out=Path("my-run")) as session:
            for step in session:
                print(step.number, step.energy)
            print(session.result().energy)

    Leaving the block closes the journal; whatever ended the loop, a run with a folder resumes
    from its last answered round.
    """

    def __init__(
        self,
        assembly: Assembly,
        *,
        folder: RunFolder | None,
        journal: Journal | None,
        references: References,
        problem: Mapping[str, Any],
        max_steps: int | None = None,
        jobs: SubmissionPolicy | None = None,
        history: History | None = None,
    ) -> None:
        begun = history is not None
        if history is None:
            history = History() if journal is None else History.of(journal.events)
        self.assembly = assembly
        self.experiment = assembly.experiment
        self.folder = folder
        self._journal = journal
        self.changes = ""
        self.references = references.energies
        self.problem = dict(problem)
        self._steps: list[Step] = []
        self.monitor = chosen_monitor(self.experiment, assembly)
        program = assembly.program
        ledger = Ledger(
            make_budget(self.experiment.budget, program, begun=begun),
            simulated=not isinstance(program, DurableProgram) or program.pricing.simulated,
        )
        path = None if folder is None else folder.path
        jobs = jobs or SubmissionPolicy()
        self._approved = jobs.approved
        self._programs = AttachedPrograms(journal, jobs)
        self._programs.attach(program, path, main=True)
        reported = assembly.evaluator.reported.program
        if reported is not program:
            self._programs.attach(reported, path, main=False)
        assembly.compiler.attach = partial(self._programs.attach, folder=path, main=False)
        ledger.charge({"lost": self._programs.lost})
        spec = self.experiment.optimizer_spec
        unit = wording_of(self.names).unit
        self.driver = Driver(
            assembly.evaluator,
            growing_optimizer(
                get_optimizer(spec.name, **self.experiment.optimizer_options), assembly.evaluator
            ),
            assembly.start,
            self.experiment.seed,
            self.experiment.max_steps if max_steps is None else max_steps,
            ledger,
            self.monitor,
            journal,
            history,
            Watch(self.experiment.stopping.gradient, self.experiment.stopping.plateau),
            EndCheck(
                assembly.hamiltonian,
                self.experiment.mapping,
                references.fci,
                references.state,
                references.hf,
                unit,
            ),
            FinalEstimate(
                FinalAim.of(self.experiment.measurement), partial(energy_evaluator, assembly)
            ),
            Certificate.of(self.experiment.stopping, unit),
            unit,
        )

    @classmethod
    def begin(
        cls,
        experiment: Experiment,
        *,
        out: str | Path | None = None,
        store: bool = True,
        command: list[str] | None = None,
        jobs: SubmissionPolicy | None = None,
        backend: Any = None,
        hamiltonian: Hamiltonian | None = None,
        files: Mapping[str, str] | None = None,
    ) -> Self:
        """Start a new run.

        Args:
            experiment: what to run.
            out: the run folder, which must not exist; None makes a numbered one in runs/.
            store: whether to keep a run folder at all.
            command: the command line, for the record.
            jobs: what is to be done with the jobs of a run on hardware.
            backend: an object in place of the experiment's backend: a Backend, a Provider, a
                Qiskit BackendV2 or V2 sampler.
            hamiltonian: takes the place of computing the integrals, as where their orbitals were
                aligned with a neighbour's.
            files: texts to keep in the folder, by name.

        Raises InputError before anything is written where the experiment cannot run, or nothing
        bounds it on hardware that is paid or queued.
        """
        out = None if out is None else path_of(out, "out")
        if out is not None and out.exists():
            raise InputError(
                f"{out} exists already and is not overwritten; choose another --out, or "
                f"`qvopt resume {out}` to continue it"
            )
        if backend is not None:
            backend = as_backend(backend)
            experiment = with_backend(experiment, backend)
        refuse_ignored(experiment)
        if hamiltonian is None:
            hamiltonian = hamiltonian_of(experiment.molecule)
        assembly = with_defaults(assemble(experiment, hamiltonian, backend))
        experiment = assembly.experiment
        spec = experiment.optimizer_spec
        get_optimizer(spec.name, **spec.options)
        references = references_of(experiment, assembly)
        described = describe_problem(assembly, references)
        # Jobs that are paid for, or that outlive this process, need a journal.
        program = assembly.program
        refuse_idle_caps(experiment.budget, hardware=isinstance(program, DurableProgram))
        refuse_unbounded(experiment, program)
        store = store or (isinstance(program, DurableProgram) and program.durable)
        if not store:
            session = cls(
                assembly, folder=None, journal=None, references=references, problem=described,
                jobs=jobs,
            )  # fmt: skip
            session.driver.refuse_unaffordable_end()
            return session
        label = hamiltonian.label or "molecule"
        name = default_name(experiment, label)
        begin = Begin(
            experiment.content_hash(),
            hamiltonian.content_hash(),
            references.energies,
            label,
            kind_of(hamiltonian),
            problem=described,
        ).encode()
        if assembly.candidates:
            files = {**(files or {}), CANDIDATES: candidates_text(assembly.candidates)}
        folder, journal = RunFolder.create(
            out, experiment, hamiltonian, name, begin, command=command, files=files
        )
        try:
            session = cls(
                assembly, folder=folder, journal=journal, references=references,
                problem=described, jobs=jobs,
            )  # fmt: skip
            session.driver.refuse_unaffordable_end()
            return session
        except BaseException:  # nothing has run, and nothing half made is left
            journal.close()
            shutil.rmtree(folder.path, ignore_errors=True)
            raise

    @classmethod
    def resume(
        cls,
        path: str | Path,
        *,
        max_steps: int | None = None,
        jobs: SubmissionPolicy | None = None,
        backend: Any = None,
        optimizer: Any = None,
        ansatz: Any = None,
    ) -> Self:
        """Go on with a run, from its frozen integrals and its journal.

        Args:
            path: the run folder.
            max_steps: go on to this many steps.
            jobs: what is to be done with the jobs of a run on hardware.
            backend, optimizer, ansatz: what came in as an object and cannot be rebuilt from the
                folder, handed over again.

        Raises InputError where one is missing, or is another than the run began with.
        """
        path = path_of(path, "the run folder")
        folder = RunFolder.open(path)
        experiment = folder.experiment()
        hamiltonian = folder.hamiltonian()
        journal = folder.open_journal()
        try:
            history = History.of(journal.events)
            begin = begin_of(history, path)
            if begin.experiment != experiment.content_hash():
                raise InputError(f"{path}/experiment.toml is not the one this run began with")
            if begin.hamiltonian != hamiltonian.content_hash():
                raise InputError(f"{path}/hamiltonian.npz is not the one this run began with")
            experiment = as_begun(experiment)
            if experiment.measurement.metric is None:  # begun before there was a choice
                measurement = experiment.measurement.model_copy(update={"metric": "fidelities"})
                experiment = experiment.model_copy(update={"measurement": measurement})
            handed_again(path, "optimizer", optimizer, experiment.optimizer_spec)
            handed_again(path, "ansatz", ansatz, experiment.ansatz)
            if backend is not None and backend != experiment.backend.name:
                if isinstance(backend, str | Mapping):
                    raise InputError(
                        f"{path} began on {experiment.backend.name}, and resumes there; a backend "
                        f"can be passed again only if it is an object"
                    )
                backend = as_backend(backend)
                if not is_recorded_as(backend, experiment.backend.name):
                    raise InputError(
                        f"{path} began on {experiment.backend.name}, and not on {backend.name}"
                    )
            backend = None if isinstance(backend, str) else backend
            # One of an earlier version began without penalties; later ones write them down.
            assembly = assemble(experiment, hamiltonian, backend, PenaltyWeights())
            session = cls(
                assembly,
                folder=folder,
                journal=journal,
                references=recorded_references(begin),
                problem=begin.problem,
                max_steps=max_steps,
                jobs=jobs,
                history=history,
            )
            session.changes = folder.environment_changes()
            return session
        except BaseException:
            journal.close()
            raise

    @property
    def circuit(self) -> Circuit:
        """The circuit as it is now: an adaptive ansatz grows."""
        return self.driver.evaluator.circuit

    @property
    def names(self) -> dict[str, Any]:
        """Molecule, ansatz, optimizer, backend and seed; of lattice models also kind and unit."""
        hamiltonian = self.assembly.hamiltonian
        return names_of(self.experiment, hamiltonian.label, kind_of(hamiltonian))

    def approve(self, approve: Approve | None, *, new: bool = False) -> None:
        """State what the run may take before its first job, and go on unless the answer is no.

        Iterating does so by itself, with `approve` None. A run that has submitted a job was agreed
        to, but for steps beyond those of its experiment.

        Args:
            approve: is called with the `CostStatement`, and refuses the jobs by a false value; None
                writes it to the log, as a warning, where something is paid or queued.
            new: whether the run's folder is removed where the answer is no.

        Raises InputError where the answer is no; the session is closed then.
        """
        more_steps = self.driver.max_steps - self.experiment.max_steps
        shots = max((record.shots for record in self.driver.history.steps), default=0)
        spent = Cost(shots=shots)
        try:
            approve_run(self.assembly, approve, more_steps=more_steps, spent=spent)
        except BaseException:
            self.close()
            if new and self.folder is not None:
                shutil.rmtree(self.folder.path)
            raise
        self._approved = True

    def __iter__(self) -> Iterator[Step]:
        if not self._approved:
            self.approve(None)
        for step in self.driver:
            self._steps.append(step)
            yield step

    def result(self, *, interrupted: bool = False) -> Result:
        """Return the result of the finished, or interrupted, loop and write it to the folder."""
        outcome = self.driver.outcome
        if outcome is None:
            if not interrupted:
                raise InputError("the run has not finished; loop over its steps first")
            x = self.driver.x
            outcome = Outcome("interrupted", x, None, None, self.driver.number)
        energy = outcome.energy
        result = Result(
            status=outcome.status,
            energy=None if energy is None else energy.value,
            stderr=None if energy is None else math.sqrt(energy.variance),
            exact=outcome.exact,
            hf=float(self.references["hf"] or 0.0),
            fci=self.references.get("fci"),
            x=outcome.x,
            n_steps=outcome.steps,
            seconds=self.driver.seconds,
            costs=dict(self.driver.ledger.spent),
            run=None if self.folder is None else str(self.folder.path),
            message=outcome.message,
            drift=self.driver.drift,
            names=self.names,
            average=outcome.average,
            operators=list(self.driver.operators),
            problem=self.problem,
            numbers=outcome.numbers,
            final=outcome.final,
            trace=Trace.of_steps(self._steps),
            circuit=self.circuit,
            bits=bit_strings(self.assembly.hamiltonian, self.circuit, outcome.x),
            mitigation=mitigation_of(self.experiment),
        )
        if self.folder is not None:
            self.folder.write_json("result.json", result.document())
        return result

    def close(self) -> None:
        """Close the journal, and what is open at a provider."""
        self._programs.close()
        if self._journal is not None:
            self._journal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
