"""Ansätze by name, ours and those that other distributions register."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from qvopt_molecules.arguments import checked_arguments
from qvopt_molecules.errors import InputError, unknown_name
from qvopt_molecules.handed import is_recorded, record_object
from qvopt_molecules.options import checked_options, made

from .adapt import Adapt
from .ansatz import Ansatz
from .fabric import GateFabric
from .given import GivenCircuit
from .hardware_efficient import EfficientSU2, HardwareEfficient, RealAmplitudes
from .hva import HamiltonianVariational
from .kupccgsd import KUpCCGSD
from .lucj import LUCJ
from .number_preserving import NumberPreserving
from .objects import ansatz_of, recorded_ansatz
from .qaoa import QAOA
from .qcc import QCC
from .tups import TUPS
from .uccgsd import UCCGSD
from .uccsd import UCCSD, QubitExcitations

ENTRY_POINT_GROUP: Final = "qvopt.ansatze"
"""Where other distributions register an ansatz: name = "module:callable of keyword options"."""

_OURS: Final[Mapping[str, tuple[Callable[..., Ansatz], str]]] = types.MappingProxyType(
    {
        "uccsd": (
            UCCSD,
            "unitary coupled cluster, singles and doubles, first-order Trotter",
        ),
        "qeb": (
            QubitExcitations,
            "UCCSD of qubit excitations: no Jordan-Wigner strings, fewer CNOTs",
        ),
        "uccgsd": (
            UCCGSD,
            "generalised singles and doubles, between any orbitals",
        ),
        "k-upccgsd": (
            KUpCCGSD,
            "k products of generalised singles and pair doubles",
        ),
        "tups": (
            TUPS,
            "tiled unitary product state: spin-adapted tiles on neighbouring orbitals",
        ),
        "fabric": (
            GateFabric,
            "symmetry-preserving brickwork of pair exchanges and orbital rotations",
        ),
        "adapt": (
            Adapt,
            "ADAPT-VQE: grows by the operators of a pool with the largest gradients",
        ),
        "lucj": (
            LUCJ,
            "local unitary cluster Jastrow, from CCSD amplitudes (complex)",
        ),
        "hva": (
            HamiltonianVariational,
            "Hamiltonian variational: evolutions under its diagonal, hops and exchanges",
        ),
        "qcc": (
            QCC,
            "qubit coupled cluster: Pauli exponentials chosen by their gradients",
        ),
        "real-amplitudes": (
            RealAmplitudes,
            "layers of RY rotations and CX entanglers, as Qiskit's",
        ),
        "efficient-su2": (
            EfficientSU2,
            "layers of RY and RZ rotations and CX entanglers, as Qiskit's",
        ),
        "number-preserving": (
            NumberPreserving,
            "hardware-efficient brickwork of number-preserving A gates",
        ),
        "qaoa": (
            QAOA,
            "quantum approximate optimization of diagonal costs, X or XY mixer",
        ),
        "circuit": (
            GivenCircuit,
            "a circuit given gate by gate, such as one read from Qiskit or PennyLane",
        ),
        "hardware-efficient": (
            HardwareEfficient,
            "layers of RY/RZ rotations and CX or CZ entanglers",
        ),
    }
)


def ansatz_names() -> tuple[str, ...]:
    """Return every known name, sorted.

    >>> {"hardware-efficient", "uccsd"} <= set(ansatz_names())
    True
    """
    return tuple(sorted({*_OURS, *_third_party()}))


def ansatz_description(name: str) -> str:
    """Return one line on the ansatz. Raises InputError for an unknown name."""
    if name in _OURS:
        return _OURS[name][1]
    doc = ansatz_factory(name).__doc__ or ""
    return doc.strip().partition("\n")[0].rstrip(".")


@checked_arguments
def get_ansatz(name: str, **options: Any) -> Ansatz:
    """Return the ansatz of that name, made with its options.

    Options are checked by type; a mistyped name or option is answered with the nearest ones.
    Raises InputError.

    >>> get_ansatz("uccsd", spin_adapted=True).name
    'uccsd'
    """
    if is_recorded(name):
        return recorded_ansatz(name, options)
    factory = ansatz_factory(name)
    values = checked_options("option", f"ansatz {name}", factory, options)
    ansatz: Ansatz = made(f"ansatz {name}", factory, values)
    return ansatz


def ansatz_data(ansatz: Any) -> dict[str, Any]:
    """Return an ansatz object as plain data, its name and the options that are not the default.

    Circuits, ours and other libraries', are written down gate by gate; other objects are recorded
    as `record_object` says. Raises InputError for what is no ansatz.

    >>> ansatz_data(UCCSD(spin_adapted=True))
    {'name': 'uccsd', 'spin_adapted': True}
    """
    ansatz = ansatz_of(ansatz)
    if not any(type(ansatz) is factory for factory, _ in _OURS.values()):
        return dict(record_object(ansatz))
    options = {}
    for field in dataclasses.fields(ansatz):
        value = getattr(ansatz, field.name)
        if value != field.default:
            options[field.name] = list(value) if isinstance(value, tuple) else value
    return {"name": ansatz.name, **options}


def ansatz_factory(name: str) -> Callable[..., Ansatz]:
    """Return what makes an ansatz of its options. Raises InputError for an unknown name."""
    if name in _OURS:
        return _OURS[name][0]
    third_party = _third_party()
    if name not in third_party:
        raise unknown_name("ansatz", name, ansatz_names())
    entry = third_party[name]
    try:
        factory: Callable[..., Ansatz] = entry.load()
    except Exception as error:
        raise InputError(f"ansatz {name} ({entry.value}) does not load: {error}") from error
    return factory


def _third_party() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=ENTRY_POINT_GROUP)}
