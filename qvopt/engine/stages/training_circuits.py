"""Training circuits: those of a run, with every angle snapped to where the energy is known.

A Pauli rotation by a multiple of π/2 is a Clifford gate, an excitation by a multiple of π permutes
determinants. With all angles there the energy is known classically: of a determinant as a sum over
strings of Z, of other stabiliser states from a simulation without noise.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from math import pi
from typing import Final

import numpy as np

from qvopt.backends.batch import Point
from qvopt.backends.catalogue import get_backend
from qvopt.backends.protocol import Problem, Program
from qvopt_circuits.basis_states import prepared_basis_state
from qvopt_circuits.circuit import Circuit
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError
from qvopt_molecules.spins import product_energy

_TURNED: Final = 64
"""Parameters that are turned on, spread over the circuit: enough for a handful of circuits."""

_SAME: Final = 1e-6
"""Relative difference below which energies are one."""


@dataclass(frozen=True, eq=False)
class TrainingCircuit:
    """A circuit of known energy.

    Attributes:
        x: its parameters.
        energy: exact, in the observable's unit.
    """

    x: FloatArray
    energy: float


def training_circuits(problem: Problem, x: FloatArray, n_circuits: int) -> list[TrainingCircuit]:
    """Return the circuit with the angles of x snapped, and others one or two steps away from it.

    Those come whose energies are farthest from the first one's: a slope shows best there. Circuits
    of one energy, such as spin partners, come all or not at all, where there are two others.

    Args:
        problem: whose circuit and observable.
        x: parameters.
        n_circuits: how many at most, two or more.

    Raises InputError where the energy depends on no angle that can be turned on.
    """
    grid = _grid(problem.circuit)
    return list(_chosen(problem, tuple(_snapped(grid, x).tolist()), n_circuits))


@dataclass(frozen=True, eq=False)
class _Grid:
    """Values of each parameter at which its gates are Clifford: origin + k step."""

    origin: FloatArray
    step: FloatArray


def _grid(circuit: Circuit) -> _Grid:
    index, coefficient, offset = circuit.affine
    origin, step = np.zeros(circuit.n_parameters), np.full(circuit.n_parameters, np.inf)
    slowest = np.full(circuit.n_parameters, np.inf)
    gates = zip(circuit.parametric, index.tolist(), coefficient, offset, strict=True)
    for position, i, c, o in gates:
        frequency = abs(c) * min(circuit.gates[position].frequencies)
        if 0.0 < frequency < slowest[i]:
            slowest[i], origin[i], step[i] = frequency, -o / c, pi / 2 / frequency
    return _Grid(origin, step)


def _snapped(grid: _Grid, x: FloatArray) -> FloatArray:
    turned = np.isfinite(grid.step)
    step = np.where(turned, grid.step, 1.0)
    return np.where(turned, grid.origin + np.round((x - grid.origin) / step) * step, x)


@lru_cache(maxsize=64)
def _chosen(problem: Problem, base: tuple[float, ...], n: int) -> tuple[TrainingCircuit, ...]:
    first = TrainingCircuit(np.array(base), exact_energy(problem, np.array(base)))
    others: list[TrainingCircuit] = []
    for turned in _turned_on(_grid(problem.circuit), np.array(base), n):
        energy = exact_energy(problem, turned)
        if abs(energy - first.energy) > _SAME * max(1.0, abs(first.energy)):
            others.append(TrainingCircuit(turned, energy))
    if not others:
        raise InputError(
            "Clifford data regression turns single angles by a right angle or two, and the energy "
            "of this circuit depends on none of them; leave mitigation.cdr out"
        )
    others.sort(key=lambda circuit: round(-abs(circuit.energy - first.energy), 9))
    taken = others[: n - 1]
    if len(others) >= n and _alike(others[n - 1], others[n - 2]):
        whole = [circuit for circuit in taken if not _alike(circuit, others[n - 1])]
        taken = whole if len(whole) > 1 else taken  # one alone shows no scatter about a line
    return (first, *taken)


def _alike(a: TrainingCircuit, b: TrainingCircuit) -> bool:
    return abs(a.energy - b.energy) <= _SAME * max(1.0, abs(a.energy))


def _turned_on(grid: _Grid, base: FloatArray, n: int) -> Iterator[FloatArray]:
    """Points with one parameter a step on, and with two where there are few parameters."""
    able = np.flatnonzero(np.isfinite(grid.step))
    spread = able[np.unique(np.linspace(0, len(able) - 1, min(len(able), _TURNED)).astype(int))]
    sets: list[tuple[int, ...]] = [(int(i),) for i in spread]
    if len(sets) < n:
        sets += list(itertools.combinations(spread.tolist(), 2))
    for members in sets:
        x = base.copy()
        x[list(members)] += grid.step[list(members)]
        yield x


def exact_energy(problem: Problem, x: FloatArray, setting: str = "mitigation.cdr") -> float:
    """Return the noiseless energy at x: of a determinant for any size, else simulated.

    Raises InputError, which names the setting that asks for it, where no simulator here can.
    """
    outcome = prepared_basis_state(problem.circuit, x)
    if outcome is not None:
        return product_energy(problem.observable, outcome)
    simulated = _simulated(replace(problem, plan=None))
    if simulated is None:
        raise InputError(
            f"no simulator here gives the exact energies of the circuits that correct the others; "
            f"leave {setting} out"
        )
    return float(simulated.energies([Point(x)])[0])


@lru_cache(maxsize=4)
def _simulated(problem: Problem) -> Program | None:
    for name in ("sector", "lightning"):
        try:
            return get_backend(name).compile(problem)
        except InputError:
            continue
    return None
