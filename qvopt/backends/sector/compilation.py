"""Reads a circuit as a reference determinant and gates over string tables."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from qvopt_circuits.circuit import Circuit
from qvopt_circuits.gates import FERMIONIC, Gate
from qvopt_molecules.arrays import FloatArray, IndexArray, IntArray
from qvopt_molecules.determinants import occupation_strings
from qvopt_molecules.errors import InputError

from .factored import BOTH, COLUMNS, PHASE, ROWS
from .phases import Phase, constant_angle, phase
from .tables import excitation_pairs

_MEND = "; use a backend for any circuit, such as statevector, lightning or aer"


@dataclass(frozen=True, eq=False)
class GateTables:
    """A circuit ready for the kernels.

    `reference` is the flat index of the determinant; `gates`, `left`, `right`, `sign` are as the
    kernels say; `offsets` are constant angles and `parametric` the numbers of the gates that
    depend on a parameter, in the circuit's own order. `rows` is what `gates` was made of, for a
    circuit that begins with the same gates.
    """

    shape: tuple[int, int]
    reference: int
    gates: IndexArray
    left: IndexArray
    right: IndexArray
    sign: FloatArray
    offsets: FloatArray
    parametric: IntArray
    phases: tuple[Phase, ...] = ()
    rows: GateRows | None = None

    @property
    def is_complex(self) -> bool:
        """Whether amplitudes are complex: some gate multiplies them by phases."""
        return bool(self.phases)

    @cached_property
    def rotated(self) -> IntArray:
        """How many pairs of amplitudes each gate rotates; a phase turns all of them."""
        gates = self.gates.astype(np.int64)
        kinds, (a0, a1, b0, b1) = gates[:, 0], gates[:, 1:].T
        rows = np.where((kinds == COLUMNS) | (kinds == PHASE), self.shape[0], a1 - a0)
        columns = np.where((kinds == ROWS) | (kinds == PHASE), self.shape[1], b1 - b0)
        pairs: IntArray = rows * columns
        return pairs


def compile_circuit(
    circuit: Circuit, norb: int, n_alpha: int, n_beta: int, earlier: GateTables | None = None
) -> GateTables:
    """Check that the circuit stays in the sector and tabulate it.

    Where it begins with all gates of the circuit that was compiled `earlier`, in the same sector,
    only those after them are read: circuits that grow are compiled after every growth. Raises
    InputError naming the gate that does not fit.
    """
    if circuit.n_qubits != 2 * norb:
        raise InputError(
            f"the circuit has {circuit.n_qubits} qubits, the Hamiltonian {2 * norb} spin orbitals; "
            f"the sector backend needs Jordan-Wigner qubits{_MEND}"
        )
    strings = (occupation_strings(norb, n_alpha), occupation_strings(norb, n_beta))
    start = next((k for k, g in enumerate(circuit.gates) if g.name != "x"), len(circuit.gates))
    tables = GateRows(strings, norb)
    if earlier is not None and earlier.rows is not None and earlier.rows.begin(tables, circuit):
        tables = earlier.rows.copy()
    for gate in circuit.gates[start + len(tables.rows) :]:
        tables.add(gate)
    tables.circuit = circuit
    reference = _reference(circuit.gates[:start], norb, n_alpha, n_beta, strings)
    return GateTables(
        shape=(len(strings[0]), len(strings[1])),
        reference=reference,
        gates=np.array(tables.rows, dtype=np.uint64).reshape(len(tables.rows), 5),
        left=_joined(tables.left),
        right=_joined(tables.right),
        sign=np.concatenate(tables.sign) if tables.sign else np.zeros(0),
        offsets=np.array(tables.offsets, dtype=np.float64),
        parametric=np.array([k - start for k in circuit.parametric], dtype=np.int64),
        phases=tuple(tables.phases),
        rows=tables,
    )


def _joined(parts: list[IntArray]) -> IndexArray:
    return np.concatenate([np.zeros(0, dtype=np.int64), *parts]).astype(np.uint64)


def _reference(
    gates: tuple[Gate, ...], norb: int, n_alpha: int, n_beta: int, strings: tuple[IntArray, ...]
) -> int:
    bits = 0
    for gate in gates:
        bits ^= 1 << gate.qubits[0]
    alpha, beta = bits & ((1 << norb) - 1), bits >> norb
    if (alpha.bit_count(), beta.bit_count()) != (n_alpha, n_beta):
        raise InputError(
            f"the circuit's X gates prepare {alpha.bit_count()} alpha and {beta.bit_count()} beta "
            f"electrons, the Hamiltonian has {n_alpha} and {n_beta}{_MEND}"
        )
    row, column = np.searchsorted(strings[0], alpha), np.searchsorted(strings[1], beta)
    return int(row) * len(strings[1]) + int(column)


@dataclass(frozen=True, eq=False)
class PairTables:
    """The same gates as explicit pairs of determinants; see `pairs`."""

    first: IndexArray
    left: npt.NDArray[np.uint32]
    right: npt.NDArray[np.uint32]


def pair_tables(
    tables: GateTables,
    most_pairs: int,
    earlier: tuple[GateTables, PairTables] | None = None,
) -> PairTables | None:
    """List the pairs that are reached from the reference; None if there are too many.

    None too where amplitudes are complex. Those of the gates with which a circuit that was compiled
    `earlier` begins too are taken from it: circuits that grow are compiled after every growth.
    """
    if tables.is_complex or count_pairs(tables) > most_pairs:
        return None
    empty = np.zeros(0, dtype=np.uint32)
    reached = np.zeros(tables.shape[0] * tables.shape[1], dtype=bool)
    reached[tables.reference] = True
    first: list[int] = [0]
    lefts: list[npt.NDArray[np.uint32]] = [empty]
    rights: list[npt.NDArray[np.uint32]] = [empty]
    shared = 0 if earlier is None else common_gates(tables, earlier[0])
    if earlier is not None and shared:
        first = earlier[1].first[: shared + 1].tolist()
        lefts, rights = [earlier[1].left[: first[-1]]], [earlier[1].right[: first[-1]]]
        reached[lefts[0]] = reached[rights[0]] = True
    indices = _signed_indices(tables)
    for gate in tables.gates[shared:].astype(np.int64):
        left, right = _gate_pairs(gate, tables, *indices)
        live = reached[left] | reached[right]
        left, right = left[live], right[live]
        reached[left] = reached[right] = True
        lefts.append(left.astype(np.uint32))
        rights.append(right.astype(np.uint32))
        first.append(first[-1] + len(left))
    return PairTables(
        np.array(first, dtype=np.uint64), np.concatenate(lefts), np.concatenate(rights)
    )


def common_gates(tables: GateTables, others: GateTables) -> int:
    """How many gates two circuits begin with that are the same in both, by their tables."""
    if tables.shape != others.shape or tables.reference != others.reference:
        return 0
    n = min(len(tables.left), len(others.left))
    same_strings = (
        np.array_equal(tables.left[:n], others.left[:n])
        and np.array_equal(tables.right[:n], others.right[:n])
        and np.array_equal(tables.sign[:n], others.sign[:n])
    )
    if not same_strings or tables.phases or others.phases:
        return 0
    m = min(len(tables.gates), len(others.gates))
    differ = np.flatnonzero((tables.gates[:m] != others.gates[:m]).any(axis=1))
    return int(differ[0]) if len(differ) else m


def all_pairs(tables: GateTables) -> tuple[IndexArray, IndexArray, IndexArray]:
    """List every pair of each gate, reached or not: (first, left, right)."""
    indices = _signed_indices(tables)
    pairs = [_gate_pairs(gate, tables, *indices) for gate in tables.gates.astype(np.int64)]
    first = np.concatenate([[0], np.cumsum([len(left) for left, _ in pairs], dtype=np.int64)])
    left, right = (_joined([pair[side] for pair in pairs]) for side in (0, 1))
    return first.astype(np.uint64), left, right


def count_pairs(tables: GateTables) -> int:
    """Pairs of determinants that the gates rotate, reached or not."""
    n_alpha, n_beta = tables.shape
    total = 0
    for kind, a0, a1, b0, b1 in tables.gates.tolist():
        if kind == PHASE:
            continue
        total += {ROWS: (a1 - a0) * n_beta, COLUMNS: n_alpha * (b1 - b0)}.get(
            kind, (a1 - a0) * (b1 - b0)
        )
    return total


def _signed_indices(tables: GateTables) -> tuple[IntArray, IntArray]:
    return tables.left.astype(np.int64), tables.right.astype(np.int64)


def _gate_pairs(
    gate: Any, tables: GateTables, left: IntArray, right: IntArray
) -> tuple[IntArray, IntArray]:
    """Pairs of flat determinants, T|left⟩ = +|right⟩, in the order of memory."""
    kind, a0, a1, b0, b1 = gate.tolist()
    n_alpha, n_beta = tables.shape
    rows, columns = np.arange(n_alpha)[:, None], np.arange(n_beta)[None, :]
    sign: FloatArray = np.ones((1, 1))
    row_pair, column_pair = (rows, rows), (columns, columns)
    if kind in (ROWS, BOTH):
        row_pair = left[a0:a1, None], right[a0:a1, None]
        sign = sign * tables.sign[a0:a1, None]
    if kind in (COLUMNS, BOTH):
        column_pair = left[None, b0:b1], right[None, b0:b1]
        sign = sign * tables.sign[None, b0:b1]
    source: IntArray = (row_pair[0] * n_beta + column_pair[0]).reshape(-1)
    target: IntArray = (row_pair[1] * n_beta + column_pair[1]).reshape(-1)
    positive = np.broadcast_to(sign > 0, (len(row_pair[0]), column_pair[0].shape[1])).reshape(-1)
    # T|I⟩ = -|J⟩ rotates (I, J) by -θ, which is (J, I) by θ.
    source, target = np.where(positive, source, target), np.where(positive, target, source)
    order = np.argsort(np.minimum(source, target), kind="stable")
    return source[order], target[order]


@lru_cache(maxsize=4096)
def _excitation(
    norb: int, n_electrons: int, down: tuple[int, ...], up: tuple[int, ...]
) -> tuple[IntArray, IntArray, FloatArray]:
    """`excitation_pairs` over all strings: circuits that grow ask for the same ones again."""
    return excitation_pairs(occupation_strings(norb, n_electrons), down, up)


class GateRows:
    """Reads gates one after another, and collects pair tables, each (spin, excitation) once.

    Attributes:
        rows: kind and table ranges of each gate.
        offsets: constant angles.
        circuit: whose gates they are, once all are read.
    """

    def __init__(self, strings: tuple[IntArray, IntArray], norb: int) -> None:
        self.strings, self.norb = strings, norb
        self._electrons = [int(part[0]).bit_count() for part in strings]
        self.left: list[IntArray] = []
        self.right: list[IntArray] = []
        self.sign: list[FloatArray] = []
        self.phases: list[Phase] = []
        self.rows: list[tuple[int, int, int, int, int]] = []
        self.offsets: list[float] = []
        self.circuit: Circuit | None = None
        self._size = 0
        self._known: dict[tuple[object, ...], tuple[int, int]] = {}

    def begin(self, other: GateRows, circuit: Circuit) -> bool:
        """Whether the circuit begins with these gates, in the sector of `other`."""
        if self.circuit is None or (self.norb, self._electrons) != (other.norb, other._electrons):
            return False
        return circuit.gates[: len(self.circuit.gates)] == self.circuit.gates

    def copy(self) -> GateRows:
        """Return the same rows, to be added to."""
        out = GateRows(self.strings, self.norb)
        out._size, out._known = self._size, self._known.copy()
        out.left, out.right, out.sign = self.left.copy(), self.right.copy(), self.sign.copy()
        out.phases, out.rows = self.phases.copy(), self.rows.copy()
        out.offsets = self.offsets.copy()
        return out

    def add(self, gate: Gate) -> None:
        """Read the next gate. Raises InputError for one that leaves the sector."""
        self.rows.append(self._row(gate))
        self.offsets.append(constant_angle(gate))

    def _row(self, gate: Gate) -> tuple[int, int, int, int, int]:
        if not gate.conserves_number:
            raise InputError(
                f"gate {gate.name} on qubits {gate.qubits} does not conserve the particle "
                f"number, which the sector backend needs{_MEND}"
            )
        if gate.is_diagonal:
            return self._phase(phase(gate, self.strings, self.norb))
        n, q, signed = self.norb, gate.qubits, gate.name in FERMIONIC
        half = len(q) // 2
        down, up = q[:half], q[half:]
        spins = [[p // n for p in part] for part in (down, up)]
        if sorted(spins[0]) != sorted(spins[1]):
            raise InputError(
                f"gate {gate.name} on qubits {q} flips a spin, which the sector backend does not "
                f"do{_MEND}"
            )
        if len(set(spins[0])) == 1:
            spin = spins[0][0]
            first, last = self._pairs(
                spin, tuple(p % n for p in down), tuple(p % n for p in up), 1.0, signed
            )
            if spin == 0:
                return ROWS, first, last, 0, 0
            return COLUMNS, 0, 0, first, last
        # a†_a a†_b a_j a_i = E_ai E_bj; exchanging i, j or a, b changes the sign.
        factor = 1.0
        (i, j), (a, b) = down, up
        if i >= n:
            i, j, factor = j, i, -factor
        if a >= n:
            a, b, factor = b, a, -factor
        return (
            BOTH,
            *self._pairs(0, (i,), (a,), factor, signed),
            *self._pairs(1, (j - n,), (b - n,), 1.0, signed),
        )

    def _phase(self, factor: Phase) -> tuple[int, int, int, int, int]:
        """Number of a phase; that of one spin stands as strings with themselves, its numbers as
        signs, in the table of pairs too."""
        self.phases.append(factor)
        number = len(self.phases) - 1
        spin = factor.spin
        if spin is None:
            return PHASE, number, 0, 0, 0
        numbers = (factor.alpha, factor.beta)[spin]
        key = (spin, numbers.tobytes())
        if key not in self._known:
            strings = np.flatnonzero(numbers)
            self.left.append(strings)
            self.right.append(strings)
            self.sign.append(numbers[strings])
            self._known[key] = (self._size, self._size + len(strings))
            self._size += len(strings)
        return PHASE, number, 1 + spin, *self._known[key]

    def _pairs(
        self, spin: int, down: tuple[int, ...], up: tuple[int, ...], factor: float, signed: bool
    ) -> tuple[int, int]:
        """Pairs of one spin; `signed` for fermions, while plain qubits have no signs at all."""
        key = (spin, down, up, factor, signed)
        if key not in self._known:
            left, right, sign = _excitation(self.norb, self._electrons[spin], down, up)
            if not signed:
                sign, factor = np.ones(len(sign)), 1.0
            self.left.append(left)
            self.right.append(right)
            self.sign.append(factor * sign)
            self._known[key] = (self._size, self._size + len(left))
            self._size += len(left)
        return self._known[key]
