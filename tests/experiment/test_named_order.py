"""Spin-adapted circuits of our own name their order; those of plug-ins are left alone."""

from dataclasses import dataclass

import pytest

from qvopt.experiment import named_order
from qvopt.experiment.named_order import BEFORE, NOW, with_named_order
from qvopt.experiment.specification import make_experiment
from qvopt_circuits.uccsd import UCCSD, Order


@dataclass(frozen=True)
class Mine(UCCSD):
    """A plug-in's, with a default of its own."""

    order: Order = "mp2"


@pytest.mark.parametrize("name", ["uccsd", "qeb"])
@pytest.mark.parametrize("order", [NOW, BEFORE])
def test_an_order_that_is_open_is_named(name, order):
    asked = {"name": name, "spin_adapted": True}
    assert with_named_order(asked, order) == asked | {"order": order}
    for other in ({"name": name}, asked | {"spin_adapted": False}, asked | {"order": "mp2"}):
        assert with_named_order(other, order) == other


def test_a_plug_in_keeps_its_default(monkeypatch):
    monkeypatch.setattr(named_order, "ansatz_factory", lambda name: Mine)
    asked = {"name": "mine", "spin_adapted": True}
    assert with_named_order(asked, NOW) == asked


def test_experiments_name_it_and_recorded_ones_stay_as_they_are():
    data = {"molecule": "h2", "ansatz": {"name": "uccsd", "spin_adapted": True}}
    assert make_experiment(data).ansatz.options["order"] == NOW
    recorded = make_experiment(data, recorded=True)
    assert recorded.ansatz.options == {"spin_adapted": True}
    assert make_experiment({"molecule": "h2"}).ansatz.options == {}
    given = make_experiment({"molecule": "h2", "ansatz": UCCSD(spin_adapted=True)})
    assert given.ansatz.options["order"] == NOW
