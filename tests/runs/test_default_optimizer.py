"""What a run under shots takes where it names no optimizer, and how that run ends."""

import numpy as np
import pytest

from qvopt import run
from qvopt.engine.assembly import assemble
from qvopt.experiment.specification import make_experiment
from qvopt.runs.defaults import with_defaults
from qvopt.tasks.excited.states import excited_states
from qvopt_molecules.errors import InputError

LIH = {"name": "lih", "active_space": {"frozen_core": 1}}


def named(**data):
    """The experiment that a run records."""
    return with_defaults(assemble(make_experiment({"molecule": "h2", **data}))).experiment


def test_a_bare_run_ends_by_itself_at_chemical_accuracy():
    """The claim of the default over ten seeds, and the energy that is reported with its error."""
    within = covered = 0
    for seed in range(10):
        result = run(LIH, shots=500, seed=seed)
        assert result.status == "converged", result.message
        assert "less than 0.0016 Ha above the circuit's minimum" in result.message
        assert result.stderr < 1.2e-3  # the final estimate is worth the optimisation
        within += result.exact - result.fci < 1.6e-3  # UCCSD's minimum is 0.01 mHa above it
        covered += abs(result.energy - result.exact) < 1.96 * result.stderr
    assert within >= 9
    assert covered >= 8


@pytest.mark.parametrize(
    ("settings", "name", "error"),
    [
        ({}, "l-bfgs", None),
        ({"shots": 300}, "kalman-newton", 0.0016),
        ({"shots": 300, "budget": 100_000}, "kalman-newton", 0.0016),
        ({"shots": 300, "stopping": {"expected_error": 0.01}}, "kalman-newton", 0.01),
        # Only a budget bounds the shots of one that was named, and whose rounds grow.
        ({"shots": 300, "optimizer": "kalman-newton"}, "kalman-newton", 0.0016),
        ({"shots": 300, "optimizer": "kalman-newton", "budget": 10_000}, "kalman-newton", None),
        ({"shots": 300, "optimizer": "kalman-newton", "max_steps": 3}, "kalman-newton", 0.0016),
        ({"shots": 300, "optimizer": "adam"}, "adam", None),
        # A gradient rule that was asked for is used, and so is a stop by the gradient.
        ({"shots": 300, "stopping": {"gradient": 5}}, "adam", None),
        ({"shots": 300, "measurement": {"gradient": "directional"}}, "adam", None),
    ],
)
def test_what_is_recorded(settings, name, error):
    experiment = named(**settings)
    assert (experiment.optimizer_spec.name, experiment.stopping.expected_error) == (name, error)
    recorded = make_experiment(experiment.document(), recorded=True)
    assert recorded.content_hash() == experiment.content_hash()


def test_on_hardware_all_steps_cost_the_same_where_nothing_else_bounds_them():
    snapshot = {"backend": "ibm:fake_manila", "shots": 1000}
    assert named(**snapshot).optimizer_spec.name == "adam"
    capped = named(**snapshot, budget={"jobs": 30})
    assert capped.optimizer_spec.name == "kalman-newton"
    wanted = named(**snapshot, stopping={"expected_error": 0.01})
    assert wanted.optimizer_spec.name == "kalman-newton"


def test_its_shots_are_bounded():
    """Without a stop 300 growing rounds took 38 billion shots of H2."""
    assert run("h2", optimizer="kalman-newton", shots=1000, seed=1).shots < 10**6


def test_a_share_bounds_the_final_estimate_where_a_budget_was_given():
    measurement = named(shots=300, budget=100_000).measurement
    assert (measurement.final_precision, measurement.final_share) == (0.001, 0.1)
    assert named(shots=300).measurement.final_share is None


@pytest.mark.parametrize("molecule", ["h4-chain"])
def test_no_minimum_is_claimed_where_nothing_is_classically_known(molecule):
    """Equal layers: a slow saddle point, 16 mHa above the minimum, passes for one."""
    result = run(molecule, ansatz="k-upccgsd", shots=1000, seed=0)
    assert result.status == "stopped"
    assert "nothing classical says that it is the minimum" in result.message
    lower = run(molecule, ansatz="k-upccgsd", start=[float(v) for v in result.x], max_steps=500)
    assert result.exact - lower.exact > 5e-3


def test_excited_states_take_one_that_needs_no_expected_error():
    states = excited_states("h2", states=2, shots=200, max_steps=3, seed=1)
    assert np.all(np.isfinite([state.energy for state in states.states]))
    with pytest.raises(InputError, match="take another optimizer, or a budget"):
        excited_states("h2", states=2, shots=200, optimizer="kalman-newton")
