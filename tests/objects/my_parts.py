"""An optimizer, a factory and an ansatz of a user's, importable by name."""

import numpy as np

from qvopt.optimizers.protocol import Gradient, Iterate
from qvopt_circuits.catalogue import get_ansatz


def plain_descent(x, rng):
    """A generator function is an optimizer."""
    while True:
        (gradient,) = yield [Gradient(x)]
        if np.linalg.norm(gradient.value) < 1e-6 and not gradient.variance.any():
            return x
        x = x - 0.4 * gradient.value
        yield Iterate(x)


def descent_with(*, rate: float = 0.1):
    """A factory makes one from its hyper-parameters."""

    def start(x, rng):
        while True:
            (gradient,) = yield [Gradient(x)]
            x = x - rate * gradient.value
            yield Iterate(x)

    return start


class Mine:
    """Any object with circuit and start."""

    def circuit(self, hamiltonian):
        return get_ansatz("uccsd").circuit(hamiltonian)

    def start(self, hamiltonian, rng):
        return np.zeros(self.circuit(hamiltonian).n_parameters)
