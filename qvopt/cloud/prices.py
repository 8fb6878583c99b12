"""Prices of jobs: how vendors count, and what users say of theirs. USD, without taxes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from qvopt_molecules.errors import InputError, unknown_name

from .provider import JobForecast, JobSpec, PriceModel

SIMULATOR_SECONDS: Final = 3.0
"""The least that a task of Braket's simulators is charged for."""

SHOT_SECONDS: Final = 1e-3
"""Of a shot on superconducting devices at Braket; assumed, as none is published."""

ION_SHOT_SECONDS: Final = 5e-3
"""Of a shot on trapped ions, whoever sells it; assumed: it takes milliseconds and grows with the
circuit."""


@dataclass(frozen=True)
class StoredPrice:
    """Prices by task, shot and second; or by gate and shot, with the least of a job."""

    per_job: float = 0.0
    per_shot: float = 0.0
    per_second: float = 0.0
    gates: tuple[float, float, float] | None = None
    stored: bool = True

    def price(self, *, known: bool | None = None, least: float = 0.0) -> PriceModel:
        """The same as a provider's price."""
        return PriceModel(
            per_job=self.per_job,
            per_shot=self.per_shot,
            per_second=self.per_second,
            least=least,
            known=self.stored if known is None else known,
        )


class GatePrice(NamedTuple):
    """Money per gate and shot, and the least of a job."""

    one_qubit: float = 0.0
    two_qubit: float = 0.0
    least: float = 0.0

    def of(self, spec: JobSpec) -> float:
        """Gates times shots times their prices, at least the least of a job."""
        money = 0.0
        for pub in spec.pubs:
            ones = twos = 0
            for step in pub.circuit.data:
                ones += len(step.qubits) == 1 and not step.clbits
                twos += len(step.qubits) == 2
            one_shot = ones * self.one_qubit + twos * self.two_qubit
            money += one_shot * pub.n_rows * spec.shots
        return max(money, self.least)


def task_forecast(
    spec: JobSpec, price: PriceModel, seconds_per_shot: float, *, simulator: bool
) -> JobForecast:
    """Forecast of a task that is paid by itself and its shots; simulators by their least time."""
    seconds = SIMULATOR_SECONDS * spec.n_circuits if simulator else 0.0
    money = price.of(spec, seconds) if price.known else None
    qpu = 0.0 if simulator else seconds_per_shot * spec.executions
    return JobForecast(spec.n_circuits, spec.executions, qpu, money, price.currency)


def gate_forecast(
    spec: JobSpec, price: GatePrice | None, seconds_per_shot: float, *, simulator: bool
) -> JobForecast:
    """Forecast of a job that is paid by its gates; simulators are free, None is unpriced."""
    money = None if price is None else price.of(spec)
    if simulator:
        money = 0.0
    seconds = 0.0 if simulator else seconds_per_shot * spec.executions
    return JobForecast(spec.n_circuits, spec.executions, seconds, money, "USD")


def time_forecast(
    spec: JobSpec, shots: int, price: PriceModel, seconds_per_shot: float, overhead: float
) -> JobForecast:
    """Forecast of a job that is paid by the processor's time, if its price is known."""
    seconds = overhead + seconds_per_shot * shots
    money = price.of(spec, seconds) if price.known else None
    return JobForecast(spec.n_circuits, shots, seconds, money, price.currency)


def given_price(price: Mapping[str, float]) -> PriceModel:
    """Return the price that a user gives; raises InputError for a key that is none."""
    keys = ("per_job", "per_circuit", "per_shot", "per_second", "least")
    for key, value in price.items():
        if key not in keys:
            raise unknown_name("key of price", key, keys)
        if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
            raise InputError(f"price.{key} must be a number that is not negative, got {value!r}")
    return PriceModel(
        per_job=float(price.get("per_job", 0.0)),
        per_circuit=float(price.get("per_circuit", 0.0)),
        per_shot=float(price.get("per_shot", 0.0)),
        per_second=float(price.get("per_second", 0.0)),
        least=float(price.get("least", 0.0)),
        known=True,
    )
