"""Comparisons whose problems run on hardware: priced without sending, run as jobs."""

import pytest

from qvopt import compare, make_experiment
from qvopt.comparison import problems
from qvopt.engine.assembly import assemble

pytest.importorskip("qiskit_ibm_runtime")


@pytest.mark.slow
def test_a_comparison_runs_on_a_snapshot(tmp_path):
    data = {
        "optimizers": ["spsa"],
        "seeds": 1,
        "budget": 2400,
        "shots": 400,
        "problems": [{"molecule": "h2", "backend": "ibm:fake_manila"}],
    }
    comparison = compare(data, out=tmp_path / "c", workers=1)
    assert comparison is not None
    (journal,) = (tmp_path / "c").rglob("outcome.json")
    assert '"crashed"' not in journal.read_text()


def test_nothing_is_sent_for_a_forecast_of_paid_jobs():
    assembly = assemble(make_experiment({"molecule": "h2", "backend": "ibm:fake_manila",
                                         "shots": 400}))  # fmt: skip
    program = assembly.program

    class Paid(type(program)):
        durable = True

        def run(self, batch, seed):
            raise AssertionError("a job was sent")

    program.__class__ = Paid
    prices = problems._prices(assembly)
    assert prices["gradient_bytes"] > prices["energy_bytes"] > 350
