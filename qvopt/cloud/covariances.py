"""How far terms that are read from the same shots vary together.

A group's observable is D = Σ_k c_k P_k, P_k = ±1 products of Z. IBM's client reports
Σ_k c_k² Var(P_k) as its variance; the ratio

    R = Var(D) / Σ_k c_k² Var(P_k),

taken over the outcomes that were read, turns it into the variance of the sum. Mitigation weights
the terms again (by a few per cent for the readout; by fits for zero noise), which R leaves out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from qvopt_molecules.arrays import FloatArray

from .provider import JobSpec, Pub

_READ, _FLIPS = "_meas", "measurement_flips._meas"


def covariance_ratios(read: Sequence[Any], spec: JobSpec, factor: int) -> list[FloatArray]:
    """Return R of every row of every pub, from the items of an executor's result.

    `factor` items belong to a pub, one for each amplification of the noise; R is that of all of
    them together. By the Cauchy-Schwarz inequality R is at most the number of terms, which stands
    in where the outcomes have another form than the client of today gives them.
    """
    ratios: list[FloatArray] = []
    for k, pub in enumerate(spec.pubs):
        try:
            parts = [_of_item(pub, read[k * factor + j]) for j in range(factor)]
        except (IndexError, KeyError, TypeError, ValueError, AttributeError):
            ratios.append(np.full(pub.n_rows, max(1.0, float(len(pub.observable or ())))))
            continue
        together, separate = (np.sum([part[i] for part in parts], axis=0) for i in (0, 1))
        ratios.append(np.divide(together, separate, out=np.ones(pub.n_rows), where=separate > 0))
    return ratios


def _of_item(pub: Pub, item: Any) -> tuple[FloatArray, FloatArray]:
    """Var(D) and Σ_k c_k² Var(P_k) of every row, over all shots of all random frames.

    The item's outcomes have shape (frames, rows, shots, qubits), its flips the same.
    """
    terms = pub.observable or ()
    outcomes = np.asarray(item[_READ], dtype=bool)
    if outcomes.ndim != 4 or outcomes.shape[1] != pub.n_rows:
        raise ValueError("outcomes of another shape")
    if _FLIPS in item:
        outcomes = outcomes ^ np.asarray(item[_FLIPS], dtype=bool)
    qubits = [[q for q in range(mask.bit_length()) if mask >> q & 1] for mask, _ in terms]
    coefficients = np.array([c for _, c in terms])
    together, separate = np.zeros(pub.n_rows), np.zeros(pub.n_rows)
    for row in range(pub.n_rows):
        shots = outcomes[:, row].reshape(-1, outcomes.shape[-1])
        signs = _signs(shots, qubits)
        together[row] = np.var(signs @ coefficients)
        separate[row] = float(np.var(signs, axis=0) @ coefficients**2)
    return together, separate


def _signs(shots: Any, qubits: Sequence[Sequence[int]]) -> FloatArray:
    """±1 of every shot and term, shape (shots, terms)."""
    out = np.empty((len(shots), len(qubits)))
    for k, members in enumerate(qubits):
        out[:, k] = 1.0 - 2.0 * (shots[:, members].sum(axis=1) & 1)
    return out
