"""Devices that are known without an account: what `--dry` prices where nobody is signed in.

Each price and each limit has its page and its date; those that were written from memory say so.
They are the vendors' to change: check them before you spend. What a user gives (`price`,
`gate_price` or `price_per_second` in `[backend]`) takes the place of the price, and a device that
can be asked is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .prices import ION_SHOT_SECONDS, SHOT_SECONDS, StoredPrice
from .provider import Limits


@dataclass(frozen=True)
class Origin:
    """Where facts are from: a page, the month, and whether it was read then or is remembered."""

    page: str
    date: str
    read: bool = True

    def __str__(self) -> str:
        return f"{self.page}, {self.date}{'' if self.read else ', from memory and not verified'}"


_AWS: Final = Origin("https://aws.amazon.com/braket/pricing/", "2025-11")
_AWS_RECALLED: Final = Origin("https://aws.amazon.com/braket/pricing/", "2025-11", read=False)
_AWS_DEVICES: Final = Origin(
    "https://docs.aws.amazon.com/braket/latest/developerguide/braket-devices.html", "2025-11"
)
_IONQ: Final = Origin("https://ionq.com/pricing", "2025-11", read=False)
_IONQ_LIMITS: Final = Origin("https://docs.ionq.com/", "2025-11", read=False)
_IBM: Final = Origin("https://quantum.cloud.ibm.com/docs/guides/qpu-information", "2025-11")
_IBM_PRICES: Final = Origin("https://www.ibm.com/quantum/products", "2025-11", read=False)
_SHOTS_FORTE: Final = Origin(
    "https://github.com/unitaryfoundation/metriq-gym/issues/781", "2026-07"
)
_SHOTS_IBEX: Final = Origin("https://github.com/unitaryfoundation/metriq-gym/issues/793", "2026-08")
_BRAKET_GATES: Final = ("h", "x", "y", "z", "s", "sdg", "rx", "ry", "rz", "cx")
_IONQ_GATES: Final = ("rx", "ry", "rz", "h", "x", "y", "z", "s", "sdg", "cx")
_HERON: Final = ("cz", "rz", "sx", "x", "id")
_EAGLE: Final = ("ecr", "rz", "sx", "x", "id")


@dataclass(frozen=True)
class KnownDevice:
    """What is known of a device.

    Attributes:
        provider, name: as in "provider:name".
        n_qubits, gates: width, and the gates that circuits are lowered to.
        limits, price: of a job.
        seconds_per_shot: of the quantum processor, where a time is published or assumed.
        overhead: seconds of the processor around a job.
        price_origin: of the price, or of it that there is none.
        origin: of the rest.
        simulator: whether it is simulated at the vendor.
    """

    provider: str
    name: str
    n_qubits: int
    gates: tuple[str, ...]
    limits: Limits
    price: StoredPrice
    seconds_per_shot: float
    price_origin: Origin
    origin: Origin
    overhead: float = 0.0
    simulator: bool = False

    @property
    def full_name(self) -> str:
        """The name users give."""
        return f"{self.provider}:{self.name}"

    @property
    def time_assumed(self) -> bool:
        """Whether the time of a shot is an assumption: only IBM tells one."""
        return self.seconds_per_shot > 0 and self.provider != "ibm"

    @property
    def note(self) -> str:
        """Where its facts are from, in a sentence."""
        return self.note_with()

    def note_with(self, *, price_given: bool = False) -> str:
        """The same, where a user has given the price in place of the stored one."""
        if price_given:
            price = "its price is the one that you gave, its limits are"
        elif self.price.stored:
            price = f"its price is from a table ({self.price_origin}), its limits are"
        else:
            price = "its price depends on your plan (give price_per_second), its limits are"
        time = f"; {assumed_time(self.seconds_per_shot)}" if self.time_assumed else ""
        return f"{price} from a table ({self.origin}){time}; the device was not asked: check it"


def assumed_time(seconds_per_shot: float) -> str:
    """Say that QPU seconds are no vendor's."""
    return (
        f"its QPU seconds are an assumption, {1e3 * seconds_per_shot:g} ms a shot whatever the "
        f"circuit"
    )


def _ibm(name: str, n_qubits: int, gates: tuple[str, ...]) -> KnownDevice:
    limits = Limits(
        circuits=10_000, shots=100_000, executions=10_000_000, values=1_000_000, pending=3
    )
    unpriced = StoredPrice(stored=False)
    return KnownDevice(
        "ibm", name, n_qubits, gates, limits, unpriced, 250e-6, _IBM_PRICES, _IBM, overhead=2.0
    )


def _braket(
    name: str,
    n_qubits: int,
    per_shot: float,
    shots: tuple[int, int | None] = (1, None),
    price_origin: Origin = _AWS,
    origin: Origin = _AWS_DEVICES,
    seconds: float = SHOT_SECONDS,
) -> KnownDevice:
    limits = Limits(circuits=100, shots=shots[1], min_shots=shots[0])
    return KnownDevice(
        "braket", name, n_qubits, _BRAKET_GATES, limits, StoredPrice(0.30, per_shot), seconds,
        price_origin, origin,
    )  # fmt: skip


def _braket_simulator(name: str, n_qubits: int) -> KnownDevice:
    limits = Limits(circuits=100, shots=100_000, executions=200_000)
    price = StoredPrice(per_second=0.075 / 60)
    return KnownDevice(
        "braket", name, n_qubits, _BRAKET_GATES, limits, price, 0.0, _AWS,
        _AWS_DEVICES, simulator=True,
    )  # fmt: skip


def _ionq(name: str, n_qubits: int, gates: tuple[float, float, float] | None) -> KnownDevice:
    simulator = gates is None
    limits = Limits(circuits=300, shots=1_000_000 if simulator else 10_000)
    return KnownDevice(
        "ionq", name, n_qubits, _IONQ_GATES, limits, StoredPrice(gates=gates),
        0.0 if simulator else ION_SHOT_SECONDS, _IONQ, _IONQ_LIMITS, simulator=simulator,
    )  # fmt: skip


_DEVICES: Final = (
    _ibm("ibm_fez", 156, _HERON),
    _ibm("ibm_marrakesh", 156, _HERON),
    _ibm("ibm_kingston", 156, _HERON),
    _ibm("ibm_torino", 133, _HERON),
    _ibm("ibm_brisbane", 127, _EAGLE),
    _ibm("ibm_sherbrooke", 127, _EAGLE),
    _braket_simulator("sv1", 34),
    _braket_simulator("dm1", 17),
    _braket("garnet", 20, 0.00145),
    _braket("emerald", 54, 0.00160, price_origin=_AWS_RECALLED),
    _braket("ankaa-3", 82, 0.00090),
    _braket("cepheus-1-108q", 108, 0.000425, price_origin=_AWS_RECALLED),
    _braket("ibex-q1", 12, 0.02350, (1, 2_000), _AWS_RECALLED, _SHOTS_IBEX, ION_SHOT_SECONDS),
    _braket("aria-1", 25, 0.03, (100, 5_000), origin=_SHOTS_FORTE, seconds=ION_SHOT_SECONDS),
    _braket("forte-1", 36, 0.08, (100, 5_000), origin=_SHOTS_FORTE, seconds=ION_SHOT_SECONDS),
    _braket(
        "forte-enterprise-1", 36, 0.08, (100, 5_000), origin=_SHOTS_FORTE, seconds=ION_SHOT_SECONDS
    ),
    _ionq("simulator", 29, None),
    _ionq("aria-1", 25, (0.000220, 0.000975, 12.4166)),
    _ionq("forte-1", 36, (0.0001645, 0.001121, 25.79)),
    _ionq("forte-enterprise-1", 36, (0.0001645, 0.001121, 25.79)),
)
_BY_NAME: Final = {(d.provider, d.name): d for d in _DEVICES}


def known_device(provider: str, name: str) -> KnownDevice | None:
    """Return the entry of a device; None where there is none."""
    return _BY_NAME.get((provider, name.lower()))


def known_names(provider: str) -> tuple[str, ...]:
    """Names of the devices of a provider that have an entry."""
    return tuple(d.name for d in _DEVICES if d.provider == provider)


def stored_price(provider: str, name: str) -> StoredPrice:
    """Return the price of a device; with `stored` False and all zero where there is none."""
    device = known_device(provider, name)
    return StoredPrice(stored=False) if device is None else device.price


def known_devices() -> tuple[KnownDevice, ...]:
    """All entries."""
    return _DEVICES
