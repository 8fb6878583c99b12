"""The error of the reference state is taken off energies, and its own error is reported."""

import numpy as np
import pytest

from qvopt import make_experiment, run
from qvopt.engine.assembly import assemble
from qvopt.engine.stages.reference_state import PURPOSE, reference_energy
from qvopt.optimizers.protocol import Energy, Gradient
from qvopt_circuits.basis_states import prepared_basis_state
from qvopt_circuits.circuit import Circuit
from qvopt_circuits.gates import Angle, Gate
from qvopt_circuits.matrices import circuit_state
from qvopt_molecules.errors import InputError

NOISE = {"name": "aer", "noise": {"one_qubit": 0.001, "two_qubit": 0.01, "readout": 0.02}}


def assembled(mitigation=True, *, backend=NOISE, shots=4000, seed=0, measurement=None, **settings):
    measurement = measurement or {}
    spec = {"reference": True} if mitigation is True else mitigation
    return assemble(
        make_experiment(
            {"molecule": "h2", "backend": backend, "shots": shots, "seed": seed,
             "mitigation": spec,
             "measurement": {"grouping": "qubit-wise"} | measurement} | settings
        )
    )  # fmt: skip


@pytest.fixture(scope="module")
def x():
    return run("h2").x


def hartree_fock():
    from pyscf import gto, scf

    return scf.RHF(gto.M(atom="H 0 0 0; H 0 0 0.735", verbose=0)).run(conv_tol=1e-12).e_tot


@pytest.fixture(scope="module")
def noisy(x):
    """What the device gives of the energies at x and at the reference: many shots of a raw run."""
    raw = assembled({}, shots=500_000, seed=11)
    return [a.value for a in raw.evaluator.answer([Energy(x), Energy(np.zeros(3))], 0)]


@pytest.mark.parametrize("mapping", ["jordan-wigner", "parity", "bravyi-kitaev"])
def test_the_reference_is_the_determinant(mapping):
    program = assembled({"reference": True}, mapping=mapping).program
    assert reference_energy(program) == pytest.approx(hartree_fock(), abs=1e-7)


def test_the_reference_at_its_own_point_is_exact(noisy):
    """There the correction is the whole error, whatever the noise."""
    evaluator = assembled().evaluator
    values = [evaluator.answer([Energy(np.zeros(3))], 1, k)[0] for k in range(30)]
    mean = np.mean([v.value for v in values])
    spread = np.std([v.value for v in values], ddof=1)
    assert abs(mean - hartree_fock()) < 4.5 * spread / np.sqrt(30)
    assert noisy[1] - hartree_fock() > 10 * spread / np.sqrt(30)


def test_the_formula_and_its_variance(x, noisy):
    evaluator, repeats = assembled().evaluator, 40
    answers = [evaluator.answer([Energy(x)], 1, k)[0] for k in range(repeats)]
    values = np.array([a.value for a in answers])
    expected = noisy[0] - (noisy[1] - hartree_fock())
    error = np.sqrt(values.var(ddof=1) / repeats + 2 * 0.002**2)
    assert abs(values.mean() - expected) < 4.5 * error
    # Relative error of a variance from n values is about √(2/n).
    ratio = np.mean([a.variance for a in answers]) / values.var(ddof=1)
    assert abs(ratio - 1) < 4.5 * np.sqrt(2 / repeats)


def test_it_takes_most_of_the_error_off(x, noisy):
    exact = assemble(make_experiment({"molecule": "h2"})).evaluator.exact_energy(x)
    corrected = assembled(shots=100_000).evaluator.answer([Energy(x)], 0)[0].value
    assert abs(corrected - exact) < 0.1 * abs(noisy[0] - exact)


def test_energies_of_a_round_share_one_reference(x):
    evaluator = assembled().evaluator
    prepared = evaluator.prepare([Energy(x), Energy(0.9 * x), Gradient(x)], 1)
    costs = prepared.costs
    assert costs[PURPOSE].shots == 4000
    assert costs["energy"].shots == 8000
    raw = assembled({}).evaluator.prepare([Energy(x), Energy(0.9 * x), Gradient(x)], 1)
    assert sum(c.shots for c in costs.values()) == 4000 + sum(c.shots for c in raw.costs.values())
    first, second, _ = prepared.run().answers
    assert first.shots == second.shots == 4000


def test_gradients_need_no_reference(x):
    """A common error cancels: a round of gradients takes no more shots, and the same draws."""
    with_reference = assembled().evaluator.prepare([Gradient(x)], 3)
    without = assembled({}).evaluator.prepare([Gradient(x)], 3)
    assert with_reference.costs == without.costs
    a, b = (r.run().answers[0] for r in (with_reference, without))
    assert np.array_equal(a.value, b.value)


def test_it_stands_around_the_other_stages(x):
    everything = {"reference": {"shots": 8000}, "readout": True, "zne": True}
    evaluator = assembled(everything, measurement={"postselect": True}, shots=20_000).evaluator
    names = [type(stage).__name__ for stage in evaluator.stages]
    assert names == ["ReferenceState", "ZeroNoiseExtrapolation", "PostSelection",
                     "ReadoutCorrection"]  # fmt: skip
    answer = evaluator.answer([Energy(x)], 0)[0]
    exact = assemble(make_experiment({"molecule": "h2"})).evaluator.exact_energy(x)
    assert abs(answer.value - exact) < 5 * np.sqrt(answer.variance)


def test_what_it_cannot_serve_is_refused():
    spread = {"name": "circuit", "gates": ["h 0", "ry 1 x0"]}
    with pytest.raises(InputError, match="prepares a determinant at zero angles"):
        assembled(ansatz=spread).evaluator.prepare([Energy(np.zeros(1))], 0)
    with pytest.raises(InputError, match="no noise to mitigate"):
        assembled(backend="sector")
    with pytest.raises(InputError, match="too few for the energy of the reference"):
        assembled({"reference": {"shots": 3}}).evaluator.prepare([Energy(np.zeros(3))], 0)


@pytest.mark.parametrize("seed", range(8))
def test_basis_states_of_circuits(seed):
    """Held against the state vector: the outcome, or None for a superposition."""
    rng = np.random.default_rng(seed)
    n, angle = 5, Angle(0)
    gates = []
    for _ in range(12):
        q = [int(k) for k in rng.choice(n, size=4, replace=False)]
        kind = rng.choice(["x", "cx", "swap", "cz", "s", "single-excitation",
                           "double-excitation", "ry", "h"],
                          p=[0.2, 0.2, 0.1, 0.1, 0.1, 0.1, 0.1, 0.08, 0.02])  # fmt: skip
        width = {"cx": 2, "swap": 2, "cz": 2, "single-excitation": 2, "double-excitation": 4}
        turned = kind in ("single-excitation", "double-excitation", "ry")
        gates.append(Gate(str(kind), tuple(q[: width.get(kind, 1)]), angle if turned else None))
    circuit = Circuit(n, tuple(gates), 1)
    for value in (0.0, np.pi):
        state = np.abs(circuit_state(circuit, [value]))
        outcome = prepared_basis_state(circuit, np.array([value]))
        if outcome is None:
            assert any(g.name == "h" for g in gates)
        else:
            assert state[outcome] == pytest.approx(1.0, abs=1e-9)


def test_a_reference_of_all_parameters_is_the_state_itself(x):
    """There the correction is the whole error: the energy is the simulated one within its error."""
    exact = assemble(make_experiment({"molecule": "h2"})).evaluator.exact_energy(x)
    evaluator = assembled({"reference": {"parameters": 3}}).evaluator
    answers = [evaluator.answer([Energy(x)], 1, k)[0] for k in range(30)]
    values = np.array([a.value for a in answers])
    assert abs(values.mean() - exact) < 4.5 * values.std(ddof=1) / np.sqrt(30)
    ratio = np.mean([a.variance for a in answers]) / values.var(ddof=1)
    assert abs(ratio - 1) < 4.5 * np.sqrt(2 / 30)


@pytest.mark.slow
@pytest.mark.parametrize("bond", [1.5, 2.0])
def test_stretched_bonds_need_a_reference_of_several_determinants(bond):
    """Raw, one determinant, four parameters: each at least halves the error of the one before."""
    molecule = {"name": "h4-chain", "set": {"bond": bond}}
    optimum = run(molecule)
    errors = []
    for mitigation in ({}, True, {"reference": {"parameters": 4}}):
        evaluator = assembled(
            mitigation, backend={"name": "aer", "noise": {"two_qubit": 0.001}},
            shots=100_000_000, molecule=molecule, measurement={"grouping": "fluid-basis-rotation"},
        ).evaluator  # fmt: skip
        errors.append(abs(evaluator.answer([Energy(optimum.x)], 0)[0].value - optimum.energy))
    assert errors[1] < 0.65 * errors[0]
    assert errors[2] < 0.25 * errors[1]


def test_the_largest_parameters_are_kept(x):
    """The reference of one parameter lies at the double excitation; its price is that of any."""
    one = assembled({"reference": {"parameters": 1}}).evaluator.prepare([Energy(x)], 1)
    none = assembled().evaluator.prepare([Energy(x)], 1)
    assert one.costs == none.costs
    (batch,) = one.batches
    expected = np.where(np.abs(x) == np.abs(x).max(), x, 0.0)
    assert [p.x.tolist() for p in batch.points] == [x.tolist(), expected.tolist()]
