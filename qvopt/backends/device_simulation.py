"""A device as it was last calibrated, simulated by Aer."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from qvopt_molecules.errors import InputError

from .aer import AerProgram
from .checks import check_memory, check_widths
from .protocol import Problem
from .recorded_devices import RecordedDevice


class DeviceSimulation:
    """Compiles problems for a recorded device, with the errors of its gates and of its readout."""

    def __init__(self, device: RecordedDevice, method: str = "automatic") -> None:
        self._device, self._method = device, method

    @cached_property
    def _noise(self) -> Any:
        return self._device.noise_model()

    @property
    def name(self) -> str:
        """That of the device."""
        return f"aer:{self._device.name}"

    def compile(self, problem: Problem) -> AerProgram:
        """Check memory and widths, and transpile once."""
        check_widths(problem)
        check_memory(problem.circuit.n_qubits, 3, "aer")
        if problem.circuit.n_qubits > self._device.n_qubits:
            raise InputError(
                f"{self._device.name} has {self._device.n_qubits} qubits, the circuit has "
                f"{problem.circuit.n_qubits}"
            )
        return AerProgram(problem, self._noise, self._method, self._device)
