"""Run folders of released versions resume, from their ends and from any round before."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from slow_cases import rest_slow

from qvopt import Session
from qvopt.cli.command_line import run
from qvopt.records.journal import read_journal
from qvopt_molecules.errors import InputError

CORPUS = Path(__file__).parent / "corpus"
FOLDERS = sorted(p for version in CORPUS.iterdir() for p in version.iterdir())


def resumed(folder):
    with Session.resume(folder) as session:
        for _ in session:
            pass
        return session.result()


def readable_circuits(folder):
    """Whether this Qiskit, the oldest of CI perhaps, reads what a newer one wrote."""
    from qiskit.qpy.common import QPY_VERSION

    return all(file.read_bytes()[6] <= QPY_VERSION for file in folder.glob("*.qpy"))


@pytest.mark.parametrize("folder", FOLDERS, ids=[f"{p.parent.name}-{p.name}" for p in FOLDERS])
def test_an_ended_run_is_replayed_to_its_last_digit(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "run")
    if not readable_circuits(folder):
        with pytest.raises(InputError, match="written by a newer Qiskit"):
            resumed(tmp_path / "run")
        return
    result = resumed(tmp_path / "run")
    stored = json.loads((folder / "result.json").read_text())
    assert result.energy == stored["energy"]
    assert result.drift < 1e-9
    assert result.shots == stored["shots"]
    assert result.n_steps == stored["steps"]


@pytest.mark.parametrize(
    "folder",
    rest_slow(FOLDERS, lambda p: p.name != "h2-manila"),
    ids=[f"{p.parent.name}-{p.name}" for p in FOLDERS],
)
def test_a_cut_run_goes_on(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "run")
    journal = tmp_path / "run" / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    events, _ = read_journal(journal)
    rounds = [k for k, e in enumerate(events) if e["type"] == "round"]
    journal.write_bytes(b"".join(lines[: rounds[len(rounds) // 2] + 1]))
    result = resumed(tmp_path / "run")
    whole = json.loads((folder / "result.json").read_text())
    assert result.status == whole["status"]
    assert np.isfinite(result.energy)
    assert result.costs.keys() >= {"final"} or result.shots == 0


READ = ("h2-adam", "h2-manila")  # without jobs and with them


@pytest.mark.parametrize(
    "folder",
    rest_slow(FOLDERS, lambda p: p.name in READ),
    ids=lambda p: f"{p.parent.name}-{p.name}",
)
def test_commands_read_it(folder, tmp_path, monkeypatch, capsys):
    shutil.copytree(folder, tmp_path / "runs" / "run")
    monkeypatch.chdir(tmp_path)
    hardware = (folder / "jobs").is_dir()
    for arguments, code in (
        (["show", "runs/run"], 0), (["show", "runs/run", "--json"], 0), (["list", "runs"], 0),
        (["resume", "runs/run", "--quiet"], 0), (["fetch", "runs/run"], 0),
        (["status", "runs/run", "--offline"], 0 if hardware else 2),
    ):  # fmt: skip
        assert run(arguments) == code, arguments
        reply = capsys.readouterr()
        assert reply.err.count("\n") == (1 if code else 0), reply.err
        key = "status" if "list" in arguments else "steps"
        told = json.loads((folder / "result.json").read_text())[key]
        assert code or f"{told}" in reply.out
