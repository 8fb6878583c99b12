"""Whether a run can get anywhere: the largest way of an optimizer whose steps have one length."""

from __future__ import annotations

from typing import Final

from qvopt.experiment.specification import Experiment
from qvopt.optimizers.option_table import steps_by_its_rate
from qvopt.optimizers.registry import describe

SHORT: Final = 0.05
"""Radians: angles of correlated molecules at their minimum are larger."""


def reach_line(experiment: Experiment) -> str:
    """A line where all steps together move a parameter by less than `SHORT`; "" elsewhere."""
    spec, steps = experiment.optimizer_spec, experiment.max_steps
    if not steps or not steps_by_its_rate(spec.name):
        return ""
    rate = spec.options.get("learning_rate", describe(spec.name).defaults["learning_rate"])
    if rate is None or steps * rate >= SHORT:
        return ""
    return (
        f"{steps} {'step' if steps == 1 else 'steps'} of {spec.name} at learning rate {rate:g} "
        f"move a parameter by about {steps * rate:.2g} rad at most: give --learning-rate 0.05, or "
        f"more steps"
    )
