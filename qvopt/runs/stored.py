"""Results of run folders, from their journals: nothing is evaluated."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from qvopt.engine.assembly import assemble, grown
from qvopt.engine.auto_mitigation import mitigation_of
from qvopt.experiment.specification import Experiment
from qvopt.records.events import Begin, History
from qvopt.records.journal import damaged_line
from qvopt.runs.bit_strings import BitStrings, bit_strings
from qvopt.runs.folder import RunFolder
from qvopt.runs.references import References, recorded_state
from qvopt.runs.result import Result, Trace
from qvopt.runs.state_numbers import StateNumbers
from qvopt.runs.steps import Status
from qvopt_circuits.catalogue import get_ansatz
from qvopt_circuits.spins import prepare
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError
from qvopt_molecules.spins import Hamiltonian


def ended_result(path: Path, max_steps: int | None = None) -> Result | None:
    """Return the result of a run that has ended and is not asked to go on, from its journal.

    A run killed after its end was journaled has no result.json, or an earlier one: it gets its own.
    """
    folder = RunFolder.open(path)
    experiment = folder.begun_experiment()
    history = History.of(folder.events())
    end = history.end
    if end is None or end.status == "interrupted":
        return None
    wanted = experiment.max_steps if max_steps is None else max_steps
    if end.status == "max-steps" and end.step < wanted:
        return None
    result = _result_of(folder, experiment, history)
    folder.keep_result(result.document())
    return result


def read_result(path: str | Path) -> Result:
    """Return the result of a run folder, finished or not, with its circuit; nothing runs."""
    folder = RunFolder.open(Path(path))
    result = stored_result(folder)
    assembly = grown(assemble(folder.begun_experiment(), folder.hamiltonian()), result.operators)
    return replace(result, circuit=assembly.circuit)


def stored_result(folder: RunFolder) -> Result:
    """Return what the journal says of a run, finished or not, without evaluating anything."""
    return _result_of(folder, folder.begun_experiment(), History.of(folder.events()))


def _result_of(folder: RunFolder, experiment: Experiment, history: History) -> Result:
    begin = begin_of(history, folder.path)
    end = history.end
    last = history.steps[-1] if history.steps else None
    record = last if end is None else end
    variance = None if record is None else record.variance
    return Result(
        status="interrupted" if end is None else cast(Status, end.status),
        energy=None if record is None else record.energy,
        stderr=None if variance is None else float(np.sqrt(variance)),
        exact=None if record is None else record.exact,
        hf=float(begin.references["hf"] or 0.0),
        fci=begin.references.get("fci"),
        x=np.zeros(0) if end is None else end.x,
        n_steps=0 if record is None else record.step,
        seconds=history.seconds,
        costs=history.spent(),
        run=str(folder.path),
        message="" if end is None else end.message,
        drift=0.0 if end is None else end.drift,
        names=names_of(experiment, begin.label, begin.kind),
        average=None if end is None else end.average,
        operators=list(history.operators),
        problem=begin.problem,
        numbers=StateNumbers.decode(None if end is None else end.state),
        final=None if end is None else end.final,
        trace=Trace.of_records(history.steps),
        bits=_bits_of(folder, experiment, None if end is None else end.x),
        mitigation=mitigation_of(experiment),
    )


def _bits_of(folder: RunFolder, experiment: Experiment, x: FloatArray | None) -> BitStrings | None:
    """What the final state of a diagonal cost means; None for other problems."""
    if x is None:
        return None
    hamiltonian = folder.hamiltonian()
    if hamiltonian.electrons is not None or hamiltonian.qubits(experiment.mapping).x.any():
        return None
    ansatz = get_ansatz(experiment.ansatz.name, **experiment.ansatz.options)
    return bit_strings(hamiltonian, prepare(ansatz, hamiltonian, experiment.mapping).circuit, x)


def recorded_references(begin: Begin) -> References:
    """The references that a journal begins with, and of which state the exact energy is."""
    fci, exact = begin.references.get("fci"), begin.problem.get("exact")
    state = None if exact is None or fci is None else recorded_state(exact, fci)
    return References(float(begin.references["hf"] or 0.0), fci, state)


def begin_of(history: History, path: Path) -> Begin:
    """Return how a run began. Raises InputError where the folder holds none."""
    if history.begin is None:
        raise InputError(
            f"{path}: the journal is empty; the run was killed before it began, run its "
            f"experiment.toml again"
        )
    if history.begin.task is not None:
        raise InputError(
            f"{path} holds a {history.begin.task}, and no run; `qvopt resume {path}` continues it"
        )
    if "hf" not in history.begin.references:
        raise damaged_line(path, 0, 'its begin has no reference "hf"')
    return history.begin


def names_of(experiment: Experiment, label: str, kind: str | None) -> dict[str, Any]:
    """Return molecule, ansatz, optimizer, backend and seed; of models also kind and unit."""
    spec = experiment.molecule
    unit = spec.energy_unit
    return {
        "molecule": label,
        "ansatz": experiment.ansatz.name,
        "optimizer": experiment.optimizer_spec.name,
        "backend": experiment.backend.name,
        "seed": experiment.seed,
        **({} if unit == "Ha" else {"kind": "lattice", "unit": unit}),
        **({} if kind is None else {"kind": kind}),
    }


def kind_of(hamiltonian: Hamiltonian) -> str | None:
    """The kind that records have of a Hamiltonian: "spins", or None for one with orbitals."""
    return hamiltonian.kind


def kind_entry(hamiltonian: Hamiltonian) -> dict[str, str]:
    """The same as an entry of a run's names; empty where there is none."""
    kind = kind_of(hamiltonian)
    return {} if kind is None else {"kind": kind}
