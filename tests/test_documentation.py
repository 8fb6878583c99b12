"""What the documentation says, run."""

import doctest
import importlib
import importlib.util
import pkgutil
import re
import runpy
import tomllib
import warnings
from pathlib import Path

import pytest
from slow_cases import rest_slow

import qvopt
import qvopt_circuits
import qvopt_molecules
from qvopt.comparison.batch_cluster import read_cluster_file
from qvopt.comparison.specification import make_comparison
from qvopt.experiment.specification import make_experiment
from qvopt_molecules.catalogue import find_molecule

ROOT = Path(__file__).resolve().parent.parent
MODULES = [
    found.name
    for package in (qvopt, qvopt_circuits, qvopt_molecules)
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + ".")
]


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples(name):
    module = importlib.import_module(name)
    assert module.__doc__
    if ">>>" in Path(module.__file__).read_text():
        assert doctest.testmod(module, optionflags=doctest.ELLIPSIS).failed == 0


@pytest.mark.parametrize("package", [qvopt, qvopt_circuits, qvopt_molecules])
def test_public_names_exist_and_are_documented(package):
    for name in package.__all__:
        assert getattr(package, name).__doc__


# A second or more each; that they import what is there is tested in test_scripts.py.
LONG = (
    "curve.py",
    "excited_states.py",
    "heisenberg.py",
    "hubbard.py",
    "orbital_optimisation.py",
    "relaxation.py",
)


@pytest.mark.parametrize(
    "path",
    rest_slow(sorted((ROOT / "examples").glob("*.py")), lambda path: path.name not in LONG),
    ids=lambda p: p.name,
)
def test_example_scripts(path, scripts, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    scripts.run(path)
    assert capsys.readouterr().out
    assert not list(tmp_path.glob("runs/*/journal.jsonl"))


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.toml")), ids=lambda p: p.name)
def test_example_experiments(path):
    make_experiment(tomllib.loads(path.read_text()))


SITE = [p for p in sorted((ROOT / "docs").rglob("*.md")) if "generated" not in p.parts]
"""Pages that are written by hand; the others are made when the site is built (`test_site.py`)."""

LARGE = ("import compare", 'run("h2o", shots=')
"""Of blocks that take seconds; `test_the_readmes_run_finds_water` runs the second one."""

BLOCKS = [
    pytest.param(language, code, id=f"{page.relative_to(ROOT)}-{code.splitlines()[0]}",
                 marks=[pytest.mark.slow] if any(words in code for words in LARGE) else [])
    for page in [ROOT / "README.md", *SITE]
    for language, code in re.findall(r"^```(python|toml)\n(.*?)^```", page.read_text(), re.S | re.M)
]  # fmt: skip


@pytest.mark.parametrize(("language", "code"), BLOCKS)
@pytest.mark.filterwarnings("default")  # of the libraries that a block uses
def test_code_blocks_run(language, code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if language == "python":
        runpy.run_path(str(write(tmp_path / "block.py", code)))
        return
    data = tomllib.loads(code)
    if "project" in data:  # the package of docs/plugins.md
        check_package(code, tmp_path)
    elif "problems" in data:
        make_comparison(data)
    elif "walltime" in data:
        if importlib.util.find_spec("dask_jobqueue") is None:
            pytest.skip("needs dask_jobqueue")
        assert read_cluster_file(write(tmp_path / "slurm.toml", code))
    elif "geometry" in data:
        assert find_molecule(write(tmp_path / "mine.toml", code)).atoms
    else:
        make_experiment({"molecule": "h2", **data})


def test_the_readmes_run_finds_water(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    runpy.run_path(str(write(tmp_path / "block.py", code)))
    energy, error, exact, fci, shots = capsys.readouterr().out.split()
    assert abs(float(energy) - float(exact)) < 5 * float(error)
    assert 0 <= float(exact) - float(fci) < 1.6e-3
    assert float(error) < 1.2e-3
    assert int(shots) < 10**7


def write(path, text):
    path.write_text(text)
    return path


def check_package(code, folder):
    """setuptools, which installs it, finds each module that its entry points name."""
    from setuptools import Distribution
    from setuptools.config.pyprojecttoml import apply_configuration

    path = write(folder / "pyproject.toml", code)
    modules = {"my_optimizers", "my_ansatze", "my_backends"}
    for name in modules:
        write(folder / f"{name}.py", "")
    distribution = Distribution()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        apply_configuration(distribution, path)
    distribution.set_defaults()  # refuses several modules that it has to guess
    assert set(distribution.py_modules) == modules


PAGES = ["README.md", "CONTRIBUTING.md", *(str(p.relative_to(ROOT)) for p in SITE),
         "examples/optimizers/README.md", "examples/noise_study/README.md"]  # fmt: skip


@pytest.mark.parametrize("page", sorted(PAGES))
def test_links_lead_somewhere(page):
    text = (ROOT / page).read_text()
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        made = "generated/" in target  # with the site, which checks its links
        assert made or ((ROOT / page).parent / target).exists(), target
