"""When to stop under shot noise: rules that read what the optimizer was told, with its errors."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np

from qvopt.optimizers.protocol import Answer, Energy, Query, Scalar, Vector

_CONFIDENCE = 0.95


class Watch:
    """Says when a run has nothing more to gain that its shots can resolve.

    Args:
        gradient: stop when the mean of the last `gradient` steps' gradients does not differ
            significantly from zero: Σ_i ḡ_i² / Var ḡ_i below the 95 % quantile of
            χ²_n. With 1, the gradient of one step. None is off.
        plateau: stop when the energies that the optimizer asked for do not fall significantly
            over the last `plateau` steps: the mean of the first half is no more than two standard
            errors above that of the second half. Where it asks for none, the monitor's measured
            energies serve. None is off.

    Exact values never stop a run here: they have tolerances of their own.
    """

    def __init__(self, gradient: int | None = None, plateau: int | None = None) -> None:
        self._gradients: deque[Vector] = deque(maxlen=gradient or 1)
        self._energies: deque[tuple[float, float]] = deque(maxlen=plateau or 1)
        self._gradient, self._plateau = gradient, plateau
        self._now: list[Scalar] = []
        self._slope: Vector | None = None

    def see(self, queries: Sequence[Query], answers: Sequence[Answer]) -> None:
        """Take note of a round."""
        if self._gradient is None and self._plateau is None:
            return
        for query, answer in zip(queries, answers, strict=True):
            if isinstance(answer, Vector):
                self._slope = answer
            elif isinstance(query, Energy) and isinstance(answer, Scalar):
                self._now.append(answer)

    def step(self, energy: Scalar | None) -> str | None:
        """Close a step; return why the run is to stop, or None.

        `energy` is the monitor's, used where the optimizer asked for none.
        """
        if self._gradient is None and self._plateau is None:
            return None
        if self._slope is not None and np.any(self._slope.variance):
            self._gradients.append(self._slope)
        seen = self._now or ([] if energy is None else [energy])
        if seen and any(e.variance > 0 for e in seen):
            # Points of one step lie close together: their mean stands for the step.
            mean = float(np.mean([e.value for e in seen]))
            self._energies.append((mean, sum(e.variance for e in seen) / len(seen) ** 2))
        self._now, self._slope = [], None
        return self._flat_gradient() or self._flat_energy()

    def _flat_gradient(self) -> str | None:
        if self._gradient is None or len(self._gradients) < self._gradient:
            return None
        from scipy.special import chdtri

        count = len(self._gradients)
        mean = np.mean([g.value for g in self._gradients], axis=0)
        variance = np.sum([g.variance for g in self._gradients], axis=0) / count**2
        known = (variance > 0) & np.isfinite(variance)
        if not np.any(known):
            return None
        statistic = float(np.sum(mean[known] ** 2 / variance[known]))
        if statistic >= chdtri(int(known.sum()), 1 - _CONFIDENCE):
            return None
        return f"no significant gradient over {count} step{'s' * (count > 1)}"

    def _flat_energy(self) -> str | None:
        if self._plateau is None or len(self._energies) < self._plateau:
            return None
        values = np.array(self._energies)
        half = len(values) // 2
        first, second = values[:half], values[-half:]
        gain = float(first[:, 0].mean() - second[:, 0].mean())
        # The scatter between steps counts too: a run may wander by more than its shot noise.
        error = max(
            np.sqrt(first[:, 1].sum() + second[:, 1].sum()) / half,
            np.sqrt((first[:, 0].var() + second[:, 0].var()) / half),
        )
        if gain > 2 * error:
            return None
        return f"no significant decrease of the energy over {len(values)} steps"
