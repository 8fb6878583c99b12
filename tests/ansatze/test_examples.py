"""The examples run, and say something."""

import re
import runpy
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "ansatze"
SLOW = ("adapt", "hva", "lucj", "adapt_pools", "tups", "hardware_families")  # seconds each
SCRIPTS = [
    pytest.param(path, id=path.stem, marks=[pytest.mark.slow] if path.stem in SLOW else [])
    for path in sorted(FOLDER.glob("*.py"))
    if path.name != "common.py"
]


@pytest.mark.parametrize("path", SCRIPTS)
def test_example_scripts(path, scripts, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    scripts.run(path)
    out = capsys.readouterr().out
    assert out
    assert not list(tmp_path.iterdir())
    if path.stem == "from_elsewhere":
        errors = re.findall(r"(-?[\d.]+) mHa above full CI", out)
        assert len(errors) == 3
        assert all(abs(float(e)) < 0.01 for e in errors)


def test_the_documented_plug_in_works(tmp_path):
    """The class of docs/plugins.md, as it stands there, is an ansatz."""
    import numpy as np

    from qvopt.backends.protocol import Problem
    from qvopt.backends.sector import SectorBackend
    from qvopt_molecules.catalogue import find_molecule
    from qvopt_molecules.integrals import build_hamiltonian

    page = (FOLDER.parents[1] / "docs" / "plugins.md").read_text()
    (code,) = (b for b in re.findall(r"```python\n(.*?)```", page, re.S) if "class Pairs" in b)
    (tmp_path / "pairs.py").write_text(code)
    ansatz = runpy.run_path(str(tmp_path / "pairs.py"))["Pairs"](layers=2)
    h = build_hamiltonian(find_molecule("h4-chain"))
    circuit = ansatz.circuit(h)
    program = SectorBackend().compile(Problem(circuit, None, h))
    start = ansatz.start(h, np.random.default_rng(0))
    assert len(start) == circuit.n_parameters == 12
    energy, gradient = program.gradient(start)
    assert np.linalg.norm(gradient) > 0.1
    assert energy == pytest.approx(-2.09854594, abs=1e-7)
