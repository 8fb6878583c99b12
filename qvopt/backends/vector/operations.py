"""Gates as operations on pairs of amplitudes: masks, lanes and angles, an array of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qvopt_circuits.circuit import Circuit
from qvopt_circuits.gates import EXCITATIONS, FERMIONIC, PHASES, Gate
from qvopt_circuits.lowering.jordan_wigner_strings import excitation_sign
from qvopt_circuits.paulis import generator_strings
from qvopt_molecules.arrays import FloatArray, IntArray, MaskArray

from .lanes import LANE_BITS, LANES
from .turns import IMAGINARY_LANES, IMAGINARY_ROWS, REAL_LANES, REAL_ROWS


@dataclass(frozen=True)
class Pairing:
    """How one gate acts on amplitude n, n & select == value, and on its partner n ^ x.

    In the notation of `turns`: C_a = c, C_b = partner_gain · c, σ₁ = first · (-1)^{|n & z|} and
    σ₂ = second · (-1)^{|n & z|}; where x = 0, C = gain · c. φ = rate · θ; `fixed` is (c, s) of a
    gate without an angle. `self_inverse`: U† is U itself and not U at -φ.
    """

    x: int
    select: int
    value: int
    z: int = 0
    imaginary: bool = False
    gain: float = 1.0
    partner_gain: float = 1.0
    first: float = 1.0
    second: float = 1.0
    rate: float = 0.5
    fixed: tuple[float, float] | None = None
    self_inverse: bool = False


_ROOT = float(np.sqrt(0.5))
_DIAGONAL_TURNS = {
    "s": (0.0, -1.0),
    "sdg": (0.0, 1.0),
    "t": (_ROOT, -_ROOT),
    "tdg": (_ROOT, _ROOT),
}
"""(c, s) of e^{-iφ} on the state 1."""


def pairing(gate: Gate) -> Pairing:
    """Return how a gate pairs amplitudes."""
    bits = [1 << q for q in gate.qubits]
    ones = sum(bits)
    if gate.name in ("x", "cx", "swap"):
        x, value = {"x": (ones, 0), "cx": (bits[-1], bits[0]), "swap": (ones, bits[0])}[gate.name]
        return Pairing(x, ones, value, fixed=(0.0, 1.0), self_inverse=True)
    if gate.name == "y":
        return Pairing(
            ones, ones, 0, imaginary=True, second=-1.0, fixed=(0.0, 1.0), self_inverse=True
        )
    if gate.name == "h":
        turn = (_ROOT, _ROOT)
        return Pairing(ones, ones, 0, partner_gain=-1.0, fixed=turn, self_inverse=True)
    if gate.name in ("z", "cz"):
        return Pairing(0, ones, ones, gain=-1.0, fixed=(1.0, 0.0), self_inverse=True)
    if gate.name in _DIAGONAL_TURNS:
        return Pairing(0, ones, ones, imaginary=True, fixed=_DIAGONAL_TURNS[gate.name])
    if gate.name in PHASES:
        return Pairing(0, ones, ones, imaginary=True, rate=1.0)
    if gate.name in EXCITATIONS:
        sign, string = excitation_sign(gate.qubits) if gate.name in FERMIONIC else (1, ())
        occupied = sum(bits[: len(bits) // 2])
        z = sum(1 << q for q in string)
        return Pairing(ones, ones, occupied, z, first=-float(sign), second=float(sign))
    ((x, z, _),) = generator_strings(gate)
    if x == 0:
        return Pairing(0, 0, 0, z, imaginary=True)
    pivot = 1 << (x.bit_length() - 1)
    letters_y = (x & z).bit_count()
    if letters_y % 2:  # -i P is real
        sign = 1 if letters_y % 4 == 1 else -1
        return Pairing(x, pivot, 0, z, first=-float(sign), second=float(sign))
    sign = 1 if letters_y % 4 == 0 else -1
    return Pairing(x, pivot, 0, z, imaginary=True, first=float(sign), second=float(sign))


@dataclass(frozen=True, eq=False)
class Operations:
    """A sequence of gates made ready for the kernels.

    Attributes:
        kinds: kernel of each operation, shape (n,).
        masks: x, exchange of lanes, select, value and z of rows, shape (n, 5).
        lanes: keep, gain_a, gain_b, σ₁ and σ₂ by lane, shape (n, 5, 8).
        turns: (c, s) of each operation; those of parametric gates are set at every call.
        rates: φ = rate · θ.
        mirrors: U† has s times this.
    """

    kinds: IntArray
    masks: MaskArray
    lanes: FloatArray
    turns: FloatArray
    rates: FloatArray
    mirrors: FloatArray

    @property
    def are_real(self) -> bool:
        """Whether real amplitudes stay real."""
        return bool(np.all((self.kinds == REAL_ROWS) | (self.kinds == REAL_LANES)))

    @classmethod
    def of(cls, gates: Sequence[Gate]) -> Operations:
        """Tabulate gates; angles of gates that have a parameter are left at zero."""
        pairings = [pairing(gate) for gate in gates]
        n = len(pairings)
        kinds = np.zeros(n, dtype=np.int64)
        masks = np.zeros((n, 5), dtype=np.uint64)
        lanes = np.zeros((n, 5, LANES))
        turns = np.zeros((n, 2))
        for k, (gate, p) in enumerate(zip(gates, pairings, strict=True)):
            in_rows = p.x >> LANE_BITS != 0
            kinds[k] = (
                (IMAGINARY_ROWS if in_rows else IMAGINARY_LANES)
                if p.imaginary
                else (REAL_ROWS if in_rows else REAL_LANES)
            )
            masks[k] = (
                p.x >> LANE_BITS,
                p.x & (LANES - 1),
                p.select >> LANE_BITS,
                p.value >> LANE_BITS,
                p.z >> LANE_BITS,
            )
            lanes[k] = _lanes(p)
            if p.fixed is not None:
                turns[k] = p.fixed
            elif gate.angle is not None and gate.angle.index is None:
                phi = p.rate * gate.angle.offset
                turns[k] = np.cos(phi), np.sin(phi)
        rates = np.array([p.rate for p in pairings])
        mirrors = np.array([1.0 if p.self_inverse else -1.0 for p in pairings])
        return cls(kinds, masks, lanes, turns, rates, mirrors)


def _lanes(p: Pairing) -> FloatArray:
    """The five rows of `Operations.lanes` for one gate."""
    lane = np.arange(LANES)
    low = LANES - 1
    x = p.x & low
    selected = (lane & p.select & low) == (p.value & low)
    sign = 1.0 - 2.0 * (np.bitwise_count(lane & p.z & low) & 1)
    if p.x >> LANE_BITS or p.x == 0:
        keep, gain = 1.0 - selected, selected * p.gain
        return np.stack([keep, gain, p.partner_gain * selected,
                         p.first * sign * selected, p.second * sign * selected])  # fmt: skip
    partner = selected[lane ^ x]
    gain = 1.0 * selected + p.partner_gain * partner
    sigma = p.first * sign * selected + p.second * sign[lane ^ x] * partner
    zero = np.zeros(LANES)
    return np.stack([1.0 - selected - partner, gain, zero, sigma, zero])


@dataclass(frozen=True, eq=False)
class CompiledCircuit:
    """A circuit's operations after the determinant that its first X gates prepare.

    Attributes:
        n_qubits: of the register, three at least; further qubits stay 0.
        start: the basis state that the operations begin with.
        skipped: how many gates that basis state stands for.
        parametric: operation of each parametric gate.
    """

    circuit: Circuit
    n_qubits: int
    start: int
    skipped: int
    operations: Operations
    parametric: IntArray

    @classmethod
    def of(cls, circuit: Circuit) -> CompiledCircuit:
        """Compile a circuit."""
        start = skipped = 0
        for gate in circuit.gates:
            if gate.name != "x":
                break
            start ^= 1 << gate.qubits[0]
            skipped += 1
        operations = Operations.of(circuit.gates[skipped:])
        parametric = np.array(circuit.parametric, dtype=np.int64) - skipped
        return cls(
            circuit, max(circuit.n_qubits, LANE_BITS), start, skipped, operations, parametric
        )

    @property
    def rows(self) -> int:
        """Rows of a plane of amplitudes."""
        return 1 << (self.n_qubits - LANE_BITS)

    def turns(self, x: FloatArray, shifts: Sequence[tuple[int, float]] = ()) -> FloatArray:
        """(cos φ, sin φ) of every operation at x, single gates shifted."""
        angles = self.circuit.angles(x)
        for k, delta in shifts:
            angles[k] += delta
        turns = self.operations.turns.copy()
        phi = self.operations.rates[self.parametric] * angles
        turns[self.parametric, 0] = np.cos(phi)
        turns[self.parametric, 1] = np.sin(phi)
        return turns
