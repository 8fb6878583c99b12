"""What a run takes is at most what was stated before it, the final estimate included."""

import pytest

import qvopt
from qvopt.backends.cost import Cost
from qvopt.runs.session import Session

pytestmark = pytest.mark.filterwarnings("ignore")  # of IBM's client

BACKEND = {"name": "ibm:fake_manila", "optimization_level": 1, "timed": True,
           "price_per_second": 1.6}  # fmt: skip
SETTINGS = {"backend": BACKEND, "optimizer": "adam", "learning_rate": 0.1,
            "shots": 500}  # fmt: skip


def total(result):
    return sum(result.costs.values(), Cost())


@pytest.mark.parametrize("budget", [None, "30 QPU-min", "3000 USD", "1e7 shots", "9 jobs"])
def test_a_run_takes_no_more_than_was_stated(budget, tmp_path):
    settings = {**SETTINGS, "max_steps": 2, **({} if budget is None else {"budget": budget})}
    forecast = qvopt.forecast("h2", **settings)
    result = qvopt.run("h2", **settings, out=tmp_path / "r")
    assert result.n_steps == 2
    spent, stated = total(result), forecast.total
    for name in ("jobs", "shots", "qpu_seconds", "money"):
        assert getattr(spent, name) <= getattr(stated, name) * (1 + 1e-9), name
    if budget in ("30 QPU-min", "3000 USD", "1e7 shots"):
        # Noise takes the final estimate beyond what is expected without any.
        assert spent.shots > (stated - forecast.final + forecast.expected).shots
        assert "the most that it may take" in repr(forecast)


def test_a_precision_without_a_bound_is_stated_as_expected():
    forecast = qvopt.forecast("h2", **SETTINGS, max_steps=1, final_precision=1e-3)
    assert not forecast.bounded
    assert "is expected to take" in repr(forecast)
    assert "final_share or a budget bounds it" in repr(forecast)
    shots = qvopt.forecast("h2", **SETTINGS, max_steps=1, final_shots=5000)
    assert shots.final.shots == 5000 + 2 * 500
    assert not shots.remarks()


def test_further_steps_count_the_share_of_the_earlier_ones(tmp_path):
    settings = {**SETTINGS, "max_steps": 12}
    first = qvopt.run("h2", **settings, out=tmp_path / "r")
    stated = []
    with Session.resume(tmp_path / "r", max_steps=13) as session:
        session.approve(lambda statement: stated.append(statement) or True)
        list(session)
        again = session.result()
    added = total(again) - total(first)
    assert added.shots <= stated[0].cost.shots
    assert added.qpu_seconds <= stated[0].cost.qpu_seconds + 1e-9
