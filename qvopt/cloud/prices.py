"""Rough prices for forecasts, not taken from the vendors' pages: check them before use.

They are of about the date below, and the vendors' to change. What a user gives (`price` or
`gate_price` of a provider) takes their place. USD, without taxes, storage or reservations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from qvopt_molecules.errors import InputError, unknown_name

from .provider import PriceModel

PRICES_OF: Final = "2025-11"
"""About when these held; they were not checked against the vendors' price pages."""


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


_TASK: Final = 0.30
_STORED: Final = {
    ("braket", "sv1"): StoredPrice(per_second=0.075 / 60),
    ("braket", "dm1"): StoredPrice(per_second=0.075 / 60),
    ("braket", "garnet"): StoredPrice(_TASK, 0.00145),
    ("braket", "emerald"): StoredPrice(_TASK, 0.00160),
    ("braket", "ankaa-3"): StoredPrice(_TASK, 0.00090),
    ("braket", "cepheus-1-108q"): StoredPrice(_TASK, 0.000425),
    ("braket", "ibex-q1"): StoredPrice(_TASK, 0.02350),
    ("braket", "aria-1"): StoredPrice(_TASK, 0.03),
    ("braket", "forte-1"): StoredPrice(_TASK, 0.08),
    ("braket", "forte-enterprise-1"): StoredPrice(_TASK, 0.08),
    ("ionq", "simulator"): StoredPrice(),
    ("ionq", "aria-1"): StoredPrice(gates=(0.000220, 0.000975, 12.4166)),
    ("ionq", "forte-1"): StoredPrice(gates=(0.0001645, 0.001121, 25.79)),
    ("ionq", "forte-enterprise-1"): StoredPrice(gates=(0.0001645, 0.001121, 25.79)),
}


def device_price(provider: str, device: str) -> StoredPrice:
    """Return the stored price; with `stored` False and all zero where there is none."""
    found = _STORED.get((provider, device.lower()))
    return replace(StoredPrice(), stored=False) if found is None else found


def given_price(price: Mapping[str, float]) -> PriceModel:
    """Return the price that a user gives; raises InputError for a key that is none."""
    known = ("per_job", "per_circuit", "per_shot", "per_second", "least")
    for key, value in price.items():
        if key not in known:
            raise unknown_name("key of price", key, known)
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
