"""The stages that an experiment's `[mitigation]` and `postselect` ask for, outermost first."""

from __future__ import annotations

from qvopt.backends.protocol import NoisyProgram, Program
from qvopt.experiment.mitigation import MitigationSpec
from qvopt.measurement.readout import need_mthree
from qvopt_molecules.errors import InputError
from qvopt_molecules.spins import Hamiltonian

from .clifford_regression import CliffordRegression
from .postselection import PostSelection
from .readout import ReadoutCorrection
from .reference_state import ReferenceState
from .stage import Stage
from .zero_noise import ZeroNoiseExtrapolation


def make_stages(spec: MitigationSpec, selection: PostSelection | None) -> tuple[Stage, ...]:
    """Return the stages of an experiment, the outermost first.

    They combine: the readout is corrected first, then outcomes are selected, energies are
    extrapolated, and the error of the reference state, or what training circuits show, is taken
    off last.
    """
    stages: list[Stage] = []
    if spec.reference is not None:
        stages.append(ReferenceState(spec.reference.shots, spec.reference.parameters))
    if spec.cdr is not None:
        stages.append(CliffordRegression(spec.cdr.circuits, spec.cdr.shots))
    if spec.zne is not None:
        stages.append(ZeroNoiseExtrapolation(tuple(sorted(spec.zne.scales)), spec.zne.fit))
    if selection is not None:
        stages.append(selection)
    if spec.readout is not None:
        stages.append(ReadoutCorrection(spec.readout))
    return tuple(stages)


def make_selection(hamiltonian: Hamiltonian, mapping: str, *, conserving: bool) -> PostSelection:
    """Return the stage that selects by electron numbers.

    Raises InputError where there are none, or the ansatz does not conserve them.
    """
    if hamiltonian.electrons is None:
        raise InputError("post-selection goes by electron numbers, and spins have none")
    if mapping != "jordan-wigner":
        raise InputError(
            f"post-selection reads electron numbers in the jordan-wigner mapping, got {mapping}"
        )
    if not conserving:
        raise InputError(
            "post-selection goes by electron numbers, which this ansatz does not conserve; "
            "use one that does, such as uccsd, or leave postselect out"
        )
    return PostSelection(hamiltonian.orbitals().norb, *hamiltonian.electrons)


def check_program(spec: MitigationSpec, program: Program, backend: str, shots: int | None) -> None:
    """Raise InputError where there is nothing to mitigate, or no counts to do it on."""
    if not spec:
        return
    if shots is None:
        raise InputError("mitigation works on measured energies; give a number of shots")
    if not isinstance(program, NoisyProgram):
        raise InputError(
            f"backend {backend} has no noise to mitigate; leave [mitigation] out, or use aer with "
            f"noise or a device"
        )
    if "counts" not in program.samples:
        raise InputError(
            "[mitigation] works on counts, and a resilience level gives expectation values that "
            "IBM has mitigated; leave out either"
        )
    if spec.readout is not None and spec.readout.method == "m3":
        need_mthree()
