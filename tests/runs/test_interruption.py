"""Ctrl-C while a run optimises: once, it ends in order; twice, at once; nothing is lost."""

import os
import signal

import numpy as np
import pytest

from qvopt import Session, make_experiment, resume, run
from qvopt.runs.interruption import ends_after_round

SETTINGS = {"optimizer": "adam", "shots": 200, "max_steps": 12, "seed": 3}


def interrupting(*steps, times=1):
    def callback(step):
        if step.number in steps:
            for _ in range(times):
                os.kill(os.getpid(), signal.SIGINT)

    return callback


def resumed(path):
    with Session.resume(path) as session:
        for _ in session:
            pass
        return session.result()


@pytest.mark.parametrize(
    ("optimizer", "step"), [("adam", 0), ("adam", 5), ("rotosolve", 2), ("cobyla", 4), ("spsa", 1)]
)
def test_one_ends_in_order_and_a_resume_goes_on(optimizer, step, tmp_path):
    settings = SETTINGS | {"optimizer": optimizer}
    before = signal.getsignal(signal.SIGINT)
    result = run("h2", out=tmp_path / "run", callback=interrupting(step), **settings)
    assert signal.getsignal(signal.SIGINT) is before
    assert (result.status, result.n_steps, result.exit_code) == ("interrupted", step, 130)
    assert result.stderr > 0
    assert abs(result.energy - result.exact) < 5 * result.stderr
    straight = run("h2", **settings)
    again = resumed(tmp_path / "run")
    assert again.status == straight.status
    assert np.array_equal(again.x, straight.x)
    assert again.energy == straight.energy
    assert again.shots == straight.shots + result.costs["final"].shots


def test_a_second_one_stops_at_once(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run("h2", out=tmp_path / "run", callback=interrupting(5, times=2), **SETTINGS)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    straight = run("h2", **SETTINGS)
    assert np.array_equal(resumed(tmp_path / "run").x, straight.x)


def interrupt_in_round(session, rounds):
    """Send SIGINT within a round of the optimizer, its number counted from 1."""
    answer, asked = session.driver._rounds.answer, []

    def counted(*arguments):
        asked.append(arguments)
        if len(asked) == rounds:
            os.kill(os.getpid(), signal.SIGINT)
        return answer(*arguments)

    session.driver._rounds.answer = counted


def test_one_within_a_step_ends_at_the_last_whole_step(tmp_path):
    settings = SETTINGS | {"optimizer": "rotosolve", "max_steps": 3}
    straight = run("h2", **settings)
    path = tmp_path / "run"
    session = Session.begin(make_experiment({"molecule": "h2", **settings}), out=path)
    for rounds in (2, 3):  # a sweep of rotosolve is one step, and a round for each parameter
        with session, ends_after_round(session, lambda text: None):
            interrupt_in_round(session, rounds)
            for _ in session:
                pass
            result = session.result()
        assert (result.status, result.n_steps) == ("interrupted", 0)
        assert np.array_equal(result.x, session.driver.start)
        session = Session.resume(path)
    session.close()
    again = resumed(path)
    assert np.array_equal(again.x, straight.x)
    assert again.energy == straight.energy


def test_ends_at_one_step_and_other_points_are_different_ends(tmp_path):
    """Interrupted before the first sweep was through, and then out of budget within it."""
    experiment = make_experiment({"molecule": "h2", "optimizer": "rotosolve", "max_steps": 3,
                                  "measurement": {"shots": 200, "final_shots": 200},
                                  "budget": {"shots": 2600}})  # fmt: skip
    session = Session.begin(experiment, out=tmp_path / "run")
    with session, ends_after_round(session, lambda text: None):
        interrupt_in_round(session, 1)
        for _ in session:
            pass
        first = session.result()
    assert (first.status, first.n_steps) == ("interrupted", 0)
    second = resumed(tmp_path / "run")
    assert (second.status, second.n_steps) == ("budget", 0)
    assert not np.array_equal(second.x, first.x)
    assert second.costs["final"].shots == 2 * first.costs["final"].shots
    third = resumed(tmp_path / "run")
    assert (third.energy, third.costs) == (second.energy, second.costs)


def test_exact_runs_and_growing_circuits_too():
    exact = run("lih", optimizer="adam", callback=interrupting(3), max_steps=9)
    assert (exact.status, exact.n_steps) == ("interrupted", 3)
    assert exact.energy == exact.exact
    adapt = {"name": "adapt", "max_operators": 3}
    grown = run("h2", ansatz=adapt, shots=500, callback=interrupting(1), max_steps=2)
    assert (grown.status, grown.n_steps) == ("interrupted", 1)
    assert len(grown.x) == len(grown.operators)


@pytest.mark.parametrize("steps", [(4,), (2, 6)])
def test_with_a_budget_the_steps_are_those_of_an_uninterrupted_run(steps, tmp_path):
    """The estimates at the interruptions are charged, and take nothing from the steps."""
    settings = SETTINGS | {"max_steps": 900, "budget": {"shots": 40_000}}
    straight = run("h2", **settings)
    assert (straight.status, straight.n_steps > 8) == ("budget", True)
    path = tmp_path / "run"
    stopped = run("h2", out=path, callback=interrupting(steps[0]), **settings)
    for step in steps[1:]:
        stopped = resume(path, callback=interrupting(step))
    estimates = stopped.costs["final"].shots
    again = resumed(path)
    assert (again.status, again.n_steps) == (straight.status, straight.n_steps)
    assert np.array_equal(again.x, straight.x)
    assert (again.energy, again.stderr) == (straight.energy, straight.stderr)
    assert again.message == straight.message
    assert again.shots == straight.shots + estimates
    third = resumed(path)
    assert (third.energy, third.costs) == (again.energy, again.costs)
