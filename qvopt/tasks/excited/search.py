"""Runs that find excited states, and the energies at their ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from qvopt.backends.batch import Point
from qvopt.backends.protocol import DurableProgram, Program, SubmissionPolicy
from qvopt.engine.assembly import Assembly, grown, prepared_plan
from qvopt.engine.energy_plan import energy_evaluator
from qvopt.engine.evaluator import Evaluator
from qvopt.engine.growing import growing_optimizer
from qvopt.engine.objectives import DeflatedObjective, EnergyObjective, WeightedObjective
from qvopt.engine.states import Component, components
from qvopt.engine.streams import stream
from qvopt.optimizers.registry import get_optimizer
from qvopt.records.events import History
from qvopt.records.journal import Event, EventLog, Journal
from qvopt.records.ledger import Ledger
from qvopt.runs.attaching import AttachedPrograms
from qvopt.runs.budget import make_budget
from qvopt.runs.defaults import chosen_monitor
from qvopt.runs.driver import Driver
from qvopt.runs.final_estimate import FinalAim, FinalEstimate
from qvopt.runs.rounds import JournaledRounds, RoundName
from qvopt.runs.steps import Outcome, Step
from qvopt.runs.stopping import Watch
from qvopt_circuits.circuit import Circuit
from qvopt_circuits.gates import Gate
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import BudgetExceededError, InputError
from qvopt_molecules.exact_reference import exact_method
from qvopt_molecules.references import fci_roots_if_small
from qvopt_molecules.states import sector_bits
from qvopt_molecules.total_spin import spin_squared

from .expansion import equations_of_motion, subspace_expansion
from .result import ExcitedState, ExcitedStates
from .vectors import total_spin

EXCITED_STREAM = 6
_SPREAD = 0.3  # radians of the random start, off the symmetric points where gradients vanish


class Search:
    """Minimisations that share a ledger and a folder of journals.

    Args:
        assembly: the experiment, with its ground state's circuit.
        folder: where journals are kept, for a resume; None keeps none.
        progress: is called with the number of the minimisation and its step.
    """

    def __init__(
        self,
        assembly: Assembly,
        folder: Path | None,
        progress: Callable[[int, Step], object],
    ) -> None:
        self.assembly, self.folder, self.progress = assembly, folder, progress
        self.experiment, self.hamiltonian = assembly.experiment, assembly.molecular
        begun = folder is not None and any(folder.glob("state-*.jsonl"))
        budget = make_budget(self.experiment.budget, assembly.program, begun=begun)
        self.ledger = Ledger(budget)
        self.monitor = chosen_monitor(self.experiment, assembly)
        self.final = FinalEstimate(
            FinalAim.of(self.experiment.measurement), partial(energy_evaluator, assembly)
        )
        bare = assembly.evaluator.unpenalised
        self._programs: list[Program] = [] if bare is None else [bare.program]
        self.roots = fci_roots_if_small(self.hamiltonian, 100)
        hardware = isinstance(assembly.program, DurableProgram) and assembly.program.durable
        if folder is None and hardware:
            raise InputError(
                "jobs on hardware are written down before they are sent; give a folder (--out)"
            )

    def deflate(self, states: int, beta: float) -> ExcitedStates:
        """Find the states one after another, each pushed off the lower ones (VQD)."""
        base, ended = self.assembly.evaluator, []
        points: list[FloatArray] = []
        for k in range(states):
            evaluator = replace(base, objective=DeflatedObjective(tuple(points), beta))
            start = self._start(k) if k else self.assembly.start
            outcome, _ = self._minimize(evaluator, start, k)
            x = outcome.x if outcome.average is None else outcome.average.x
            points.append(x)
            ended.append((x, base, outcome))
        return self._report("vqd", ended)

    def search(self, states: int) -> ExcitedStates:
        """Find all states at once, from orthogonal determinants (SSVQE)."""
        self._refuse_learning()
        parts = [self._evaluator_from(bits, k) for k, bits in enumerate(self._lowest(states))]
        weights = tuple(float(states - k) for k in range(states))
        combined = replace(parts[0], objective=WeightedObjective(tuple(parts), weights))
        outcome, _ = self._minimize(combined, self._start(1), 0)
        x = outcome.x if outcome.average is None else outcome.average.x
        return self._report("ssvqe", [(x, part, outcome) for part in parts])

    def expand(self, states: int, method: str) -> ExcitedStates:
        """Find the ground state, and expand about it ("qse" or "qeom")."""
        outcome, operators = self._minimize(self.assembly.evaluator, self.assembly.start, 0)
        h = self.hamiltonian
        parts = components(grown(self.assembly, operators), outcome.x)
        psi = next(p.psi for p in parts if (p.n_alpha, p.n_beta) == (h.n_alpha, h.n_beta))
        if len(parts) > 1 or np.abs(psi.imag).max() > 1e-9:
            raise InputError(f"{method} needs an ansatz with real amplitudes in one sector")
        real = np.ascontiguousarray(psi.real)
        vectors: Iterable[FloatArray | None]
        if method == "qse":
            energies, vectors = subspace_expansion(h, real, states)
        else:
            energies, vectors = equations_of_motion(h, real, states)
        spins = [
            None if v is None else spin_squared(v, h.norb, h.n_alpha, h.n_beta) for v in vectors
        ]
        x = tuple(outcome.x.tolist())
        rows = [
            ExcitedState(float(e), 0.0, float(e), self._root(k), spins[k], None, outcome.steps,
                  x if k == 0 else (), outcome.status)
            for k, e in enumerate(energies)
        ]  # fmt: skip
        return ExcitedStates(
            method,
            tuple(rows),
            dict(self.ledger.spent),
            self._exact_method,
            self.experiment.molecule.energy_unit,
        )

    def _minimize(
        self, evaluator: Evaluator, start: FloatArray, number: int
    ) -> tuple[Outcome, tuple[str, ...]]:
        """Minimise; return how it ended, and the operators that an adaptive circuit grew by."""
        spec = self.experiment.optimizer_spec
        stopping = self.experiment.stopping
        with self._journal(f"state-{number}") as (log, events):
            driver = Driver(
                evaluator,
                growing_optimizer(get_optimizer(spec.name, **spec.options), evaluator),
                start,
                int(np.random.SeedSequence([self.experiment.seed, number]).generate_state(1)[0]),
                self.experiment.max_steps,
                self.ledger,
                self.monitor,
                log,
                History.of(events),
                Watch(stopping.gradient, stopping.plateau),
            )
            for step in driver:
                self.progress(number, step)
        assert driver.outcome is not None
        if driver.outcome.status == "budget":
            raise BudgetExceededError(f"state {number}: {driver.outcome.message}")
        return driver.outcome, driver.operators

    @contextmanager
    def _journal(self, name: str) -> Iterator[tuple[EventLog | None, list[Event]]]:
        """Open the journal of this name; jobs of the backend are written down there."""
        if self.folder is None:
            yield None, []
            return
        path = self.folder / f"{name}.jsonl"
        with Journal(path, create=not path.exists()) as journal:
            attached = AttachedPrograms(journal, SubmissionPolicy())
            for k, program in enumerate((self.assembly.program, *self._programs)):
                if isinstance(program, DurableProgram):
                    folder = self.folder / name / str(k)
                    folder.mkdir(parents=True, exist_ok=True)
                    attached.attach(program, folder, main=k == 0)
            self.ledger.charge({"lost": attached.lost})
            yield journal, journal.events

    def _refuse_learning(self) -> None:
        """Several references scatter differently, and no allocation fits all of them."""
        settings = self.experiment.measurement
        if settings.allocation == "measured" or settings.gradient_allocation == "measured":
            raise InputError(
                "ssvqe measures several references, whose variances are not pooled; use another "
                "allocation than 'measured'"
            )

    def _start(self, number: int) -> FloatArray:
        rng = np.random.default_rng(stream(self.experiment.seed, EXCITED_STREAM, number))
        return self.assembly.start + _SPREAD * rng.standard_normal(len(self.assembly.start))

    def _lowest(self, states: int) -> list[int]:
        """Determinants of the lowest diagonal energies, as bits."""
        from pyscf.fci import direct_spin1

        h = self.hamiltonian
        diagonal = direct_spin1.make_hdiag(
            h.one_body, h.two_body, h.norb, (h.n_alpha, h.n_beta)
        ).reshape(-1)
        chosen = np.argsort(np.round(diagonal, 9), kind="stable")[:states]
        return [int(b) for b in sector_bits(h)[chosen]]

    def _evaluator_from(self, bits: int, number: int) -> Evaluator:
        """The evaluator of the same circuit after another determinant's X gates."""
        a = self.assembly
        if self.experiment.mapping != "jordan-wigner":
            raise InputError("ssvqe prepares determinants in the jordan-wigner mapping")
        gates = list(a.circuit.gates)
        first = next((k for k, g in enumerate(gates) if g.name != "x"), len(gates))
        new = [Gate("x", (q,)) for q in range(a.circuit.n_qubits) if bits >> q & 1]
        circuit = Circuit(a.circuit.n_qubits, (*new, *gates[first:]), a.circuit.n_parameters)
        observable = a.program.problem.observable
        stages = a.evaluator.stages
        plan = prepared_plan(self.experiment, a.molecular, observable, circuit, stages)
        program = a.compiler.program(circuit, plan)
        self._programs.append(program)
        bare = a.evaluator.unpenalised
        if bare is not None:
            bare = self._moved(bare, circuit)
        return replace(
            a.evaluator,
            program=program,
            circuit=circuit,
            plan=plan,
            unpenalised=bare,
            substream=(number,),
        )

    def _moved(self, bare: Evaluator, circuit: Circuit) -> Evaluator:
        """The evaluator of energies without penalties on another circuit."""
        a, problem = self.assembly, bare.program.problem
        plan = prepared_plan(
            self.experiment, a.molecular, problem.observable, circuit, a.evaluator.stages
        )
        program = a.compiler.backend.compile(replace(problem, circuit=circuit, plan=plan))
        self._programs.append(program)
        return replace(bare, program=program, circuit=circuit, plan=plan)

    def _report(
        self, method: str, ended: Sequence[tuple[FloatArray, Evaluator, Outcome]]
    ) -> ExcitedStates:
        """Fresh energies at the points, lowest first."""
        rows: list[tuple[ExcitedState, FloatArray | None]] = []
        with self._journal("energies") as (log, events):
            rounds = JournaledRounds(self.ledger, log, History.of(events))
            for k, (x, evaluator, outcome) in enumerate(ended):
                bare = evaluator.reported
                plain = replace(bare, objective=EnergyObjective(), substream=())
                name = RoundName("states", EXCITED_STREAM, 1000 + k)
                answer = self.final.measure(rounds, plain, [x], name, self.ledger).energy
                exact = float(bare.program.energies([Point(x)])[0]) if self.exact else None
                parts = self._components(x, evaluator)
                psi = self._amplitudes(parts)
                spin = total_spin(parts, self.hamiltonian) if parts else None
                error, point = float(np.sqrt(answer.variance)), tuple(x.tolist())
                state = ExcitedState(
                    answer.value, error, exact, None, spin, None, outcome.steps, point,
                    outcome.status,
                )  # fmt: skip
                rows.append((state, psi))
        rows.sort(key=lambda row: row[0].energy if row[0].exact is None else row[0].exact)
        states = []
        for k, (state, psi) in enumerate(rows):
            lower = [p for _, p in rows[:k] if p is not None]
            overlap = None
            if psi is not None:
                overlap = max((float(np.vdot(p, psi)) ** 2 for p in lower), default=0.0)
            states.append(replace(state, fci=self._root(k), overlap=overlap))
        return ExcitedStates(
            method,
            tuple(states),
            dict(self.ledger.spent),
            self._exact_method,
            self.experiment.molecule.energy_unit,
        )

    @property
    def _exact_method(self) -> str:
        """What exact energies are called; a lattice model has no basis to be full in."""
        lattice = self.experiment.molecule.energy_unit != "Ha"
        return "exact" if lattice else exact_method(self.hamiltonian)

    @property
    def exact(self) -> bool:
        """Whether the backend gives exact values."""
        return bool(self.assembly.program.exact)

    def _components(self, x: FloatArray, evaluator: Evaluator) -> list[Component]:
        """The state by electron numbers, where the backend tells it."""
        if not self.exact:
            return []
        assembly = replace(self.assembly, circuit=evaluator.circuit, program=evaluator.program)
        try:
            return components(assembly, x)
        except InputError:
            return []

    def _amplitudes(self, parts: list[Component]) -> FloatArray | None:
        """Real amplitudes in the sector, where they are all there is."""
        h = self.hamiltonian
        if len(parts) != 1 or (parts[0].n_alpha, parts[0].n_beta) != (h.n_alpha, h.n_beta):
            return None
        psi = parts[0].psi
        return np.ascontiguousarray(psi.real) if np.abs(psi.imag).max() < 1e-9 else None

    def _root(self, k: int) -> float | None:
        return None if self.roots is None or k >= len(self.roots) else float(self.roots[k])
