"""Providers by name, as factories of backends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qvopt_molecules.errors import InputError, unknown_name

from .backend import HardwareBackend, backend_factory
from .provider import Provider


def _ibm(
    device: str = "",
    dynamical_decoupling: str | None = None,
    twirling: bool = False,
    max_execution_time: int | None = None,
    mode: str = "job",
    fallback: bool = False,
    price_per_second: float | None = None,
    currency: str = "USD",
    resilience: int | None = None,
) -> Provider:
    from .ibm_options import MODES, IBMOptions
    from .resilience import check_level

    if not device:
        raise InputError("name the device: ibm:<device>, such as ibm:fake_manila")
    check_level(resilience)
    if mode not in MODES:
        raise unknown_name("mode", mode, MODES)
    if price_per_second is not None and price_per_second < 0:
        raise InputError(f"price_per_second must not be negative, got {price_per_second!r}")
    options = IBMOptions(dynamical_decoupling, twirling, max_execution_time, resilience)
    if device.startswith("fake_"):
        from .snapshots import SnapshotProvider

        return SnapshotProvider(device, options)
    from .ibm import IBMProvider

    return IBMProvider(
        device,
        options,
        mode=mode,
        fallback=fallback,
        price_per_second=price_per_second,
        currency=currency,
    )


def _braket(
    device: str = "sv1",
    bucket: str | None = None,
    verbatim: bool = False,
    price: Mapping[str, float] | None = None,
) -> Provider:
    from .braket import BraketProvider

    return BraketProvider(device, bucket=bucket, verbatim=verbatim, price=price)


def _ionq(
    device: str = "simulator",
    noise_model: str = "ideal",
    gate_price: Sequence[float] | None = None,
) -> Provider:
    from .ionq import IonQProvider

    return IonQProvider(device, noise_model=noise_model, gate_price=gate_price)


ibm: Any = backend_factory(
    _ibm, "IBM Quantum: ibm:<device>; ibm:fake_manila and other recorded snapshots need no account"
)
braket: Any = backend_factory(_braket, "Amazon Braket: braket:sv1, braket:garnet, … or an ARN")
ionq: Any = backend_factory(_ionq, "IonQ: ionq:simulator, ionq:aria-1, ionq:forte-1, …")


def from_qiskit_object(value: Any) -> HardwareBackend | None:
    """Return the backend of a Provider, a Qiskit BackendV2 or a V2 sampler; None for others."""
    if isinstance(value, Provider):
        return HardwareBackend(value)
    from qiskit.primitives import BaseSamplerV2
    from qiskit.providers import BackendV2

    if not isinstance(value, BackendV2 | BaseSamplerV2):
        return None
    from .qiskit_objects import QiskitProvider

    return HardwareBackend(QiskitProvider(value))
