"""After a noisy run that ends far off: what mitigation would have done, and its price."""

from __future__ import annotations

from typing import Any, Final

from qvopt.backends.protocol import CalibratedBackend, NoisyProgram
from qvopt.engine.assembly import assemble, exact_counterpart
from qvopt.engine.auto_mitigation import WIDEST, Candidate, Judge
from qvopt.measurement.estimate import two_digits
from qvopt_molecules.errors import InputError

from .result import Result
from .session import Session

_FAR: Final = 1.6e-3  # Hartree
_SIGMAS: Final = 5.0
_WAYS: Final[tuple[tuple[bool, dict[str, Any], str], ...]] = (
    (
        True,
        {"readout": False, "zne": None, "reference": True},
        "--set measurement.postselect=true --set mitigation.reference=true",
    ),
    (
        False,
        {"readout": False, "zne": None, "reference": True},
        "--set mitigation.reference=true",
    ),
    (False, {"readout": True, "zne": None, "reference": False}, "--set mitigation.readout=true"),
)
"""Cheap mitigations and how to ask for them; the first one that is possible is tried."""


def mitigation_advice(session: Session, result: Result) -> str:
    """One line on what mitigation would have left of the error, and at what price.

    It is simulated at the last point with the device's calibration. Empty where the run mitigates,
    ends near the exact energy, or the device tells no calibration.
    """
    experiment, assembly = session.experiment, session.assembly
    if experiment.mitigation or experiment.measurement.postselect or result.final is None:
        return ""
    if result.energy is None or not result.stderr or result.fci is None:
        return ""
    error = abs(result.energy - result.fci)
    if error < max(_FAR, _SIGMAS * result.stderr) or assembly.evaluator.growth is not None:
        return ""
    backend = assembly.compiler.backend
    if not isinstance(assembly.program, NoisyProgram) or assembly.circuit.n_qubits > WIDEST:
        return ""
    if "counts" not in assembly.program.samples or not isinstance(backend, CalibratedBackend):
        return ""
    twin = backend.simulated()
    if twin is None or assembly.hamiltonian.electrons is None:
        return ""
    shots, unit = result.final.shots, experiment.molecule.energy_unit
    judge = Judge(
        experiment, assembly.hamiltonian, twin, assemble, exact_counterpart, shots, [result.x]
    )
    try:
        plain = judge.candidate(False, {"readout": False, "zne": None, "reference": False})
        for postselect, settings, option in _WAYS:
            better = judge.candidate(postselect, settings)
            if plain is not None and better is not None:
                return _line(plain, better, option, unit) if better.rms < 0.5 * plain.rms else ""
    except InputError:  # advice is no part of the run
        pass
    return ""


def _line(plain: Candidate, better: Candidate, option: str, unit: str) -> str:
    scale, shown = (1e3, "mHa") if unit == "Ha" else (1.0, unit)
    return (
        f"{better.name} would leave about {two_digits(scale * better.rms)} of "
        f"{two_digits(scale * plain.rms)} {shown} at the same shots, in {better.circuits} circuits "
        f"for {plain.circuits} (simulated with the device's calibration): {option}"
    )
