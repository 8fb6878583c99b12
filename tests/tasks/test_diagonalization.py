"""Diagonalisation in sampled determinants: held against dense algebra and PySCF's full CI."""

import json
from math import comb

import numpy as np
import pytest
from command_line import command_line

import qvopt
from qvopt import Session, make_experiment
from qvopt.tasks.configuration_recovery import Samples, recovered
from qvopt.tasks.diagonalization import diagonalize
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.determinants import occupation_strings
from qvopt_molecules.errors import BudgetExceededError, InputError
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.string_subspace import lowest_state


def resumed(folder):
    with Session.resume(folder) as session:
        list(session)
        return session.result()


@pytest.fixture(scope="module")
def lih():
    return build_hamiltonian(find_molecule("lih"))


def dense(h):
    """The Hamiltonian over all pairs of strings, by PySCF's direct CI, column by column."""
    from pyscf.fci import direct_spin1

    n = comb(h.norb, h.n_alpha), comb(h.norb, h.n_beta)
    absorbed = direct_spin1.absorb_h1e(h.one_body, h.two_body, h.norb, (h.n_alpha, h.n_beta), 0.5)
    columns = [
        direct_spin1.contract_2e(absorbed, unit.reshape(n), h.norb, (h.n_alpha, h.n_beta)).ravel()
        for unit in np.eye(n[0] * n[1])
    ]
    return np.array(columns).T + h.core_energy * np.eye(n[0] * n[1])


@pytest.mark.parametrize("seed", range(3))
def test_the_lowest_state_in_a_span(lih, seed):
    rng = np.random.default_rng(seed)
    h = lih
    strings = [occupation_strings(h.norb, n) for n in (h.n_alpha, h.n_beta)]
    chosen = [np.sort(rng.choice(len(s), size=5 + seed, replace=False)) for s in strings]
    alpha, beta = (s[c] for s, c in zip(strings, chosen, strict=True))
    state = lowest_state(h, alpha, beta)
    places = (chosen[0][:, None] * len(strings[1]) + chosen[1]).ravel()
    block = dense(h)[np.ix_(places, places)]
    assert state.energy == pytest.approx(np.linalg.eigvalsh(block)[0], abs=1e-9)
    assert state.occupations.sum(axis=1) == pytest.approx([h.n_alpha, h.n_beta])


def test_the_whole_sector_is_full_ci(lih):
    from qvopt_molecules.references import fci_roots_if_small

    strings = occupation_strings(lih.norb, lih.n_alpha)
    exact = fci_roots_if_small(lih, 1)[0]
    assert lowest_state(lih, strings, strings).energy == pytest.approx(exact, abs=1e-8)
    with pytest.raises(InputError, match="2 electrons in 6 orbitals"):
        lowest_state(lih, np.array([0b111]), strings)


def noisy(rng, n_shots, norb, numbers, flip):
    """Determinants near the aufbau one, every bit flipped with a probability."""
    counts = {}
    for _ in range(n_shots):
        bits = np.zeros((2, norb), dtype=int)
        for s, n in enumerate(numbers):
            bits[s, :n] = 1
        bits = (bits ^ (rng.random(bits.shape) < flip)).ravel()
        outcome = int(bits @ (1 << np.arange(2 * norb)))
        counts[outcome] = counts.get(outcome, 0) + 1
    return Samples.of_counts(counts, norb, numbers)


def test_repaired_samples_have_the_right_numbers():
    rng = np.random.default_rng(3)
    samples = noisy(rng, 500, 6, (3, 2), 0.1)
    assert not samples.right.all()
    repaired = recovered(samples, samples.kept.occupations(), rng)
    assert repaired.right.all()
    assert repaired.times.sum() == samples.times.sum()
    # Flips are taken back where they are least plausible: more shots are the true determinant.
    true = np.array([[1, 1, 1, 0, 0, 0], [1, 1, 0, 0, 0, 0]])
    at_truth = [s.times[(s.bits == true).all(axis=(1, 2))].sum() for s in (samples, repaired)]
    assert at_truth[1] > 2 * at_truth[0]


def test_strings_are_the_commonest_and_of_both_spins():
    counts = {0b0011_0011: 50, 0b0011_0101: 30, 0b1001_0011: 5}
    samples = Samples.of_counts(counts, 4, (2, 2))
    alpha, beta = samples.strings(2)
    assert alpha.tolist() == beta.tolist() == [0b0011, 0b0101]
    assert samples.strings(10)[0].tolist() == [0b0011, 0b0101, 0b1001]
    uneven = Samples.of_counts({0b0001_0011: 5, 0b0010_0011: 1}, 4, (2, 1))
    assert [s.tolist() for s in uneven.strings(5)] == [[0b0011], [0b0001, 0b0010]]


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    experiment = make_experiment(
        {"molecule": {"name": "h4-chain", "set": {"bond": 1.5}}, "shots": 4000, "max_steps": 8,
         "optimizer": {"name": "adam", "learning_rate": 0.1}, "budget": {"shots": 10_000_000}}
    )  # fmt: skip
    with Session.begin(experiment, out=folder) as session:
        list(session)
        session.result()
    return folder


def test_an_upper_bound_that_falls_with_the_span(ended):
    exact = resumed(ended).fci
    energies = [diagonalize(ended, shots=n).energy for n in (20, 200, 3000)]
    assert all(e >= exact - 1e-9 for e in energies)
    assert energies == sorted(energies, reverse=True)
    whole = diagonalize(ended, shots=3000)
    assert whole.determinants <= whole.sector == 36
    one = diagonalize(ended, shots=3000, max_determinants=1)
    assert one.determinants == 1
    assert one.energy >= whole.energy


def test_shots_are_counted_once_and_the_run_resumes(ended):
    asked = (20, 200, 3000)
    for shots in (*asked, *asked):
        diagonalize(ended, shots=shots)
    assert resumed(ended).costs["diagonalization"].shots == sum(asked)
    before = (ended / "journal.jsonl").read_bytes()
    again = diagonalize(ended, shots=200)
    assert (ended / "journal.jsonl").read_bytes() == before
    assert again == diagonalize(ended, shots=200)
    with pytest.raises(BudgetExceededError):
        diagonalize(ended, shots=10**9)
    assert json.loads((ended / "diagonalization.json").read_text())["shots"] == 200


def test_the_command(ended):
    done = command_line("diagonalize", ended, "--shots", "3000")
    assert done.returncode == 0, done.stderr
    assert "an upper bound" in done.stdout
    data = json.loads(command_line("diagonalize", ended, "--shots", "20", "--json").stdout)
    assert data["shots"] == data["kept"] == 20


def test_exact_runs_and_other_mappings_are_told(tmp_path):
    qvopt.run("h2", out=tmp_path / "exact")
    with pytest.raises(InputError, match="how many shots"):
        diagonalize(tmp_path / "exact")
    qvopt.run("h2", mapping="parity", backend="lightning", ansatz="hardware-efficient",
              max_steps=1, out=tmp_path / "parity")  # fmt: skip
    with pytest.raises(InputError, match="jordan-wigner"):
        diagonalize(tmp_path / "parity", shots=10)


def test_noise_only_widens_the_span(tmp_path):
    noise = {"name": "aer", "noise": {"two_qubit": 0.02, "readout": 0.03}}
    qvopt.run("h2", backend=noise, shots=400, optimizer="spsa", max_steps=1, out=tmp_path / "run")
    raw = diagonalize(tmp_path / "run", shots=500, repair=False)
    repaired = diagonalize(tmp_path / "run", shots=500)
    assert raw.kept == repaired.kept < 500
    assert repaired.energy <= raw.energy
    exact = resumed(tmp_path / "run").fci
    assert repaired.energy >= exact - 1e-9


@pytest.mark.slow
def test_a_snapshot_takes_one_job(tmp_path):
    pytest.importorskip("qiskit_ibm_runtime")
    qvopt.run("h2", backend="ibm:fake_manila", shots=400, optimizer="spsa", max_steps=1,
              out=tmp_path / "run")  # fmt: skip
    before = resumed(tmp_path / "run").costs["hardware"].jobs
    diagonalize(tmp_path / "run", shots=400)
    costs = resumed(tmp_path / "run").costs
    assert costs["hardware"].jobs == before + 1
    assert costs["diagonalization"].shots == 400
