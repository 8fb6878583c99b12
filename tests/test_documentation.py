"""What the documentation says, run."""

import doctest
import importlib
import pkgutil
import re
import tomllib
from pathlib import Path

import pytest

import qvopt
import qvopt_circuits
import qvopt_molecules
from qvopt.experiment.specification import make_experiment

ROOT = Path(__file__).resolve().parent.parent
MODULES = [
    found.name
    for package in (qvopt, qvopt_circuits, qvopt_molecules)
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + ".")
]


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples(name):
    module = importlib.import_module(name)
    assert doctest.testmod(module, optionflags=doctest.ELLIPSIS).failed == 0
    assert module.__doc__


@pytest.mark.parametrize("package", [qvopt, qvopt_circuits, qvopt_molecules])
def test_public_names_exist_and_are_documented(package):
    for name in package.__all__:
        assert getattr(package, name).__doc__


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.py")), ids=lambda p: p.name)
def test_example_scripts(path, scripts, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    scripts.run(path)
    assert capsys.readouterr().out
    assert not list(tmp_path.glob("runs/*/journal.jsonl"))


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.toml")), ids=lambda p: p.name)
def test_example_experiments(path):
    make_experiment(tomllib.loads(path.read_text()))


PAGES = ["README.md", "CONTRIBUTING.md", *(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md")),
         "examples/optimizers/README.md", "examples/noise_study/README.md"]  # fmt: skip


@pytest.mark.parametrize("page", sorted(PAGES))
def test_links_lead_somewhere(page):
    text = (ROOT / page).read_text()
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert ((ROOT / page).parent / target).exists(), target
