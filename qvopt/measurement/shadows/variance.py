"""Exact variances of one shot of a classical shadow."""

from __future__ import annotations

from collections.abc import Sequence

from qvopt_molecules.pauli import PauliSum

from .bias import LocalBias, letters_of
from .expectations import StateVector, checked_state, expectations
from .second_moment import state_moment


def shadow_variances(
    observable: PauliSum, biases: Sequence[LocalBias], psi: StateVector
) -> list[float]:
    """Var X = Σ_jk f(P_j, P_k, β) c_j c_k ⟨P_j P_k⟩ - (E - c_0)², in Ha².

    f is 0 where on some qubit both strings act with different letters, else Π 1 / β_q over the
    qubits on which both act. Raises InputError above 20 qubits, for a state of another shape or
    norm, and for a bias that never measures a letter that is needed.
    """
    psi = checked_state(psi, observable.n_qubits)
    part = observable.without_identity()
    letters = letters_of(part.x, part.z, part.n_qubits)
    for bias in biases:
        bias.inverse_of_cover(letters)
    mean = float(part.coefficients @ expectations(part.x, part.z, psi))
    moment = state_moment(part, psi)
    return [moment(bias) - mean**2 for bias in biases]
