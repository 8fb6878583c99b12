"""Problems made ready: expanded, checked, their integrals frozen, their sizes and prices known."""

from __future__ import annotations

import hashlib
import itertools
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from qvopt.backends.protocol import DurableProgram
from qvopt.engine.assembly import Assembly, assemble, exact_counterpart
from qvopt.engine.streams import START_STREAM, stream
from qvopt.experiment.named_order import BEFORE, with_named_order
from qvopt.experiment.specification import BudgetSpec, Experiment, make_experiment
from qvopt.optimizers.protocol import Energy, Gradient, Query
from qvopt.records.codec import encode_answer, encode_query
from qvopt.runs.budget import make_budget
from qvopt.runs.defaults import with_grouping
from qvopt.runs.references import references_of
from qvopt_circuits.catalogue import get_ansatz
from qvopt_circuits.spins import prepare
from qvopt_molecules.errors import InputError
from qvopt_molecules.spins import Hamiltonian

from .budgets import RunBudget
from .frozen import FrozenProblem, ProblemStore
from .labels import checked_label
from .references import reference_energy, reference_name
from .specification import ProblemSpec

_STARTS: Final = 3
"""Starts that are looked at where they are drawn."""


def prepare_problems(
    specs: tuple[ProblemSpec, ...],
    store: ProblemStore,
    shots: tuple[int, ...],
    budgets: tuple[RunBudget, ...],
) -> list[FrozenProblem]:
    """Expand and check problems; everything that can be wrong with one is found here.

    Args:
        specs: the problems.
        store: of what is computed.
        shots, budgets: for those that give none. A problem with several budgets is several.

    Raises InputError naming the problem.
    """
    problems: list[FrozenProblem] = []
    for spec in specs:
        for label, base in expanded(spec):
            checked_label(label)
            try:
                several = spec.budget or budgets
                for budget in several:
                    budget.check_backend(base["backend"]["name"])
                problem = _prepared(spec, label, base, store, spec.shots or shots, several)
            except InputError as error:
                raise InputError(f"problem {label}: {error}") from None
            for budget in several:
                name = f"{label} {budget.text()}" if len(several) > 1 else label
                if any(other.label == name for other in problems):
                    raise InputError(f"two problems are called '{name}'; give one a label")
                problems.append(replace(problem, label=name, budget=budget.caps()))
    store.save()
    return problems


def expanded(spec: ProblemSpec) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every combination of a problem's lists, with its label."""
    molecules = [m for molecule in spec.molecule for m in _geometries(molecule)]
    parts = (molecules, spec.ansatz, spec.backend, spec.mapping)
    for molecule, ansatz, backend, mapping in itertools.product(*parts):
        words = []  # what tells it from the others
        if spec.label is None or len(molecules) > 1:
            words.append(_molecule_label(molecule))
        if len(spec.ansatz) > 1 or (ansatz.name != "uccsd" and spec.label is None):
            words.append(_with_options(ansatz.name, ansatz.options))
        if len(spec.backend) > 1 or (backend.name != "sector" and spec.label is None):
            words.append(_with_options(backend.name, backend.options))
        if len(spec.mapping) > 1 or (mapping != "jordan-wigner" and spec.label is None):
            words.append(mapping)
        label = " ".join(([spec.label] if spec.label else []) + words)
        base = {
            "molecule": molecule,
            "ansatz": ansatz.model_dump(mode="json"),
            "backend": backend.model_dump(mode="json"),
            "mapping": mapping,
            "measurement": spec.measurement.model_dump(mode="json", exclude_none=True),
        }
        constraints = spec.constraints.model_dump(mode="json", exclude_none=True)
        yield label, base | ({"constraints": constraints} if constraints else {})


def _geometries(molecule: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Expand lists in `set`."""
    settings = molecule.get("set")
    if not isinstance(settings, Mapping):
        yield dict(molecule)
        return
    columns = [v if isinstance(v, list | tuple) else [v] for v in settings.values()]
    for row in itertools.product(*columns):
        yield dict(molecule) | {"set": dict(zip(settings, row, strict=True))}


def _molecule_label(molecule: Mapping[str, Any]) -> str:
    name = str(molecule.get("name", "molecule"))
    name = str(molecule.get("label") or name.removeprefix("object:"))
    name = Path(name).stem if name.lower().endswith((".toml", ".xyz", ".fcidump")) else name
    words = [name[:40].replace("\n", " ")]
    settings = molecule.get("set")
    if isinstance(settings, Mapping):
        words += [f"{k}={v:g}" for k, v in settings.items() if _is_number(v)]
    if isinstance(molecule.get("basis"), str):
        words.append(molecule["basis"])
    return " ".join(words)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def _with_options(name: str, options: Mapping[str, Any]) -> str:
    return " ".join([name, *(f"{k}={v}" for k, v in options.items())]).replace("'", "")


def _prepared(
    spec: ProblemSpec,
    label: str,
    base: dict[str, Any],
    store: ProblemStore,
    shots: tuple[int, ...],
    budgets: tuple[RunBudget, ...],
) -> FrozenProblem:
    measurement = {**base["measurement"], "shots": shots[0]}
    # A problem that is added has the order of those that are there.
    named = with_named_order(base["ansatz"], BEFORE) if store.has_earlier_orders else base["ansatz"]
    experiment = make_experiment({**base, "ansatz": named, "measurement": measurement})
    hamiltonian, digest = store.hamiltonian(experiment.molecule)
    document = json.dumps([label, base, digest, shots, spec.reference, None])
    key = "problem " + hashlib.sha256(document.encode()).hexdigest()[:20]
    known = store.recall(key)
    if known is not None:
        return known
    assembly = with_grouping(assemble(experiment, hamiltonian))
    for budget in budgets:  # a cap that its backend cannot keep
        make_budget(BudgetSpec(**budget.caps()), assembly.program)
    for count in shots:  # too few for the groups is said before anything runs
        replace(assembly.evaluator, shots=count)
    known_energies = references_of(experiment, assembly)
    references = known_energies.energies
    resolved = assembly.experiment.model_dump(mode="json", exclude_none=True)
    penalties = {"constraints": resolved["constraints"]} if resolved["constraints"] else {}
    exact = assembly if assembly.program.exact else exact_counterpart(experiment, hamiltonian)
    reference = reference_energy(spec.reference, experiment, hamiltonian, references)
    problem = FrozenProblem(
        label=label,
        base={k: resolved[k] for k in base} | {"measurement": _without_shots(resolved)} | penalties,
        integrals=digest,
        references=references,
        reference=reference,
        exact=assembly.program.exact,
        sizes=_sizes(assembly, hamiltonian),
        prices=_prices(assembly),
        shots=spec.shots,
        reference_name=reference_name(spec.reference, known_energies),
        start_error=_start_energy(experiment, hamiltonian, exact) - reference,
    )
    store.keep(key, problem)
    return problem


def _start_energy(experiment: Experiment, hamiltonian: Hamiltonian, exact: Assembly) -> float:
    """The true energy at the start; the largest of a few seeds' where starts are drawn."""
    ansatz = get_ansatz(experiment.ansatz.name, **experiment.ansatz.options)
    prepared = prepare(ansatz, hamiltonian, experiment.mapping)
    energy = exact.evaluator.reported.exact_energy
    energies = [energy(exact.start)]
    for seed in range(1, _STARTS):
        start = prepared.start(np.random.default_rng(stream(seed, START_STREAM)))
        if np.array_equal(start, exact.start):
            break
        energies.append(energy(start))
    return max(energies)


def _without_shots(resolved: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in resolved["measurement"].items() if k != "shots"}


def _sizes(assembly: Assembly, hamiltonian: Hamiltonian) -> dict[str, int]:
    if not assembly.circuit.n_parameters:
        raise InputError("the circuit has no parameters, so that optimizers cannot be compared")
    gradient = assembly.evaluator.prepare([Gradient(assembly.start)]).costs["gradient"]
    plan = assembly.evaluator.need_plan()
    return {
        "qubits": assembly.circuit.n_qubits,
        "electrons": sum(hamiltonian.electrons or ()),
        "determinants": hamiltonian.dimension,
        "parameters": assembly.circuit.n_parameters,
        "groups": len(plan.groups),
        "gradient_energies": gradient.evaluations,
    }


def _prices(assembly: Assembly) -> dict[str, float]:
    """Time one energy and one gradient, and measure the lines that they take in a journal."""
    rng = np.random.default_rng(0)
    x = assembly.start + rng.normal(0.0, 0.01, size=assembly.start.shape)
    out: dict[str, float] = {}
    queries: dict[str, Query] = {"energy": Energy(x), "gradient": Gradient(x)}
    program = assembly.program
    paid = isinstance(program, DurableProgram) and program.durable
    for number, (name, query) in enumerate(queries.items()):
        if paid:  # nothing is sent for a forecast
            costs = assembly.evaluator.prepare([query], 9, number).costs
            out[f"{name}_seconds"] = sum(cost.qpu_seconds for cost in costs.values())
            size = 1 if name == "energy" else len(x)
            out[f"{name}_bytes"] = 24 * (len(x) + 2 * size) + 350
            continue
        assembly.evaluator.answer([query], 9, number, 0)  # compiles its kernels
        began = time.perf_counter()
        (answer,) = assembly.evaluator.answer([query], 9, number, 1)
        out[f"{name}_seconds"] = time.perf_counter() - began
        line = json.dumps([encode_query(query), encode_answer(answer)])
        out[f"{name}_bytes"] = len(line) + 350  # with the step's own line
    return out
