"""Properties of the state where a run ended, kept in its journal and paid once."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from qvopt.engine.assembly import assemble, grown
from qvopt.records.codec import decode_costs, encode_array, encode_costs
from qvopt.records.events import History
from qvopt.records.journal import Event
from qvopt.records.ledger import Budget, Ledger
from qvopt.runs.folder import RunFolder
from qvopt.tasks.properties import exact_properties, measured_properties, properties_price
from qvopt_molecules.errors import InputError
from qvopt_molecules.spins import molecular

FloatArray = npt.NDArray[np.float64]
Place = Literal["last", "average"]

ROLE = "properties"


def run_properties(
    path: str | Path,
    *,
    shots: int | None = None,
    exact: bool = False,
    at: Place | None = None,
) -> dict[str, Any]:
    """Return the properties of a run's final state as plain data; `Properties` says which.

    Args:
        path: the run folder.
        shots: shots in total; None takes those of one energy of the run, and exact values where
            the run is exact.
        exact: take the simulator's amplitudes though the run has shots.
        at: "last" iterate, or the "average" of the last quarter, which runs with shots have too;
            None takes the average where there is one.

    What was measured is charged to the run ("properties" in its costs), counts against its budget
    and is kept in its journal: asking again costs nothing. Raises InputError for a run that has
    not ended, BudgetExceededError where the shots would pass a cap.
    """
    folder = RunFolder.open(Path(path))
    experiment, hamiltonian = folder.experiment(), molecular(folder.hamiltonian())
    events = folder.events()
    x, where = _final_point(events, path, at)
    if exact and shots is not None:
        raise InputError("give either a number of shots or exact, not both")
    if shots is None and not exact:
        shots = experiment.measurement.shots
    if shots is not None and shots < 1:
        raise InputError(f"shots must be positive, got {shots}")
    if shots is None:
        assembly = grown(assemble(experiment, hamiltonian), History.of(events).operators)
        document = exact_properties(assembly, x).document()
        document = {"at": where, **document}
        folder.write_json("properties.json", document)
        return document
    key = {"shots": shots, "at": where, "x": encode_array(x)}
    for event in events:
        if event["type"] == "round" and event["role"] == ROLE and event["asked"] == key:
            return dict(event["properties"])
    assembly = grown(assemble(experiment, hamiltonian), History.of(events).operators)
    journal = folder.open_journal()
    try:
        ledger = Ledger(Budget(**experiment.budget.model_dump()))
        for event in journal.events:
            if event["type"] == "round":
                ledger.charge(decode_costs(event["cost"]))
        costs = {ROLE: properties_price(hamiltonian.norb, shots)}
        ledger.check(costs)
        document = measured_properties(assembly, x, shots).document()
        document = {"at": where, **document}
        number = sum(e["type"] == "round" and e["role"] == ROLE for e in journal.events)
        journal.append(
            {
                "type": "round",
                "role": ROLE,
                "round": number,
                "asked": key,
                "properties": document,
                "cost": encode_costs(costs),
            },
            durable=True,
        )
    finally:
        journal.close()
    folder.write_json("properties.json", document)
    return document


def _final_point(
    events: list[Event], path: str | Path, at: Place | None
) -> tuple[FloatArray, Place]:
    if at not in (None, "last", "average"):
        raise InputError(f"properties are taken at the last or the average iterate, got '{at}'")
    end = History.of(events).end
    if end is None:
        raise InputError(f"{path} has not ended; `qvopt resume {path}` goes on with it")
    average = end.average
    if average is not None and at != "last":
        return average.x, "average"
    if at == "average":
        raise InputError(f"{path} has no average iterate; exact runs end at their last one")
    return end.x, "last"
