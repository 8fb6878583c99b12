"""Aer's noise model for a few rates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from qvopt_molecules.errors import InputError, unknown_name

_KINDS: Final = ("one_qubit", "two_qubit", "readout")
_BASIS: Final = ["rz", "sx", "x", "cx"]


def checked_rates(noise: Mapping[str, float] | None) -> dict[str, float]:
    """Return the rates of a table, or raise InputError; None is no noise."""
    if noise is not None and not isinstance(noise, Mapping):
        raise InputError(f"noise must be a table of {', '.join(_KINDS)}, got {noise!r}")
    for key, value in (noise or {}).items():
        if key not in _KINDS:
            raise unknown_name("kind of noise", key, _KINDS)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
            raise InputError(f"noise.{key} must be a probability below 1, got {value!r}")
    return dict(noise or {})


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
