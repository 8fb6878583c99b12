"""Aer's noise model for a few rates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_BASIS: Final = ["rz", "sx", "x", "cx"]


def noise_model_of(noise: Mapping[str, float]) -> Any:
    """Return depolarizing noise of sx, x and cx and flips of read bits, at the given rates."""
    from qiskit_aer.noise import NoiseModel, ReadoutError, depolarizing_error

    model = NoiseModel(basis_gates=_BASIS)
    if noise.get("one_qubit"):
        error = depolarizing_error(noise["one_qubit"], 1)
        model.add_all_qubit_quantum_error(error, ["sx", "x"])
    if noise.get("two_qubit"):
        model.add_all_qubit_quantum_error(depolarizing_error(noise["two_qubit"], 2), ["cx"])
    if noise.get("readout"):
        p = noise["readout"]
        model.add_all_qubit_readout_error(ReadoutError([[1 - p, p], [p, 1 - p]]))
    return model
