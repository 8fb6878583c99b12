"""What a run takes where its experiment leaves it open."""

from __future__ import annotations

from dataclasses import replace

from qvopt.backends.protocol import DurableProgram
from qvopt.engine.assembly import Assembly
from qvopt.experiment.specification import Experiment
from qvopt.runs.final_estimate import PRECISION, SHARE, FinalAim
from qvopt.runs.steps import Monitor
from qvopt_molecules.errors import InputError


def with_grouping(assembly: Assembly) -> Assembly:
    """Name what was chosen by default, so that a later version resumes with the same."""
    if assembly.plan is None:
        return assembly
    given = assembly.experiment.measurement
    chosen: dict[str, str | None] = {"metric": assembly.evaluator.sampled_metric_rule}
    if given.grouping is None:
        chosen["grouping"] = assembly.plan.name
    measurement = given.model_copy(update=chosen)
    experiment = assembly.experiment.model_copy(update={"measurement": measurement})
    return replace(assembly, experiment=experiment)


def with_final_aim(assembly: Assembly) -> Assembly:
    """Name the precision of the final estimate that a run under shots takes by default."""
    given = assembly.experiment.measurement
    if given.shots is None or FinalAim.of(given) is not None:
        return assembly
    chosen = {"final_precision": PRECISION, "final_share": SHARE}
    measurement = given.model_copy(update=chosen)
    experiment = assembly.experiment.model_copy(update={"measurement": measurement})
    return replace(assembly, experiment=experiment)


def chosen_monitor(experiment: Experiment, assembly: Assembly) -> Monitor:
    """Return which energy the records carry; raises InputError for one that is not available."""
    chosen = experiment.monitor
    if chosen is None and isinstance(assembly.program, DurableProgram):
        return "none"  # a job for each step, and none beside it
    if chosen is None:
        return "exact" if assembly.program.exact else "measured"
    if chosen == "exact" and not assembly.program.exact:
        raise InputError(
            f"backend {experiment.backend.name} cannot tell the exact energy; "
            f"use monitor = 'measured' or 'none'"
        )
    return chosen
