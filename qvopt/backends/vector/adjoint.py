"""The gradient of a state that is already there, by whichever simulator."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from qvopt_circuits.circuit import Circuit
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.pauli import PauliSum

from .observable import Observable, inner
from .operations import CompiledCircuit
from .sampling import planes_of
from .sweeps import adjoint_slopes


class AdjointSweep:
    """Energy and gradient from the state at x: it and Hψ are taken back through the circuit.

    Reference: T. Jones, J. Gacon, arXiv:2009.02823.
    """

    def __init__(self, circuit: Circuit, observable: PauliSum) -> None:
        self._compiled = CompiledCircuit.of(circuit)
        self._observable = Observable(observable, self._compiled.n_qubits)

    def energy(self, amplitudes: npt.NDArray[np.complex128]) -> float:
        """Return ⟨ψ|H|ψ⟩ of normalised amplitudes."""
        re, im = planes_of(amplitudes)
        image = np.empty_like(re), np.empty_like(im)
        self._observable.apply(re, im, *image)
        return float(inner(re, image[0]) + inner(im, image[1]))

    def gradient(
        self, amplitudes: npt.NDArray[np.complex128], x: FloatArray
    ) -> tuple[float, FloatArray]:
        """Return the energy and its gradient with respect to x, ψ(x) being `amplitudes`.

        A global phase of the state does not matter.
        """
        re, im = planes_of(amplitudes)
        image = np.empty_like(re), np.empty_like(im)
        return back(self._compiled, self._observable, (re, im), image, self._compiled.turns(x))


def back(
    compiled: CompiledCircuit,
    observable: Observable,
    state: tuple[FloatArray, FloatArray],
    image: tuple[FloatArray, FloatArray],
    turns: FloatArray,
) -> tuple[float, FloatArray]:
    """Energy and gradient by parameters; `state` and `image`, a buffer, are overwritten."""
    observable.apply(*state, *image)
    energy = inner(state[0], image[0]) + inner(state[1], image[1])
    operations = compiled.operations
    slopes = np.zeros(len(compiled.parametric))
    adjoint_slopes(
        operations.kinds, operations.masks, operations.lanes, turns, operations.mirrors,
        compiled.parametric, *state, *image, slopes,
    )  # fmt: skip
    slopes *= operations.rates[compiled.parametric]
    return energy, compiled.circuit.pull_back(slopes)
