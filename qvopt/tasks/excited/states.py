"""Excited states of a molecule by four methods, beside full CI."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Literal, Unpack

from qvopt.backends.protocol import DurableProgram
from qvopt.engine.assembly import Assembly, assemble
from qvopt.experiment.ignored import refuse_idle_caps, refuse_ignored
from qvopt.experiment.resolving import resolve
from qvopt.experiment.settings import Settings, takes_settings
from qvopt.experiment.specification import Experiment, OptimizerSpec
from qvopt.optimizers.registry import describe
from qvopt.runs.approval import Approve, approve_runs
from qvopt.runs.bar import counted
from qvopt.runs.budget import caps_of
from qvopt.runs.defaults import with_final_aim, with_grouping, with_growing_optimizer
from qvopt.runs.folder import RunFolder
from qvopt.runs.steps import Step
from qvopt.tasks.task_folder import EXCITED, claim_task
from qvopt_molecules.argument_checks import real_number, whole_number
from qvopt_molecules.errors import InputError, unknown_name
from qvopt_molecules.states import sector_bits

from .result import ExcitedStates
from .search import Search

METHODS: Final = ("vqd", "ssvqe", "qse", "qeom")


@takes_settings
def excited_states(
    problem: Any,
    states: int = 3,
    *,
    method: Literal["vqd", "ssvqe", "qse", "qeom"] = "vqd",
    beta: float = 3.0,
    out: str | Path | None = None,
    progress: bool | Callable[[int, Step], object] | None = None,
    approve: Approve | None = None,
    **settings: Unpack[Settings],
) -> ExcitedStates:
    """Find the lowest states of a molecule in its sector of electron numbers.

        excited_states("h2", 3).states[1].energy

    Args:
        problem: as for `run`.
        states: how many, the ground state included.
        method: "vqd" minimises one after another, each pushed off the lower ones; "ssvqe" all at
            once from orthogonal determinants; "qse" and "qeom" expand about the ground state's
            run, exactly.
        beta: weight in Hartree of the overlaps in "vqd"; above the largest gap that is sought.
        out: folder for the journals of the minimisations, which are resumed from there.
        progress: called with the number of the minimisation and its step; or whether to show a
            bar, None in notebooks alone.
        approve: called before the first job on hardware, as by `run`.

    Raises InputError for what cannot run.
    """
    if not isinstance(method, str) or method not in METHODS:
        raise unknown_name("method for excited states", method, METHODS)
    whole_number(states, "states", 1, 100)
    real_number(beta, "beta", "energy in Hartree", below=1e6)
    experiment, backend = resolve(problem, settings)
    if method in ("qse", "qeom") and experiment.measurement.shots is not None:
        raise InputError(
            f"{method} takes its matrix elements from exact amplitudes; leave shots out, or "
            f"take vqd or ssvqe"
        )
    experiment = _with_optimizer(experiment)
    refuse_ignored(experiment)
    _refuse_endless(experiment)
    if experiment.stopping.expected_error is not None:
        raise InputError(
            "stopping.expected_error is of an energy alone, and excited states are minimised with "
            "overlaps; use stopping.gradient or stopping.plateau"
        )
    assembly = _assembled(experiment, backend)
    if experiment.constraints.s2 is None and assembly.experiment.constraints.s2:
        # States of other spins are looked for as well.
        weights = experiment.constraints.model_copy(update={"s2": 0.0})
        experiment = experiment.model_copy(update={"constraints": weights})
        assembly = _assembled(experiment, backend)
    hardware = isinstance(assembly.program, DurableProgram)
    refuse_idle_caps(experiment.budget, hardware=hardware)
    if method in ("vqd", "ssvqe") and assembly.evaluator.growth is not None:
        raise InputError(
            f"{method} minimises several states over one circuit, and {experiment.ansatz.name} "
            f"grows it for the ground state; take qse or qeom, or another ansatz"
        )
    size = len(sector_bits(assembly.molecular))
    if states > size:
        raise InputError(f"the sector has {size} states, {states} were asked for")
    folder = None if out is None else Path(out)
    if folder is None or not any(folder.glob("state-*.jsonl")):
        minimisations = states if method == "vqd" else 1
        approve_runs(experiment, with_final_aim(assembly), minimisations, approve)
    if folder is not None:
        asked = {"method": method, "states": states, "beta": float(beta)}
        claim_task(folder, EXCITED, asked, assembly.experiment, unresolved=experiment)
    with counted(progress, "steps") as report:
        work = Search(assembly, folder, report)
        if method == "vqd":
            spectrum = work.deflate(states, beta)
        elif method == "ssvqe":
            spectrum = work.search(states)
        else:
            spectrum = work.expand(states, method)
    if folder is not None:
        RunFolder(folder).write_json("states.json", spectrum.document())
    return spectrum


def _assembled(experiment: Experiment, backend: Any) -> Assembly:
    """Assemble, and name what was chosen by default."""
    return with_growing_optimizer(with_grouping(assemble(experiment, backend=backend)))


def _with_optimizer(experiment: Experiment) -> Experiment:
    """Name the optimizer where it is left open: under shots one that needs no expected error."""
    if experiment.optimizer is not None or experiment.measurement.shots is None:
        return experiment
    return experiment.model_copy(update={"optimizer": OptimizerSpec(name="adam")})


def _refuse_endless(experiment: Experiment) -> None:
    spec = experiment.optimizer_spec
    if experiment.measurement.shots is None:
        return
    if "expected_error" in describe(spec.name).defaults and not caps_of(experiment.budget):
        raise InputError(
            f"{spec.name} ends by the expected error of an energy alone, which excited states do "
            f"not have; take another optimizer, or a budget"
        )
