"""Exact ground energies of spins."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from .cache import cached_number
from .errors import InputError
from .spins import SpinHamiltonian

MOST_EXACT: Final = 16
"""Spins of the largest Hamiltonian that is diagonalised for a reference: seconds."""

_DENSE: Final = 8


def ground_energy(hamiltonian: SpinHamiltonian) -> float:
    """Lowest energy over all states, by exact diagonalisation (Lanczos above 8 spins); cached.

    Raises InputError above 16 spins.
    """
    if hamiltonian.n_qubits > MOST_EXACT:
        raise InputError(
            f"exact diagonalisation takes at most {MOST_EXACT} spins, got {hamiltonian.n_qubits}"
        )
    value = cached_number(["spins", hamiltonian.content_hash()], lambda: _lowest(hamiltonian))
    assert value is not None
    return value


def ground_energy_if_small(hamiltonian: SpinHamiltonian) -> float | None:
    """Exact ground energy where it takes seconds, None otherwise."""
    return ground_energy(hamiltonian) if hamiltonian.n_qubits <= MOST_EXACT else None


def _lowest(hamiltonian: SpinHamiltonian) -> float:
    observable = hamiltonian.observable
    matrix: Any = observable.to_sparse()
    if np.all(np.bitwise_count(observable.x & observable.z) % 2 == 0):
        matrix = matrix.real  # an even number of Y in every string
    if hamiltonian.n_qubits <= _DENSE:
        return float(np.linalg.eigvalsh(matrix.toarray())[0])
    from scipy.sparse.linalg import eigsh

    # Parts in every state, so that no symmetry hides the lowest.
    start = np.random.default_rng(0).standard_normal(matrix.shape[0])
    values = eigsh(matrix, k=1, which="SA", v0=start, return_eigenvectors=False, tol=1e-12)
    return float(values[0])
