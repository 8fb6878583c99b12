"""A result says which mitigation its energy passed: in its table, its JSON, and from its folder."""

import json

import pytest
from typer.testing import CliRunner

import qvopt
from qvopt import make_experiment
from qvopt.cli import command_line
from qvopt.cli.app import app
from qvopt.engine.auto_mitigation import mitigation_of

assert callable(command_line.run)  # its import registers the commands

NOISY = {"mapping": "parity-reduced", "shots": 4000, "optimizer": "spsa", "max_steps": 0,
         "backend": {"name": "aer", "noise": {"two_qubit": 0.02}}}  # fmt: skip


def test_the_stages_that_were_asked_for_are_named(tmp_path):
    result = qvopt.run("h2", **NOISY, mitigation={"reference": True}, out=tmp_path / "r")
    assert list(result.mitigation) == ["reference"]
    assert json.loads((tmp_path / "r/result.json").read_text())["mitigation"] == ["reference"]
    shown = CliRunner().invoke(app, ["show", str(tmp_path / "r")])
    (row,) = [line.split() for line in shown.output.splitlines() if line.startswith("mitigation")]
    assert row == ["mitigation", "reference"]


def test_auto_names_what_it_chose(tmp_path):
    result = qvopt.run("h2", **NOISY, mitigation="auto", out=tmp_path / "r")
    chosen = json.loads((tmp_path / "r/mitigation.json").read_text())[0]["stages"]
    assert " + ".join(result.mitigation) == chosen != "none"
    assert "chosen by auto" in " ".join(repr(result).split())
    shown = CliRunner().invoke(app, ["show", str(tmp_path / "r")])
    assert "chosen by auto" in " ".join(shown.output.split())
    closing = shown.output.split("status")[1].splitlines()
    assert max(len(line) for line in closing if str(tmp_path) not in line) <= 80
    document = json.loads((tmp_path / "r/result.json").read_text())
    assert document["mitigation"] == list(result.mitigation)


def test_without_any_the_list_is_empty_and_exact_energies_have_none():
    assert qvopt.run("h2", shots=200, optimizer="spsa", max_steps=0).mitigation == ()
    exact = qvopt.run("h2", max_steps=0)
    assert exact.mitigation is None
    assert "mitigation" not in exact.document()


@pytest.mark.parametrize(
    ("data", "stages"),
    [
        ({"measurement": {"postselect": True}, "mitigation": {"readout": True}},
         ("readout", "post-selection")),
        ({"mitigation": {"zne": {"scales": [1, 3], "fit": "linear"}}}, ("ZNE 1-3",)),
        ({"backend": {"name": "ibm:fake_manila", "resilience": 2}}, ("IBM resilience level 2",)),
        ({"backend": {"name": "ibm:fake_manila", "resilience": 0}}, ()),
    ],
)  # fmt: skip
def test_every_stage_has_a_name(data, stages):
    assert mitigation_of(make_experiment({"molecule": "h2", "shots": 100, **data})) == stages
