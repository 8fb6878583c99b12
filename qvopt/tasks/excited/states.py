"""Excited states of a molecule by four methods, beside full CI."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal, cast

import numpy as np
import numpy.typing as npt

from qvopt.backends.catalogue import get_backend
from qvopt.backends.protocol import Point, Problem
from qvopt.engine.assembly import Assembly, assemble, grown, make_plan
from qvopt.engine.evaluator import Evaluator
from qvopt.engine.growing import GrowingEvaluator, growing_optimizer
from qvopt.engine.streams import stream
from qvopt.experiment.specification import Experiment, make_experiment
from qvopt.experiment.toml_text import dump_toml
from qvopt.optimizers.protocol import Energy, Scalar
from qvopt.optimizers.registry import get_optimizer
from qvopt.records.journal import Journal
from qvopt.records.ledger import Budget, Costs, Ledger
from qvopt.runs.driver import Driver
from qvopt.runs.folder import RunFolder
from qvopt.runs.steps import Outcome, Step
from qvopt.tasks.states import Component, components
from qvopt_circuits.circuit import Circuit
from qvopt_circuits.gates import Gate
from qvopt_molecules.errors import InputError, unknown_name
from qvopt_molecules.references import fci_roots_if_small
from qvopt_molecules.states import sector_bits

from .expansion import equations_of_motion, subspace_expansion
from .objectives import DeflatedEvaluator, WeightedEvaluator
from .vectors import spin_squared, total_spin

FloatArray = npt.NDArray[np.float64]

METHODS: Final = ("vqd", "ssvqe", "qse", "qeom")
EXCITED_STREAM: Final = 6
_PURE = 0.02  # of 2S, off a whole number, that still counts as a pure spin
_SPREAD = 0.3  # radians of the random start, off the symmetric points where gradients vanish


@dataclass(frozen=True)
class State:
    """One state; energies in Hartree.

    `energy` with its `stderr` is from fresh shots where there are any, `exact` the noiseless one.
    `overlap` is the largest |⟨·|·⟩|² with a lower state, where amplitudes are known. `fci` is the
    full CI energy of the same rank in the sector. `status` says how its minimisation ended, as in
    `Result`: one that ended by "max-steps" is not at its minimum.
    """

    energy: float
    stderr: float
    exact: float | None
    fci: float | None
    spin_squared: float | None
    overlap: float | None
    steps: int
    parameters: tuple[float, ...]
    status: str = "converged"

    @property
    def multiplicity(self) -> str | None:
        """2S + 1 in words, "mixed" for a state of no one spin, None where ⟨S²⟩ is not known."""
        if self.spin_squared is None:
            return None
        twice = math.sqrt(max(1.0 + 4.0 * self.spin_squared, 0.0)) - 1.0
        if abs(twice - round(twice)) > _PURE:
            return "mixed"
        names = ("singlet", "doublet", "triplet", "quartet", "quintet", "sextet", "septet")
        return names[round(twice)] if round(twice) < len(names) else f"2S = {round(twice)}"


@dataclass(frozen=True)
class ExcitedStates:
    """What was found, lowest first, and what it cost by purpose."""

    method: str
    states: tuple[State, ...]
    costs: Costs

    @property
    def shots(self) -> int:
        """Shots spent, everything charged."""
        return sum(cost.shots for cost in self.costs.values())

    def document(self) -> dict[str, Any]:
        """The states as plain JSON values."""
        rows = []
        for state in self.states:
            row = asdict(state) | {"parameters": list(state.parameters)}
            row["error"] = None if state.fci is None else (
                (state.energy if state.exact is None else state.exact) - state.fci
            )  # fmt: skip
            row["multiplicity"] = state.multiplicity
            row["excitation"] = state.energy - self.states[0].energy
            rows.append(row)
        return {
            "method": self.method,
            "states": rows,
            "shots": self.shots,
            "costs": {purpose: asdict(cost) for purpose, cost in self.costs.items()},
        }


def excited_states(
    molecule: str | Mapping[str, Any] | Experiment,
    states: int = 3,
    *,
    method: Literal["vqd", "ssvqe", "qse", "qeom"] = "vqd",
    beta: float = 3.0,
    out: str | Path | None = None,
    progress: Callable[[int, Step], None] | None = None,
    **settings: Any,
) -> ExcitedStates:
    """Find the lowest states of a molecule in its sector of electron numbers.

        excited_states("h2", 3).states[1].energy

    Args:
        molecule: as for `run`.
        states: how many, the ground state included.
        method: "vqd" minimises one after another, each pushed off the lower ones; "ssvqe" all at
            once from orthogonal determinants; "qse" and "qeom" expand about the ground state's
            run, exactly.
        beta: weight in Hartree of the overlaps in "vqd"; above the largest gap that is sought.
        out: folder for the journals of the minimisations, which are resumed from there.
        progress: is told the number of the minimisation and its step.
        settings: the keys of `Experiment`.

    Raises InputError for what cannot run.
    """
    if method not in METHODS:
        raise unknown_name("method for excited states", method, METHODS)
    if not 1 <= states <= 100:
        raise InputError(f"states must be from 1 to 100, got {states}")
    if not 0 < beta < 1e6:
        raise InputError(f"beta must be a positive energy in Hartree, got {beta}")
    experiment = (
        molecule
        if isinstance(molecule, Experiment)
        else make_experiment({"molecule": molecule, **settings})
    )
    if method in ("qse", "qeom") and experiment.measurement.shots is not None:
        raise InputError(
            f"{method} takes its matrix elements from exact amplitudes; leave shots out, or "
            f"take vqd or ssvqe"
        )
    assembly = assemble(experiment)
    if method in ("vqd", "ssvqe") and isinstance(assembly.evaluator, GrowingEvaluator):
        raise InputError(
            f"{method} minimises several states over one circuit, and {experiment.ansatz.name} "
            f"grows it for the ground state; take qse or qeom, or another ansatz"
        )
    size = len(sector_bits(assembly.molecular))
    if states > size:
        raise InputError(f"the sector has {size} states, {states} were asked for")
    question = f"{method} {states}" + (f" {beta!r}" if method == "vqd" else "")
    work = _Work(assembly, None if out is None else Path(out), question, progress)
    if method == "vqd":
        return work.deflate(states, beta)
    if method == "ssvqe":
        return work.search(states)
    return work.expand(states, method)


class _Work:
    """Minimisations that share a ledger and a folder of journals."""

    def __init__(
        self,
        assembly: Assembly,
        folder: Path | None,
        question: str,
        progress: Callable[[int, Step], None] | None,
    ) -> None:
        self.assembly, self.folder, self.progress = assembly, folder, progress
        self.experiment, self.hamiltonian = assembly.experiment, assembly.molecular
        self.ledger = Ledger(Budget(**self.experiment.budget.model_dump()))
        self.roots = fci_roots_if_small(self.hamiltonian, 100)
        if folder is not None:
            _same_question(folder, self.experiment, question)

    def deflate(self, states: int, beta: float) -> ExcitedStates:
        base, found = self.assembly.evaluator, []
        points: list[FloatArray] = []
        for k in range(states):
            evaluator = DeflatedEvaluator.of(base, points, beta)
            start = self._start(k) if k else self.assembly.start
            outcome, _ = self._minimize(evaluator, start, k)
            x = outcome.x if outcome.average is None else outcome.average.x
            points.append(x)
            found.append((x, base, outcome))
        return self._report("vqd", found)

    def search(self, states: int) -> ExcitedStates:
        evaluators = [self._evaluator_from(bits) for bits in self._lowest(states)]
        weights = [float(states - k) for k in range(states)]
        combined = cast(Evaluator, WeightedEvaluator(evaluators, weights))
        outcome, _ = self._minimize(combined, self._start(1), 0)
        x = outcome.x if outcome.average is None else outcome.average.x
        return self._report("ssvqe", [(x, e, outcome) for e in evaluators])

    def expand(self, states: int, method: str) -> ExcitedStates:
        outcome, operators = self._minimize(self.assembly.evaluator, self.assembly.start, 0)
        h = self.hamiltonian
        parts = components(grown(self.assembly, operators), outcome.x)
        psi = next(p.psi for p in parts if (p.n_alpha, p.n_beta) == (h.n_alpha, h.n_beta))
        if len(parts) > 1 or np.abs(psi.imag).max() > 1e-9:
            raise InputError(f"{method} needs an ansatz with real amplitudes in one sector")
        real = np.ascontiguousarray(psi.real)
        spins: list[float | None]
        if method == "qse":
            energies, vectors = subspace_expansion(h, real, states)
            spins = [spin_squared(v, h) for v in vectors]
        else:
            energies = equations_of_motion(h, real, states)
            spins = [spin_squared(real, h)] + [None] * (states - 1)
        x = tuple(outcome.x.tolist())
        rows = [
            State(float(e), 0.0, float(e), self._root(k), spins[k], None, outcome.steps,
                  x if k == 0 else (), outcome.status)
            for k, e in enumerate(energies)
        ]  # fmt: skip
        return ExcitedStates(method, tuple(rows), dict(self.ledger.spent))

    def _minimize(
        self, evaluator: Evaluator, start: FloatArray, number: int
    ) -> tuple[Outcome, tuple[str, ...]]:
        """Minimise; return how it ended, and the operators that an adaptive circuit grew by."""
        spec = self.experiment.optimizer_spec
        journal = None
        if self.folder is not None:
            path = self.folder / f"state-{number}.jsonl"
            journal = Journal(path, create=not path.exists())
        exact = self.assembly.program.exact
        try:
            driver = Driver(
                evaluator,
                growing_optimizer(get_optimizer(spec.name, **spec.options), evaluator),
                start,
                int(np.random.SeedSequence([self.experiment.seed, number]).generate_state(1)[0]),
                self.experiment.max_steps,
                self.ledger,
                "exact" if exact and self.experiment.monitor != "none" else "none",
                journal,
                () if journal is None else journal.events,
            )
            for step in driver:
                if self.progress is not None:
                    self.progress(number, step)
        finally:
            if journal is not None:
                journal.close()
        assert driver.outcome is not None
        if driver.outcome.status == "budget":
            raise InputError(f"state {number}: {driver.outcome.message}")
        return driver.outcome, driver.operators

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

    def _evaluator_from(self, bits: int) -> Evaluator:
        """The evaluator of the same circuit after another determinant's X gates."""
        a = self.assembly
        if self.experiment.mapping != "jordan-wigner":
            raise InputError("ssvqe prepares determinants in the jordan-wigner mapping")
        gates = list(a.circuit.gates)
        first = next((k for k, g in enumerate(gates) if g.name != "x"), len(gates))
        new = [Gate("x", (q,)) for q in range(a.circuit.n_qubits) if bits >> q & 1]
        circuit = Circuit(a.circuit.n_qubits, (*new, *gates[first:]), a.circuit.n_parameters)
        spec = self.experiment.backend
        observable = a.program.problem.observable
        plan = make_plan(self.experiment, a.molecular, observable, circuit)
        backend = get_backend(spec.name, **spec.options)
        program = backend.compile(Problem(circuit, observable, a.molecular, plan))
        base = a.evaluator
        return Evaluator(program, circuit, plan, base.shots, base.seed, base.gradient_rule)

    def _report(
        self, method: str, found: Sequence[tuple[FloatArray, Evaluator, Outcome]]
    ) -> ExcitedStates:
        """Fresh energies at the points, lowest first."""
        rows: list[tuple[State, FloatArray | None]] = []
        for k, (x, evaluator, outcome) in enumerate(found):
            prepared = evaluator.prepare([Energy(x, purpose="final")], EXCITED_STREAM, 1000 + k)
            self.ledger.check(prepared.costs)
            (answer,) = prepared.run()
            self.ledger.charge(prepared.costs)
            assert isinstance(answer, Scalar)
            exact = float(evaluator.program.energies([Point(x)])[0]) if self.exact else None
            parts = self._components(x, evaluator)
            psi = self._amplitudes(parts)
            spin = total_spin(parts, self.hamiltonian) if parts else None
            state = State(answer.value, float(np.sqrt(answer.variance)), exact, None, spin, None,
                          outcome.steps, tuple(x.tolist()), outcome.status)  # fmt: skip
            rows.append((state, psi))
        rows.sort(key=lambda row: row[0].energy if row[0].exact is None else row[0].exact)
        states = []
        for k, (state, psi) in enumerate(rows):
            lower = [p for _, p in rows[:k] if p is not None]
            overlap = None
            if psi is not None:
                overlap = max((float(np.vdot(p, psi)) ** 2 for p in lower), default=0.0)
            states.append(replace(state, fci=self._root(k), overlap=overlap))
        return ExcitedStates(method, tuple(states), dict(self.ledger.spent))

    @property
    def exact(self) -> bool:
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


def _same_question(folder: Path, experiment: Experiment, question: str) -> None:
    """Make the folder, or check that it is of the same question."""
    asked = dump_toml({"excited": {"question": question}, "experiment": experiment.document()})
    file = folder / "excited.toml"
    if file.is_file():
        if file.read_text(encoding="utf-8") != asked:
            raise InputError(f"{folder} holds other excited states; choose another --out")
        return
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} exists already and holds no excited states; choose another")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the folder {folder}: {error.strerror}") from None
    RunFolder(folder).write_text("excited.toml", asked)


def save_states(found: ExcitedStates, folder: Path) -> None:
    """Write the states beside their journals."""
    RunFolder(folder).write_json("states.json", found.document())
