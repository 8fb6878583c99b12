"""Excited states against PySCF's full CI roots, and their measured objectives."""

import json
from dataclasses import replace

import numpy as np
import pytest
from command_line import command_line

from qvopt import excited_states, run
from qvopt.engine.assembly import assemble
from qvopt.engine.objectives import DeflatedObjective
from qvopt.experiment.specification import make_experiment
from qvopt.optimizers.protocol import Energy, Gradient
from qvopt.tasks.excited.expansion import equations_of_motion, subspace_expansion
from qvopt.tasks.excited.vectors import apply_excitation, excitation_pool
from qvopt_molecules.errors import BudgetExceededError, InputError
from qvopt_molecules.references import fci_roots_if_small
from qvopt_molecules.states import fci_state


def assembly(**data):
    return assemble(make_experiment({"molecule": "h2", **data}))


def pyscf_roots(h, n):
    from pyscf import fci

    matrix = fci.direct_spin1.FCI()
    energies, _ = matrix.kernel(
        h.one_body, h.two_body, h.norb, (h.n_alpha, h.n_beta), nroots=n, pspace_size=2000
    )
    return np.array(energies) + h.core_energy


def test_roots_against_pyscf():
    h = assembly(molecule="h4-chain").hamiltonian
    assert np.allclose(fci_roots_if_small(h, 5), pyscf_roots(h, 5), atol=1e-8)


@pytest.mark.parametrize("method", ["vqd", "qse", "qeom"])
def test_hydrogen_is_exact(method):
    found = excited_states("h2", 4, method=method)
    assert np.allclose([s.energy for s in found.states], [s.fci for s in found.states], atol=1e-5)
    spins = [s.spin_squared for s in found.states if s.spin_squared is not None]
    assert np.allclose(spins, [0, 2, 0, 0][: len(spins)], atol=1e-3)


def test_expansions_about_an_exact_ground_state():
    """LiH with two active electrons: singles and doubles span the sector."""
    data = {"name": "lih", "active_space": {"electrons": 2, "n_orbitals": 4}}
    h = assembly(molecule=data).hamiltonian
    expected = pyscf_roots(h, 6)
    energies, vectors = subspace_expansion(h, fci_state(h), 6)
    assert np.allclose(energies, expected, atol=1e-8)
    assert np.allclose(np.einsum("iab,jab->ij", vectors, vectors), np.eye(6), atol=1e-8)
    assert np.allclose(equations_of_motion(h, fci_state(h), 6)[0], expected, atol=1e-7)


def test_expansions_are_upper_bounds_where_they_are_not_exact():
    h = assembly(molecule="h4-chain").hamiltonian
    energies, _ = subspace_expansion(h, fci_state(h), 5)
    assert np.all(energies >= fci_roots_if_small(h, 5) - 1e-9)
    assert energies[0] == pytest.approx(fci_roots_if_small(h, 1)[0], abs=1e-8)


def test_an_excitation_and_its_adjoint():
    h = assembly(molecule="h4-chain").hamiltonian
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((2, 6, 6))
    for excitation in excitation_pool(h):
        forth = apply_excitation(b, excitation, h)
        back = apply_excitation(a, excitation, h, adjoint=True)
        assert np.vdot(a, forth) == pytest.approx(np.vdot(back, b), abs=1e-12)


def test_deflated_gradients_exact_and_measured():
    lower, x = [np.array([-0.1, 0.02, 0.03])], np.array([0.5, -0.3, 0.6])
    exact = replace(assembly().evaluator, objective=DeflatedObjective(tuple(lower), 2.5))
    _, slope = exact.answer([Energy(x), Gradient(x)], 1)
    difference = [
        (exact.exact_energy(x + 1e-5 * e) - exact.exact_energy(x - 1e-5 * e)) / 2e-5
        for e in np.eye(3)
    ]
    assert np.allclose(slope.value, difference, atol=1e-8)
    scores = []
    for seed in range(40):
        plain = assembly(shots=2000, seed=seed).evaluator
        measured = replace(plain, objective=DeflatedObjective(tuple(lower), 2.5))
        prepared = measured.prepare([Energy(x), Gradient(x)], 1)
        energy, gradient = prepared.run().answers
        # Each energy is followed by one fidelity of as many shots.
        assert prepared.costs["overlap"].shots == sum(
            prepared.costs[p].shots for p in ("energy", "gradient")
        )
        scores.append([(energy.value - exact.exact_energy(x)) / np.sqrt(energy.variance),
                       *((gradient.value - slope.value) / np.sqrt(gradient.variance))])  # fmt: skip
    scores = np.array(scores)
    assert np.all(np.abs(scores.mean(axis=0)) < 5 / np.sqrt(40))
    assert np.all((scores.std(axis=0) > 0.5) & (scores.std(axis=0) < 1.6))


def test_deflation_under_shots_is_counted():
    found = excited_states("h2", 2, shots=1000, max_steps=60, seed=3,
                           optimizer={"name": "adam", "learning_rate": 0.1})  # fmt: skip
    for state in found.states:
        # A triplet has one electron in each of the two orbitals, however they are turned: its
        # energy has next to no variance.
        assert abs(state.energy - state.exact) < 6 * state.stderr + 1e-3
    assert found.states[1].overlap < 0.05
    assert set(found.costs) == {"gradient", "final", "overlap"}
    with pytest.raises((InputError, BudgetExceededError), match="shots"):
        excited_states("h2", 2, shots=1000, max_steps=40, budget={"shots": 50_000})


def test_subspace_search_is_variational_and_orthogonal():
    found = excited_states("h2", 3, method="ssvqe")
    energies, fci = ([getattr(s, k) for s in found.states] for k in ("energy", "fci"))
    weights = [3, 2, 1]
    assert np.dot(weights, energies) >= np.dot(weights, fci) - 1e-9
    assert max(s.overlap for s in found.states) < 1e-12
    assert energies[0] == pytest.approx(run("h2").energy, abs=1e-5)


def test_columns_name_their_units():
    found = excited_states("h2", 2, max_steps=3)
    table = found.frame()
    assert {"energy_hartree", "fci_hartree", "error_mha", "excitation_ev"} <= set(table.columns)
    row = found.rows()[1]
    assert row["error_mha"] == pytest.approx(1e3 * (row["exact_hartree"] - row["fci_hartree"]))
    difference = row["energy_hartree"] - table["energy_hartree"][0]
    assert row["excitation_ev"] == pytest.approx(27.211386 * difference, rel=1e-6)


def test_the_command_and_its_journals(tmp_path):
    command = ["excited", "h2", "--states", "2", "--json", "--out", str(tmp_path / "e")]
    first = command_line(*command)
    # The second call answers every round from the journals.
    sizes = {p.name: p.stat().st_size for p in (tmp_path / "e").glob("*.jsonl")}
    again = command_line(*command)
    states = [json.loads(p.stdout)["states"] for p in (first, again)]
    assert states[0] == states[1]
    assert set(sizes) == {"state-0.jsonl", "state-1.jsonl", "energies.jsonl"}
    other = command_line(*command, "--method", "ssvqe")
    assert other.returncode == 2
    assert "holds another search for excited states" in other.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"states": 5}, "has 4 states"),
        ({"method": "vqe"}, "unknown method"),
        ({"beta": -1.0}, "positive energy"),
        ({"method": "qse", "shots": 100}, "leave shots out"),
    ],
)
def test_bad_input_is_one_line(options, message):
    with pytest.raises(InputError, match=message) as caught:
        excited_states("h2", **options)
    assert "\n" not in str(caught.value)


def test_a_beta_below_the_gap_is_remarked_on():
    from qvopt.cli.excited import _remarks

    molecule = {"name": "hubbard", "set": {"sites": 2}}  # states at -0.83, 0 and 4
    low, high = (excited_states(molecule, 3, beta=beta) for beta in (3.0, 10.0))
    assert any("larger --beta" in line for line in _remarks(low))
    assert [s.energy for s in high.states] == pytest.approx([-0.828427, 0.0, 4.0], abs=1e-5)
    assert not _remarks(high)


@pytest.mark.parametrize("molecule", ["h4-chain", "lih"])
def test_equations_of_motion_tell_the_spin_of_every_state(molecule):
    """As the subspace expansion does, which has the same roots in the same order here."""
    space = {"active_space": {"electrons": 2, "n_orbitals": 3}} if molecule == "lih" else {}
    problem = make_experiment({"molecule": {"name": molecule, **space}})
    motion = excited_states(problem, method="qeom", states=6).states
    expansion = excited_states(problem, method="qse", states=6).states
    for one, other in zip(motion, expansion, strict=True):
        assert one.spin_squared == pytest.approx(other.spin_squared, abs=2e-3)
        assert one.multiplicity == other.multiplicity in ("singlet", "triplet")
