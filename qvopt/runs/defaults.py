"""What a run takes where its experiment leaves it open."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from qvopt.backends.protocol import DurableProgram
from qvopt.engine.assembly import Assembly
from qvopt.experiment.specification import Experiment, MeasurementSpec, OptimizerSpec
from qvopt.optimizers.registry import describe
from qvopt.runs.budget import caps_of
from qvopt.runs.final_estimate import PRECISION, SHARE, FinalAim
from qvopt.runs.steps import Monitor
from qvopt_molecules.errors import InputError

CHEMICAL_ACCURACY: Final = 0.0016
"""Error in Hartree, or the unit of the problem, at which a run under shots ends by default."""

_CONFIDENCE: Final = 0.95


def with_defaults(assembly: Assembly) -> Assembly:
    """Name all that a run leaves open, so that its record says what it did."""
    return with_final_aim(with_grouping(with_stop(with_optimizer(assembly))))


def with_optimizer(assembly: Assembly) -> Assembly:
    """Name the optimizer of a run that leaves it open, and the stop that belongs to it.

    Under shots it is Kalman-Newton, which ends by itself. Where gradients are asked for, by a rule
    or by a stop, it is Adam. On hardware too where no budget caps the run: all of its steps cost
    the same, so that what it may take is known before it is paid for. A wanted
    `stopping.expected_error` takes Kalman-Newton there as well. Exact energies of a circuit that
    grows take BFGS that keeps its curvature.
    """
    experiment = assembly.experiment
    if experiment.measurement.shots is None:
        return with_growing_optimizer(assembly)
    if experiment.optimizer is not None:
        return assembly
    rule = experiment.measurement.gradient != MeasurementSpec().gradient
    gradients = rule or experiment.stopping.gradient is not None
    uncapped = not caps_of(experiment.budget)
    constant = gradients or (uncapped and isinstance(assembly.program, DurableProgram))
    if constant and experiment.stopping.expected_error is None:
        chosen = OptimizerSpec(name="adam")
    else:
        chosen = experiment.optimizer_spec
    named = experiment.model_copy(update={"optimizer": chosen})
    return _stopping_by_itself(replace(assembly, experiment=named))


def with_growing_optimizer(assembly: Assembly) -> Assembly:
    """Name the optimizer of exact energies of a circuit that grows, where it is left open."""
    experiment = assembly.experiment
    if experiment.optimizer is not None or experiment.measurement.shots is not None:
        return assembly
    if assembly.evaluator.growth is None:
        return assembly
    chosen = OptimizerSpec(name="recycled-bfgs")
    return replace(assembly, experiment=experiment.model_copy(update={"optimizer": chosen}))


def with_stop(assembly: Assembly) -> Assembly:
    """Name the error at which an optimizer that knows it ends, where no budget bounds the run.

    Its rounds grow until then: 300 of them would take billions of shots.
    """
    return assembly if caps_of(assembly.experiment.budget) else _stopping_by_itself(assembly)


def _stopping_by_itself(assembly: Assembly) -> Assembly:
    experiment = assembly.experiment
    spec, stopping = experiment.optimizer_spec, experiment.stopping
    if experiment.measurement.shots is None or stopping.expected_error is not None:
        return assembly
    if "expected_error" in spec.options or "expected_error" not in describe(spec.name).defaults:
        return assembly
    chosen = {"expected_error": CHEMICAL_ACCURACY, "confidence": _CONFIDENCE}
    named = experiment.model_copy(update={"stopping": stopping.model_copy(update=chosen)})
    return replace(assembly, experiment=named)


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
    """Name the precision of the final estimate that a run under shots takes by default.

    A run that ends at an error in Hartree measures its energy as well as that, whatever its shots;
    of any other the final estimate is a share.
    """
    experiment = assembly.experiment
    given = experiment.measurement
    if given.shots is None or FinalAim.of(given) is not None:
        return assembly
    ends_by_error = experiment.stopping.expected_error is not None and experiment.max_steps > 0
    in_hartree = assembly.hamiltonian.electrons is not None
    whole = ends_by_error and in_hartree and not caps_of(experiment.budget)
    chosen = {"final_precision": PRECISION, "final_share": None if whole else SHARE}
    measurement = given.model_copy(update=chosen)
    return replace(assembly, experiment=experiment.model_copy(update={"measurement": measurement}))


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
