"""Density matrices measured on a program: one batch, mitigated as the experiment asks.

Every setting is a group of a plan that the assembly's compiler makes a program of; all of them are
one call, on hardware one job. With readout correction a calibration is in it; extrapolation takes
every setting at each amplification of the noise. A simulator that gives its state and no counts
draws the outcomes from its amplitudes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qvopt.backends.batch import CALIBRATION_CIRCUITS, Batch, Point
from qvopt.backends.cost import Cost
from qvopt.backends.protocol import DurableProgram, NoisyProgram, Program
from qvopt.engine.assembly import Assembly
from qvopt.engine.part import CALIBRATION
from qvopt.engine.stages.zero_noise import reached_scales
from qvopt.engine.states import components, numbers_of, turned
from qvopt.engine.streams import stream
from qvopt.measurement.allocation import allocate
from qvopt.measurement.blocks import in_blocks, rounded_up
from qvopt.measurement.density import MeasuredDensity, density_plan, density_settings
from qvopt.measurement.density_outcomes import DensityOutcomes
from qvopt.measurement.extrapolation import Extrapolation
from qvopt.measurement.readout import Calibration
from qvopt.measurement.selection import Selection
from qvopt.records.events import PROPERTIES
from qvopt.records.ledger import Costs, add_costs
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import BackendError, InputError

PROPERTIES_STREAM = 5
PROPERTIES_BATCHES = 7
"""First keys of the random streams: of outcomes drawn from amplitudes, and of batches."""


class DensityMeasurement:
    """Settings of both density matrices, priced and not yet run.

    Args:
        assembly: the experiment with its circuit.
        x: parameters.
        shots: in total, a calibration beside them.
        seed: entropy of the random streams; None is the experiment's.
        key: names the streams of a batch, and its jobs, beside other batches of the same shots.

    Raises InputError for too few shots, too many orbitals, another mapping than Jordan-Wigner, a
    backend that gives neither counts nor a state, and mitigation that does not apply.
    """

    def __init__(
        self,
        assembly: Assembly,
        x: FloatArray,
        shots: int,
        *,
        seed: int | None = None,
        key: tuple[int, ...] = (),
    ) -> None:
        experiment = assembly.experiment
        if experiment.mapping != "jordan-wigner":
            raise InputError(
                "density matrices are measured in rotated orbitals, which need the jordan-wigner "
                "mapping"
            )
        self._assembly, self._x, self._shots = assembly, assembly.circuit.check_parameters(x), shots
        self._norb = assembly.molecular.norb
        self._settings = density_settings(self._norb)
        self._seed = experiment.seed if seed is None else seed
        self._key = key
        self._spec = experiment.mitigation
        self._program: Program | None = None
        self._batch = Batch()
        if "counts" in assembly.program.samples:
            self._prepare()
        elif assembly.program.exact:
            allocate(np.ones(len(self._settings)), shots)  # too few are refused
        else:
            raise InputError(
                f"backend {experiment.backend.name} gives no counts, from which properties are "
                f"measured; leave out what mitigates its results, such as a resilience level"
            )

    @property
    def mitigation(self) -> list[str]:
        """What is done about errors, in the order in which it is done."""
        done = {
            "readout": self._spec.readout is not None,
            "postselect": self._selection is not None,
            "zne": self._spec.zne is not None,
        }
        return [name for name, applied in done.items() if applied and self._program is not None]

    @property
    def costs(self) -> Costs:
        """What running it will cost, by purpose."""
        if self._program is None:
            return {PROPERTIES: Cost(1, len(self._settings), self._shots)}
        return self._costs(self._program.price(self._batch))

    @property
    def begun(self) -> bool:
        """Whether its jobs were submitted before."""
        program = self._program
        return isinstance(program, DurableProgram) and program.submitted(self._batch, self._stream)

    def run(self) -> tuple[MeasuredDensity, Costs]:
        """Return the measured density matrices, and what was spent."""
        if self._program is None:
            return self._matrices(self._drawn()), self.costs
        result = self._program.run(self._batch, self._stream)
        calibration = None
        if self._spec.readout is not None:
            measured = result.calibration
            if measured is None:
                raise BackendError("the readout was to be corrected, and no calibration came back")
            calibration = Calibration.of_counts(measured.qubits, measured.zeros, measured.ones)
        outcomes = []
        for g in range(len(self._settings)):
            per_scale = [self._outcomes(row[g], g, calibration) for row in result.counts]
            if len(per_scale) > 1:
                assert self._spec.zne is not None
                fit = Extrapolation(tuple(self._reached[g].tolist()), self._spec.zne.fit)
                outcomes.append(DensityOutcomes.extrapolated(per_scale, fit.weights.tolist()))
            else:
                outcomes.append(per_scale[0])
        return self._matrices(outcomes), self._costs(result.cost)

    @property
    def _stream(self) -> np.random.SeedSequence:
        """Of the batch."""
        return stream(self._seed, PROPERTIES_BATCHES, self._shots, *self._key)

    @property
    def _selection(self) -> Selection | None:
        plan = self._assembly.plan
        return None if plan is None or plan.sector is None else Selection(plan.sector)

    def _prepare(self) -> None:
        """Compile the settings, and make their batch."""
        spec = self._spec
        if spec.readout is not None and spec.readout.method != "tensored":
            raise InputError(
                f"properties take the readout correction 'tensored', got '{spec.readout.method}'; "
                f"set mitigation.readout.method, or measure the properties in a run without it"
            )
        corrections = {
            "reference": ("reference-state mitigation", spec.reference),
            "cdr": ("Clifford data regression", spec.cdr),
        }
        for name, (method, asked) in corrections.items():
            if asked is not None:
                raise InputError(
                    f"properties are many numbers, and {method} corrects an energy; leave "
                    f"mitigation.{name} out, or measure the properties in a run without it"
                )
        if spec.zne is not None and spec.zne.fit == "exponential":
            raise InputError(
                "properties are sums of many measured numbers, which the exponential fit does not "
                "extrapolate; set mitigation.zne.fit to 'linear' or 'richardson'"
            )
        plan = density_plan(self._norb)
        program = self._assembly.compiler.program(self._assembly.circuit, plan)
        scales: tuple[float, ...] = (1.0,)
        share: FloatArray = np.ones(1)
        if spec.zne is not None:
            scales = tuple(sorted(spec.zne.scales))
            self._reached = reached_scales(program, scales)
            share = Extrapolation(scales, spec.zne.fit).share
        n = len(self._settings)
        if self._shots < 2 * n * len(scales):
            raise InputError(
                f"{self._shots} shots are too few for {n} settings of the density matrices"
                + (f" at {len(scales)} noise scales" if len(scales) > 1 else "")
                + f"; give at least {2 * n * len(scales)}"
            )
        block = program.block(self._shots) if isinstance(program, DurableProgram) else 1
        rows = [allocate(np.ones(n), int(s)) for s in allocate(share, self._shots, 2 * n).tolist()]
        calibration = 0 if spec.readout is None else rounded_up(spec.readout.shots, block)
        self._program = program
        self._batch = Batch(
            points=[Point(self._x, noise_scale=scale) for scale in scales],
            shots=np.array(in_blocks(rows, block)),
            counts=True,
            calibration_shots=calibration,
        )

    def _outcomes(
        self, counts: dict[int, int], group: int, calibration: Calibration | None
    ) -> DensityOutcomes:
        if calibration is None:
            return DensityOutcomes.from_counts(counts, self._norb, self._selection)
        assert isinstance(self._program, NoisyProgram)
        qubits = self._program.readout_qubits(group)
        return DensityOutcomes.corrected(counts, self._norb, calibration, qubits, self._selection)

    def _costs(self, total: Cost) -> Costs:
        batch = self._batch
        own = Cost(1, int(np.count_nonzero(batch.shots)), int(batch.shots.sum()))
        circuits = CALIBRATION_CIRCUITS if batch.calibration_shots else 0
        calibration = Cost(0, circuits, circuits * batch.calibration_shots)
        costs = add_costs({PROPERTIES: own}, {CALIBRATION: calibration})
        return add_costs(costs, {"hardware": total - batch.cost()})

    def _drawn(self) -> list[DensityOutcomes]:
        """Outcomes of each setting, drawn from the simulator's amplitudes."""
        parts = components(self._assembly, self._x)
        rng = np.random.default_rng(stream(self._seed, PROPERTIES_STREAM, self._shots))
        numbers = numbers_of(parts, self._norb)
        outcomes = []
        shots = allocate(np.ones(len(self._settings)), self._shots).tolist()
        for setting, n in zip(self._settings, shots, strict=True):
            rows = [turned(p, setting.rotation, setting.turns).reshape(-1) for p in parts]
            p = np.concatenate(rows)
            times = rng.multinomial(n, p / p.sum()).astype(np.float64)
            occurring = times > 0
            outcomes.append(DensityOutcomes.from_occupations(numbers[occurring], times[occurring]))
        return outcomes

    def _matrices(self, outcomes: Sequence[DensityOutcomes]) -> MeasuredDensity:
        return MeasuredDensity(self._norb, self._settings, outcomes)
