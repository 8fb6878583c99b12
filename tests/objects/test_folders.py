"""Folders that are copied elsewhere miss nothing of the files, nor of the places they came from."""

import shutil
from pathlib import Path

import pytest
from pyscf import gto, scf
from pyscf.tools import fcidump

from qvopt import (
    Session,
    compare,
    excited_states,
    load,
    make_experiment,
    optimize_orbitals,
    relax,
    run,
    run_properties,
    scan,
)
from qvopt.cli.command_line import run as command_line
from qvopt.comparison.compare import ComparisonResult
from qvopt.experiment.toml_text import read_experiment_file
from qvopt.runs.result import Result
from qvopt.tasks.excited.result import ExcitedStates
from qvopt.tasks.orbitals_result import OptimizedOrbitals
from qvopt.tasks.relaxation_result import Relaxation
from qvopt.tasks.scan_result import ScanResult
from qvopt_molecules import frozen
from qvopt_molecules.errors import InputError

MOLECULE = """
name = "mine"
geometry = "H 0 0 0; H 0 0 bond"
[parameters]
bond = 0.8
"""


def write(kind, folder):
    path = folder / {"fcidump": "h2.fcidump", "edges": "edges.txt"}.get(kind, f"mine.{kind}")
    if kind == "toml":
        path.write_text(MOLECULE)
    elif kind == "xyz":
        path.write_text("2\nhydrogen\nH 0 0 0\nH 0 0 0.8\n")
    elif kind == "txt":
        path.write_text("0.5 XXI\n-0.25 IZZ\n1.0 ZII\n")
    elif kind == "json":
        path.write_text('{"XXI": 0.5, "IZZ": -0.25, "ZII": 1.0}')
    elif kind == "edges":
        path.write_text("0 1\n1 2\n2 3\n3 0\n")
        return {"name": "maxcut", "set": {"graph": str(path)}}
    else:
        field = scf.RHF(gto.M(atom="H 0 0 0; H 0 0 0.8", verbose=0)).run()
        fcidump.from_scf(field, str(path), tol=1e-12)
    return str(path)


@pytest.fixture
def author(tmp_path, monkeypatch):
    """A folder in which a user works, with a cache of its own."""
    (tmp_path / "author").mkdir()
    monkeypatch.setenv("QVOPT_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "author"


@pytest.fixture
def moved(author, tmp_path, monkeypatch):
    """Move a folder to another machine: no file, no cache, another working directory."""

    def move(folder):
        for file in (path for path in folder.rglob("*") if path.is_file()):
            assert str(author).encode() not in file.read_bytes(), file
        there = tmp_path / "elsewhere" / folder.name
        there.parent.mkdir(exist_ok=True)
        shutil.move(folder, there)
        shutil.rmtree(author)
        shutil.rmtree(tmp_path / "cache", ignore_errors=True)
        (tmp_path / "nowhere").mkdir()
        monkeypatch.chdir(tmp_path / "nowhere")
        monkeypatch.setattr(frozen, "_KEPT", {})
        return there

    return move


@pytest.mark.parametrize("kind", ["toml", "xyz", "fcidump", "txt", "json", "edges"])
def test_a_run(kind, author, moved):
    problem = write(kind, author)
    whole = run(problem, seed=1)
    run(problem, seed=1, max_steps=1, out=author / "r")
    there = moved(author / "r")
    early = load(there)
    assert isinstance(early, Result)
    assert early.fci == whole.fci
    with Session.resume(there, max_steps=300) as session:
        for _ in session:
            pass
        assert session.result().energy == whole.energy
    assert command_line(["show", str(there)]) == 0
    again = run(make_experiment(read_experiment_file(there / "experiment.toml")), max_steps=300)
    assert again.energy == whole.energy
    if kind in ("toml", "xyz", "fcidump"):
        assert run_properties(there).energy.value == pytest.approx(whole.fci, abs=1e-6)


def test_a_scan(author, moved):
    problem = write("toml", author)
    found = scan(problem, "bond", [0.7, 0.9, 1.1], out=author / "s")
    shutil.rmtree(author / "s" / "points" / "0002")
    there = moved(author / "s")
    curve = load(there)
    assert isinstance(curve, ScanResult)
    assert curve.rows()[:2] == [
        {**row, "run": str(there / "points" / f"{k:04d}")} for k, row in enumerate(found.rows()[:2])
    ]
    assert Path(curve.points[0].run).is_dir()
    assert command_line(["scan", str(there), "--quiet"]) == 0
    assert load(there).points[2].energy == pytest.approx(found.points[2].energy, abs=1e-9)
    # Its file is the same question again, in another folder.
    assert command_line(["scan", str(there / "scan.toml"), "--quiet", "--out", "again"]) == 0
    assert load("again").points[2].energy == pytest.approx(found.points[2].energy, abs=1e-9)


@pytest.mark.parametrize("kind", ["toml", "fcidump"])
def test_excited_states(kind, author, moved):
    problem = write(kind, author)
    found = excited_states(problem, 2, out=author / "e")
    there = moved(author / "e")
    spectrum = load(there)
    assert isinstance(spectrum, ExcitedStates)
    assert spectrum == found
    (there / "states.json").unlink()
    with pytest.raises(InputError, match="has not ended"):
        load(there)
    assert command_line(["excited", str(there)]) == 0
    assert load(there) == found


@pytest.mark.parametrize("kind", ["toml", pytest.param("xyz", marks=pytest.mark.slow)])
def test_a_relaxation(kind, author, moved):
    problem = write(kind, author)
    found = relax(problem, tolerance=1e-2, out=author / "g")
    there = moved(author / "g")
    relaxed = load(there)
    assert isinstance(relaxed, Relaxation)
    assert relaxed.final.atoms == found.final.atoms
    assert relaxed.energy == found.energy
    assert Path(relaxed.final.run).is_dir()
    # Going on asks what was asked, unless another tolerance is given.
    assert command_line(["relax", str(there)]) == 0
    assert len(load(there).geometries) == len(found.geometries)
    assert command_line(["relax", str(there), "--tolerance", "1e-4"]) == 0
    assert load(there).final.largest < 1e-4


@pytest.mark.slow
def test_orbitals(author, moved):
    problem = write("toml", author)
    found = optimize_orbitals(problem, basis="6-31g", active_space="2,2", out=author / "o")
    there = moved(author / "o")
    orbitals = load(there)
    assert isinstance(orbitals, OptimizedOrbitals)
    assert orbitals.energy == found.energy
    assert orbitals.hamiltonian.content_hash() == found.hamiltonian.content_hash()
    assert command_line(["oo-vqe", str(there)]) == 0
    assert load(there).energy == found.energy


@pytest.mark.slow
def test_a_comparison(author, moved, monkeypatch):
    monkeypatch.chdir(author)
    problems = [Path(write(kind, author)).name for kind in ("toml", "xyz", "txt")]
    (author / "c.toml").write_text(
        f"seeds = 1\nbudget = 60000\nmax_steps = 2\noptimizers = ['adam']\nproblems = {problems}\n"
    )
    (author / "sub").mkdir()
    monkeypatch.chdir(author / "sub")
    found = compare(author / "c.toml", out=author / "c")
    found.report()
    there = moved(author / "c")
    comparison = load(there)
    assert isinstance(comparison, ComparisonResult)
    assert list(comparison.runs["error"]) == list(found.runs["error"])
    more = compare(there, seeds=2, out=there)
    assert len(more.runs) == 2 * len(found.runs)
    assert set(found.runs["error"]) <= set(more.runs["error"])
    assert command_line(["report", str(there)]) == 0
    again = compare(there / "comparison.toml", out="again")
    assert list(again.runs["error"]) == list(more.runs["error"])


def test_a_charge_beside_a_file(tmp_path):
    path = tmp_path / "ion.xyz"
    path.write_text("3\n\nH 0 0 0\nH 0 0 0.9\nH 0.8 0 0.45\n")
    cation = run(path, charge=1)
    assert cation.energy == pytest.approx(cation.fci, abs=1e-6)
    with pytest.raises(InputError, match="charge"):
        run(path)


def test_what_is_given_beside_a_folder_is_refused(tmp_path, capsys):
    scan("h2", "bond", [0.7, 0.9], out=tmp_path / "s")
    for beside in (["--seed", "3"], ["--bond", "0.4:1:3"], ["--cold"], ["--set", "seed=3"]):
        assert command_line(["scan", str(tmp_path / "s"), *beside]) == 2
        assert "leave" in capsys.readouterr().err


def test_other_parameters_of_a_file_stay(tmp_path):
    path = tmp_path / "w.toml"
    path.write_text(
        'name = "w"\ngeometry = "O 0 0 0; H 0 0 a; H 0 b 0"\nbasis = "sto-3g"\n'
        "active_space = {electrons = 4, n_orbitals = 4}\n[parameters]\na = 0.9\nb = 1.0\n"
    )
    experiment = make_experiment({"molecule": str(path)})
    one = run(experiment, set={"a": 1.1}, max_steps=0)
    two = run(path, set={"a": 1.1}, max_steps=0)
    three = run(make_experiment({"molecule": {"name": str(path), "set": {"a": 1.1}}}), max_steps=0)
    assert one.hf == two.hf == three.hf
    assert len(one.x) == len(two.x) == 8 + 18
    with pytest.raises(InputError, match="parameter of w 'c'"):
        run(path, set={"c": 1.0})


def test_a_folder_of_something_else_is_no_molecule(tmp_path, capsys):
    run("h2", max_steps=0, out=tmp_path / "r")
    for command in (["relax"], ["excited"], ["oo-vqe"], ["run"]):
        assert command_line([*command, str(tmp_path / "r")]) == 2
        said = " ".join(capsys.readouterr().err.split())
        assert "is a folder" in said
        assert "experiment.toml" in said
