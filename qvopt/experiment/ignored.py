"""Settings that would have no effect are refused: nothing that was asked for is dropped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from qvopt.optimizers.registry import describe
from qvopt_molecules.errors import InputError

from .specification import BudgetSpec, Experiment, MeasurementSpec

_OF_SHOTS: Final = (
    "grouping", "allocation", "gradient_allocation", "metric", "postselect",
    "final_shots", "final_precision", "final_share",
)  # fmt: skip
"""Settings of `[measurement]` that say how shots are taken."""


def refuse_ignored(experiment: Experiment) -> None:
    """Raise InputError for a setting of measured energies where all energies are exact.

    Also for a stop by the expected error, where the optimizer has no model of it, and for settings
    of gradients, where it asks for none.
    """
    _check_certificate(experiment)
    _check_gradients(experiment)
    if experiment.measurement.shots is not None:
        return
    for name, value in _given(experiment):
        shown = f"'{value}'" if isinstance(value, str) else value
        raise InputError(
            f"{name} = {shown} has no effect on exact energies; give a number of shots, or leave "
            f"{name.rpartition('.')[2]} out"
        )


def _check_certificate(experiment: Experiment) -> None:
    if experiment.stopping.expected_error is None:
        return
    spec = experiment.optimizer_spec
    if "expected_error" not in describe(spec.name).defaults:
        raise InputError(
            f"stopping.expected_error needs an optimizer that knows its error, and {spec.name} "
            f"does not; use --optimizer kalman-newton, or stopping.gradient or stopping.plateau"
        )
    for name in experiment.stopping.certificate():
        if name in spec.options:
            raise InputError(f"{name} is given twice, in stopping and in optimizer; leave one out")


def _check_gradients(experiment: Experiment) -> None:
    """Refuse settings of gradients beside a named optimizer of ours that asks for none."""
    spec = experiment.optimizer
    if spec is None or experiment.measurement.shots is None:
        return
    needs = describe(spec.name).needs
    if "energies" not in needs or "gradients" in needs:
        return
    if experiment.stopping.gradient is not None:
        idle = "stopping.gradient"
    elif experiment.measurement.gradient != MeasurementSpec().gradient:
        idle = "measurement.gradient"
    else:
        return
    raise InputError(
        f"{idle} has no effect with {spec.name}, which measures no gradients; leave it out, or "
        f"take an optimizer that does, such as adam"
    )


def refuse_idle_caps(budget: BudgetSpec, *, hardware: bool) -> None:
    """Raise InputError for a cap on what is never spent, and for a currency of nothing."""
    if budget.currency is not None and budget.money is None:
        raise InputError(
            f"budget.currency = '{budget.currency}' is without an amount; give budget.money, or "
            f"leave the currency out"
        )
    if hardware:
        return
    for name, what in (("jobs", "sends no jobs"), ("qpu_seconds", "takes no QPU seconds")):
        if getattr(budget, name) is not None:
            raise InputError(
                f"a simulator {what}; take budget.{name} out, or cap shots or evaluations"
            )


def _given(experiment: Experiment) -> Iterator[tuple[str, Any]]:
    """Settings of measured energies that were given, by name."""
    measurement, usual = experiment.measurement, MeasurementSpec()
    for name in _OF_SHOTS:
        value = getattr(measurement, name)
        if value != getattr(usual, name):
            yield f"measurement.{name}", value
    if measurement.gradient != usual.gradient:
        yield "measurement.gradient", measurement.gradient.name
    for name in ("gradient", "plateau", "expected_error"):
        value = getattr(experiment.stopping, name)
        if value is not None:
            yield f"stopping.{name}", value
    for name in ("shots", "circuits"):
        value = getattr(experiment.budget, name)
        if value is not None:
            yield f"budget.{name}", value
