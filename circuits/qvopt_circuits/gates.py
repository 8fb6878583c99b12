r"""The gates that circuits are made of.

Every parametrised gate has the form U(θ) = exp(-i θ G / 2).

- Pauli rotations: G is a Pauli string, with eigenvalues ±1. A circuit's energy is a trigonometric
  polynomial in θ of frequency 1.
- Fermionic excitations: G = i (T - T†) with T = a†_a a_i ("single-excitation", qubits (i, a)) or
  T = a†_a a†_b a_j a_i ("double-excitation", qubits (i, j, a, b)), so that
  U(θ) = exp(θ (T - T†) / 2). G has eigenvalues -1, 0 and 1: frequencies ½ and 1. Ladder operators
  are the Jordan-Wigner ones over all the circuit's qubits, qubit 0 first:
  a_q = Z_0 … Z_{q-1} (X_q + i Y_q) / 2. A cluster amplitude t is the angle θ = 2t.
- Qubit excitations ("qubit-single-excitation", "qubit-double-excitation") are the same without the
  Z strings, Q_q = (X_q + i Y_q) / 2 in place of a_q: Givens rotations of occupations, whatever the
  other qubits. Yordanov, Arvidsson-Shukur and Barnes, arXiv:2005.14475.
- Phases of occupations: G = 2 n_p ("number-phase") or G = 2 n_p n_q ("coulomb-phase"), so that
  U(θ) = exp(-iθ n_p) or exp(-iθ n_p n_q), the factors of orbital rotations with complex phases and
  of diagonal Coulomb evolutions. Frequency 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError

FIXED: Final = {"x": 1, "y": 1, "z": 1, "h": 1, "s": 1, "sdg": 1, "t": 1, "tdg": 1,
                "cx": 2, "cz": 2, "swap": 2}  # fmt: skip
"""Number of qubits of each gate without an angle."""

ROTATIONS: Final = {"rx": 1, "ry": 1, "rz": 1, "pauli-rotation": None}
"""Gates exp(-iθP/2) of frequency 1; None means as many qubits as Pauli letters."""

FERMIONIC: Final = {"single-excitation": 2, "double-excitation": 4}
"""Excitations of fermions, with the signs of the Jordan-Wigner strings."""

QUBIT_EXCITATIONS: Final = {"qubit-single-excitation": 2, "qubit-double-excitation": 4}
"""Excitations of plain qubits, without signs."""

EXCITATIONS: Final = {**FERMIONIC, **QUBIT_EXCITATIONS}
"""Number-conserving gates of frequencies ½ and 1."""

PHASES: Final = {"number-phase": 1, "coulomb-phase": 2}
"""Diagonal gates exp(-iθ n_p) and exp(-iθ n_p n_q) of frequency 1."""

_DIAGONAL: Final = {*PHASES, "rz", "z", "s", "sdg", "t", "tdg", "cz"}

REAL: Final = frozenset({"x", "z", "h", "cx", "cz", "swap", "ry", *EXCITATIONS})
"""Gates with real matrices; of Pauli rotations, those with an odd number of Y."""


@dataclass(frozen=True, slots=True)
class Angle:
    """θ = coefficient · x[index] + offset in radians; a constant angle has index None."""

    index: int | None = None
    coefficient: float = 1.0
    offset: float = 0.0

    def __call__(self, x: FloatArray) -> float:
        """Return the angle at the parameters x."""
        if self.index is None:
            return self.offset
        return self.coefficient * float(x[self.index]) + self.offset


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate: its name, the qubits it acts on, its angle, and the letters of a Pauli rotation."""

    name: str
    qubits: tuple[int, ...]
    angle: Angle | None = None
    paulis: str = ""

    def __post_init__(self) -> None:
        if self.name in FIXED:
            expected: int | None = FIXED[self.name]
            needs_angle = False
        elif self.name in EXCITATIONS:
            expected, needs_angle = EXCITATIONS[self.name], True
        elif self.name in PHASES:
            expected, needs_angle = PHASES[self.name], True
        elif self.name in ROTATIONS:
            expected, needs_angle = ROTATIONS[self.name], True
            if expected is None:
                expected = len(self.paulis)
        else:
            raise InputError(f"unknown gate '{self.name}'")
        if len(self.qubits) != expected or expected == 0:
            raise InputError(f"gate {self.name} acts on {expected} qubits, got {self.qubits}")
        if len(set(self.qubits)) != len(self.qubits) or min(self.qubits) < 0:
            raise InputError(f"gate {self.name} needs distinct qubits from 0, got {self.qubits}")
        if needs_angle != (self.angle is not None):
            raise InputError(f"gate {self.name} {'needs' if needs_angle else 'takes no'} angle")
        if bool(self.paulis) != (self.name == "pauli-rotation") or set(self.paulis) - set("XYZ"):
            raise InputError(
                f"gate {self.name}: Pauli letters are X, Y or Z, one a qubit, for a "
                f"pauli-rotation only, got '{self.paulis}'"
            )

    @property
    def conserves_number(self) -> bool:
        """Whether the gate maps each sector of fixed (n_alpha, n_beta) to itself.

        True for excitations and diagonal gates; spin conservation of the qubits of excitations is
        the ansatz's to keep.
        """
        return self.name in EXCITATIONS or self.is_diagonal

    @property
    def is_diagonal(self) -> bool:
        """Whether the gate only multiplies basis states by phases."""
        return self.name in _DIAGONAL or (bool(self.paulis) and not self.paulis.strip("Z"))

    @property
    def is_real(self) -> bool:
        """Whether its matrix in the computational basis is real."""
        if self.paulis:
            return self.paulis.count("Y") % 2 == 1
        return self.name in REAL

    @property
    def frequencies(self) -> tuple[float, ...]:
        """Frequencies in its own angle of the energy after this gate."""
        if self.angle is None:
            return ()
        return (0.5, 1.0) if self.name in EXCITATIONS else (1.0,)

    @property
    def spectrum(self) -> tuple[float, ...]:
        """Eigenvalues of the generator G, ascending; empty for a gate without an angle.

        >>> Gate("number-phase", (0,), Angle(0)).spectrum
        (0.0, 2.0)
        """
        if self.angle is None:
            return ()
        if self.name in PHASES:
            return (0.0, 2.0)
        return (-1.0, 0.0, 1.0) if self.name in EXCITATIONS else (-1.0, 1.0)


def excitation_gate(qubits: tuple[int, ...], angle: Angle, *, fermionic: bool = True) -> Gate:
    """Return the excitation gate on (i, a) or (i, j, a, b).

    >>> excitation_gate((0, 1), Angle(0, 2.0), fermionic=False).name
    'qubit-single-excitation'
    """
    kind = "single-excitation" if len(qubits) == 2 else "double-excitation"
    return Gate(kind if fermionic else f"qubit-{kind}", qubits, angle)
