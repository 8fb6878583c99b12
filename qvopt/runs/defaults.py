"""What a run takes where its experiment leaves it open, and the energies it is held against."""

from __future__ import annotations

from dataclasses import replace

from qvopt.backends.protocol import DurableProgram
from qvopt.engine.assembly import Assembly, resolve_molecule
from qvopt.experiment.specification import Experiment
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


def molecular_references(experiment: Experiment, assembly: Assembly) -> dict[str, float | None]:
    """Return the Hartree-Fock and, where known or quickly found, the full CI energy in Hartree.

    For spins these are the energy of the product state and the exact ground energy.
    """
    hamiltonian = assembly.hamiltonian
    molecule = resolve_molecule(experiment.molecule)
    exact = None if molecule is None else molecule.references.get("fci")
    if exact is None:
        exact = hamiltonian.exact_energy()
    return {"hf": hamiltonian.reference_energy(), "fci": exact}
