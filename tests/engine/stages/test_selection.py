"""Selection and correction by generating functions, against sums over every outcome."""

import itertools

import numpy as np
import pytest

from qvopt import make_experiment
from qvopt.engine.assembly import assemble
from qvopt.measurement.basis_change import basis_change_circuit
from qvopt.measurement.plan import Diagonal, MeasurementGroup, PauliBasis
from qvopt.measurement.readout import Calibration, corrected_moments, inverse, m3_matrix
from qvopt.measurement.selection import Selection, kept_weight, selected, selection_of
from qvopt_circuits.matrices import circuit_unitary


def brute(diagonal, selection, factors):
    n = len(factors)
    total, weight = 0.0, 0.0
    for bits in itertools.product((0, 1), repeat=n):
        outcome = np.array([sum(b << q for q, b in enumerate(bits))], dtype=np.uint64)
        if selection.keeps(outcome)[0]:
            product = np.prod([factors[q, b] for q, b in enumerate(bits)], axis=0)
            total = total + diagonal.values(outcome)[0] * product
            weight = weight + product
    return total, weight


@pytest.mark.parametrize(
    "selection",
    [
        Selection(),
        Selection((3, 2, 1)),
        Selection(None, ((0b000111, -1),)),
        Selection(None, ((0b010101, -1), (0b111111, 1))),
    ],
)
def test_sums_over_kept_outcomes(selection):
    rng = np.random.default_rng(1)
    diagonal = Diagonal(rng.choice(64, 12, replace=False).astype(np.uint64), rng.normal(size=12))
    factors = rng.normal(size=(6, 2, 5))
    total, weight = brute(diagonal, selection, factors)
    assert selected(diagonal, selection, factors) == pytest.approx(total)
    assert kept_weight(selection, factors) == pytest.approx(weight)


@pytest.mark.parametrize("grouping", ["qubit-wise", "fully-commuting", "fluid-basis-rotation"])
def test_what_a_group_shows_of_the_electron_numbers_is_true(grouping):
    """Every outcome that a state of the sector can give is kept, and some others are not."""
    data = {"molecule": "lih", "shots": 10_000, "measurement": {"grouping": grouping}}
    data["molecule"] = {"name": "lih", "active_space": {"electrons": 2, "n_orbitals": 3}}
    a = assemble(make_experiment({**data, "backend": "aer"}))
    (psi,) = a.program.states([a_point(a)])
    sector = (a.hamiltonian.norb, a.hamiltonian.n_alpha, a.hamiltonian.n_beta)
    found = 0
    outcomes = np.arange(len(psi), dtype=np.uint64)
    for group in a.plan.groups:
        selection = selection_of(group, sector)
        change = basis_change_circuit(group, a.plan.n_qubits)
        p = np.abs(circuit_unitary(change, []) @ psi) ** 2
        assert p[~selection.keeps(outcomes)].sum() == pytest.approx(0.0, abs=1e-9)
        found += bool(selection)
    assert found >= (len(a.plan.groups) if "rotation" in grouping else 1)
    if grouping == "fully-commuting":
        assert found > 1


def a_point(a):
    from qvopt.backends.batch import Point

    rng = np.random.default_rng(0)
    return Point(rng.normal(0, 0.3, a.circuit.n_parameters))


def test_correction_is_the_inverse_of_the_whole_matrix():
    rng = np.random.default_rng(2)
    rates = rng.uniform(0.01, 0.1, size=(4, 2))
    matrix = np.ones((1, 1))
    for e0, e1 in rates:  # qubit 0 is the lowest bit
        matrix = np.kron([[1 - e0, e1], [e0, 1 - e1]], matrix)
    counts = {int(b): int(c) for b, c in enumerate(rng.integers(1, 500, size=16))}
    p = np.array(list(counts.values())) / sum(counts.values())
    quasi = np.linalg.solve(matrix, p)
    diagonal = Diagonal(np.array([1, 2, 6, 15], dtype=np.uint64), rng.normal(size=4))
    values = diagonal.values(np.arange(16, dtype=np.uint64))
    calibration = Calibration((7, 5, 3, 9), rates, 10_000)
    for selection in (None, Selection((2, 1, 1))):
        group = MeasurementGroup(PauliBasis("ZZZZ"), diagonal, selection)
        kept = np.ones(16) if selection is None else selection.keeps(np.arange(16, dtype=np.uint64))
        want = values @ (kept * quasi) / (kept @ quasi)
        moments = corrected_moments(group, counts, calibration, (7, 5, 3, 9))
        assert moments.mean == pytest.approx(want)
        assert moments.shots == sum(counts.values())
    assert inverse(rates)[0] @ np.array(
        [[1 - rates[0, 0], rates[0, 1]], [rates[0, 0], 1 - rates[0, 1]]]
    ) == pytest.approx(np.eye(2))


def test_m3_is_mthrees():
    import mthree

    rng = np.random.default_rng(3)
    rates = rng.uniform(0.01, 0.08, size=(3, 2))
    counts = {0b000: 900, 0b011: 700, 0b101: 40, 0b111: 13, 0b001: 5}
    diagonal = Diagonal(np.array([1, 3, 7], dtype=np.uint64), np.array([0.3, -0.7, 0.2]))
    group = MeasurementGroup(PauliBasis("ZZZ"), diagonal)
    ours = corrected_moments(group, counts, Calibration((0, 1, 2), rates, 10_000, "m3"), (0, 1, 2))
    mitigation = mthree.M3Mitigation()
    mitigation.cals_from_matrices([np.array([[1 - a, b], [a, 1 - b]]) for a, b in rates])
    quasi = mitigation.apply_correction({f"{b:03b}": n for b, n in counts.items()}, [0, 1, 2])
    want = sum(
        diagonal.values(np.array([int(b, 2)], dtype=np.uint64))[0] * q for b, q in quasi.items()
    )
    assert ours.mean == pytest.approx(want, abs=1e-5)
    assert m3_matrix(np.array([3, 0], dtype=np.uint64), rates).sum(axis=0) == pytest.approx(1.0)
