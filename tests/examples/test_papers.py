"""The files that reproduce papers: the comparisons are valid, and a finding holds."""

from pathlib import Path

import pytest

from qvopt.comparison.problem_data import read_comparison
from qvopt.comparison.specification import make_comparison

PAPERS = Path(__file__).resolve().parents[2] / "examples" / "papers"


@pytest.fixture
def load(scripts):
    return lambda name: scripts.load(PAPERS / f"{name}.py")


@pytest.mark.parametrize("path", sorted(PAPERS.glob("*.toml")), ids=lambda p: p.name)
def test_comparisons_are_valid(path):
    spec = make_comparison(read_comparison(path))
    assert spec.seeds >= 10
    assert len(spec.optimizers) >= 6


@pytest.mark.parametrize("molecule", ["h2", "h3+", "lih"])
def test_excitation_solve_needs_one_sweep(molecule, load):
    paper = load("excitationsolve")
    step, energies, error = paper.until(
        molecule, {"name": "excitation-solve"}, paper.CHEMICAL_ACCURACY, 3
    )
    assert step == 1
    assert error <= paper.CHEMICAL_ACCURACY
    rival = paper.until(molecule, {"name": "l-bfgs"}, paper.CHEMICAL_ACCURACY, 50)
    assert energies < rival[1]


@pytest.mark.slow
def test_the_natural_gradient_needs_fewer_steps_than_gradient_descent(load):
    paper = load("natural_gradient")
    natural, _ = paper.steps_to("qng", 0.3, 0, 1e-2)
    plain, _ = paper.steps_to("gradient-descent", 0.3, 0, 1e-2)
    assert natural < plain


def test_adapt_follows_its_authors_run(load):
    paper = load("adapt")
    found, fci = paper.energies("fermionic", 8)
    assert fci == pytest.approx(paper.PUBLISHED_FCI, abs=1e-7)
    assert found[0] == pytest.approx(paper.PUBLISHED[0], abs=1e-7)
    # A singlet operator of theirs is two of ours, once on the way.
    for published, ours in zip(paper.PUBLISHED[4:], found[5:8], strict=True):
        assert ours == pytest.approx(published, abs=2e-6)
    assert paper.operators_to(paper.CHEMICAL_ACCURACY, found, fci) == 7
    converged, _ = paper.energies("fermionic-sd", 20)
    assert converged[-1] == pytest.approx(paper.PUBLISHED_SD, abs=5e-6)
