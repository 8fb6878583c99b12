"""The probabilities of the measured letter on every qubit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from qvopt_molecules.arrays import BoolArray, FloatArray
from qvopt_molecules.errors import InputError


@dataclass(frozen=True, eq=False)
class LocalBias:
    """β of shape (n_qubits, 3): qubit q is measured in X, Y, Z with probabilities β[q].

    Raises InputError unless the rows are probabilities that sum to 1 (to 1e-9).
    """

    probabilities: FloatArray

    def __post_init__(self) -> None:
        """Check, and bring the rows' sums to 1 exactly."""
        beta = np.array(self.probabilities, dtype=np.float64)
        if beta.ndim != 2 or beta.shape[1] != 3:
            raise InputError(f"a local bias needs shape (n_qubits, 3), got {beta.shape}")
        if not np.all(np.isfinite(beta)) or np.any(beta < 0):
            raise InputError("probabilities of a local bias must be finite and not negative")
        sums = beta.sum(axis=1)
        if np.any(np.abs(sums - 1.0) > 1e-9):
            q = int(np.argmax(np.abs(sums - 1.0)))
            raise InputError(f"probabilities of X, Y, Z on qubit {q} sum to {sums[q]:.6g}, not 1")
        beta = beta / sums[:, None]
        beta.flags.writeable = False
        object.__setattr__(self, "probabilities", beta)

    @property
    def n_qubits(self) -> int:
        """Width of the measured state."""
        return len(self.probabilities)

    def inverse_of_cover(self, letters: BoolArray) -> FloatArray:
        """Π_{q in supp P} 1 / β_q(P_q) for strings as `letters_of` gives them.

        Raises InputError where that is infinite, so that a string could never be measured, and
        for strings on another number of qubits.
        """
        if letters.shape[1] != self.n_qubits:
            raise InputError(
                f"a local bias on {self.n_qubits} qubits cannot measure {letters.shape[1]} qubits"
            )
        never = letters.any(axis=0) & (self.probabilities == 0.0)
        if never.any():
            q, letter = np.argwhere(never)[0].tolist()
            raise InputError(
                f"the local bias never measures {'XYZ'[letter]} on qubit {q}, which the observable "
                f"needs; give it a positive probability"
            )
        logs = -np.log(np.where(self.probabilities > 0.0, self.probabilities, 1.0))
        return np.asarray(np.exp(letters.reshape(len(letters), logs.size) @ logs.reshape(-1)))


def uniform_bias(n_qubits: int) -> LocalBias:
    """β = 1/3: the random Pauli measurements of arXiv:2002.08953."""
    return LocalBias(np.full((n_qubits, 3), 1.0 / 3.0))


def letters_of(x: npt.NDArray[np.uint64], z: npt.NDArray[np.uint64], n_qubits: int) -> BoolArray:
    """One-hot letters of strings: out[j, q] marks X, Y, Z on qubit q, nothing for the identity."""
    shifts = np.arange(n_qubits, dtype=np.uint64)
    has_x = (x[:, None] >> shifts & np.uint64(1)).astype(bool)
    has_z = (z[:, None] >> shifts & np.uint64(1)).astype(bool)
    return np.stack([has_x & ~has_z, has_x & has_z, ~has_x & has_z], axis=2)
