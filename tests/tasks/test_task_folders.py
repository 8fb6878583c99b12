"""Tasks of the command line keep what they did: interrupted, the same command goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import command_line

from qvopt import excited_states
from qvopt.cli.excited import excited_command
from qvopt.tasks.excited.result import ExcitedState
from qvopt_molecules.catalogue import find_molecule

QVOPT = [sys.executable, "-c", "from qvopt.cli import main; main()"]

TASKS = {
    "excited": (["excited", "h4-chain", "--states", "3", "--json"], "minimisation 1", "excited"),
    "relax": (
        ["relax", "h2", "--set", "bond=1.1", "--json"],
        "Ha/bohr",
        "relaxations",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "number", "code"),
    [
        pytest.param("excited", signal.SIGKILL, -signal.SIGKILL, marks=pytest.mark.slow),
        ("relax", signal.SIGINT, 130),
        pytest.param("excited", signal.SIGTERM, 75, marks=pytest.mark.slow),
    ],
)
def test_an_interrupted_task_goes_on_bit_for_bit(
    name: str, number: signal.Signals, code: int, tmp_path: Path
) -> None:
    arguments, mark, kind = TASKS[name]
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with subprocess.Popen(
        [*QVOPT, *arguments], cwd=tmp_path / "a", text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env=os.environ | {"PYTHONUNBUFFERED": "1"},
    ) as process:  # fmt: skip
        assert process.stderr is not None
        assert process.stdout is not None
        for line in process.stderr:
            if mark in line:
                process.send_signal(number)
                break
        rest, printed = process.stderr.read(), process.stdout.read()
    assert process.returncode == code
    assert printed == ""
    (folder,) = (tmp_path / "a" / kind).iterdir()
    if number != signal.SIGKILL:
        assert f"the same command continues from {folder.relative_to(tmp_path / 'a')}" in rest
    again, whole = (command_line(*arguments, cwd=tmp_path / d) for d in ("a", "b"))
    assert again.returncode == whole.returncode == 0, again.stderr
    assert json.loads(again.stdout) == json.loads(whole.stdout)
    if name == "relax":
        relaxed = find_molecule(folder / "relaxed.xyz")
        last = find_molecule(json.loads(whole.stdout)["geometry"])
        for a, b in zip(relaxed.atoms, last.atoms, strict=True):
            assert a.position == pytest.approx(b.position, abs=1e-7)


@pytest.mark.parametrize(
    ("squared", "word"),
    [(0.0, "singlet"), (0.75, "doublet"), (2.0, "triplet"), (1.999, "triplet"), (3.75, "quartet"),
     (1.0, "mixed"), (0.2, "mixed"), (None, None)],
)  # fmt: skip
def test_multiplicities(squared: float | None, word: str | None) -> None:
    state = ExcitedState(-1.0, 0.0, -1.0, None, squared, None, 3, ())
    assert state.multiplicity == word


def test_spin_of_complex_and_mixed_states() -> None:
    """LUCJ has complex amplitudes, and keeps the singlet; open shells mix without pairing."""
    found = excited_states("h2", 2, ansatz="lucj", max_steps=2)
    assert [s.multiplicity for s in found.states] == ["singlet", "singlet"]


def test_what_a_table_of_states_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data = {"molecule": "lih", "max_steps": 4}
    assert excited_command("lih", data, {"states": 2}, None, False) == 0
    shown = capsys.readouterr()
    assert "minimisation 1  step" in shown.err
    assert "not at a minimum after 4 steps: states 0, 1; give --max-steps" in shown.out
    assert "error (mHa)" in shown.out
