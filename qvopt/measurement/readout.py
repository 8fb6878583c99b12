"""Correction of readout errors: what each qubit's reading tells of its state.

Qubit q in state s is read as b with probability A_q[b, s], A_q = [[1 - e0, e1], [e0, 1 - e1]]. With
independent readings, every outcome b stands for the quasi-probabilities Π_q A_q⁻¹[s_q, b_q] of the
states s. So a diagonal D has an unbiased estimator that is a function of single outcomes,

    f(b) = Σ_s D(s) Π_q A_q⁻¹[s_q, b_q] = Σ_k c_k Π_{q ∈ mask_k} ζ_q(b_q),

whose sample variance includes the cost of the correction. The error of the calibration itself is
propagated too; it is common to all groups. Post-selection comes after the correction, as a ratio
of two such sums (`selection.selected`). References: S. Bravyi et al., PRA 103, 042605 (2021),
arXiv:2006.14044; P. Nation et al., PRX Quantum 2, 040326 (2021), arXiv:2108.12518 (M3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from qvopt_molecules.arrays import FloatArray, MaskArray
from qvopt_molecules.errors import BackendError, InputError, missing_extra

from .estimate import Moments
from .plan import MeasurementGroup
from .selection import Selection, kept_weight, selected

Method = Literal["tensored", "m3"]

_STEP: Final = {"tensored": 1e-6, "m3": 1e-3}
"""Of error rates, for derivatives; mthree works in single precision."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """Error rates of qubits' readings.

    Attributes:
        qubits: which qubits of the device.
        rates: shape (n, 2): P(1 read | 0), P(0 read | 1).
        shots: prepared and read for each of the two.
        method: "tensored" inverts the product of all matrices exactly; "m3" inverts it among the
            outcomes that were seen (mthree), which is cheaper and slightly biased.
    """

    qubits: tuple[int, ...]
    rates: FloatArray
    shots: int
    method: Method = "tensored"

    @classmethod
    def of_counts(
        cls,
        qubits: Sequence[int],
        zeros: Mapping[int, int],
        ones: Mapping[int, int],
        method: Method = "tensored",
    ) -> Calibration:
        """Calibrate from counts after |0…0⟩ and after |1…1⟩, bit k being qubits[k].

        Raises BackendError where a qubit's reading says nothing of its state.
        """
        shots = min(sum(zeros.values()), sum(ones.values()))
        if shots == 0:
            raise BackendError("the readout calibration came back without shots")
        rates = np.zeros((len(qubits), 2))
        for column, counts, wrong in ((0, zeros, 1), (1, ones, 0)):
            total = sum(counts.values())
            for outcome, n in counts.items():
                for k in range(len(qubits)):
                    rates[k, column] += (n / total) * ((outcome >> k & 1) == wrong)
        if np.any(rates.sum(axis=1) > 0.98):
            worst = qubits[int(np.argmax(rates.sum(axis=1)))]
            raise BackendError(
                f"the reading of qubit {worst} does not tell its states apart (error rates "
                f"{rates.max():.2f}); choose another layout"
            )
        return cls(tuple(int(q) for q in qubits), rates, shots, method)

    @property
    def deviations(self) -> FloatArray:
        """Standard errors of the rates, never zero: half a count is added to each."""
        p = (self.rates * self.shots + 0.5) / (self.shots + 1)
        return np.asarray(np.sqrt(p * (1 - p) / self.shots))

    def rows(self, qubits: Sequence[int]) -> npt.NDArray[np.int64]:
        """Return where these qubits are; raises InputError for one that was not calibrated."""
        where = {q: k for k, q in enumerate(self.qubits)}
        if missing := [q for q in qubits if q not in where]:
            raise InputError(f"qubit {missing[0]} was measured but not calibrated")
        return np.array([where[q] for q in qubits], dtype=np.int64)


def inverse(rates: FloatArray) -> FloatArray:
    """A_q⁻¹[s, b] for error rates of shape (n, 2), shape (n, 2, 2)."""
    e0, e1 = rates[:, 0], rates[:, 1]
    rows = np.array([[1 - e1, -e1], [-e0, 1 - e0]]) / (1 - e0 - e1)
    return np.asarray(rows.transpose(2, 0, 1))


def corrected_moments(
    group: MeasurementGroup,
    counts: Mapping[int, int],
    calibration: Calibration,
    qubits: Sequence[int],
) -> Moments:
    """Moments of a group after the correction; bit k of an outcome was read on qubits[k].

    `shared` holds what one standard error of each rate of the calibration would change.
    """
    outcomes = np.array(list(counts), dtype=np.uint64)
    times = np.array(list(counts.values()), dtype=np.float64)
    shots = int(times.sum())
    if shots == 0:
        return Moments(0, 0.0, 0.0)
    rows = calibration.rows(qubits)
    rates = calibration.rates[rows]
    estimate = _m3 if calibration.method == "m3" else _tensored

    def mean(changed: FloatArray) -> tuple[float, FloatArray, FloatArray, float]:
        values, weights = estimate(group, outcomes, changed)
        kept = float(weights @ times) / shots
        return float(values @ times) / shots / kept if kept else np.nan, values, weights, kept

    value, values, weights, kept = mean(rates)
    if not kept > 1e-3:
        return Moments(0, 0.0, 0.0)
    residual = (values - value * weights) / kept
    shared = np.zeros(2 * len(calibration.qubits))
    deviations, step = calibration.deviations, _STEP[calibration.method]
    for k, row in enumerate(rows.tolist()):
        for side in (0, 1):
            moved = rates.copy()
            moved[k, side] += step
            slope = (mean(moved)[0] - value) / step
            shared[2 * row + side] += slope * deviations[row, side]
    return Moments(shots, value, float(residual**2 @ times), tuple(shared.tolist()))


def _tensored(
    group: MeasurementGroup, outcomes: MaskArray, rates: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the value f and the kept weight of every outcome."""
    selection = group.selection or Selection()
    back = inverse(rates)
    shifts = np.arange(len(rates), dtype=np.uint64)[:, None]
    bits = ((outcomes[None, :] >> shifts) & np.uint64(1)).astype(np.int64)
    factors = np.stack([back[np.arange(len(rates))[:, None], s, bits] for s in (0, 1)], axis=1)
    values = selected(group.diagonal, selection, factors)
    return values, kept_weight(selection, factors) if selection else np.ones(len(outcomes))


def _m3(
    group: MeasurementGroup, outcomes: MaskArray, rates: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the same with mthree's matrix between the outcomes that were seen.

    With p = Ã q for the seen quasi-probabilities q, ⟨D⟩ = d·q = (Ã⁻ᵀ d)·p: again a value for every
    outcome.
    """
    matrix = m3_matrix(outcomes, rates)
    kept = (group.selection or Selection()).keeps(outcomes).astype(np.float64)
    both = np.stack([group.diagonal.values(outcomes) * kept, kept], axis=1)
    solved: FloatArray = np.asarray(np.linalg.solve(matrix.T, both), dtype=np.float64)
    return solved[:, 0], solved[:, 1]


def m3_matrix(outcomes: MaskArray, rates: FloatArray) -> FloatArray:
    """mthree's assignment matrix between outcomes, columns normalised, in their order.

    Raises InputError where mthree is not installed.
    """
    mthree = need_mthree()
    n = len(rates)
    matrices = [np.array([[1 - e0, e1], [e0, 1 - e1]]) for e0, e1 in rates.tolist()]
    mitigation = mthree.M3Mitigation()
    mitigation.cals_from_matrices([m.astype(np.float32) for m in matrices])
    names = [f"{int(b):0{n}b}" for b in outcomes]
    # mthree sorts the outcomes as it likes, and returns them in the order of its rows.
    reduced, sorted_names = mitigation.reduced_cal_matrix(dict.fromkeys(names, 1), list(range(n)))
    where = {name: k for k, name in enumerate(sorted_names)}
    order = [where[name] for name in names]
    return np.asarray(np.asarray(reduced, dtype=np.float64)[np.ix_(order, order)])


def need_mthree() -> Any:
    """Import mthree, or raise InputError with the command that installs it."""
    try:
        import mthree  # type: ignore[import-untyped,unused-ignore]
    except ImportError:
        raise missing_extra(
            "readout method 'm3' (method = 'tensored' does without) needs mthree", "mitigation"
        ) from None
    return mthree
