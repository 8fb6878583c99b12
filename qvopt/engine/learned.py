"""What a run learns from its rounds: how energies scatter, and how the readout errs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from qvopt.backends.batch import CalibrationCounts
from qvopt.measurement.allocation import Scatter

Observed = tuple[Scatter | None, ...]
"""Pooled variances that a round shows: by group of energies, by group of shifted energies, and by
shifted energy of a gradient."""


@dataclass(frozen=True, eq=False)
class Learned:
    """Knowledge that later rounds use. The driver owns it, and derives the next from each round.

    A driver goes through the rounds in their order, replayed ones too, so that a resumed run knows
    what an uninterrupted one knows.

    Attributes:
        energies, shifted: pooled variances by measurement group, of energies and of the shifted
            energies of gradients.
        points: pooled variances of whole shifted energies, in the order of the gradient rule.
        calibrations: of the readout since the last one was due, the latest last.
        rounds: the optimizer's rounds since then.
    """

    energies: Scatter | None = None
    shifted: Scatter | None = None
    points: Scatter | None = None
    calibrations: tuple[CalibrationCounts, ...] = ()
    rounds: int = 0

    def after(
        self,
        observed: Observed | None,
        calibrations: Sequence[CalibrationCounts],
        *,
        optimizing: bool,
        renewed: bool,
    ) -> Learned:
        """Return what is known after a round.

        Args:
            observed: what it showed; None where nothing is learned.
            calibrations: those that were made in it.
            optimizing: whether it is the optimizer's.
            renewed: whether the calibrations replace the earlier ones.
        """
        earlier = () if renewed else self.calibrations
        rounds = int(optimizing) + (0 if renewed else self.rounds)
        calibrated = (*earlier, *calibrations)
        kept = Learned(self.energies, self.shifted, self.points, calibrated, rounds)
        return kept if observed is None else kept._observing(observed)

    def covering(self, qubits: Sequence[int]) -> CalibrationCounts | None:
        """Return the latest calibration of all these qubits of the device, or None."""
        needed = set(qubits)
        return next((c for c in reversed(self.calibrations) if needed <= set(c.qubits)), None)

    def grown(self) -> Learned:
        """Return what holds of a circuit that has grown: it has other shifted energies."""
        return replace(self, points=None)

    def _observing(self, observed: Observed) -> Learned:
        points = observed[2] if len(observed) > 2 else None
        return replace(
            self,
            energies=_pooled(self.energies, observed[0]),
            shifted=_pooled(self.shifted, observed[1]),
            points=_pooled(self.points, points),
        )


def _pooled(earlier: Scatter | None, newer: Scatter | None) -> Scatter | None:
    if newer is None:
        return earlier
    same = earlier is not None and len(earlier.squares) == len(newer.squares)
    return earlier.after(newer) if earlier is not None and same else newer
