r"""The quantum approximate optimization algorithm, for diagonal costs.

    |ψ(γ, β)⟩ = Π_{l=1…p} exp(-i β_l B) exp(-i γ_l H) |s⟩,    parameters (γ_1, β_1, γ_2, β_2, …),

with B = Σ_q X_q and |s⟩ = |+…+⟩ ("x"), or B = ½ Σ_(q, q+1) (XX + YY) around a ring, a factor for
each pair in turn, and |s⟩ = |1…10…0⟩ of a fixed number of ones, which B keeps ("xy"). H is
minimised, so that good angles have γ > 0 and β < 0. Sources: E. Farhi, J. Goldstone, S. Gutmann,
arXiv:1411.4028; XY mixers, S. Hadfield et al., arXiv:1709.03489; fixed angles, J. Wurtz and
D. Lykov, arXiv:2107.00677.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.pauli import PauliSum
from qvopt_molecules.spins import SpinHamiltonian

from .ansatz import Preparation
from .circuit import Circuit
from .fixed_angles import fixed_angles
from .gates import Angle, Gate
from .options import check_count, check_spread, draw


@dataclass(frozen=True)
class QAOA:
    """Evolutions under the cost and a mixer in turn, two parameters a layer.

    Attributes:
        layers: p.
        mixer: "x", over all bit strings; "xy", over those with `weight` ones.
        weight: number of ones that "xy" keeps.
        initial: "linear-ramp" from the mixer to the cost; "fixed-angles" of unweighted regular
            graphs (one layer; up to five for degrees 2 to 8).
        ramp: the largest angle of the ramp, for a cost whose couplings are about ½.
        spread: a normal distribution of this standard deviation is added to the start.
    """

    layers: int = 1
    mixer: Literal["x", "xy"] = "x"
    weight: int | None = None
    initial: Literal["linear-ramp", "fixed-angles"] = "linear-ramp"
    ramp: float = 0.75
    spread: float = 0.0

    def __post_init__(self) -> None:
        check_count("layers", self.layers)
        check_spread(self.spread)
        if not math.isfinite(self.ramp):
            raise InputError(f"ramp must be finite, got {self.ramp}")
        if (self.mixer == "xy") != (self.weight is not None):
            raise InputError(
                "the xy mixer keeps a number of ones: give weight with it, and with it alone"
            )

    @property
    def name(self) -> str:
        """The name users give."""
        return "qaoa"

    def circuit(self, hamiltonian: MolecularHamiltonian) -> Circuit:
        """Raises InputError: a molecule's Hamiltonian is not diagonal."""
        raise _not_diagonal(hamiltonian.label)

    def start(self, hamiltonian: MolecularHamiltonian, rng: np.random.Generator) -> FloatArray:
        """Raises InputError: a molecule's Hamiltonian is not diagonal."""
        raise _not_diagonal(hamiltonian.label)

    def over_spins(self, hamiltonian: SpinHamiltonian) -> Preparation:
        """Return the circuit over a diagonal cost, and how its start is drawn."""
        cost = hamiltonian.observable.without_identity()
        if cost.x.any():
            raise _not_diagonal(hamiltonian.label)
        if not len(cost):
            raise InputError("the cost is a constant, and any bit string is its minimum")
        n = hamiltonian.n_qubits
        gates = self._initial_state(n)
        strings = []
        for text, c in cost:
            qubits = tuple(q for q, letter in enumerate(text) if letter != "I")
            strings.append((qubits, "Z" * len(qubits), c))
        for layer in range(self.layers):
            gates += [
                Gate("pauli-rotation", qubits, Angle(2 * layer, 2 * c), letters)
                for qubits, letters, c in strings
            ]
            gates += self._mixed(n, 2 * layer + 1)
        circuit = Circuit(n, tuple(gates), 2 * self.layers)
        angles = self._angles(cost)
        return Preparation(circuit, lambda rng: angles + draw(angles.size, self.spread, rng))

    def _initial_state(self, n: int) -> list[Gate]:
        if self.weight is None:
            return [Gate("h", (q,)) for q in range(n)]
        if not 0 < self.weight < n:
            raise InputError(f"weight must be from 1 to {n - 1} of {n} qubits, got {self.weight}")
        return [Gate("x", (q,)) for q in range(self.weight)]

    def _mixed(self, n: int, index: int) -> list[Gate]:
        if self.weight is None:
            return [Gate("rx", (q,), Angle(index, 2.0)) for q in range(n)]
        pairs = [(q, q + 1) for q in range(n - 1)] + ([(n - 1, 0)] if n > 2 else [])
        return [
            Gate("pauli-rotation", pair, Angle(index, 1.0), letters)
            for pair in pairs
            for letters in ("XX", "YY")
        ]

    def _angles(self, cost: PauliSum) -> FloatArray:
        if self.initial == "fixed-angles":
            gammas, betas = fixed_angles(cost, self.layers)
        else:
            share = (np.arange(self.layers) + 0.5) / self.layers
            scale = 2.0 * float(np.sqrt(np.mean(cost.coefficients**2)))
            gammas, betas = self.ramp * share / scale, self.ramp * (1 - share)
        return np.stack([gammas, -betas], axis=1).reshape(-1)


def next_layer(x: FloatArray) -> FloatArray:
    """Return the start of p + 1 layers from the angles of p layers, interpolated.

    The scheme "INTERP" of L. Zhou et al., arXiv:1812.01041.
    """
    angles = np.asarray(x, dtype=np.float64).reshape(-1, 2)
    p = len(angles)
    padded = np.vstack([np.zeros(2), angles, np.zeros(2)])
    k = np.arange(p + 1)[:, None]
    return np.asarray((k * padded[:-1] + (p - k) * padded[1:]) / p).reshape(-1)


def _not_diagonal(name: str) -> InputError:
    return InputError(
        f"ansatz qaoa evolves under a diagonal cost, and {name or 'this problem'} has other "
        f"strings than Z; use hva or real-amplitudes"
    )
