"""Exact values of one program, the last ones kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qvopt.backends.batch import Point
from qvopt.backends.protocol import MetricKind, Program
from qvopt_molecules.arrays import FloatArray, same
from qvopt_molecules.errors import InputError


class ExactValues:
    """Noiseless energies, gradients, metrics and fidelities.

    The energy at a point never comes from its gradient: the last bits may differ, and a resumed run
    has not seen the gradients of replayed rounds.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self._energy: tuple[FloatArray, float] | None = None
        self._gradient: tuple[FloatArray, float, FloatArray] | None = None

    def energy(self, x: FloatArray) -> float:
        """The energy at x in Hartree."""
        if self._energy is None or not same(self._energy[0], x):
            self._energy = (x.copy(), float(self._program.energies([Point(x)])[0]))
        return self._energy[1]

    def gradient(self, x: FloatArray) -> tuple[float, FloatArray]:
        """The energy and its gradient at x."""
        if self._gradient is None or not same(self._gradient[0], x):
            energy, gradient = self._program.gradient(x)
            self._gradient = (x.copy(), float(energy), gradient)
        return self._gradient[1], self._gradient[2]

    def metric(self, x: FloatArray, kind: MetricKind) -> FloatArray:
        """The Fubini-Study metric at x. Raises InputError where the backend has no state."""
        if not self._program.exact:
            raise InputError(
                "this backend has no exact metric; leave metric_shots out, or give a positive "
                "number"
            )
        return self._program.metric(x, kind)

    def fidelities(self, points: Sequence[Point], others: Sequence[FloatArray]) -> FloatArray:
        """|⟨ψ(y)|ψ(x)⟩|² of each point x with each other y, shape (points, others)."""
        if not len(points) or not len(others):
            return np.zeros((len(points), len(others)))
        pairs = [(point, Point(y)) for point in points for y in others]
        return self._program.fidelities(pairs).reshape(len(points), len(others))
