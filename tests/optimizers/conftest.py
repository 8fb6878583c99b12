"""A function that answers queries, and the loop that drives an optimizer on it."""

import numpy as np
import pytest

from qvopt.optimizers.protocol import (
    Describe,
    Energy,
    Fidelity,
    Gradient,
    Iterate,
    Landscape,
    Matrix,
    Metric,
    Scalar,
    Vector,
)


class _Function:
    """Answers queries on a function, with noise of a known variance if asked."""

    def __init__(self, f, df, noise=0.0, seed=0):
        self.f, self.df, self.noise = f, df, noise
        self.rng = np.random.default_rng(seed)
        self.asked = []

    @property
    def energies(self):
        return sum(isinstance(q, Energy) for q in self.asked)

    def __call__(self, query):
        self.asked.append(query)
        if isinstance(query, Energy):
            return Scalar(self.f(query.x) + self.noise * self.rng.normal(), self.noise**2)
        n = len(query.x)
        if isinstance(query, Gradient):
            noise = self.noise * self.rng.normal(size=n)
            return Vector(self.df(query.x) + noise, np.full(n, self.noise**2))
        if isinstance(query, Fidelity):
            return Scalar(float(np.exp(-0.25 * np.sum((query.x - query.y) ** 2))))
        assert isinstance(query, Metric)
        return Matrix(0.25 * np.eye(n), np.zeros((n, n)))


def _drive(optimizer, x, answer, steps=500, seed=0, landscape=None):
    run, message, taken, rounds = optimizer(x, np.random.default_rng(seed)), None, 0, []
    try:
        while taken < steps:
            request = run.send(message)
            if isinstance(request, Describe):
                message = landscape or Landscape(len(x))
            elif isinstance(request, Iterate):
                message, x, taken = None, request.x, taken + (not request.partial)
            else:
                message = [answer(q) for q in request]
                rounds.append((request, message))
    except StopIteration as end:
        x = end.value
    finally:
        run.close()
    return x, taken, rounds


@pytest.fixture(name="Function")
def function_fixture():
    return _Function


@pytest.fixture
def drive():
    return _drive
