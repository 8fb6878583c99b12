"""Gates that go one by one over a large state, against dense algebra and in pieces."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.linalg import expm

from qvopt.backends.sector.compilation import compile_circuit
from qvopt.backends.sector.factored import (
    COLUMNS,
    added,
    apply_gate,
    apply_gates,
    unapply_gate,
    unapply_gates,
)
from qvopt.backends.sector.large import GateEngine
from qvopt.backends.sector.workers import Workers
from qvopt_circuits.circuit import Circuit
from qvopt_circuits.gates import Angle, Gate
from qvopt_circuits.uccsd import UCCSD
from qvopt_molecules.hamiltonian import MolecularHamiltonian

NORB, ELECTRONS = 6, (3, 2)
GATES = [
    Gate("double-excitation", (0, 6, 4, 9), Angle(0, 1.0)),
    Gate("single-excitation", (2, 5), Angle(1, 1.0)),
    Gate("single-excitation", (7, 10), Angle(2, 1.0)),
    Gate("double-excitation", (0, 1, 3, 5), Angle(3, 1.0)),
    Gate("double-excitation", (2, 7, 3, 11), Angle(4, 1.0)),
]


@pytest.fixture
def tables():
    x = [Gate("x", (p,)) for p in (0, 1, 2, 6, 7)]
    return compile_circuit(Circuit(2 * NORB, (*x, *GATES), len(GATES)), NORB, *ELECTRONS)


@pytest.fixture
def strings(tables):
    return tables.left.astype(np.uint32), tables.right.astype(np.uint32), tables.sign


def generator(gate, tables):
    """T - T† over (alpha string, beta string), dense."""
    kind, a0, a1, b0, b1 = gate
    sides = []
    for first, last, size in ((a0, a1, tables.shape[0]), (b0, b1, tables.shape[1])):
        t = np.zeros((size, size))
        pairs = slice(first, last)
        t[tables.right[pairs], tables.left[pairs]] = tables.sign[pairs]
        sides.append(t)
    if kind == COLUMNS:
        sides[0] = np.eye(tables.shape[0])
    elif kind == 0:
        sides[1] = np.eye(tables.shape[1])
    t = np.kron(*sides)
    return t - t.T


@pytest.mark.parametrize("k", range(len(GATES)))
@pytest.mark.parametrize("planes", [1, 2])
def test_a_gate_is_its_exponential(k, planes, tables, strings):
    gate, angle = tables.gates[k].astype(np.int64), 0.7
    size = tables.shape[0] * tables.shape[1]
    z = np.random.default_rng(k).normal(size=planes * size)
    expected = z.reshape(planes, size) @ expm(angle / 2 * generator(gate.tolist(), tables)).T
    c, d = np.cos(angle / 2), np.sin(angle / 2)
    units = tables.shape[0] if gate[0] == COLUMNS else int(gate[2] - gate[1])
    ends = np.minimum([0, 1, 6, units], units)  # of any number of units
    for first, last in pairwise(ends):
        apply_gate(z, planes, tables.shape, gate, *strings, c, d, first, last)
    np.testing.assert_allclose(z.reshape(planes, size), expected, atol=1e-13)


@pytest.mark.parametrize("k", range(len(GATES)))
@pytest.mark.parametrize("planes", [2, 4])
def test_undoing_a_gate_gives_its_derivative_whatever_the_pieces(k, planes, tables, strings):
    gate, angle = tables.gates[k].astype(np.int64), -1.1
    size = tables.shape[0] * tables.shape[1]
    z = np.random.default_rng(k).normal(size=planes * size)
    psi, image = z.reshape(2, planes // 2, size)
    dense = generator(gate.tolist(), tables)
    slope = float(np.sum(image * (psi @ dense.T)))
    expected = z.reshape(planes, size) @ expm(-angle / 2 * dense).T
    c, d = np.cos(angle / 2), np.sin(angle / 2)
    units = tables.shape[0] if gate[0] == COLUMNS else int(gate[2] - gate[1])
    results = []
    for ends in ([0, units], [0, 1, 4, units], [0, 3, 5, units]):
        state, parts = z.copy(), np.full(units, np.nan)
        for first, last in pairwise(np.minimum(ends, units)):
            unapply_gate(state, planes, tables.shape, gate, *strings, c, d, parts, first, last)
        results.append((state.tobytes(), parts.tobytes()))
    assert len(set(results)) == 1
    np.testing.assert_allclose(state.reshape(planes, size), expected, atol=1e-13)
    assert added(parts) == pytest.approx(slope, abs=1e-12)


def test_one_call_does_what_a_call_for_each_gate_does(tables, strings):
    gates = tables.gates.astype(np.int64)
    angles = np.linspace(0.2, 1.0, len(gates))
    turns = np.stack([np.cos(angles / 2), np.sin(angles / 2)], axis=1)
    size = tables.shape[0] * tables.shape[1]
    z = np.random.default_rng(0).normal(size=2 * size)
    engine = GateEngine(tables, Workers(1), planes=1)
    together, singly = z.copy(), z.copy()
    apply_gates(together, 2, tables.shape, gates, turns, *strings, 0, len(gates))
    for k, angle in enumerate(angles):
        engine.apply_one(k, angle, singly, 2)
    assert together.tobytes() == singly.tobytes()
    slopes, expected = np.zeros(len(gates)), np.zeros(len(gates))
    unapply_gates(together, 2, tables.shape, gates, turns, *strings, slopes, 0, len(gates))
    np.testing.assert_allclose(together, z, atol=1e-13)
    for k in range(len(gates) - 1, -1, -1):
        psi, image = singly.reshape(2, size)
        expected[k] = image @ (generator(gates[k].tolist(), tables) @ psi)
        engine.apply_one(k, -angles[k], singly, 2)
    np.testing.assert_allclose(slopes, expected, atol=1e-12)


def test_the_order_by_occupied_orbitals_costs_a_gate_about_what_its_own_order_does():
    """Of work that is forecast without a clock; the earlier order takes 1.4 times as much."""
    nothing = np.zeros((10, 10)), np.zeros((10, 10, 10, 10))
    h = MolecularHamiltonian(0.0, *nothing, 5, 5)  # the circuit asks for its size alone
    each = {}
    for name, options in {
        "own": {},
        "occupied": {"spin_adapted": True},
        "canonical": {"spin_adapted": True, "order": "canonical"},
    }.items():
        tables = compile_circuit(UCCSD(**options).circuit(h), 10, 5, 5)
        each[name] = GateEngine(tables, Workers(1)).work / len(tables.gates)
    assert each["occupied"] < 1.25 * each["own"]
    assert each["canonical"] > 1.3 * each["occupied"]
