"""Builds what an experiment describes: Hamiltonian, circuit, plan, program and evaluator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qvopt.backends.catalogue import get_backend
from qvopt.backends.protocol import Backend, PoolProgram, Problem, Program
from qvopt.engine.auto_mitigation import Candidate, choose_mitigation
from qvopt.engine.constraints import (
    DEFAULT_WEIGHTS,
    conserves_numbers,
    penalty_weights,
    with_constraints,
)
from qvopt.engine.evaluator import Evaluator
from qvopt.engine.growing import Growth, grown_evaluator
from qvopt.engine.stages.building import check_program, make_selection, make_stages
from qvopt.engine.stages.stage import Stage
from qvopt.engine.streams import START_STREAM, stream
from qvopt.experiment.mitigation import MitigationSpec
from qvopt.experiment.specification import BackendSpec, Experiment, MeasurementSpec, MoleculeSpec
from qvopt.gradients.rules import SYSTEMATIC, get_gradient_rule
from qvopt.measurement.allocation import with_allocation
from qvopt.measurement.catalogue import build_plan, pauli_plan
from qvopt.measurement.plan import MeasurementPlan, OrbitalBasis
from qvopt_circuits.adapt import Adapt
from qvopt_circuits.catalogue import get_ansatz
from qvopt_circuits.circuit import Circuit
from qvopt_circuits.conserved import is_number_conserving
from qvopt_circuits.pools import extended
from qvopt_circuits.spins import prepare
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.errors import InputError
from qvopt_molecules.fcidump import read_fcidump
from qvopt_molecules.frozen import frozen
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.lattice import lattice_hamiltonian
from qvopt_molecules.molecule import ActiveSpace, Molecule
from qvopt_molecules.pauli import PauliSum
from qvopt_molecules.penalties import PenaltyWeights, added, penalty
from qvopt_molecules.sizes import MOST_ORBITALS
from qvopt_molecules.spins import Hamiltonian


class Compiler:
    """Compiles circuits for one problem on one backend; `attach` is called with every program.

    An adaptive circuit is compiled again as it grows: a run attaches its journal to each of them.
    """

    def __init__(self, backend: Backend, problem: Problem) -> None:
        self.backend, self._problem = backend, problem
        self.attach: Callable[[Program], None] | None = None

    def program(self, circuit: Circuit, plan: MeasurementPlan | None = None) -> Program:
        """Return the program of a circuit, measured by `plan` or as the problem is."""
        problem = replace(self._problem, circuit=circuit)
        if plan is not None:
            problem = replace(problem, plan=plan)
        program = self.backend.compile(problem)
        if self.attach is not None:
            self.attach(program)
        return program


@dataclass(frozen=True, eq=False)
class Assembly:
    """Everything an experiment needs to run, and the point to start from.

    `candidates` are the mitigations that "auto" chose from, the chosen one first.
    """

    experiment: Experiment
    hamiltonian: Hamiltonian
    circuit: Circuit
    plan: MeasurementPlan | None
    program: Program
    evaluator: Evaluator
    start: FloatArray
    compiler: Compiler
    candidates: tuple[Candidate, ...] = ()

    @property
    def molecular(self) -> MolecularHamiltonian:
        """The Hamiltonian over orbitals. Raises InputError where it is of spins."""
        return self.hamiltonian.orbitals()


def resolve_molecule(spec: MoleculeSpec) -> Molecule | None:
    """Return the molecule that a description means; None for integrals, operators and lattices."""
    is_fcidump = spec.definition is None and spec.name.lower().endswith("fcidump")
    if spec.content is not None or is_fcidump or spec.is_lattice:
        return None
    if spec.occupied is not None:
        raise InputError(
            "occupied orbitals are named for FCIDUMP files; a molecule's mean field fills the "
            "lowest"
        )
    space: Any = spec.active_space
    molecule = find_molecule(
        spec.name if spec.definition is None else spec.definition,
        spec.set,
        basis=spec.basis,
        charge=spec.charge,
        spin=spec.spin,
        active_space=None if space is None else ActiveSpace(**space.model_dump()),
        orbitals=spec.orbitals,
        symmetry=spec.symmetry,
    )
    return molecule if spec.label is None else replace(molecule, name=spec.label)


def molecular_hamiltonian(spec: MoleculeSpec) -> MolecularHamiltonian:
    """Return the Hamiltonian of a description that has orbitals.

    Raises InputError for a model of spins.
    """
    return hamiltonian_of(spec).orbitals()


def hamiltonian_of(spec: MoleculeSpec) -> Hamiltonian:
    """Compute, or read from the cache or a file, what a description means."""
    if spec.content is not None:
        return _frozen(spec)
    molecule = resolve_molecule(spec)
    if molecule is not None:
        return build_hamiltonian(molecule)
    if spec.is_lattice:
        orbitals = (spec.active_space, spec.basis, spec.charge, spec.orbitals, spec.symmetry)
        if any(part is not None for part in (*orbitals, spec.occupied)):
            raise InputError(
                f"{spec.name} takes its own parameters (such as --set sites=6); it has "
                f"no basis, charge, orbitals, symmetry or active space"
            )
        return _labelled(lattice_hamiltonian(spec.name, spec.set, spec.spin), spec)
    fixed = (spec.active_space, spec.set or None, spec.basis, spec.orbitals, spec.symmetry)
    if any(part is not None for part in fixed):
        raise InputError(
            "an FCIDUMP file fixes basis, geometry, orbitals and active space; only spin and the "
            "occupied orbitals may be given beside its name"
        )
    read = read_fcidump(spec.name, charge=spec.charge, spin=spec.spin, occupied=spec.occupied)
    return _labelled(read, spec)


def _labelled(hamiltonian: Hamiltonian, spec: MoleculeSpec) -> Hamiltonian:
    return hamiltonian if spec.label is None else replace(hamiltonian, label=spec.label)


def _frozen(spec: MoleculeSpec) -> Hamiltonian:
    usual = MoleculeSpec(name=spec.name, content=spec.content, unit=spec.unit, label=spec.label)
    changed = [
        name for name in MoleculeSpec.model_fields if getattr(spec, name) != getattr(usual, name)
    ]
    if changed:
        raise InputError(
            f"{spec.name.removeprefix('object:')} is fixed as it was handed over; {changed[0]} "
            f"cannot be changed beside it"
        )
    return frozen(spec.content or "", spec.name.removeprefix("object:"))


def make_plan(
    experiment: Experiment,
    hamiltonian: Hamiltonian,
    observable: PauliSum,
    circuit: Circuit,
) -> MeasurementPlan | None:
    """Return how energies are measured, before any mitigation; None where they are exact."""
    settings = experiment.measurement
    if settings.shots is None:
        return None
    if hamiltonian.electrons is None:
        return pauli_plan(settings.grouping or "qubit-wise", observable)
    penalised = bool(penalty_weights(experiment))
    rotations = experiment.mapping == "jordan-wigner" and is_number_conserving(circuit)
    rotations = rotations and not penalised  # penalties are strings
    grouping = settings.grouping or ("fluid-basis-rotation" if rotations else "qubit-wise")
    orbitals = hamiltonian.orbitals()
    if settings.grouping is None and rotations and orbitals.norb > MOST_ORBITALS:
        grouping = "basis-rotation"
    plan = build_plan(grouping, orbitals, observable, experiment.mapping)
    if not rotations and any(isinstance(g.basis, OrbitalBasis) for g in plan.groups):
        if penalised:
            raise InputError(
                f"{grouping} groups measure the integrals and no penalties; use --grouping "
                f"qubit-wise, or leave [constraints] out"
            )
        _require_conservation(experiment, orbitals, grouping)
    return plan


def _require_conservation(
    experiment: Experiment, hamiltonian: MolecularHamiltonian, grouping: str
) -> None:
    """Raise InputError where orbital rotations would measure another operator."""
    ansatz = get_ansatz(experiment.ansatz.name, **experiment.ansatz.options)
    if not conserves_numbers(ansatz, hamiltonian, experiment.mapping):
        raise InputError(
            f"{grouping} groups give the energy at fixed electron numbers, which ansatz "
            f"{ansatz.name} does not conserve; use --grouping qubit-wise"
        )


def prepared_plan(
    experiment: Experiment,
    hamiltonian: Hamiltonian,
    observable: PauliSum,
    circuit: Circuit,
    stages: Sequence[Stage],
) -> MeasurementPlan | None:
    """Return the plan as the stages need it, with the weights of the experiment's allocation."""
    plan = make_plan(experiment, hamiltonian, observable, circuit)
    if plan is None:
        return None
    for stage in stages:
        plan = stage.prepare(plan)
    return with_allocation(
        plan,
        experiment.measurement.allocation,
        hamiltonian=hamiltonian,
        mapping=experiment.mapping,
    )


def _learns_gradients(settings: MeasurementSpec) -> bool:
    if settings.gradient_allocation != "measured":
        return False
    if settings.gradient.name not in SYSTEMATIC:
        raise InputError(
            f"measurement.gradient_allocation = 'measured' needs a gradient rule with the same "
            f"shifts every time ({', '.join(SYSTEMATIC)}), got {settings.gradient.name}"
        )
    return True


def assemble(
    experiment: Experiment,
    hamiltonian: Hamiltonian | None = None,
    backend: Backend | None = None,
    default_weights: PenaltyWeights = DEFAULT_WEIGHTS,
) -> Assembly:
    """Build an experiment; `hamiltonian` takes the place of computing the integrals.

    `backend` takes the place of the one that the experiment names. `default_weights` are those of
    penalties that it leaves open.

    Raises InputError where its parts do not go together.
    """
    if hamiltonian is None:
        hamiltonian = hamiltonian_of(experiment.molecule)
    if backend is None:
        backend = get_backend(experiment.backend.name, **experiment.backend.options)
    candidates: tuple[Candidate, ...] = ()
    if experiment.mitigation.auto:
        experiment, candidates = choose_mitigation(
            experiment, hamiltonian, backend, assemble, exact_counterpart
        )
    ansatz = get_ansatz(experiment.ansatz.name, **experiment.ansatz.options)
    experiment = with_constraints(experiment, ansatz, hamiltonian, default_weights)
    prepared = prepare(ansatz, hamiltonian, experiment.mapping)
    circuit = prepared.circuit
    integrals = None if hamiltonian.electrons is None else hamiltonian.orbitals()
    observable = hamiltonian.qubits(experiment.mapping)
    stages = _stages(experiment, hamiltonian, circuit)
    plan = prepared_plan(experiment, hamiltonian, observable, circuit, stages)
    problem = Problem(circuit, observable, integrals, plan)
    mitigation = experiment.mitigation
    if mitigation.zne is not None:
        problem = replace(problem, folding=mitigation.zne.folding)
    bare: Program | None = None
    weights = penalty_weights(experiment)
    if weights and integrals is not None:
        bare = backend.compile(problem)
        observable = added(observable, penalty(integrals, experiment.mapping, weights))
        plan = prepared_plan(experiment, hamiltonian, observable, circuit, stages)
        problem = replace(problem, observable=observable, hamiltonian=None, plan=plan)
    compiler = Compiler(backend, problem)
    program = compiler.program(circuit)
    if plan is not None and not program.exact:
        plan = replace(plan, noisy=True)
    check_program(mitigation, program, experiment.backend.name, experiment.measurement.shots)
    settings = experiment.measurement
    evaluator = Evaluator(
        program,
        circuit,
        plan,
        settings.shots,
        experiment.seed,
        gradient_rule=get_gradient_rule(settings.gradient.name, **settings.gradient.options),
        metric_rule=settings.metric,
        stages=stages,
        learns_groups=settings.allocation == "measured",
        learns_points=_learns_gradients(settings),
    )
    if settings.shots is not None:
        evaluator = replace(evaluator, metric_rule=evaluator.sampled_metric_rule)
    if bare is not None:
        evaluator = replace(evaluator, unpenalised=_bare_evaluator(evaluator, bare))
    if isinstance(ansatz, Adapt):
        growth = _growth(ansatz, experiment, hamiltonian.orbitals(), compiler, program)
        evaluator = replace(evaluator, growth=growth)
    if experiment.start is not None:
        start = circuit.check_parameters(np.array(experiment.start))
    else:
        rng = np.random.default_rng(stream(experiment.seed, START_STREAM))
        start = prepared.start(rng)
    return Assembly(
        experiment, hamiltonian, circuit, plan, program, evaluator, start, compiler, candidates
    )


def _bare_evaluator(evaluator: Evaluator, program: Program) -> Evaluator:
    """Return an evaluator of the energy without penalties: its groups are other ones."""
    return replace(
        evaluator,
        program=program,
        plan=program.problem.plan,
        learns_groups=False,
        learns_points=False,
    )


def _stages(
    experiment: Experiment, hamiltonian: Hamiltonian, circuit: Circuit
) -> tuple[Stage, ...]:
    selection = None
    if experiment.measurement.postselect:
        if experiment.measurement.shots is None:
            raise InputError(
                "post-selection throws measured outcomes away; give a number of shots, or leave "
                "postselect out"
            )
        conserving = hamiltonian.electrons is not None and is_number_conserving(circuit)
        selection = make_selection(hamiltonian, experiment.mapping, conserving=conserving)
    return make_stages(experiment.mitigation, selection)


def _growth(
    ansatz: Adapt,
    experiment: Experiment,
    hamiltonian: MolecularHamiltonian,
    compiler: Compiler,
    program: Program,
) -> Growth:
    """Return how an adaptive circuit grows; a program that can tabulates the pool once."""
    pool = ansatz.operators(hamiltonian)
    circuit = ansatz.circuit(hamiltonian)
    slopes = None
    if experiment.measurement.shots is None and isinstance(program, PoolProgram):
        slopes = program.pool_slopes(extended(circuit, pool))
    return Growth(ansatz, pool, circuit, experiment.mapping, compiler.program, slopes)


def grown(assembly: Assembly, labels: Sequence[str]) -> Assembly:
    """Return the assembly of the circuit that an adaptive ansatz has grown to, by its operators.

    `labels` are those of `Result.operators`; an assembly of another ansatz is returned as it is.
    """
    growth = assembly.evaluator.growth
    if growth is None:
        return assembly
    places = {operator.label: k for k, operator in enumerate(growth.pool)}
    evaluator = grown_evaluator(assembly.evaluator, [places[label] for label in labels])
    start = np.zeros(evaluator.circuit.n_parameters)
    return replace(
        assembly,
        circuit=evaluator.circuit,
        program=evaluator.program,
        evaluator=evaluator,
        start=start,
    )


def exact_counterpart(experiment: Experiment, hamiltonian: Hamiltonian | None = None) -> Assembly:
    """Return the same problem on a simulator with exact values: the sector engine, else vectors.

    Raises InputError where neither can.
    """
    without_shots = {"shots": None, "postselect": False}
    exact = {
        "measurement": experiment.measurement.model_copy(update=without_shots),
        "mitigation": MitigationSpec(),
    }
    for name in ("sector", "lightning"):
        exact_experiment = experiment.model_copy(
            update={**exact, "backend": BackendSpec(name=name)}
        )
        try:
            return assemble(exact_experiment, hamiltonian)
        except InputError:
            continue
    raise InputError("no simulator here can give exact values of this experiment")
