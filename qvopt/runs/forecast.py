"""What a run on hardware will take, before anything is sent: its first steps, played dry."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Final

from qvopt.backends.cost import Cost
from qvopt.backends.protocol import DurableProgram
from qvopt.engine.assembly import Assembly
from qvopt.optimizers.registry import get_optimizer
from qvopt.records.ledger import Ledger
from qvopt_molecules.errors import InputError

from .budget import make_budget
from .driver import Driver
from .final_estimate import FinalAim, FinalEstimate
from .forecast_result import RunForecast
from .reach import reach_line

_PLAYED: Final = 3


def forecast_run(
    assembly: Assembly, *, recorded: bool = False, spent: Cost | None = None
) -> RunForecast:
    """Play the first steps of an assembled experiment, with nothing sent.

    Args:
        assembly: on hardware.
        recorded: forecast the device that a snapshot records, and not the snapshot.
        spent: by the run before these steps: the final estimate may be a share of it.

    Raises InputError where its backend is not hardware.
    """
    program, experiment = assembly.program, assembly.experiment
    if not isinstance(program, DurableProgram):
        raise InputError("only runs on hardware have a forecast of jobs; use `qvopt run --dry`")
    if assembly.evaluator.growth is not None:
        raise InputError(
            "a circuit that grows has no forecast: cap the run by --budget in jobs, shots or "
            "QPU seconds"
        )
    dry = program.dry(recorded=recorded)
    # An evaluator of its own, so that the run's learns nothing from these answers.
    evaluator = replace(assembly.evaluator, program=dry)
    spec = experiment.optimizer_spec
    played = min(_PLAYED, experiment.max_steps)
    ledger = Ledger()
    driver = Driver(
        evaluator,
        get_optimizer(spec.name, **experiment.optimizer_options),
        assembly.start,
        experiment.seed,
        played,
        ledger,
        experiment.monitor or "none",
    )
    totals = [ledger.total for _ in driver]
    # What is spent by step 0, such as its monitor's energy, is the first step's.
    steps = [b - a for a, b in itertools.pairwise([Cost(), *totals[1:]])]
    first = steps[0] if steps else totals[0]
    later = steps[-1] if steps else Cost()
    budget = make_budget(experiment.budget, program, begun=spent is not None)
    optimised = first + later.times(max(experiment.max_steps - 1, 0))
    aim = FinalAim.of(experiment.measurement)
    x = assembly.start
    estimate, points = FinalEstimate(aim), [x, x, x]
    at_end = Ledger(budget, {"steps": optimised + (spent or Cost())})
    expected = estimate.reserve(evaluator, points, at_end)
    most = estimate.most(evaluator, points, at_end)
    return RunForecast(
        dry.pricing.device,
        experiment.max_steps,
        first,
        later,
        expected if most is None else most,
        budget,
        dry.pricing.known,
        dry.pricing.currency,
        dry.pricing.note,
        program.circuits.size,
        expected,
        bounded=most is not None,
        time_assumed=dry.pricing.time_assumed,
        reach="" if spent is not None and spent.shots else reach_line(experiment),
    )
