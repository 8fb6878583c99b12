"""Properties of the state where a run ended, kept in its journal and paid once."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from qvopt.backends.protocol import SubmissionPolicy
from qvopt.engine.assembly import assemble, grown
from qvopt.records.codec import decode_costs, encode_array, encode_costs
from qvopt.records.events import PROPERTIES, History
from qvopt.records.journal import Event, Journal
from qvopt.records.ledger import Ledger
from qvopt.runs.attaching import AttachedPrograms
from qvopt.runs.budget import make_budget
from qvopt.runs.folder import RunFolder
from qvopt.tasks.measured_density import DensityMeasurement
from qvopt.tasks.properties import exact_properties, properties_of
from qvopt.tasks.properties_result import Place, Properties
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError

_PLACES: Final = ("last", "average")


def run_properties(
    path: str | Path,
    *,
    shots: int | None = None,
    exact: bool = False,
    at: Place | None = None,
    jobs: SubmissionPolicy | None = None,
) -> Properties:
    """Return the properties of a run's final state.

        run_properties("runs/h2-uccsd-adam-1000shots-1").dipole_norm

    Args:
        path: the run folder.
        shots: shots in total; None takes those of one energy of the run, and exact values where
            the run is exact.
        exact: take the simulator's amplitudes though the run has shots.
        at: "last" iterate, or the "average" of the last quarter, which runs with shots have too;
            None takes the average where there is one.
        jobs: what is to be done with the job of a run on hardware; None waits for it.

    Measured properties are mitigated as the run's energies are (a calibration of the readout is
    part of it). What was measured is charged to the run ("properties" in its costs), counts against
    its budget and is kept in its journal: asking again costs nothing. Raises InputError for a run
    that has not ended, BudgetExceededError where the shots would pass a cap.
    """
    folder = RunFolder.open(Path(path))
    experiment = folder.experiment()
    events = folder.events()
    history = History.of(events)
    x, where = final_point(history, path, at)
    if exact and shots is not None:
        raise InputError("give either a number of shots or exact, not both")
    if shots is None and not exact:
        shots = experiment.measurement.shots
    if shots is not None and shots < 1:
        raise InputError(f"shots must be positive, got {shots}")
    if shots is None:
        hamiltonian = folder.hamiltonian().orbitals()
        assembly = grown(assemble(experiment, hamiltonian), history.operators)
        properties = replace(exact_properties(assembly, x), at=where)
        folder.write_json("properties.json", properties.document())
        return properties
    asked = {"shots": shots, "at": where, "x": encode_array(x)}
    kept = _kept(events, asked)
    if kept is not None:
        folder.write_json("properties.json", kept)
        return Properties.of_document(kept)
    with folder.open_journal() as journal:
        kept = _kept(journal.events, asked)  # another process may have measured them meanwhile
        if kept is None:
            kept = _measure(folder, journal, x, shots, asked, jobs or SubmissionPolicy())
    folder.write_json("properties.json", kept)
    return Properties.of_document(kept)


def _kept(events: list[Event], asked: dict[str, Any]) -> dict[str, Any] | None:
    """The properties that the journal holds for a question."""
    for event in events:
        if event["type"] == "round" and event["role"] == PROPERTIES and event["asked"] == asked:
            return dict(event["properties"])
    return None


def _measure(
    folder: RunFolder,
    journal: Journal,
    x: FloatArray,
    shots: int,
    asked: dict[str, Any],
    policy: SubmissionPolicy,
) -> dict[str, Any]:
    """Measure, within the run's budget, and write down what was found and spent."""
    experiment, hamiltonian = folder.experiment(), folder.hamiltonian().orbitals()
    events = journal.events
    assembly = grown(assemble(experiment, hamiltonian), History.of(events).operators)
    attached = AttachedPrograms(journal, policy)
    assembly.compiler.attach = partial(attached.attach, folder=folder.path, main=False)
    ledger = Ledger(make_budget(experiment.budget, assembly.program))
    ledger.charge({"lost": attached.lost})
    earlier = [e for e in events if e["type"] == "round"]
    for event in earlier:
        ledger.charge(decode_costs(event["cost"]))
    number = sum(e["role"] == PROPERTIES for e in earlier)
    try:
        key = (number, _PLACES.index(asked["at"]))
        measurement = DensityMeasurement(assembly, x, shots, key=key)
        ledger.check(measurement.costs)
        properties, costs = properties_of(measurement, assembly, x)
    finally:
        attached.close()
    measured = replace(properties, at=asked["at"], mitigation=tuple(measurement.mitigation))
    document = measured.document()
    journal.append(
        {
            "type": "round",
            "role": PROPERTIES,
            "round": number,
            "asked": asked,
            "properties": document,
            "cost": encode_costs(costs),
        },
        durable=True,
    )
    return document


def final_point(history: History, path: str | Path, at: Place | None) -> tuple[FloatArray, Place]:
    """Return the parameters that properties are taken at, and which iterate they are."""
    if at not in (None, "last", "average"):
        raise InputError(f"properties are taken at the last or the average iterate, got '{at}'")
    end = history.end
    if end is None:
        raise InputError(f"{path} has not ended; `qvopt resume {path}` goes on with it")
    average = end.average
    if average is not None and at != "last":
        return average.x, "average"
    if at == "average":
        raise InputError(f"{path} has no average iterate; exact runs end at their last one")
    return end.x, "last"
