"""Fluid fragments: the same operator, far less variance, and exact statistics of it."""

from dataclasses import replace

import numpy as np
import pytest
from pyscf import fci

from qvopt import make_experiment, run
from qvopt.engine.assembly import assemble
from qvopt.measurement.basis_change import basis_change_circuit
from qvopt.measurement.basis_rotation import basis_rotation_plan
from qvopt.measurement.fluid import fluid_plan, one_electron_covariance
from qvopt.optimizers.protocol import Energy
from qvopt_circuits.matrices import circuit_unitary
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.determinants import compound_matrix, occupation_strings, occupied_orbitals
from qvopt_molecules.errors import InputError
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.mappings import qubit_hamiltonian
from qvopt_molecules.states import cisd_state

# Variance × shots of fully commuting Pauli groups under FCI (Ha²), computed independently.
COMMUTING = {"lih": 0.691, "beh2": 1.464, "h2o": 7.58}


def hamiltonian(name):
    return build_hamiltonian(find_molecule(name))


def ground_state(h):
    _, psi = fci.direct_spin1.kernel(
        h.one_body, h.two_body, h.norb, (h.n_alpha, h.n_beta), tol=1e-12
    )
    return np.asarray(psi)


def outcomes(h, psi, plan):
    """(probabilities, values) of each group, straight from the amplitudes."""
    strings = [occupation_strings(h.norb, m) for m in (h.n_alpha, h.n_beta)]
    occupied = [occupied_orbitals(s, h.norb) for s in strings]
    bits = (strings[0][:, None] | strings[1][None, :] << h.norb).astype(np.uint64)
    for group in plan.groups:
        left, right = (compound_matrix(group.basis.rotation, o) for o in occupied)
        yield np.square(left.T @ psi @ right).reshape(-1), group.diagonal.values(bits).reshape(-1)


@pytest.mark.parametrize("name", ["h2", "heh+", "h3+"])
@pytest.mark.parametrize("poor", [False, True])
def test_it_is_the_hamiltonian_whatever_the_reference(name, poor):
    h = hamiltonian(name)
    shape = cisd_state(h).shape
    psi = np.random.default_rng(0).normal(size=shape) if poor else None
    plan = fluid_plan(h, None if psi is None else psi / np.linalg.norm(psi))
    n = h.n_qubits
    total = plan.constant * np.eye(2**n, dtype=complex)
    for group in plan.groups:
        u = circuit_unitary(basis_change_circuit(group, n), np.zeros(0))
        values = group.diagonal.values(np.arange(2**n, dtype=np.uint64))
        total += u.conj().T @ np.diag(values) @ u
    assert np.abs(total - qubit_hamiltonian(h).to_sparse().toarray()).max() < 1e-9


@pytest.mark.parametrize("name", COMMUTING)
def test_below_commuting_pauli_groups(name):
    h = hamiltonian(name)
    psi, plan = ground_state(h), fluid_plan(h)
    energy, deviations = plan.constant, []
    for p, values in outcomes(h, psi, plan):
        energy += p @ values
        deviations.append(np.sqrt(p @ values**2 - (p @ values) ** 2))
    assert energy == pytest.approx(fci_energy(h, psi), abs=1e-9)
    assert np.sum(deviations) ** 2 < 0.4 * COMMUTING[name]
    assert len(plan.groups) == len(basis_rotation_plan(h).groups)


def fci_energy(h, psi):
    merged = fci.direct_spin1.absorb_h1e(h.one_body, h.two_body, h.norb, (h.n_alpha, h.n_beta), 0.5)
    product = fci.direct_spin1.contract_2e(merged, psi, h.norb, (h.n_alpha, h.n_beta))
    return h.core_energy + float(np.vdot(psi, product))


@pytest.mark.parametrize("name", ["h2", "lih", "h2o"])
def test_deviations_are_those_of_the_reference(name):
    h = hamiltonian(name)
    psi = cisd_state(h)
    plan = fluid_plan(h, psi, excited=0.0)
    found = [
        np.sqrt(max(p @ values**2 - (p @ values) ** 2, 0.0)) for p, values in outcomes(h, psi, plan)
    ]
    assert plan.deviations == pytest.approx(np.array(found), abs=2e-6)


def test_it_is_a_minimum():
    """No move of one-electron parts between fragments lowers the sum of deviations."""
    h = hamiltonian("h2")
    psi = cisd_state(h)
    best = fluid_plan(h, psi, excited=0.0).deviations.sum()
    plain = basis_rotation_plan(h)
    sum_plain = sum(np.sqrt(max(p @ v**2 - (p @ v) ** 2, 0.0)) for p, v in outcomes(h, psi, plain))
    assert best <= sum_plain + 1e-9


def test_cisd_is_pyscfs():
    from pyscf import ci

    from qvopt_molecules.references import mean_field_of

    h = hamiltonian("lih")
    solver = ci.RCISD(mean_field_of(h))
    solver.conv_tol = 1e-11
    solver.kernel()
    theirs = ci.cisd.to_fcivec(solver.ci, h.norb, h.n_alpha + h.n_beta)
    assert abs(np.vdot(theirs, cisd_state(h))) == pytest.approx(1.0, abs=1e-6)


def test_one_electron_covariances_by_definition():
    h = hamiltonian("h3+")
    psi = ground_state(h)
    n, nelec = h.norb, (h.n_alpha, h.n_beta)
    found = one_electron_covariance(h, psi)
    rng = np.random.default_rng(1)
    for _ in range(3):
        x = rng.normal(size=(n, n))
        x = x + x.T
        image = fci.direct_spin1.contract_1e(x, psi, n, nelec)
        variance = np.vdot(image, image) - np.vdot(psi, image) ** 2
        assert x.reshape(-1) @ found @ x.reshape(-1) == pytest.approx(variance, abs=1e-10)


def test_measured_energies_are_unbiased_and_say_their_error():
    a = assemble(make_experiment({"molecule": "lih", "shots": 500}))
    assert a.plan.name == "fluid-basis-rotation"
    x = 0.05 * np.random.default_rng(0).normal(size=a.circuit.n_parameters)
    truth = a.evaluator.exact_energy(x)
    answers = a.evaluator.answer([Energy(x)] * 3000, 1, 0)
    values = np.array([answer.value for answer in answers])
    assert abs(values.mean() - truth) < 4.5 * values.std() / np.sqrt(len(values))
    reported = np.mean([answer.variance for answer in answers])
    assert reported == pytest.approx(values.var(), rel=0.1)


@pytest.mark.parametrize("backend", ["lightning", "aer"])
def test_on_other_backends(backend):
    result = run("h2", backend=backend, optimizer="adam", shots=2000, seed=1, max_steps=3)
    assert abs(result.energy - result.exact) < 5 * result.stderr


def test_open_shells_and_few_determinants():
    h = build_hamiltonian(find_molecule("h2", charge=1, spin=1))
    plan = fluid_plan(h)
    assert np.all(np.isfinite(plan.deviations))
    result = run(
        {"name": "h2", "charge": 1, "spin": 1}, optimizer="adam", shots=400, seed=1, max_steps=2
    )
    assert np.isfinite(result.energy)


def test_shifted_states_lower_the_variance_of_gradients():
    """At equal shots, against the plan that knows the reference alone and against a plain one."""
    from qvopt.backends.protocol import Problem
    from qvopt.backends.sector import SectorBackend
    from qvopt.engine.evaluator import Evaluator
    from qvopt.measurement.allocation import with_allocation
    from qvopt.optimizers.protocol import Gradient

    a = assemble(make_experiment({"molecule": "lih"}))
    h, x = a.hamiltonian, np.full(a.circuit.n_parameters, 0.01)
    truth, found = a.program.gradient(x)[1], {}
    alone = fluid_plan(h, excited=0.0)
    alone = replace(alone, shifted_deviations=alone.deviations)
    plans = {"reference": alone, "shifted": fluid_plan(h)}
    for name, plain in {**plans, "plain": basis_rotation_plan(h)}.items():
        plan = with_allocation(plain, "variance", hamiltonian=h)
        program = SectorBackend().compile(Problem(a.circuit, a.program.problem.observable, h, plan))
        (answer,) = Evaluator(program, a.circuit, plan, 4000, 0).answer([Gradient(x)], 1, 0)
        found[name] = answer.variance.mean()
        pulls = (answer.value - truth) ** 2 / answer.variance
        assert 0.5 < pulls.mean() < 1.7
    assert found["shifted"] < 0.6 * found["reference"]
    assert found["shifted"] < 0.2 * found["plain"]


def test_weights_of_states_are_checked():
    with pytest.raises(InputError, match="between 0 and 1"):
        fluid_plan(hamiltonian("h2"), excited=2.0)


@pytest.mark.parametrize(
    ("name", "options"), [("lih", {}), ("h2o", {}), ("h2", {"charge": 1, "spin": 1}), ("h2", {})]
)
def test_large_sectors_need_no_vector(name, options, monkeypatch):
    """The determinants of CISD alone give the plan that vectors of the whole sector give."""
    import qvopt.measurement.fluid as module

    h = build_hamiltonian(find_molecule(name, **options))
    psi = ground_state(h)
    small = [fluid_plan(h, excited=0.0), fluid_plan(h, psi, excited=0.0)]
    monkeypatch.setattr(module, "LARGEST_VECTOR", 0)
    large = [fluid_plan(h, excited=0.0), fluid_plan(h, psi, excited=0.0)]
    for a, b in zip(small, large, strict=True):
        assert b.deviations == pytest.approx(a.deviations, rel=1e-4, abs=2e-6)
        assert b.deviations.sum() == pytest.approx(a.deviations.sum(), rel=1e-6, abs=1e-7)
    plan = fluid_plan(h)
    found = [np.sqrt(p @ v**2 - (p @ v) ** 2) for p, v in outcomes(h, psi, plan)]
    energy = plan.constant + sum(p @ v for p, v in outcomes(h, psi, plan))
    assert energy == pytest.approx(fci_energy(h, psi), abs=1e-9)
    assert np.sum(found) ** 2 < 0.4 * COMMUTING.get(name, np.inf)


def test_moments_of_few_determinants_are_those_of_the_vector():
    from qvopt.measurement.basis_rotation import double_factorization
    from qvopt.measurement.fluid import _Occupations
    from qvopt.measurement.occupation_moments import SparseState
    from qvopt_molecules.states import sector_bits

    h = build_hamiltonian(find_molecule("lih", charge=-1, spin=1))
    bits, rng = sector_bits(h), np.random.default_rng(2)
    picked = np.sort(rng.choice(len(bits), 30, replace=False))
    amplitudes = rng.normal(size=30)
    amplitudes /= np.linalg.norm(amplitudes)
    psi = np.zeros(len(bits))
    psi[picked] = amplitudes
    shape = cisd_state(h).shape
    dense = _Occupations(h, [psi.reshape(shape)], None)
    sparse = SparseState(bits[picked], amplitudes, h.norb)
    assert sparse.one_electron == pytest.approx(dense.one_electron, abs=1e-12)
    for factor in double_factorization(h)[2][:6]:
        a, b = dense.moments(factor), sparse.moments(factor)
        assert b.covariance == pytest.approx(a.covariance, abs=1e-12)
        assert b.cross == pytest.approx(a.cross, abs=1e-12)
        assert b.variance == pytest.approx(a.variance, abs=1e-12)


def test_large_sectors_take_fluid_fragments(monkeypatch):
    import qvopt.measurement.fluid as module

    monkeypatch.setattr(module, "LARGEST_VECTOR", 100)
    plan = assemble(make_experiment({"molecule": "lih", "shots": 500})).plan
    assert plan.name == "fluid-basis-rotation"


def test_more_orbitals_than_an_integer_has_bits():
    from qvopt_molecules.few_excitations import cisd_determinants

    n = 32
    h = MolecularHamiltonian(0.0, np.eye(n), np.zeros((n,) * 4), 1, 1)
    with pytest.raises(InputError, match="at most 31 orbitals"):
        cisd_determinants(h)
