"""The examples run, and say something."""

import runpy
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "ansatze"
SCRIPTS = sorted(p for p in FOLDER.glob("*.py") if p.name != "common.py")


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: p.stem)
def test_example_scripts(path, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(FOLDER))
    runpy.run_path(str(path), run_name="__main__")
    assert capsys.readouterr().out
    assert not list(tmp_path.iterdir())
