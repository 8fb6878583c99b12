"""The engine of large sectors and of complex amplitudes: gates in runs over tiles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from qvopt_molecules.arrays import FloatArray

from .blocks import apply_blocks, unapply_blocks
from .compilation import GateTables
from .diagonal import PhaseFactors, apply_phases, phase_image
from .direct_product import DirectHamiltonian
from .factored import (
    PHASE,
    added,
    apply_gate,
    apply_gates,
    unapply_gate,
    unapply_gates,
    units_of,
)
from .lanes import WIDTH
from .packed_runs import PackedRuns, apply_packed, unapply_packed
from .runs import COPYING, ROTATING, SINGLE, BlockRun, GateRun, LineRun, PhaseRun, cut_into_runs
from .sparse import SparseHamiltonian
from .tiles import apply_run, unapply_run
from .workers import Workers

Tell = Callable[[float], None]

_CALL = 3e4
"""Nanoseconds of calling a kernel, roughly."""

_PACKED = 1 << 11
"""Determinants up to which a kernel's call takes longer than its work."""


class GateEngine:
    """Applies a circuit to states by its gate angles.

    A state is one plane (real amplitudes) or two (real part, imaginary part).
    """

    def __init__(self, tables: GateTables, workers: Workers, planes: int | None = None) -> None:
        self.tables, self.workers = tables, workers
        self.planes = (2 if tables.is_complex else 1) if planes is None else planes
        self.size = tables.shape[0] * tables.shape[1]
        self.runs = cut_into_runs(tables)
        self._factors = np.full(len(tables.gates), 0.5)
        diagonal = tables.gates[:, 0] == PHASE
        numbers = tables.gates[diagonal, 1].tolist()
        self._factors[diagonal] = [tables.phases[number].scale for number in numbers]
        self.gates = tables.gates.astype(np.int64)
        self.rotated = tables.rotated
        self.strings = (
            tables.left.astype(np.uint32),
            tables.right.astype(np.uint32),
            tables.sign,
        )
        self.packed: PackedRuns | None = None
        if self.size <= _PACKED:
            self.packed = PackedRuns.of(self.runs, self._factors, tables.shape)

    def prepare(self, angles: FloatArray, out: FloatArray, tell: Tell | None = None) -> None:
        """Write the state into `out`, flat, one plane after another."""
        out[:] = 0.0
        out[self.tables.reference] = 1.0
        self.apply(angles, out, tell)

    def apply(self, angles: FloatArray, z: FloatArray, tell: Tell | None = None) -> None:
        """Apply the circuit to a state in place."""
        if self.packed is not None:
            arrays = (*self.packed.arrays, *self.strings)
            apply_packed(z, self.planes, self.tables.shape, angles, *arrays)
            return
        turns = self._turns(angles)
        done = 0
        for run in self.runs:
            if isinstance(run, LineRun):
                n_tiles = -(-len(run.lines) // (WIDTH // self.planes))
                self.workers.run(
                    apply_run, n_tiles, z, self.planes, self.tables.shape, run.by_rows, run.lines,
                    run.ranges, run.diagonal, turns[run.gates], *self.strings,
                    work=self._work(run, self.planes),
                )  # fmt: skip
            elif isinstance(run, PhaseRun):
                self._apply_phases(run, angles, z, self.planes)
            elif isinstance(run, BlockRun):
                tiles = run.tiles(WIDTH // self.planes)
                self.workers.run(
                    apply_blocks, len(tiles.places), z, self.planes, self.tables.shape, run.room,
                    tiles.places, run.alpha.arrays(), run.beta.arrays(), run.excitations,
                    turns[run.gates], work=self._work(run, self.planes),
                )  # fmt: skip
            elif self._shares_gates(run):
                for k in run.gates:
                    self.apply_one(int(k), angles[k], z, self.planes)
            else:
                self.workers.run_in_order(
                    apply_gates, len(run.gates), z, self.planes, self.tables.shape,
                    self.gates[run.gates], turns[run.gates], *self.strings,
                    work=SINGLE * self.planes * self._pairs(run),
                )  # fmt: skip
            done += len(run.gates)
            if tell is not None:
                tell(done / len(turns))

    def _turns(self, angles: FloatArray) -> FloatArray:
        """(cos θ/2, sin θ/2) by gate; those of the phase of a number 1 for diagonal gates."""
        return np.stack([np.cos(self._factors * angles), np.sin(self._factors * angles)], axis=1)

    def _apply_phases(self, run: PhaseRun, angles: FloatArray, z: FloatArray, planes: int) -> None:
        shape = self.tables.shape
        turns = run.factors.turns(angles[run.gates])
        self.workers.run(
            apply_phases, shape[0], z, planes, shape, run.factors.alpha, *turns,
            work=SINGLE * planes * self.size,
        )  # fmt: skip

    def _pairs(self, run: GateRun) -> int:
        """Pairs that the gates of a run rotate, all together."""
        return int(self.rotated[run.gates].sum())

    def _shares_gates(self, run: GateRun) -> bool:
        """Whether threads share each gate of a run that goes gate by gate, one after another."""
        return self.workers.shares(SINGLE * self.planes * self._pairs(run) / len(run.gates))

    def _work(self, run: LineRun | BlockRun, planes: int) -> float:
        """Nanoseconds on one thread, roughly."""
        if isinstance(run, LineRun):
            length = self.tables.shape[1 if run.by_rows else 0]
            each = COPYING * length + ROTATING * run.rotated
            return len(run.lines) * planes / WIDTH * each
        tiles = run.tiles(WIDTH // planes)
        return float(COPYING * tiles.copied.sum() + ROTATING * tiles.rotated.sum())

    @property
    def work(self) -> float:
        """Nanoseconds of the gates of a gradient on one thread, roughly; no clock is asked."""
        total = 0.0
        for run in self.runs:
            for planes in (self.planes, 2 * self.planes):
                if isinstance(run, LineRun | BlockRun):
                    total += _CALL + self._work(run, planes)
                elif isinstance(run, PhaseRun):
                    total += _CALL + SINGLE * planes * self.size
                else:
                    total += _CALL + SINGLE * planes * self._pairs(run)
        return total

    def as_state(self, z: FloatArray) -> npt.NDArray[Any]:
        """Planes as amplitudes over (alpha string, beta string), real or complex."""
        if self.planes == 1:
            return z.reshape(self.tables.shape)
        state: npt.NDArray[Any] = z[: self.size] + 1j * z[self.size :]
        return state.reshape(self.tables.shape)

    def apply_one(self, k: int, angle: float, z: FloatArray, planes: int) -> None:
        """Apply gate k at an angle to every plane of a bundle."""
        gate, shape = self.gates[k], self.tables.shape
        if gate[0] == PHASE:
            factors = PhaseFactors.of([self.tables.phases[gate[1]]])
            run = PhaseRun(np.array([0]), factors)
            self._apply_phases(run, np.array([angle]), z, planes)
            return
        c, d = np.cos(angle / 2), np.sin(angle / 2)
        units = units_of(gate, shape)
        self.workers.run(
            apply_gate, units, z, planes, shape, gate, *self.strings, c, d,
            work=SINGLE * planes * int(self.rotated[k]),
        )  # fmt: skip

    def derivative_states(self, angles: FloatArray, wanted: npt.NDArray[np.int64]) -> FloatArray:
        """∂ψ/∂θ of the wanted gates and ψ itself at the end, shape (wanted + 1, planes · size)."""
        each = self.planes * self.size
        out = np.zeros((len(wanted) + 1, each))
        psi = out[0]
        psi[self.tables.reference] = 1.0
        filled = 1
        for k in range(len(angles)):
            self.apply_one(k, angles[k], out[:filled].reshape(-1), filled * self.planes)
            if k in wanted:
                out[filled] = self._derivative(k, psi)
                filled += 1
        return np.roll(out, -1, axis=0)

    def _derivative(self, k: int, psi: FloatArray) -> FloatArray:
        """Apply the generator: (T - T†) / 2, or -i times the numbers of a phase."""
        gate = self.gates[k]
        if gate[0] == PHASE:
            factor = self.tables.phases[gate[1]]
            numbers = factor.scale * np.outer(factor.alpha, factor.beta).reshape(-1)
            real, imaginary = psi.reshape(2, -1)
            return np.concatenate([numbers * imaginary, -numbers * real])
        # Quarter turns forth and back differ by twice (T - T†)ψ; half of it is wanted.
        forth, back = psi.copy(), psi.copy()
        self.apply_one(k, np.pi, forth, self.planes)
        self.apply_one(k, -np.pi, back, self.planes)
        difference: FloatArray = 0.25 * (forth - back)
        return difference


class LargeEngine(GateEngine):
    """Energies and adjoint gradients too.

    They need the state and λ = Hψ, which is all the memory that grows with the sector.
    """

    def __init__(
        self,
        tables: GateTables,
        product: SparseHamiltonian | DirectHamiltonian,
        workers: Workers,
    ) -> None:
        super().__init__(tables, workers)
        self.hamiltonian = product
        self._bundle: FloatArray | None = None

    def energy_at(self, angles: FloatArray, tell: Tell | None = None) -> float:
        """⟨H⟩ without the core energy."""
        z, half = self.room(), self.planes * self.size
        self.prepare(angles, z[:half], tell)
        return self.energy(z[:half], z[half:])

    def room(self) -> FloatArray:
        """Memory for ψ and Hψ, kept from call to call."""
        if self._bundle is None:
            self._bundle = np.zeros(2 * self.planes * self.size)
        return self._bundle

    def energy(self, z: FloatArray, out: FloatArray) -> float:
        """⟨ψ|H|ψ⟩ without the core energy; out <- Hψ."""
        total = 0.0
        for plane in range(self.planes):
            part = slice(plane * self.size, (plane + 1) * self.size)
            total += self.hamiltonian.multiply(z[part], out[part])
        return total

    def energy_and_slopes(
        self, angles: FloatArray, tell: Tell | None = None
    ) -> tuple[float, FloatArray]:
        """⟨H⟩ without the core energy and its derivatives by every gate's angle.

        `tell` hears the share of the work that is done.
        """
        z, half = self.room(), self.planes * self.size
        self.prepare(angles, z[:half], None if tell is None else lambda s: tell(0.3 * s))
        energy = self.energy(z[:half], z[half:])
        slopes = np.zeros(len(angles))
        if self.packed is not None:
            arrays = (*self.packed.arrays, *self.strings)
            unapply_packed(z, 2 * self.planes, self.tables.shape, angles, *arrays, slopes)
            return energy, slopes
        turns = self._turns(angles)
        left = len(angles)
        for run in reversed(self.runs):
            if isinstance(run, LineRun):
                n_tiles = -(-len(run.lines) // (WIDTH // (2 * self.planes)))
                parts = np.zeros((n_tiles, len(run.gates)))
                self.workers.run(
                    unapply_run, n_tiles, z, 2 * self.planes, self.tables.shape, run.by_rows,
                    run.lines, run.ranges, run.diagonal, turns[run.gates], *self.strings, parts,
                    work=self._work(run, 2 * self.planes),
                )  # fmt: skip
                slopes[run.gates] = parts.sum(axis=0) * np.where(
                    run.diagonal, self._factors[run.gates], 1.0
                )
            elif isinstance(run, PhaseRun):
                slopes[run.gates] = self._unapply_phases(run, angles, z)
            elif isinstance(run, BlockRun):
                tiles = run.tiles(WIDTH // (2 * self.planes))
                parts = np.zeros((len(tiles.places), len(run.gates)))
                self.workers.run(
                    unapply_blocks, len(parts), z, 2 * self.planes, self.tables.shape, run.room,
                    tiles.places, run.alpha.arrays(), run.beta.arrays(), run.excitations,
                    turns[run.gates], parts, work=self._work(run, 2 * self.planes),
                )  # fmt: skip
                slopes[run.gates] = parts.sum(axis=0)
            elif self._shares_gates(run):
                for k in run.gates[::-1]:
                    slopes[k] = self._unapply_one(int(k), angles[k], z)
            else:
                of_gates = np.zeros(len(run.gates))
                self.workers.run_in_order(
                    unapply_gates, len(of_gates), z, 2 * self.planes, self.tables.shape,
                    self.gates[run.gates], turns[run.gates], *self.strings, of_gates,
                    work=2 * SINGLE * self.planes * self._pairs(run),
                )  # fmt: skip
                slopes[run.gates] = of_gates
            left -= len(run.gates)
            if tell is not None:
                tell(1.0 - 0.6 * left / len(angles))
        return energy, slopes

    def _unapply_phases(self, run: PhaseRun, angles: FloatArray, z: FloatArray) -> FloatArray:
        """Undo diagonal gates on ψ and λ; return the derivatives."""
        shape = self.tables.shape
        image = np.empty(self.size)
        work = SINGLE * self.size
        self.workers.run(phase_image, shape[0], z, shape, image, work=work)
        self._apply_phases(run, -angles, z, 2 * self.planes)
        return run.factors.slopes(image.reshape(shape))

    def _unapply_one(self, k: int, angle: float, z: FloatArray) -> float:
        gate, shape = self.gates[k], self.tables.shape
        c, d = np.cos(angle / 2), np.sin(angle / 2)
        parts = np.zeros(units_of(gate, shape))
        self.workers.run(
            unapply_gate, len(parts), z, 2 * self.planes, shape, gate, *self.strings, c, d, parts,
            work=2 * SINGLE * self.planes * int(self.rotated[k]),
        )  # fmt: skip
        return float(added(parts))
