"""Backends by name, `provider` or `provider:device`, and objects that stand for one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, Protocol, runtime_checkable

from qvopt.backends.protocol import Backend, NamedBackend
from qvopt_molecules.errors import InputError, unknown_name
from qvopt_molecules.options import checked_options, made

_SIMULATORS: Final = {
    "sector": (
        "qvopt.backends.sector",
        "SectorBackend",
        "own engine inside the particle-number sector; number-conserving circuits; fastest",
    ),
    "statevector": (
        "qvopt.backends.vector.program",
        "VectorBackend",
        "own engine over all amplitudes; any circuit and mapping, exact or with shots",
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
}

BACKENDS: Final = "qvopt.backends"
"""Entry-point group of third parties: name = a callable that returns a Backend."""

PROVIDERS: Final = "qvopt.providers"
"""The same for backends whose work is jobs at a vendor, ours among them."""

ADAPTERS: Final = "qvopt.backend_adapters"
"""Entry-point group: name = a callable that takes an object, and returns a Backend or None."""

OBJECT: Final = "object"
"""Provider in the name of a backend that was handed over from Python, and has no other."""


_QISKIT: Final = "qiskit"  # the same in experiments of earlier versions


def backend_names() -> tuple[str, ...]:
    """Registered names."""
    plugged = {e.name for group in (BACKENDS, PROVIDERS) for e in entry_points(group=group)}
    return tuple(sorted(plugged | set(_SIMULATORS)))


def is_provider(name: str) -> bool:
    """Whether a backend's work is jobs at a vendor, or at a recorded device of one."""
    provider = name.partition(":")[0]
    return provider not in _SIMULATORS and provider in {
        e.name for e in entry_points(group=PROVIDERS)
    }


def backend_description(name: str) -> str:
    """What a backend is, in a few words: the first line of a plug-in's docstring."""
    if name in _SIMULATORS:
        return _SIMULATORS[name][2]
    return (inspect.getdoc(find_factory(name)) or "plug-in").splitlines()[0].rstrip(".")


@runtime_checkable
class ListsDevices(Protocol):
    """A factory of backends that knows names of its devices."""

    def device_names(self) -> Sequence[str]:
        """Names that go after the colon."""
        ...


def device_names(name: str) -> tuple[str, ...]:
    """Names of a backend's devices, as far as they are known without asking it."""
    try:
        factory = find_factory(name)
    except InputError:  # a plug-in that does not load
        return ()
    return tuple(factory.device_names()) if isinstance(factory, ListsDevices) else ()


def get_backend(name: str, **options: Any) -> Backend:
    """Return the backend called `name` with `options`.

    Raises InputError for an unknown name or option, with the nearest known one.
    """
    provider, _, device = name.partition(":")
    if provider in (OBJECT, _QISKIT):
        raise InputError(
            f"the backend '{device}' is an object in Python: hand it over again, with "
            f"Session.resume(path, backend=...) or qvopt.run(..., backend=...)"
        )
    factory = find_factory(provider, name)
    owner = f"backend {provider}"
    values = checked_options("option", owner, factory, options)
    if "device" in values:
        raise InputError(f"the device of a backend goes into its name: {provider}:DEVICE")
    if device:
        if "device" not in inspect.signature(factory).parameters:
            raise InputError(f"{owner} has no devices to choose, got '{name}'")
        values["device"] = device
    backend: Backend = made(owner, factory, values)
    return backend


def as_backend(value: Any) -> Backend:
    """Return a Backend as it is, or the one that an adapter makes of an object.

    Raises InputError for an object that no adapter knows.
    """
    if isinstance(value, Backend):
        return value
    if any(
        base.__module__.partition(".")[0].startswith("pennylane") for base in type(value).__mro__
    ):
        from .lightning import from_pennylane_device

        return from_pennylane_device(value)
    for entry in sorted(entry_points(group=ADAPTERS), key=lambda e: e.name):
        backend: Backend | None = _load(entry)(value)
        if backend is not None:
            return backend
    raise InputError(
        f"a backend is a name, a table with a name, a Backend, a PennyLane device, a Qiskit "
        f"BackendV2 or a V2 sampler; got {type(value).__name__}"
    )


def recorded_spec(backend: Backend, named: str | None = None) -> dict[str, Any] | None:
    """Return the name and options that an experiment records of a backend object.

    One that these do not build again is recorded under `object:`, and a resume asks for it.

    Args:
        backend: the object.
        named: the name that the experiment has; a vendor's device of that name is left as it is,
            and None is returned.
    """
    options = backend.options if isinstance(backend, NamedBackend) else None
    if options is not None and backend.name.partition(":")[0] in backend_names():
        return {"name": backend.name, **options}
    if backend.name == named and is_provider(backend.name):
        return None
    return {"name": f"{OBJECT}:{backend.name}"}


def is_recorded_as(backend: Backend, name: str) -> bool:
    """Whether a backend object is the one that an experiment records by this name."""
    return backend.name == name.removeprefix(f"{OBJECT}:")


def find_factory(provider: str, name: str | None = None) -> Callable[..., Backend]:
    """Return what makes a backend of its options. Raises InputError for an unknown name."""
    if provider in _SIMULATORS:
        module, attribute, _ = _SIMULATORS[provider]
        simulator: Callable[..., Backend] = getattr(import_module(module), attribute)
        return simulator
    entries = [
        e for group in (PROVIDERS, BACKENDS) for e in entry_points(group=group)
        if e.name == provider
    ]  # fmt: skip
    if not entries:
        raise _unknown(name or provider)
    plugged: Callable[..., Backend] = _load(entries[0])
    return plugged


def _unknown(name: str) -> InputError:
    """The error for a name that is no backend's: it may be a device's, without its provider."""
    wanted = name.strip().lower()
    backends = sorted(backend_names(), key=lambda b: not is_provider(b))
    homes = [b for b in backends if wanted in device_names(b)]
    if homes:
        full = " or ".join(f"'{b}:{wanted}'" for b in homes)
        return InputError(f"unknown backend '{name[:40]}': it is a device; write {full}")
    devices = [f"{b}:{d}" for b in backends for d in device_names(b)] if "_" in wanted else []
    return unknown_name("backend", name, [*backends, *devices])


def _load(entry: EntryPoint) -> Any:
    try:
        return entry.load()
    except Exception as error:  # a third party's
        raise InputError(f"backend {entry.name} ({entry.value}) does not load: {error}") from error
