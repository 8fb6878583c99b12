"""The sector engine gives the same bytes wherever its arrays lie and whatever path is taken."""

import numpy as np
import pytest

from qvopt.backends.batch import Point
from qvopt.backends.protocol import Problem
from qvopt.backends.sector import SectorBackend
from qvopt.backends.sector.hamiltonian_matrix import sparse_hamiltonian
from qvopt.backends.sector.sparse import multiply
from qvopt.measurement.basis_rotation import basis_rotation_plan
from qvopt_circuits.circuit import Circuit
from qvopt_circuits.uccsd import UCCSD
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.integrals import build_hamiltonian


def placed(size, gap, room):
    """Two arrays of `size` numbers, `gap` numbers apart, either one first."""
    first, second = room[:size], room[size + gap : 2 * size + gap]
    return (first, second), (second, first)


@pytest.mark.parametrize("name", ["h2", "h3+", "lih"])
def test_products_do_not_depend_on_where_vectors_lie(name):
    h = build_hamiltonian(find_molecule(name))
    matrix = sparse_hamiltonian(h)
    n = matrix.dimension
    x = np.random.default_rng(1).normal(size=n)
    seen = set()
    room = np.empty(2 * n + 130)
    for offset in range(8):
        for gap in range(64):
            for source, target in placed(n, gap, room[offset:]):
                source[:] = x
                e = multiply(matrix.starts, matrix.columns, matrix.values, source, target)
                seen.add((e, target.tobytes()))
    assert len(seen) == 1


@pytest.mark.parametrize("name", ["h2", "h4-chain", "lih"])
def test_an_energy_is_the_same_from_every_method(name):
    h = build_hamiltonian(find_molecule(name))
    circuit = UCCSD().circuit(h)
    program = SectorBackend().compile(Problem(circuit, None, h))
    rng = np.random.default_rng(3)
    kept = []  # so that fresh arrays land elsewhere each time
    for _ in range(40):
        x = rng.normal(size=circuit.n_parameters)
        kept.append(np.empty(int(rng.integers(1, 200))))
        energy, gradient = program.gradient(x)
        again = SectorBackend().compile(Problem(circuit, None, h))
        for other in (program, again):
            assert other.energies([Point(x.copy())])[0] == energy
        assert np.array_equal(again.gradient(x.copy())[1], gradient)


def test_fidelities_metric_and_samples_repeat_in_another_program():
    h = build_hamiltonian(find_molecule("h2"))
    circuit = UCCSD().circuit(h)
    plan = basis_rotation_plan(h)
    problem = Problem(circuit, None, h, plan)
    x, y = np.random.default_rng(0).normal(size=(2, circuit.n_parameters))
    shots = np.full((1, len(plan.groups)), 50)
    seen = set()
    kept = []
    for k in range(60):
        kept.append(np.empty(k))
        program = SectorBackend().compile(problem)
        moments = program.sample([Point(x)], shots, np.random.SeedSequence(5))
        values = [(m.mean, m.m2) for m in moments[0]]
        pair = program.fidelities([(Point(x), Point(y))])
        seen.add((pair.tobytes(), program.metric(x).tobytes(), repr(values)))
    assert len(seen) == 1


def test_a_circuit_that_grew_is_compiled_to_the_same_bytes():
    h = build_hamiltonian(find_molecule("h4-chain"))
    full = UCCSD().circuit(h)
    backend = SectorBackend()
    rng = np.random.default_rng(4)
    for n in (12, 9, 15, len(full.gates)):  # grown, cut, and grown again
        circuit = Circuit(full.n_qubits, full.gates[:n], full.n_parameters)
        problem = Problem(circuit, None, h)
        grown, fresh = backend.compile(problem), SectorBackend().compile(problem)
        for name in ("first", "left", "right"):
            one, other = getattr(grown._pairs, name), getattr(fresh._pairs, name)
            assert one.dtype == other.dtype
            assert one.tobytes() == other.tobytes()
        for name in ("gates", "left", "right", "sign", "offsets", "parametric"):
            one, other = getattr(grown.tables, name), getattr(fresh.tables, name)
            assert one.tobytes() == other.tobytes(), name
        x = rng.normal(size=circuit.n_parameters)
        assert grown.gradient(x)[1].tobytes() == fresh.gradient(x)[1].tobytes()
