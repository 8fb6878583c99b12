"""`mitigation = "auto"`: the stages with the least expected error, by the device's calibration.

Every candidate is tried on a simulation of the device as it was last calibrated, at points whose
exact energies are known, through the same stages as a run. With N shots in all its expected
squared error is

    bias² + σ²,    bias² = ⟨(E - E_exact)²⟩ - ⟨σ_M²⟩,    σ² = σ_M² M / N,

where M shots were simulated, σ_M² is the variance that the stages report, and ⟨ ⟩ is the mean over
the points; calibrations and references are among the N. What the reference's error leaves depends
on the state, and the run's is not known: the point is the lowest along the exact gradient at the
start, x₀ - t ∇E(x₀), where the amplitudes of a molecule are about those of perturbation theory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from qvopt.backends.batch import Point
from qvopt.backends.protocol import Backend, CalibratedBackend
from qvopt.engine.streams import stream
from qvopt.experiment.mitigation import MitigationSpec
from qvopt.experiment.specification import Experiment
from qvopt.optimizers.protocol import Energy, Scalar
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError
from qvopt_molecules.spins import Hamiltonian

if TYPE_CHECKING:
    from .assembly import Assembly

_SIMULATED: Final = 200_000
_POINTS: Final = 2
_FLAT: Final = 1e-8
_ANGLE: Final = 0.1  # radians, where the gradient vanishes
_FARTHEST: Final = 0.5  # radians along the gradient
WIDEST: Final = 10
"""Qubits up to which noise is simulated as a density matrix: sampling is cheap, whatever M is."""

_CALIBRATION: Final = 0.1
"""Share of N of each of the two calibration circuits."""

_FINAL: Final = 10
"""Shots of the final estimate, in those of one energy, where neither aim nor budget says more."""

_SHARE: Final = 0.1  # of a budget, for the final estimate
_STREAM: Final = 11

_ZNE: Final[tuple[Any, ...]] = (None, {"scales": [1, 3], "fit": "linear"})
_MORE_ZNE: Final[tuple[Any, ...]] = (
    {"scales": [1, 3], "fit": "linear", "folding": "all"},
    {"scales": [1, 3, 5], "fit": "richardson"},
)

Build = Callable[[Experiment, Hamiltonian, Backend], "Assembly"]


@dataclass(frozen=True)
class Candidate:
    """A combination of stages, and what it is expected to do to the final energy.

    Attributes:
        postselect, mitigation: the settings.
        bias: root mean square over the points, in the problem's unit; 0 below its own error.
        sigma: standard error at `shots`.
        shots, circuits: of one final energy, with its calibrations and references.
    """

    postselect: bool
    mitigation: MitigationSpec
    bias: float
    sigma: float
    shots: int
    circuits: int

    @property
    def rms(self) -> float:
        """Expected root mean square error."""
        return sqrt(self.bias**2 + self.sigma**2)

    @property
    def name(self) -> str:
        """The stages in words."""
        return described(self.postselect, self.mitigation)

    def document(self) -> dict[str, Any]:
        """The candidate as plain data."""
        return {
            "stages": self.name, "postselect": self.postselect,
            "mitigation": self.mitigation.model_dump(mode="json", exclude_none=True),
            "bias": self.bias, "sigma": self.sigma, "rms": self.rms, "shots": self.shots,
            "circuits": self.circuits,
        }  # fmt: skip


def described(postselect: bool, mitigation: MitigationSpec) -> str:
    """The stages in words: "post-selection + reference"."""
    return " + ".join(stage_names(postselect, mitigation)) or "none"


def stage_names(postselect: bool, mitigation: MitigationSpec) -> tuple[str, ...]:
    """The stages that settings ask for, in words."""
    zne = mitigation.zne
    folded = "" if zne is None else ", all gates" if zne.folding == "all" else ""
    return (
        *(["readout"] if mitigation.readout is not None else []),
        *(["post-selection"] if postselect else []),
        *([] if zne is None else [f"ZNE {'-'.join(f'{s:g}' for s in zne.scales)}{folded}"]),
        *(["reference"] if mitigation.reference is not None else []),
        *(["Clifford data regression"] if mitigation.cdr is not None else []),
    )


def mitigation_of(experiment: Experiment) -> tuple[str, ...] | None:
    """The stages that a run's energies pass, the vendor's included; None of exact energies."""
    if experiment.measurement.shots is None:
        return None
    stages = stage_names(experiment.measurement.postselect, experiment.mitigation)
    level = experiment.backend.options.get("resilience")
    return (*stages, f"IBM resilience level {level}") if level else stages


def choose_mitigation(
    experiment: Experiment,
    hamiltonian: Hamiltonian,
    backend: Backend,
    build: Build,
    exact: Callable[[Experiment, Hamiltonian], Assembly],
) -> tuple[Experiment, tuple[Candidate, ...]]:
    """Return the experiment with the best stages, and all candidates, the best first.

    Args:
        experiment: with `mitigation = "auto"`; post-selection that it asks for is kept.
        hamiltonian: what is measured.
        backend: the device.
        build: assembles an experiment on a backend.
        exact: assembles its exact counterpart.

    Raises InputError where no calibration is known, or the simulation would be too large.
    """
    twin = simulation_of(backend, experiment)
    shots = final_shots(experiment)
    wish = experiment.measurement.postselect
    # A base candidate has every stage, so that impossible ones are found out one by one.
    ways = [
        (postselect, {"readout": readout, "zne": zne, "reference": reference})
        for postselect in ((True,) if wish else (False, True))
        for readout in (False, True)
        for zne in _ZNE
        for reference in (False, True)
    ]
    judge = Judge(experiment, hamiltonian, twin, build, exact, shots)
    candidates = [c for c in (judge.candidate(*way) for way in ways) if c is not None]
    if not candidates:
        raise InputError(f"mitigation = 'auto': {judge.refusal}")
    best = min(candidates, key=lambda c: c.rms)
    if best.mitigation.zne is not None:
        others = {
            "readout": best.mitigation.readout is not None,
            "reference": best.mitigation.reference is not None,
        }
        more = (judge.candidate(best.postselect, {**others, "zne": zne}) for zne in _MORE_ZNE)
        candidates += [c for c in more if c is not None]
    if best.mitigation.reference is not None:
        settings = {"reference": None, "cdr": True, "zne": best.mitigation.zne,
                    "readout": best.mitigation.readout is not None}  # fmt: skip
        trained = judge.candidate(best.postselect, settings)
        candidates += [] if trained is None else [trained]
    candidates.sort(key=lambda c: (c.rms, c.circuits))
    chosen = candidates[0]
    measurement = experiment.measurement.model_copy(update={"postselect": chosen.postselect})
    update = {"measurement": measurement, "mitigation": chosen.mitigation}
    return experiment.model_copy(update=update), tuple(candidates)


def simulation_of(backend: Backend, experiment: Experiment) -> Backend:
    """The device's local simulation. Raises InputError where there is none."""
    twin = backend.simulated() if isinstance(backend, CalibratedBackend) else None
    if twin is None:
        raise InputError(
            f"mitigation = 'auto' goes by a device's calibration, and {backend.name} tells none; "
            f"choose the stages (`qvopt list mitigations`), or an IBM device, a snapshot or aer "
            f"with noise"
        )
    if experiment.measurement.shots is None:
        raise InputError("mitigation works on measured energies; give a number of shots")
    return twin


def final_shots(experiment: Experiment) -> int:
    """Shots that a run is expected to have for its final energy."""
    settings, budget = experiment.measurement, experiment.budget.shots
    assert settings.shots is not None
    if settings.final_shots is not None:
        return settings.final_shots
    return max(settings.shots, int(_SHARE * budget) if budget else _FINAL * settings.shots)


class Judge:
    """Tries candidates on the simulation of a device.

    Args:
        experiment: what is measured; its stages are replaced.
        hamiltonian: of it.
        twin: the simulation.
        build, exact: see `choose_mitigation`.
        shots: N.
        points: where, shape (points, n_parameters); None takes points near the start.
    """

    def __init__(
        self,
        experiment: Experiment,
        hamiltonian: Hamiltonian,
        twin: Backend,
        build: Build,
        exact: Callable[[Experiment, Hamiltonian], Assembly],
        shots: int,
        points: Sequence[FloatArray] | None = None,
    ) -> None:
        self._experiment, self._hamiltonian, self._twin = experiment, hamiltonian, twin
        self._build, self._shots = build, shots
        plain = experiment.model_copy(update={"mitigation": MitigationSpec()})
        reference = exact(plain, hamiltonian)
        if reference.circuit.n_qubits > WIDEST:
            raise InputError(
                f"mitigation = 'auto' simulates the device's noise on up to {WIDEST} qubits, and "
                f"the circuit has {reference.circuit.n_qubits}; choose the stages "
                f"(`qvopt list mitigations`)"
            )
        self._points = self._near(reference) if points is None else list(points)
        evaluator = reference.evaluator.reported
        self._energies = [float(evaluator.exact_energy(x) or 0.0) for x in self._points]
        self.refusal = ""

    def _near(self, reference: Assembly) -> list[FloatArray]:
        start = reference.start
        if not start.size:
            raise InputError(
                "mitigation = 'auto' tries its candidates near the start, and this circuit has no "
                "parameters there; choose the stages (`qvopt list mitigations`)"
            )
        from scipy.optimize import minimize_scalar

        gradient = reference.program.gradient(start)[1]
        norm = float(np.linalg.norm(gradient))
        if norm < _FLAT:
            rng = np.random.default_rng(stream(self._experiment.seed, _STREAM))
            return [rng.normal(0.0, _ANGLE, size=start.shape) for _ in range(_POINTS)]
        direction = -gradient / norm

        def along(t: float) -> float:
            return float(reference.program.energies([Point(start + t * direction)])[0])

        lowest = minimize_scalar(along, bounds=(0.0, _FARTHEST), method="bounded")
        return [start + float(lowest.x) * direction]

    def candidate(self, postselect: bool, settings: dict[str, Any]) -> Candidate | None:
        """Simulate one combination; None where it is not possible, and `refusal` says why."""
        shares = 1 - 2 * _CALIBRATION if settings["readout"] else 1.0
        trained = settings["reference"] or settings.get("cdr", False)
        energy = shares / (2 if trained else 1)

        def stages(total: int) -> MitigationSpec:
            calibration = {"shots": int(np.clip(_CALIBRATION * total, 100, 10**9))}
            readout = calibration if settings["readout"] else None
            return MitigationSpec.model_validate({**settings, "readout": readout})

        def measured(total: int, mitigation: MitigationSpec) -> Experiment:
            measurement = self._experiment.measurement.model_copy(
                update={"postselect": postselect, "shots": int(energy * total),
                        "allocation": self._allocation}
            )  # fmt: skip
            update = {"measurement": measurement, "mitigation": mitigation}
            return self._experiment.model_copy(update=update)

        try:
            assembly = self._build(
                measured(_SIMULATED, stages(_SIMULATED)), self._hamiltonian, self._twin
            )
            queries = [Energy(x) for x in self._points]
            answers = assembly.evaluator.reported.answer(queries, _STREAM)
            costs = assembly.evaluator.reported.prepare([queries[0]], _STREAM).costs
        except InputError as error:
            self.refusal = str(error)
            return None
        values = [a for a in answers if isinstance(a, Scalar)]
        variance = float(np.mean([a.variance for a in values]))
        errors = np.array([a.value for a in values]) - self._energies
        bias = sqrt(max(float(np.mean(errors**2)) - variance, 0.0))
        sigma = sqrt(variance * _SIMULATED / self._shots)
        circuits = sum(cost.circuits for cost in costs.values())
        return Candidate(postselect, stages(self._shots), bias, sigma, self._shots, circuits)

    @property
    def _allocation(self) -> str:
        """Of one round: nothing is learned here."""
        given = self._experiment.measurement.allocation
        return "variance" if given == "measured" else given
