import importlib
import subprocess
import sys

import pytest

from qvopt_circuits import UCCSD, HardwareEfficient, ansatz_description, ansatz_names, get_ansatz
from qvopt_molecules.errors import InputError


def test_names_descriptions_and_options():
    for name in ansatz_names():
        assert get_ansatz(name).name == name
        assert "\n" not in ansatz_description(name)
        assert ansatz_description(name)
    assert get_ansatz("uccsd", spin_adapted=True, order="mp2") == UCCSD(True, order="mp2")
    assert get_ansatz("hardware-efficient", layers=3, spread=1) == HardwareEfficient(3, spread=1.0)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("ucsd", {}, "unknown ansatz 'ucsd'; did you mean 'uccsd'"),
        ("uccsd", {"spin_adopted": True}, "did you mean 'spin_adapted'"),
        ("uccsd", {"spin_adapted": 1}, "spin_adapted of ansatz uccsd must be true or false, got 1"),
        ("uccsd", {"order": "mp3"}, "must be one of 'occupied', 'canonical', 'mp2', got 'mp3'"),
        ("uccsd", {"order": ["mp2"]}, "must be one of 'occupied', 'canonical', 'mp2'"),
        ("uccsd", {"trotter_steps": True}, "must be a whole number, got True"),
        ("uccsd", {"trotter_steps": 2.5}, "must be a whole number, got 2.5"),
        ("uccsd", {"trotter_steps": 0}, "trotter_steps must be from 1"),
        ("hardware-efficient", {"spread": "big"}, "must be a number"),
    ],
)
def test_mistakes_are_named(name, options, message):
    with pytest.raises(InputError, match=message) as caught:
        get_ansatz(name, **options)
    assert "\n" not in str(caught.value)


PLUGIN = '''
"""A plug-in."""
class Idle:
    """Does nothing at all.

    More.
    """
    def __init__(self, depth=1):
        self.depth = depth
    name = "idle"
'''


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """Install a real distribution's metadata and module on the path."""
    (tmp_path / "idle_plugin.py").write_text(PLUGIN)
    info = tmp_path / "idle_plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: idle-plugin\nVersion: 1.0\n")
    entries = "[qvopt.ansatze]\nidle = idle_plugin:Idle\nbroken = idle_plugin:Missing\n"
    (info / "entry_points.txt").write_text(entries)
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    yield
    sys.modules.pop("idle_plugin", None)


@pytest.mark.usefixtures("plugin")
def test_third_parties_register_by_entry_point():
    assert "idle" in ansatz_names()
    assert get_ansatz("idle", depth=4).depth == 4
    assert ansatz_description("idle") == "Does nothing at all"
    with pytest.raises(
        InputError, match="unknown option of ansatz idle 'deph'; did you mean 'depth'"
    ):
        get_ansatz("idle", deph=4)
    with pytest.raises(InputError, match=r"ansatz broken .* does not load"):
        get_ansatz("broken")


def test_importing_is_cheap():
    heavy = ("qiskit", "pennylane", "pyscf", "scipy", "numba", "matplotlib")
    code = (
        "import sys, qvopt_circuits, qvopt_circuits.lowering.qiskit_lowering, "
        "qvopt_circuits.lowering.pennylane_lowering, qvopt_circuits.lowering.openqasm; "
        f"print([m for m in {heavy} if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
