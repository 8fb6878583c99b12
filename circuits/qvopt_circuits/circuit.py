"""An immutable sequence of gates with parameters by index."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError

from .gates import Angle, Gate

_MOST_FREQUENCIES = 4096
_INVERSE = {"s": "sdg", "sdg": "s", "t": "tdg", "tdg": "t"}


@dataclass(frozen=True)
class Circuit:
    """Gates applied to |0…0⟩ in order, first gate first.

    Several gates may share a parameter. `parametric` lists the positions of the gates whose angle
    depends on a parameter; shifts and gate angles are numbered along it.
    """

    n_qubits: int
    gates: tuple[Gate, ...]
    n_parameters: int

    def __post_init__(self) -> None:
        for gate in self.gates:
            if max(gate.qubits) >= self.n_qubits:
                raise InputError(f"gate {gate.name} on {gate.qubits} leaves {self.n_qubits} qubits")
            index = None if gate.angle is None else gate.angle.index
            if index is not None and not 0 <= index < self.n_parameters:
                raise InputError(
                    f"gate {gate.name} uses parameter {index}, but the circuit has "
                    f"{self.n_parameters}"
                )

    def __str__(self) -> str:
        """Sizes and gates by name; `qvopt_circuits.summary` adds what they cost."""
        counts = Counter(gate.name for gate in self.gates)
        gates = ", ".join(f"{count} {name}" for name, count in counts.items())
        return f"{self.n_qubits} qubits, {self.n_parameters} parameters, {gates or 'no gates'}"

    @cached_property
    def parametric(self) -> tuple[int, ...]:
        """Positions in `gates` of the gates that depend on a parameter."""
        return tuple(
            k for k, g in enumerate(self.gates) if g.angle is not None and g.angle.index is not None
        )

    @cached_property
    def is_real(self) -> bool:
        """Whether its states have real amplitudes: then ⟨ψ|∂ψ⟩ = 0."""
        return all(gate.is_real for gate in self.gates)

    @cached_property
    def affine(self) -> tuple[npt.NDArray[np.int64], FloatArray, FloatArray]:
        """Per parametric gate: parameter index, coefficient and offset of its angle."""
        angles = [self.gates[k].angle for k in self.parametric]
        index = np.array([a.index for a in angles if a is not None], dtype=np.int64)
        coefficient = np.array([a.coefficient for a in angles if a is not None], dtype=np.float64)
        offset = np.array([a.offset for a in angles if a is not None], dtype=np.float64)
        return index, coefficient, offset

    @cached_property
    def frequencies(self) -> tuple[tuple[float, ...], ...]:
        """For each parameter the positive frequencies that an energy has along it.

        All sums of its gates' frequencies times their coefficients, of either sign. Raises
        InputError where there are too many of them.
        """
        differences = [{0.0} for _ in range(self.n_parameters)]
        index, coefficient, _ = self.affine
        for position, i, c in zip(self.parametric, index, coefficient, strict=True):
            steps = [s * f * c for f in self.gates[position].frequencies for s in (1, -1)]
            differences[i] = {round(a + b, 12) for a in differences[i] for b in (0.0, *steps)}
            if len(differences[i]) > _MOST_FREQUENCIES:
                raise InputError(
                    f"parameter {i} turns so many gates that the energy has more than "
                    f"{_MOST_FREQUENCIES:,} frequencies along it; use an optimizer that takes "
                    f"gradients gate by gate"
                )
        return tuple(tuple(sorted(f for f in known if f > 0)) for known in differences)

    def angles(self, x: FloatArray) -> FloatArray:
        """Angles in radians of the parametric gates at x, shape (len(parametric),)."""
        x = self.check_parameters(x)
        index, coefficient, offset = self.affine
        return coefficient * x[index] + offset

    def pull_back(self, gate_gradient: FloatArray) -> FloatArray:
        """Chain rule: ∂E/∂x from ∂E/∂(gate angles), tied parameters summed."""
        index, coefficient, _ = self.affine
        gradient = np.zeros(self.n_parameters)
        np.add.at(gradient, index, coefficient * gate_gradient)
        return gradient

    def check_parameters(self, x: FloatArray) -> FloatArray:
        """Return x as float64 of shape (n_parameters,), or raise."""
        x = np.asarray(x, dtype=np.float64)
        if x.shape != (self.n_parameters,):
            raise InputError(f"x must have shape ({self.n_parameters},), got {x.shape}")
        return x

    def bind(self, x: FloatArray, shifts: tuple[tuple[int, float], ...] = ()) -> Circuit:
        """Return the circuit with every angle a constant.

        `shifts` adds angles in radians: (k, δ) shifts the k-th parametric gate by δ.
        """
        angles = self.angles(x).copy()
        for k, delta in shifts:
            angles[k] += delta
        gates = list(self.gates)
        for position, value in zip(self.parametric, angles, strict=True):
            gates[position] = replace(gates[position], angle=Angle(offset=float(value)))
        return Circuit(self.n_qubits, tuple(gates), 0)

    def inverse(self) -> Circuit:
        """Return U† for this circuit's U, with the same parameters."""
        gates = []
        for gate in reversed(self.gates):
            if gate.angle is not None:
                a = gate.angle
                gates.append(replace(gate, angle=Angle(a.index, -a.coefficient, -a.offset)))
            else:
                gates.append(replace(gate, name=_INVERSE.get(gate.name, gate.name)))
        return Circuit(self.n_qubits, tuple(gates), self.n_parameters)

    def then(self, other: Circuit) -> Circuit:
        """Return this circuit followed by `other` on the same qubits and parameters."""
        if other.n_qubits != self.n_qubits:
            raise InputError(f"cannot join circuits on {self.n_qubits} and {other.n_qubits} qubits")
        return Circuit(
            self.n_qubits,
            self.gates + other.gates,
            max(self.n_parameters, other.n_parameters),
        )
