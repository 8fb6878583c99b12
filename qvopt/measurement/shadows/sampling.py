"""Shots of a classical shadow, drawn one by one from a state."""

from __future__ import annotations

import numpy as np

from qvopt.measurement.estimate import Estimate, Moments
from qvopt.measurement.plan import Diagonal
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError
from qvopt_molecules.pauli import PauliSum

from .bias import LocalBias, letters_of
from .expectations import State, checked_state


def sample_shadow(
    observable: PauliSum, bias: LocalBias, psi: State, shots: int, rng: np.random.Generator
) -> Estimate:
    """Draw a basis and an outcome a shot; the mean of X and its sample variance over shots.

    Unbiased. Shots in equal bases share one rotation of the state. Raises InputError below two
    shots, above 20 qubits, and for a state or bias that does not fit the observable.
    """
    if shots < 2:
        raise InputError(f"a shadow needs at least 2 shots for its variance, got {shots}")
    n = observable.n_qubits
    psi = checked_state(psi, n)
    part = observable.without_identity()
    letters = letters_of(part.x, part.z, n)
    scaled = part.coefficients * bias.inverse_of_cover(letters)
    spelled = np.where(letters.any(axis=2), letters.argmax(axis=2), -1)
    support = part.x | part.z
    cumulative = np.cumsum(bias.probabilities, axis=1)[:, :2]
    drawn = (rng.random((shots, n))[:, :, None] > cumulative).sum(axis=2)
    bases, times = np.unique(drawn, axis=0, return_counts=True)
    moments = Moments(0, 0.0, 0.0)
    for basis, count in zip(bases, times.tolist(), strict=True):
        covered = ((spelled == -1) | (spelled == basis)).all(axis=1)
        sums = np.cumsum(outcome_probabilities(psi, basis.tolist()))
        outcomes = np.searchsorted(sums, rng.random(count) * sums[-1], side="right")
        outcomes = np.minimum(outcomes, len(sums) - 1)  # where the product rounds up to the end
        values = Diagonal(support[covered], scaled[covered]).values(outcomes.astype(np.uint64))
        moments += Moments.from_counts(values, np.ones(count, dtype=np.int64))
    value = observable.constant + moments.mean
    return Estimate(value, moments.variance_of_mean, moments.shots)


def outcome_probabilities(psi: State, basis: list[int]) -> FloatArray:
    """Probabilities of the outcomes with qubit q read in X, Y or Z for basis[q] = 0, 1 or 2."""
    state = np.asarray(psi)
    for q, letter in enumerate(basis):
        if letter == 2:
            continue
        pairs = state.reshape(-1, 2, 1 << q)
        # ⟨±| = (⟨0| ± ⟨1|)/√2, and ⟨0| ∓ i ⟨1| for the eigenstates of Y.
        one = pairs[:, 1] if letter == 0 else -1j * pairs[:, 1]
        state = np.stack([pairs[:, 0] + one, pairs[:, 0] - one], axis=1) * np.sqrt(0.5)
    return np.asarray(np.square(np.abs(state.reshape(-1))))
