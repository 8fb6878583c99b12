"""Zero-noise extrapolation: every energy at several amplifications of the noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from qvopt.backends.protocol import NoisyProgram, Program
from qvopt.engine.rows import Row, RowResult
from qvopt.measurement.allocation import allocate
from qvopt.measurement.estimate import Estimate, scaled_sum
from qvopt.measurement.extrapolation import Extrapolation, Fit, depolarized_energy
from qvopt.measurement.plan import MeasurementPlan
from qvopt.measurement.statistics import combine_moments
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError

from .stage import Context, Request


@dataclass(frozen=True)
class ZeroNoiseExtrapolation:
    """Splits an energy over `scales`, and reads the fit at no noise.

    The fit goes through the scales that folding really reached. They may differ between
    measurement groups, whose circuits have different numbers of gates; the weights of "linear" and
    "richardson" are then those of each group. N shots stay N shots.
    """

    scales: tuple[float, ...]
    fit: Fit = "linear"
    level: Literal["estimates"] = "estimates"

    @property
    def copies(self) -> int:
        """One for each scale."""
        return len(self.scales)

    def prepare(self, plan: MeasurementPlan) -> MeasurementPlan:
        """The plan as it is."""
        return plan

    def expand(self, request: Request, context: Context) -> Request:
        """Every row at all scales, its shots split as the weights of the fit.

        Raises InputError where the noise cannot be amplified so, before anything is sampled.
        """
        self._check(reached_scales(context.program, self.scales), request.rows)
        rows: list[Row] = []
        share, n = Extrapolation(self.scales, self.fit).share, len(self.scales)
        for row in request.rows:
            minimum = context.min_shots(row)
            if 0 < row.shots < n * minimum:
                raise InputError(
                    f"{row.shots} shots are too few for {n} noise scales; give at least "
                    f"{n * minimum}"
                )
            split = allocate(share, row.shots, minimum if row.shots else 0)
            rows.extend(
                row._replace(point=replace(row.point, noise_scale=scale), shots=shots)
                for scale, shots in zip(self.scales, split.tolist(), strict=True)
            )
        return replace(request, rows=rows)

    def reduce(
        self, request: Request, results: Sequence[RowResult], context: Context
    ) -> Sequence[RowResult]:
        """Return one extrapolated estimate for each row."""
        reached = reached_scales(context.program, self.scales)
        limit = depolarized_energy(context.plan) if self.fit == "exponential" else 0.0
        n = len(self.scales)
        extrapolated = []
        for k in range(len(request.rows)):
            measured = results[k * n : (k + 1) * n]
            if _alike(reached):
                fit = Extrapolation(tuple(reached[0].tolist()), self.fit, limit)
                estimate = fit.combine([r.value(context.plan) for r in measured])
            else:
                estimate = self._by_group(measured, reached, context.plan)
            extrapolated.append(RowResult(estimate=estimate))
        return extrapolated

    def _check(self, reached: FloatArray, rows: Sequence[Row]) -> None:
        """Refuse what only works with the same amplification in every group."""
        spread = any(row.spread == "random" for row in rows)
        if _alike(reached) or not (spread or self.fit == "exponential"):
            return
        column = reached[:, int(np.argmax(np.ptp(reached, axis=0)))]
        raise InputError(
            f"{'randomly spread shots need' if spread else 'the exponential fit needs'} the same "
            f"amplification of noise in every measurement group, and folding reaches from "
            f"{column.min():.4g} to {column.max():.4g}; use odd scales, such as [1, 3, 5]"
        )

    def _by_group(
        self, measured: Sequence[RowResult], reached: FloatArray, plan: MeasurementPlan
    ) -> Estimate:
        """Extrapolate group by group, each by its own scales, and add up."""
        parts = []
        for g, scales in enumerate(reached):
            fit = Extrapolation(tuple(scales.tolist()), self.fit)
            alone = replace(plan, groups=(plan.groups[g],), weights=np.ones(1), constant=0.0)
            rows = []
            for result in measured:
                assert result.moments is not None
                rows.append(combine_moments(alone, [result.moments[g]]))
            parts.append(fit.combine(rows))
        shared = scaled_sum([p.shared for p in parts], [1.0] * len(parts))
        own = sum(p.variance - sum(s * s for s in p.shared) for p in parts)
        return Estimate(
            plan.constant + sum(p.value for p in parts),
            own + sum(s * s for s in shared),
            sum(p.shots for p in parts),
            shared,
        )


def reached_scales(program: Program, scales: Sequence[float]) -> FloatArray:
    """Return the amplifications that folding reaches, shape (groups, scales).

    Raises InputError where a group's circuit reaches the same one twice: its noise cannot be
    amplified as asked.
    """
    assert isinstance(program, NoisyProgram)
    reached = program.reached_scales(scales)
    for g, row in enumerate(reached):
        if len(np.unique(np.round(row, 9))) < len(row):
            shown = ", ".join(f"{s:g}" for s in row)
            raise InputError(
                f"zero-noise extrapolation asks for the scales {_listed(scales)}, and the circuit "
                f"of measurement group {g} has too few gates to fold: it reaches {shown}; use odd "
                f"scales such as [1, 3], folding = 'all', or leave [mitigation] zne out"
            )
    return reached


def _listed(scales: Sequence[float]) -> str:
    return "[" + ", ".join(f"{s:g}" for s in scales) + "]"


def _alike(reached: FloatArray) -> bool:
    """Whether every group reaches the same amplifications."""
    return bool(np.ptp(reached, axis=0).max() < 1e-9)
