"""Density matrices of few qubits under a noise model: exact distributions, and draws from them."""

from .channels import Channels, UnreadError
from .drift import DriftingNoise
from .rates import checked_rates, noise_model_of
from .simulator import MAX_QUBITS, NoisySimulator

__all__ = [
    "MAX_QUBITS", "Channels", "DriftingNoise", "NoisySimulator", "UnreadError", "checked_rates",
    "noise_model_of",
]  # fmt: skip
