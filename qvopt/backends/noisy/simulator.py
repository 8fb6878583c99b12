"""Noisy circuits of few qubits: the exact distribution of outcomes, and draws from it.

States are density matrices in the Pauli basis, r_j = Tr(P_j ρ): 4^n real numbers, on which every
noisy gate is a real matrix. Gates of one qubit are multiplied up and go into the next gate of two.
What the circuits of all measurement groups begin with is simulated once for a setting. Shots are
then drawn at once from the distribution of each group, which is what running them one by one gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from qvopt_molecules.arrays import FloatArray, IntArray

from .channels import Channels
from .steps import NoisyCircuit, Step, read_circuit, split_common

MAX_QUBITS: Final = 8
"""Qubits up to which a density matrix is faster than Aer's simulation of every group."""

_DECIMALS: Final = 13
_BLOCK: Final = 1 << 21  # numbers of the states that are carried at once
_READ: Final = np.array([[0.5, 0.0, 0.0, 0.5], [0.5, 0.0, 0.0, -0.5]])
"""From the components of I and Z to the probabilities of 0 and 1."""


class NoisySimulator:
    """The circuits of a problem's groups under a noise model.

    Args:
        circuits: lowered, every bit measured, with the same parameters.
        channels: the noise.
        n_parameters: length of the circuits' vector of parameters.

    Raises UnreadError for circuits that it does not cover.
    """

    def __init__(self, circuits: Sequence[Any], channels: Channels, n_parameters: int) -> None:
        self._circuits = [read_circuit(c, channels, n_parameters) for c in circuits]
        self._common, self._rest = split_common(self._circuits)
        used = {q for c in self._circuits for s in c.steps for q in s.qubits}
        used.update(q for c in self._circuits for q in c.read_on)
        self.qubits = sorted(used)

    def distributions(self, parameters: FloatArray, groups: Sequence[int]) -> list[FloatArray]:
        """Return the distributions over outcomes, shape (settings, outcomes), of each group.

        Bit k of an outcome is the k-th bit of the circuits; `parameters` has a row a setting.
        """
        block = max(1, _BLOCK // 4 ** len(self.qubits))
        parts: list[list[FloatArray]] = [[] for _ in groups]
        for start in range(0, len(parameters), block):
            rows = parameters[start : start + block]
            begun = _State(self.qubits).after(self._common, rows)
            for part, group in zip(parts, groups, strict=True):
                ended = begun.after(self._rest[group], rows)
                part.append(ended.read(self._circuits[group], len(rows)))
        return [np.concatenate(part) for part in parts]

    def counts(
        self,
        parameters: FloatArray,
        shots: IntArray,
        seed: np.random.SeedSequence,
        scale: float = 1.0,
    ) -> list[list[dict[int, int]]]:
        """Draw counts of each setting and group, `shots[i, g]` of them.

        Every group has a stream of its own, named by `scale` too, in which settings follow each
        other.
        """
        groups = np.flatnonzero(shots.any(axis=0)).tolist()
        out: list[list[dict[int, int]]] = [[{} for _ in range(shots.shape[1])] for _ in shots]
        distributions = self.distributions(parameters, groups)
        for group, distribution in zip(groups, distributions, strict=True):
            key = (*seed.spawn_key, group, round(1e6 * scale))
            rng = np.random.default_rng(np.random.SeedSequence(seed.entropy, spawn_key=key))
            for k, n in enumerate(shots[:, group].tolist()):
                out[k][group] = _drawn(distribution[k], n, rng)
        return out


class _State:
    """States of all settings; gates of one qubit that are still to be applied are kept apart."""

    def __init__(self, qubits: Sequence[int]) -> None:
        self._axes = list(qubits)
        zero = np.array([1.0, 0.0, 0.0, 1.0])
        self._r: FloatArray = np.ones((1, *[1] * len(qubits)))
        for k in range(len(qubits)):
            self._r = self._r * zero.reshape(*[1] * (1 + k), 4, *[1] * (len(qubits) - 1 - k))
        self._pending: dict[int, FloatArray] = {}

    def after(self, steps: Sequence[Step], parameters: FloatArray) -> _State:
        """Return the states after further steps."""
        out = _State.__new__(_State)
        out._axes, out._r, out._pending = list(self._axes), self._r, dict(self._pending)
        for step in steps:
            matrices = step.matrices(parameters)
            if len(step.qubits) == 1:
                (q,) = step.qubits
                before = out._pending.get(q)
                out._pending[q] = matrices if before is None else matrices @ before
            else:
                out._apply(step.qubits, matrices)
        return out

    def _apply(self, qubits: tuple[int, ...], matrices: FloatArray) -> None:
        a, b = qubits
        if a in self._pending or b in self._pending:
            one = np.eye(4)[None]
            first, second = self._pending.pop(a, one), self._pending.pop(b, one)
            # Index of two qubits: 4 p_b + p_a.
            both = second[:, :, None, :, None] * first[:, None, :, None, :]
            matrices = matrices @ both.reshape(-1, 16, 16)
        others = [q for q in self._axes if q not in qubits]
        order = [0] + [1 + self._axes.index(q) for q in (b, a, *others)]
        r = self._r.transpose(order).reshape(len(self._r), 16, -1)
        r = np.matmul(matrices, r)
        self._axes = [b, a, *others]
        self._r = r.reshape(len(r), *[4] * len(self._axes))

    def read(self, circuit: NoisyCircuit, n_settings: int) -> FloatArray:
        """Return the distributions of the bits, bit 0 the fastest."""
        bits = {qubit: k for k, qubit in enumerate(circuit.read_on)}
        r, axes = self._r, list(self._axes)
        # Each qubit goes from the front to the back, so that the order ends as it began.
        for qubit in axes:
            if qubit in bits:
                matrix = (circuit.confusions[bits[qubit]] @ _READ)[None]
                if qubit in self._pending:
                    matrix = matrix @ self._pending[qubit]
            else:
                matrix = np.array([[[1.0, 0.0, 0.0, 0.0]]])  # traced out
            r = r.reshape(len(r), 4, -1)
            r = np.matmul(matrix, r).swapaxes(1, 2)
        r = r.reshape(len(r), *[2 if q in bits else 1 for q in axes])
        order = sorted(range(len(axes)), key=lambda k: -bits.get(axes[k], -1))
        p = r.transpose([0] + [1 + k for k in order]).reshape(len(r), -1)
        # Rounded, so that draws do not hang on the last bits of sums.
        p = np.round(np.maximum(p, 0.0), _DECIMALS)
        p = p / p.sum(axis=1, keepdims=True)
        return np.ascontiguousarray(np.broadcast_to(p, (n_settings, p.shape[1])))


def _drawn(distribution: FloatArray, shots: int, rng: np.random.Generator) -> dict[int, int]:
    """Draw shots at once: counts by outcome, of those that came."""
    counts: IntArray = rng.multinomial(shots, distribution)
    seen = np.flatnonzero(counts)
    return dict(zip(seen.tolist(), counts[seen].tolist(), strict=True))
