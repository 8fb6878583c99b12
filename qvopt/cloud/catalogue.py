"""Providers by name, as factories of backends."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from qvopt.backends.recorded_devices import snapshot_names
from qvopt_molecules.argument_checks import real_number, whole_number
from qvopt_molecules.errors import InputError, unknown_name
from qvopt_molecules.options import checked_options

from .backend import HardwareBackend, backend_factory
from .known_devices import known_names
from .provider import PriceModel, Provider

if TYPE_CHECKING:
    from qvopt.backends.noisy import DriftingNoise


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
    timed: bool = False,
    drift: float | None = None,
    drift_jobs: float = 20.0,
    drift_seed: int = 0,
) -> Provider:
    """A device of IBM, or a snapshot.

    Args:
        device: name of the device, as in ibm:<device>.
        dynamical_decoupling: sequence of pulses on idle qubits: XX, XpXm or XY4.
        twirling: average over random Pauli frames, at no more shots.
        max_execution_time: cap on the QPU seconds of a job, kept by IBM.
        mode: "job", "batch" or "session".
        fallback: go on with single jobs where a session is refused or has closed.
        price_per_second: of a QPU second, for prices; none leaves jobs without a price.
        currency: of that price.
        resilience: level 0 to 2 of IBM's estimator; none takes samples.
        timed: of snapshots: jobs take the QPU seconds of the device that is recorded, and its
            money where there is a price.
        drift: of snapshots: standard deviation of the logarithm of every error rate, which then
            changes from job to job; none leaves them as recorded.
        drift_jobs: number of jobs in which a drift forgets.
        drift_seed: of the history of a drift; runs with the same one see the same device.
    """
    from .ibm_options import MODES, IBMOptions
    from .resilience import check_level

    if not device:
        raise InputError("name the device: ibm:<device>, such as ibm:fake_manila")
    check_level(resilience)
    if mode not in MODES:
        raise unknown_name("mode", mode, MODES)
    price = _price_per_second(price_per_second, currency)
    options = IBMOptions(dynamical_decoupling, twirling, max_execution_time, resilience)
    if device.startswith("fake_"):
        from .snapshots import SnapshotProvider

        return SnapshotProvider(
            device, options, price, timed=timed, drift=_drift(drift, drift_jobs, drift_seed)
        )
    if timed or drift is not None:
        raise InputError(
            f"timed and drift are of snapshots, such as ibm:fake_manila, and {device} is a device; "
            f"leave them out"
        )
    from .ibm import IBMProvider

    return IBMProvider(
        device,
        options,
        mode=mode,
        fallback=fallback,
        price_per_second=price_per_second,
        currency=currency,
    )


def _drift(strength: float | None, jobs: float, seed: int) -> DriftingNoise | None:
    if strength is None:
        if (jobs, seed) != (20.0, 0):
            raise InputError("drift_jobs and drift_seed are of a drift; give drift, such as 0.2")
        return None
    from qvopt.backends.noisy import DriftingNoise

    real_number(strength, "drift", "standard deviation of a logarithm", below=2)
    real_number(jobs, "drift_jobs", "number of jobs", below=1e6)
    whole_number(seed, "drift_seed", 0)
    return DriftingNoise(float(strength), float(jobs), seed)


def _braket(
    device: str = "sv1",
    bucket: str | None = None,
    verbatim: bool = False,
    price: Mapping[str, float] | None = None,
) -> Provider:
    """A device of Amazon Braket.

    Args:
        device: short name or ARN.
        bucket: S3 bucket of the results; none takes AMZN_BRAKET_OUT_S3_BUCKET.
        verbatim: run native gates as they are, on the qubits of the layout.
        price: {"per_job": p, "per_shot": p, "per_second": p} in USD, in place of the stored one.
    """
    from .braket import BraketProvider

    return BraketProvider(device, bucket=bucket, verbatim=verbatim, price=price)


def _ionq(
    device: str = "simulator",
    noise_model: str = "ideal",
    gate_price: Sequence[float] | None = None,
) -> Provider:
    """A device of IonQ.

    Args:
        device: simulator, aria-1, forte-1, …
        noise_model: of the simulator: "ideal", "aria-1", …
        gate_price: of a one-qubit gate and shot, of a two-qubit gate and shot, least of a job,
            in USD, in place of the stored prices.
    """
    from .ionq import IonQProvider

    return IonQProvider(device, noise_model=noise_model, gate_price=gate_price)


def _ibm_devices() -> tuple[str, ...]:
    snapshots = snapshot_names()
    recorded = {name.replace("fake_", "ibm_") for name in snapshots}
    return (*sorted({*known_names("ibm"), *recorded}), *snapshots)


ibm: Any = backend_factory(
    _ibm,
    "IBM Quantum: ibm:<device>; ibm:fake_manila and other recorded snapshots need no account",
    _ibm_devices,
)
braket: Any = backend_factory(
    _braket, "Amazon Braket: braket:sv1, braket:garnet, … or an ARN", lambda: known_names("braket")
)
ionq: Any = backend_factory(
    _ionq, "IonQ: ionq:simulator, ionq:aria-1, ionq:forte-1, …", lambda: known_names("ionq")
)


def _price_per_second(price: float | None, currency: str) -> PriceModel:
    if price is not None and not price >= 0:
        raise InputError(f"price_per_second must not be negative, got {price!r}")
    return PriceModel(currency, per_second=price or 0.0, known=price is not None)


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


def _offline_ibm(device: str, options: Mapping[str, Any]) -> Provider | None:
    from .ibm_options import IBMOptions
    from .known_devices import known_device
    from .offline import OfflineProvider, recorded_device
    from .resilience import check_level
    from .snapshots import REPEATS

    template = known_device("ibm", "ibm_fez")
    assert template is not None
    known = known_device("ibm", device) or recorded_device(device, template)
    if known is None:
        return None
    resilience = options.get("resilience")
    check_level(resilience)
    price = _price_per_second(options.get("price_per_second"), options.get("currency", "USD"))
    return OfflineProvider(
        known,
        price=price,
        repeats=REPEATS if resilience is None else 1,
        options=IBMOptions(resilience=resilience),
    )


def _offline_braket(device: str, options: Mapping[str, Any]) -> Provider | None:
    from .known_devices import known_device
    from .offline import OfflineProvider
    from .prices import given_price

    known = known_device("braket", device or "sv1")
    price = options.get("price")
    if known is None:
        return None
    return OfflineProvider(known, price=None if price is None else given_price(price))


def _offline_ionq(device: str, options: Mapping[str, Any]) -> Provider | None:
    from .known_devices import known_device
    from .offline import OfflineProvider
    from .prices import GatePrice

    known = known_device("ionq", device or "simulator")
    gates = options.get("gate_price")
    if known is None:
        return None
    return OfflineProvider(known, gates=None if gates is None else GatePrice(*gates))


_OFFLINE: Final = {"ibm": _offline_ibm, "braket": _offline_braket, "ionq": _offline_ionq}
_BACKENDS: Final = {"ibm": ibm, "braket": braket, "ionq": ionq}


def offline_backend(name: str, options: Mapping[str, Any]) -> HardwareBackend | None:
    """Return a backend that prices a device and submits nothing, where it cannot be asked.

    None where its vendor's client is installed and can sign in, for snapshots, and for ARNs that
    no table knows. Raises InputError for an unknown option, and for a device that no table knows.
    """
    from .credentials import can_be_asked

    provider, _, device = name.partition(":")
    if provider not in _OFFLINE or device.startswith("fake_") or can_be_asked(provider, options):
        return None
    options = checked_options("option", f"backend {provider}", _BACKENDS[provider], options)
    offline = _OFFLINE[provider](device, options)
    if offline is None:
        if not device or device.startswith("arn:"):
            return None
        known = known_names(provider) if provider != "ibm" else _ibm_devices()
        error = unknown_name(f"device of {provider}", device, known)
        raise InputError(f"{error}; others are asked with credentials (`qvopt doctor`)")
    parameters = inspect.signature(HardwareBackend.__init__).parameters
    return HardwareBackend(offline, **{k: v for k, v in options.items() if k in parameters})
