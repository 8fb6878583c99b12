"""A third party's optimizers that go wrong, and small comparisons."""

import importlib.util
from pathlib import Path

import pytest

from qvopt.comparison.comparison_folder import prepared_folder, write_specification
from qvopt.comparison.specification import make_comparison
from qvopt.comparison.sweep import Sweep

FAULTY = '''
import os
import numpy as np
from qvopt.optimizers.protocol import Energy, Iterate


def crashing():
    """Raises in its third step."""
    def run(x, rng):
        for _ in range(2):
            yield [Energy(x)]
            yield Iterate(x)
        raise ValueError("no such luck\\nand a second line")
    return run


def nan():
    """Asks for parameters that are not numbers."""
    def run(x, rng):
        yield [Energy(x * np.nan)]
    return run


def deadly():
    """Ends its process, as a segmentation fault would."""
    def run(x, rng):
        yield [Energy(x)]
        os._exit(11)
    return run


def full_disk():
    """Meets a full disk."""
    def run(x, rng):
        yield [Energy(x)]
        raise OSError(28, "No space left on device")
    return run
'''


@pytest.fixture
def faulty(tmp_path, monkeypatch):
    """Installs optimizers that go wrong, for this process and those that it starts."""
    site = tmp_path / "site"
    info = site / "qvopt_faulty-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "qvopt_faulty.py").write_text(FAULTY)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: qvopt-faulty\nVersion: 1.0\n")
    names = ("crashing", "nan", "deadly", "full_disk")
    lines = "\n".join(f"{n.replace('_', '-')} = qvopt_faulty:{n}" for n in names)
    (info / "entry_points.txt").write_text(f"[qvopt.optimizers]\n{lines}\n")
    monkeypatch.syspath_prepend(str(site))


@pytest.fixture
def small():
    """Makes a comparison on H2 that takes milliseconds a run."""

    def make(**changes):
        data = {
            "problems": [{"molecule": "h2"}],
            "optimizers": ["adam", "spsa"],
            "shots": 200,
            "budget": 10_000,
            "seeds": 2,
        }
        return make_comparison(data | changes)

    return make


@pytest.fixture(scope="session")
def prepared():
    """Makes the folder of a comparison, ready to run."""

    def make(spec, folder):
        with prepared_folder(folder):
            sweep = Sweep.prepare(spec, folder)
            write_specification(folder, spec)
        return sweep

    return make


@pytest.fixture(scope="session")
def synthetic():
    """The function that makes outcomes without running anything."""
    path = Path(__file__).with_name("synthetic.py")
    spec = importlib.util.spec_from_file_location("synthetic_comparisons", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.outcomes
