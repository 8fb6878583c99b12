"""Backends by name: `provider` or `provider:device`."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any, Final

from qvopt.backends.protocol import Backend
from qvopt_molecules.errors import InputError, unknown_name

_OWN: Final = {
    "sector": (
        "qvopt.backends.sector",
        "SectorBackend",
        "own engine inside the particle-number sector; number-conserving circuits; fastest",
    ),
    "lightning": (
        "qvopt.backends.lightning",
        "LightningBackend",
        "PennyLane state vectors, any circuit; lightning:default.qubit names another device",
    ),
    "aer": (
        "qvopt.backends.aer",
        "AerBackend",
        "Qiskit Aer, any circuit, with or without noise; aer:fake_manila takes a snapshot's",
    ),
    "ibm": (
        "qvopt.cloud.catalogue",
        "ibm",
        "IBM Quantum: ibm:<device>; ibm:fake_manila and other recorded snapshots need no account",
    ),
    "braket": (
        "qvopt.cloud.catalogue",
        "braket",
        "Amazon Braket: braket:sv1, braket:garnet, … or an ARN",
    ),
    "ionq": (
        "qvopt.cloud.catalogue",
        "ionq",
        "IonQ: ionq:simulator, ionq:aria-1, ionq:forte-1, …",
    ),
    "qiskit": (
        "qvopt.cloud.catalogue",
        "qiskit_object",
        "a Qiskit BackendV2 or V2 sampler that was handed over from Python",
    ),
}

HARDWARE: Final = ("ibm", "braket", "ionq", "qiskit")
"""Providers whose work is jobs."""

GROUP: Final = "qvopt.backends"
"""Entry-point group of third parties: name = a callable that returns a Backend."""


def backend_names() -> tuple[str, ...]:
    """Names that `get_backend` knows."""
    plugged = {e.name for e in entry_points(group=GROUP)}
    return tuple(sorted(plugged | set(_OWN)))


def backend_description(name: str) -> str:
    """What a backend is, in a few words."""
    return _OWN[name][2] if name in _OWN else "plug-in"


def get_backend(name: str, **options: Any) -> Backend:
    """Return the backend called `name` with `options`.

    Raises InputError for an unknown name or option, with the nearest known one.
    """
    provider, _, device = name.partition(":")
    factory: Callable[..., Backend]
    if provider in _OWN:
        module, attribute, _ = _OWN[provider]
        factory = getattr(importlib.import_module(module), attribute)
    else:
        found = [e for e in entry_points(group=GROUP) if e.name == provider]
        if not found:
            raise unknown_name("backend", name, backend_names())
        try:
            factory = found[0].load()
        except Exception as error:  # a third party's
            raise InputError(
                f"backend {provider} ({found[0].value}) does not load: {error}"
            ) from error
    known = [p for p in inspect.signature(factory).parameters if p != "device"]
    for option in options:
        if option not in known:
            raise unknown_name(f"option of backend {provider}", option, known)
    if device:
        if "device" not in inspect.signature(factory).parameters:
            raise InputError(f"backend {provider} has no devices to choose, got '{name}'")
        options["device"] = device
    return factory(**options)
