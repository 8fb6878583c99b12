"""How energies alone are measured: with the plan and the split of shots that serve them best."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from qvopt.backends.protocol import NoisyProgram
from qvopt.measurement.allocation import with_allocation
from qvopt.measurement.catalogue import get_grouping

from .assembly import Assembly
from .evaluator import Evaluator

_LEARNING: Final = ("variance", "measured")
"""Allocations whose aim is the least variance: what was measured may correct them."""


def energy_evaluator(assembly: Assembly, evaluator: Evaluator) -> Evaluator:
    """Return an evaluator of reported energies at their least variance a shot.

    A plan that serves gradients too gives way to one for energies alone, where the grouping has
    one. On a device the run's own circuits stay: they are lowered, calibrated and folded already,
    and other ones would have other errors.

    Args:
        assembly: of the run.
        evaluator: of the run as it is now: an adaptive circuit has grown.
    """
    reported = evaluator.reported
    experiment = assembly.experiment
    learns = experiment.measurement.allocation in _LEARNING
    bare = replace(reported, learns_groups=learns, learns_points=False, growth=None)
    plan, problem = reported.plan, reported.program.problem
    integrals = problem.hamiltonian
    if plan is None or integrals is None or reported is not evaluator:
        return bare
    of_energies = get_grouping(plan.name).of_energies
    if of_energies is None or isinstance(reported.program, NoisyProgram):
        return bare
    own = of_energies(integrals, problem.observable)
    for stage in reported.stages:
        own = stage.prepare(own)
    own = with_allocation(
        own,
        experiment.measurement.allocation,
        hamiltonian=assembly.hamiltonian,
        mapping=experiment.mapping,
    )
    program = assembly.compiler.program(reported.circuit, own)
    return replace(bare, program=program, plan=own)
