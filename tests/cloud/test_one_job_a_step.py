"""One round is one job on ibm:fake_manila, whatever the optimizer asks and however errors are
mitigated: as it is priced for every optimizer, and as it is run for those that ask the most.
"""

import json
from dataclasses import replace

import pytest
from slow_cases import rest_slow

from qvopt import Session, make_experiment
from qvopt.cloud.dry_program import DryProgram
from qvopt.engine.assembly import assemble
from qvopt.optimizers.registry import get_optimizer, optimizer_names
from qvopt.records.ledger import Ledger
from qvopt.runs.driver import Driver

pytestmark = pytest.mark.usefixtures("quiet_client")

DEVICE = {"name": "ibm:fake_manila", "optimization_level": 1}
READOUT = {"readout": {"shots": 300, "every": 1}}
EVERYTHING = {**READOUT, "zne": {"scales": [1, 3]}}


def described(optimizer="adam", mitigation=None, **more):
    return make_experiment(
        {
            "molecule": "h2",
            "optimizer": optimizer,
            "backend": DEVICE,
            "measurement": {"shots": 640, "grouping": "fully-commuting"},
            "mitigation": mitigation or {},
            "max_steps": 2,
            **more,
        }
    )


def jobs_by_round(events):
    """Jobs of each round; a round that measures has hardware costs."""
    rounds = [e for e in events if e["type"] == "round"]
    return [e["cost"]["hardware"][3] for e in rounds], [e["role"] for e in rounds]


class Kept(list):
    """Events, where a run without a folder would drop them."""

    def append(self, event, *, durable=False):
        super().append(event)


@pytest.fixture(scope="module")
def assemblies():
    return {
        name: assemble(described(mitigation=mitigation))
        for name, mitigation in (("raw", None), ("mitigated", EVERYTHING))
    }


# One of each kind of query.
ASKING = ("adam", "l-bfgs", "qng", "qn-spsa", "spsa", "rotosolve", "icans", "rosalin")
ROUNDS = rest_slow(
    [(name, errors) for name in optimizer_names() for errors in ("raw", "mitigated")],
    [(name, "raw") for name in ASKING] + [(name, "mitigated") for name in ("adam", "icans")],
)


@pytest.mark.parametrize(("name", "errors"), ROUNDS)
def test_a_round_of_any_optimizer_is_priced_as_one_job(name, errors, assemblies):
    assembly = assemblies[errors]
    evaluator = replace(assembly.evaluator, program=DryProgram(assembly.program))
    log = Kept()
    optimizer = get_optimizer(name)
    driver = Driver(evaluator, optimizer, assembly.start, 0, 2, Ledger(), "none", log)
    steps = list(driver)
    jobs, roles = jobs_by_round(log)
    assert steps
    assert set(jobs) == {1}
    if name.startswith(("qng", "adam")):  # these ask once a step; others ask again to go on
        assert roles == ["optimizer"] * driver.outcome.steps + ["final"]


@pytest.mark.parametrize(
    ("optimizer", "mitigation"),
    [
        pytest.param("qng", None, marks=pytest.mark.slow),
        # Its blocking rule asks about the step that the first answers lead to: a round of its own.
        pytest.param({"name": "qn-spsa", "blocking": False}, READOUT, marks=pytest.mark.slow),
        pytest.param("adam", EVERYTHING, marks=pytest.mark.slow),
        ("adam", READOUT),
    ],
)
def test_a_step_is_run_as_one_job(optimizer, mitigation, tmp_path):
    experiment = described(optimizer, mitigation, max_steps=1)
    with Session.begin(experiment, out=tmp_path / "run") as session:
        list(session)
        result = session.result()
    lines = (tmp_path / "run" / "journal.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in lines]
    jobs, roles = jobs_by_round(events)
    assert (jobs, roles) == ([1, 1], ["optimizer", "final"])
    done = [e for e in events if e["type"] == "job" and e["state"] == "done"]
    assert len(done) == len({tuple(e["round"]) for e in events if e.get("state") == "intent"}) == 2
    assert result.costs["hardware"].jobs == 2
    if mitigation is not None:
        assert result.costs["readout-calibration"].circuits % 2 == 0
