"""Runs of one name are told apart by what differs between them."""

import json

import pytest

from qvopt import run
from qvopt.cli.run_list import list_runs
from qvopt.cli.runs import show_command
from qvopt.experiment.specification import make_experiment
from qvopt.runs.distinction import details_of

SPACE = {"electrons": 2, "n_orbitals": 2}


@pytest.fixture
def runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    for number, (molecule, more) in enumerate(
        [
            ("Li 0 0 0; H 0 0 1.6", {}),
            ("Li 0 0 0; H 0 0 1.6", {"basis": "6-31g"}),
            ("Li 0 0 0; H 0 0 1.9", {}),
            ("lih", {"set": {"bond": 1.7}}),
            ("lih", {"set": {"bond": 1.7}, "seed": 4}),
            ("h2", {}),
        ]
    ):
        space = {} if molecule == "h2" else {"active_space": SPACE}
        run(molecule, max_steps=0, out=f"runs/{number}", **space, **more)
    capsys.readouterr()


def test_the_list_shows_what_differs_within_80_columns(runs, capsys):
    assert list_runs([], False) == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    lines = text.splitlines()
    head = lines.pop(0)
    while "shots" not in head:  # headings of several words are wrapped
        head = lines.pop(0)
    cells, number = {}, ""
    for line in lines:
        number = line[:8].strip() or number
        cells[number] = f"{cells.get(number, '')} {line[8 : head.index('shots')]}"
    assert "6-31g" in cells["runs/1"]
    assert "1.6 Å" in " ".join(cells["runs/0"].split())
    assert "1.9 Å" in " ".join(cells["runs/2"].split())
    assert "bond=1.7" in cells["runs/3"]
    assert "seed 4" in " ".join(cells["runs/4"].split())
    assert "sto-3g" not in cells["runs/5"]  # the only one of its name
    assert "2,2" not in text  # all have that


def test_json_and_show_have_it_too(runs, capsys):
    assert list_runs([], True) == 0
    rows = {row["run"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["runs/1"]["molecule_settings"]["basis"] == "6-31g"
    assert rows["runs/4"]["seed"] == 4
    from pathlib import Path

    assert show_command(Path("runs/2"), None, False) == 0
    assert "seed 0 · 1.9 Å" in capsys.readouterr().out.splitlines()[0]
    assert show_command(Path("runs/3"), None, True) == 0
    shown = json.loads(capsys.readouterr().out)["molecule_settings"]
    assert shown == {"name": "lih", "set": {"bond": 1.7}, "active_space": SPACE}


def test_details_of_models_and_of_many_atoms():
    hubbard = details_of(make_experiment({"molecule": {"name": "hubbard", "set": {"u": 4}}}))
    assert hubbard == {"u": "u=4", "mapping": "jordan-wigner", "seed": "seed 0"}
    one, other = (
        details_of(make_experiment({"molecule": {"name": "h2o", "set": {"bond": b}}}))["geometry"]
        for b in (0.9, 1.0)
    )
    assert one != other
