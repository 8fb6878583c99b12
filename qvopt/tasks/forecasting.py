"""`forecast`: what a run on hardware will take, before anything is sent."""

from __future__ import annotations

from typing import Any, Unpack

from qvopt.cloud.catalogue import offline_backend
from qvopt.engine.assembly import Assembly, assemble
from qvopt.experiment.resolving import resolve, with_backend
from qvopt.experiment.settings import Settings, takes_settings
from qvopt.experiment.specification import Experiment
from qvopt.runs.defaults import with_defaults
from qvopt.runs.forecast import forecast_run
from qvopt.runs.forecast_result import RunForecast


@takes_settings
def forecast(problem: Any, **settings: Unpack[Settings]) -> RunForecast:
    """Return the jobs, circuits, shots, QPU seconds and money that a run on hardware will take.

        forecast("h2", backend="ibm:ibm_fez", shots=1000, max_steps=10).frame()

    Nothing is sent. Where nobody is signed in, a device is priced from a table of known devices; of
    a snapshot it is the device that it records. `qvopt run … --dry` prints the same.

    Args:
        problem: as for `run`.

    Raises InputError for what cannot run, and for a backend that is not hardware.
    """
    experiment, backend = resolve(problem, settings)
    if backend is not None:
        assembly = with_defaults(assemble(with_backend(experiment, backend), backend=backend))
    else:
        assembly = offline_assembly(experiment)
    return forecast_run(assembly, recorded=True)


def offline_assembly(experiment: Experiment) -> Assembly:
    """Return a run's parts, on a device that needs no account where it is in the table."""
    spec = experiment.backend
    return with_defaults(assemble(experiment, backend=offline_backend(spec.name, spec.options)))
