"""Penalties and names of references in the tasks beside a run."""

import numpy as np
import pytest

from qvopt import compare, excited_states
from qvopt.engine.assembly import molecular_hamiltonian
from qvopt.experiment.specification import MoleculeSpec, make_experiment
from qvopt.tasks.scan import Scan
from qvopt_molecules.references import fci_roots_if_small

FREE = {
    "ansatz": {"name": "real-amplitudes", "layers": 3, "order": "qubits"},
    "backend": "lightning",
}
LIH = {"name": "lih", "active_space": {"electrons": 2, "n_orbitals": 2}}


@pytest.mark.slow
@pytest.mark.parametrize(
    "method", [pytest.param("vqd"), pytest.param("ssvqe", marks=pytest.mark.slow)]
)
def test_excited_energies_are_without_penalties_and_in_the_sector(method):
    found = excited_states("h2", 2, method=method, seed=1, max_steps=40, **FREE)
    h = molecular_hamiltonian(MoleculeSpec(name="h2"))
    roots = fci_roots_if_small(h, 4)
    # The triplet too: it has S_z = 0, and is one of the states that are looked for.
    assert found.states[0].energy == pytest.approx(roots[0], abs=5e-3)
    assert found.states[1].energy > roots[0] + 0.1
    assert min(abs(found.states[1].energy - r) for r in roots[1:]) < 2e-2
    assert found.exact_method == "full CI"


def test_scans_of_an_active_space_name_casci():
    work = Scan(make_experiment({"molecule": LIH, "max_steps": 5}), "bond", [1.5, 1.6])
    list(work)
    result = work.result()
    assert result.words.exact == "CASCI(2, 2)"
    assert result.document()["exact_method"] == "CASCI(2, 2)"


def test_comparisons_name_their_reference(tmp_path):
    result = compare(
        problems=[{"molecule": LIH}], optimizers=["spsa"], seeds=1, budget=4000, shots=200,
        out=tmp_path / "c",
    )  # fmt: skip
    assert result.outcomes
    from qvopt.comparison.collection import load_comparison
    from qvopt.comparison.report.about import problems_table

    comparison = load_comparison(tmp_path / "c")
    (row,) = problems_table(comparison.about, comparison.outcomes).rows
    assert "CASCI(2, 2), lowest singlet" in row[-1]


@pytest.mark.slow
def test_another_sectors_energy_wins_no_comparison():
    free = {"molecule": "h3+", "constraints": {"electrons": 0, "s_z": 0, "s2": 0},
            "ansatz": "real-amplitudes", "backend": "lightning"}  # fmt: skip
    kept = free | {"constraints": {}, "label": "kept"}
    rate = {"name": "adam", "learning_rate": 0.1}
    found = compare(
        problems=[free | {"label": "free"}, kept], optimizers=[rate], seeds=1,
        shots=2000, budget=60 * 48 * 2000,
    )  # fmt: skip
    by = {outcome.problem: outcome for outcome in found.outcomes}
    assert by["free"].status == "below-exact"
    assert by["free"].final_error is None
    assert np.nanmin(by["free"].error) > -1e-5
    assert by["kept"].final_error > -1e-6
