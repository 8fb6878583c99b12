"""From the `[mitigation]` table to what plans, programs and evaluators need."""

from __future__ import annotations

from qvopt.backends.protocol import CountingProgram, Program
from qvopt.experiment.mitigation import MitigationSpec
from qvopt.measurement.extrapolation import Extrapolation, depolarized_energy
from qvopt.measurement.plan import MeasurementPlan
from qvopt.measurement.readout import need_mthree
from qvopt.measurement.selection import select
from qvopt_molecules.errors import InputError
from qvopt_molecules.hamiltonian import MolecularHamiltonian


def postselected(
    plan: MeasurementPlan, hamiltonian: MolecularHamiltonian, mapping: str, *, conserving: bool
) -> MeasurementPlan:
    """Return the plan with the outcomes of each group selected by what they show.

    Raises InputError where they show nothing, or the ansatz does not conserve what is selected.
    """
    if mapping != "jordan-wigner":
        raise InputError(
            f"post-selection reads electron numbers in the jordan-wigner mapping, got {mapping}"
        )
    if not conserving:
        raise InputError(
            "post-selection goes by electron numbers, which this ansatz does not conserve; "
            "use one that does, such as uccsd, or leave postselect out"
        )
    chosen = select(plan, (hamiltonian.norb, hamiltonian.n_alpha, hamiltonian.n_beta))
    if not any(group.selection for group in chosen.groups):
        raise InputError(
            f"none of these {plan.name} groups shows the electron numbers that post-selection "
            f"goes by; use basis rotations"
        )
    return chosen


def extrapolation(spec: MitigationSpec, plan: MeasurementPlan | None) -> Extrapolation | None:
    """Return how energies are extrapolated; None where they are not."""
    if spec.zne is None:
        return None
    limit = 0.0
    if spec.zne.fit == "exponential" and plan is not None:
        limit = depolarized_energy(plan)
    return Extrapolation(tuple(sorted(spec.zne.scales)), spec.zne.fit, limit)


def check_program(spec: MitigationSpec, program: Program, backend: str, shots: int | None) -> None:
    """Raise InputError where there is nothing to mitigate, or no counts to do it on."""
    if not spec:
        return
    if shots is None:
        raise InputError("mitigation works on measured energies; give a number of shots")
    if not isinstance(program, CountingProgram):
        raise InputError(
            f"backend {backend} has no noise to mitigate; leave [mitigation] out, or use aer with "
            f"noise or a device"
        )
    if not getattr(program, "counts", True):
        raise InputError(
            "[mitigation] works on counts, and a resilience level gives expectation values that "
            "IBM has mitigated; leave out either"
        )
    if spec.readout is not None and spec.readout.method == "m3":
        need_mthree()
