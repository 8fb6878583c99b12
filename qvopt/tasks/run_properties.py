"""Properties of the state where a run ended, kept in its journal and paid once."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from qvopt.backends.protocol import SubmissionPolicy
from qvopt.engine.assembly import Assembly, assemble, grown
from qvopt.experiment.counts import positive_count
from qvopt.experiment.settings import refuses_unknown_keywords
from qvopt.records.codec import encode_array
from qvopt.records.events import PROPERTIES, History
from qvopt.records.ledger import Costs
from qvopt.runs.approval import Approve
from qvopt.runs.folder import RunFolder
from qvopt.runs.result import Result
from qvopt.tasks.after_run import Account, final_point, folder_of, kept_or_measured
from qvopt.tasks.measured_density import DensityMeasurement
from qvopt.tasks.properties import exact_properties, properties_of
from qvopt.tasks.properties_result import Place, Properties
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError

_PLACES: Final = ("last", "average")


@refuses_unknown_keywords
def run_properties(
    run: str | Path | Result,
    *,
    shots: int | float | str | None = None,
    exact: bool = False,
    at: Place | None = None,
    jobs: SubmissionPolicy | None = None,
    approve: Approve | None = None,
) -> Properties:
    """Return the properties of a run's final state.

        run_properties("runs/h2-uccsd-adam-1000shots-1").dipole_norm

    Args:
        run: the run folder, or the result of a run that has one.
        shots: shots in total; None takes those of one energy of the run, and exact values where
            the run is exact.
        exact: take the simulator's amplitudes though the run has shots.
        at: "last" iterate, or the "average" of the last quarter, which runs with shots have too;
            None takes the average where there is one.
        jobs: what is to be done with the job of a run on hardware; None waits for it.
        approve: called before the job on hardware, as by `run`.

    Measured properties are mitigated as the run's energies are (a calibration of the readout is
    part of it). What was measured is charged to the run ("properties" in its costs), counts against
    its budget and is kept in its journal: asking again costs nothing. Raises InputError for a run
    that has not ended, BudgetExceededError where the shots would pass a cap.
    """
    shots = None if shots is None else positive_count(shots, "shots")
    path = folder_of(run)
    folder = RunFolder.open(path)
    experiment = folder.begun_experiment()
    events = folder.events()
    history = History.of(events)
    x, where = final_point(history, path, at)
    if exact and shots is not None:
        raise InputError("give either a number of shots or exact, not both")
    if shots is None and not exact:
        shots = experiment.measurement.shots
    if shots is None:
        hamiltonian = folder.hamiltonian().orbitals()
        assembly = grown(assemble(experiment, hamiltonian), history.operators)
        properties = replace(exact_properties(assembly, x), at=where)
        folder.write_json("properties.json", properties.document())
        return properties
    asked = {"shots": shots, "at": where, "x": encode_array(x)}
    measure = partial(_measured, x=x, shots=shots, at=where)
    kept = kept_or_measured(folder, events, PROPERTIES, "properties", asked, jobs, approve, measure)
    folder.write_json("properties.json", kept)
    return Properties.of_document(kept)


def _measured(
    assembly: Assembly, number: int, account: Account, *, x: FloatArray, shots: int, at: Place
) -> tuple[dict[str, Any], Costs]:
    """Measure within the run's budget; return the document and what it cost."""
    key = (number, _PLACES.index(at))
    measurement = DensityMeasurement(assembly, x, shots, key=key)
    account.ask(measurement.costs, begun=measurement.begun)
    properties, costs = properties_of(measurement, assembly, x)
    measured = replace(properties, at=at, mitigation=tuple(measurement.mitigation))
    return measured.document(), costs
