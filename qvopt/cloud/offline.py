"""Devices that are priced and not run: known from a table, or from a snapshot of the same name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

from qvopt.backends.recorded_devices import RecordedDevice, snapshot_names
from qvopt_molecules.errors import InputError

from .ibm_options import IBMOptions
from .known_devices import KnownDevice
from .prices import GatePrice, gate_forecast, task_forecast, time_forecast
from .provider import (
    Device,
    FoundJob,
    JobForecast,
    JobResult,
    JobSpec,
    JobStatus,
    PriceModel,
    RefusedError,
    Usage,
)
from .resilience import taken

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


class OfflineProvider:
    """Lowers circuits for a known device and forecasts its jobs; submits none.

    Where a recorded snapshot has the name of an IBM device, its coupling is that of the snapshot;
    elsewhere every qubit reaches every other one, as the vendor compiles once more.

    Args:
        known: the device.
        price: that of a user, in place of the stored one.
        gates: likewise, by gates.
        repeats: rows for each measurement group.
        options: of IBM's primitives.
    """

    def __init__(
        self,
        known: KnownDevice,
        *,
        price: PriceModel | None = None,
        gates: GatePrice | None = None,
        repeats: int = 1,
        options: IBMOptions | None = None,
    ) -> None:
        self._known, self._options = known, options or IBMOptions()
        snapshot = known.name.replace("ibm_", "fake_")
        self._recorded: RecordedDevice | None = None
        if known.provider == "ibm" and snapshot in snapshot_names():
            self._recorded = RecordedDevice(snapshot)
        self._gates = gates
        if gates is None and known.price.gates is not None:
            self._gates = GatePrice(*known.price.gates)
        priced = known.price.stored
        stored = known.price.price(known=priced, least=self._gates.least if self._gates else 0.0)
        self._device = Device(
            known.provider,
            known.name,
            known.n_qubits,
            known.gates if self._recorded is None else self._recorded.gates,
            known.limits,
            price or stored,
            simulator=known.simulator,
            repeats=repeats,
            estimates=self._options.resilience is not None,
            note=known.note_with(price_given=gates is not None or bool(price and price.known)),
            time_assumed=known.time_assumed,
        )

    def describe(self) -> Device:
        """Facts of the device."""
        return self._device

    def calibrated(self) -> RecordedDevice | None:
        """The snapshot of the same name, if there is one."""
        return self._recorded

    def lower(
        self,
        circuits: Sequence[QuantumCircuit],
        *,
        level: int,
        seed: int,
        layout: Sequence[int] | None,
    ) -> list[QuantumCircuit]:
        """Transpile to the gates of the device."""
        from qiskit import transpile

        if self._recorded is not None:
            return self._recorded.lower(circuits, level=level, seed=seed, layout=layout)
        wide = max((c.num_qubits for c in circuits), default=0)
        if wide > self._device.n_qubits:
            raise InputError(
                f"{self._device.full_name} has {self._device.n_qubits} qubits, the circuits {wide}"
            )
        return list(
            transpile(
                list(circuits),
                basis_gates=list(self._known.gates),
                optimization_level=level,
                seed_transpiler=seed,
            )
        )

    def estimate(self, spec: JobSpec) -> JobForecast:
        """What the job would take, by the way the vendor counts."""
        known, price = self._known, self._device.price
        if known.provider == "ionq":
            return gate_forecast(
                spec, self._gates, known.seconds_per_shot, simulator=known.simulator
            )
        if known.provider == "braket":
            return task_forecast(spec, price, known.seconds_per_shot, simulator=known.simulator)
        shots = taken(spec, self._options) if spec.estimates else spec.executions
        return time_forecast(spec, shots, price, known.seconds_per_shot, known.overhead)

    def submit(self, spec: JobSpec, key: str) -> str:
        """Nothing is sent."""
        self._refuse()

    def find(self, key: str) -> Sequence[FoundJob]:
        """There are no jobs."""
        return ()

    def status(self, job: str) -> JobStatus:
        """There are no jobs."""
        self._refuse()

    def result(self, job: str, spec: JobSpec) -> JobResult:
        """There are no jobs."""
        self._refuse()

    def usage(self, job: str, spec: JobSpec) -> Usage:
        """There are no jobs."""
        self._refuse()

    def cancel(self, job: str) -> None:
        """There are no jobs."""
        self._refuse()

    def close(self) -> None:
        """Nothing is open."""

    def _refuse(self) -> NoReturn:
        raise RefusedError(
            f"{self._device.full_name} is only priced here; see `qvopt doctor` for credentials"
        )


def recorded_device(device: str, template: KnownDevice) -> KnownDevice | None:
    """A device that a snapshot records, counted as `template` is; None where none does."""
    snapshot = device.replace("ibm_", "fake_")
    if snapshot not in snapshot_names():
        return None
    recorded = RecordedDevice(snapshot)
    return replace(
        template,
        name=device,
        n_qubits=recorded.n_qubits,
        gates=recorded.gates,
        origin=replace(template.origin, page=f"{template.origin.page} and {snapshot}"),
    )
