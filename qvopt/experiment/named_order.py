"""The order of a product whose default has changed: every experiment names the one it means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from qvopt_circuits.catalogue import ansatz_factory
from qvopt_circuits.uccsd import UCCSD, QubitExcitations
from qvopt_molecules.errors import InputError

NOW: Final = "occupied"
BEFORE: Final = "canonical"
"""The order up to version 0.2.0, whose experiments do not name it."""


def with_named_order(ansatz: Mapping[str, Any], order: str) -> dict[str, Any]:
    """Return an ansatz as plain data, with this order where its circuit depends on the default.

    These are our own spin-adapted circuits of coupled clusters; any other ansatz stays as it is.
    """
    data = dict(ansatz)
    if "order" in data or data.get("spin_adapted") is not True:
        return data
    try:
        factory = ansatz_factory(str(data.get("name")))
    except InputError:  # told where it is made
        return data
    return data | {"order": order} if factory in (UCCSD, QubitExcitations) else data
