"""A third party's package, installed for real: what it brings runs, resumes and is listed."""

import base64
import hashlib
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from functools import partial
from pathlib import Path

import pytest
from command_line import command_line
from slow_cases import rest_slow

DOCUMENT = Path(__file__).parent.parent / "docs" / "plugins.md"
MORE = '''

def optax_lion(*, learning_rate: float = 0.001):
    """optax's Lion.  arXiv:2302.06675."""
    import optax

    return optax.lion(learning_rate)


class _Climber:
    def __init__(self, x, rng):
        self.x, self.rng, self.value = x, rng, np.inf

    def ask(self):
        return [self.x + 0.05 * self.rng.normal(size=len(self.x)) for _ in range(6)]

    def tell(self, points, values):
        k = int(np.argmin(values))
        if values[k] < self.value:
            self.value, self.x = values[k], points[k]

    def best(self):
        return self.x


def climber():
    """Random ascent, by ask and tell."""
    from qvopt.optimizers.closed_loop import ask_tell

    return ask_tell(_Climber)


def scipys(*, tolerance: float = 1e-6):
    """A plain function with SciPy's signature."""
    from scipy.optimize import minimize

    from qvopt.optimizers.adapters import from_minimizer

    def f(fun, x0, callback):
        return minimize(fun, x0, method="COBYLA", tol=tolerance, callback=callback)

    return from_minimizer(f)


def broken(*, size: int = 1):
    """Returns nothing of use."""
    return size
'''


def documented(name):
    """The code block of the page that begins with a file's name."""
    block = rf"```\w+\n# {re.escape(name)}\n(.*?)```"
    (text,) = re.findall(block, DOCUMENT.read_text(), re.DOTALL)
    return text


def build_wheel(folder):
    """A wheel of the documented package, with more entry points; no build tool is needed."""
    project = tomllib.loads(documented("pyproject.toml"))["project"]
    groups = project["entry-points"]
    groups["qvopt.backends"]["test-gone"] = "my_backends:Gone"
    groups["qvopt.optimizers"] |= {f"test-{n}": f"my_optimizers:{n}" for n in
               ("optax_lion", "climber", "scipys", "broken", "missing")}  # fmt: skip
    lines = "\n".join(
        f"[{group}]\n" + "\n".join(f"{k} = {v}" for k, v in points.items()) + "\n"
        for group, points in groups.items()
    )
    info = "my_plugins-1.0.dist-info"
    files = {
        "my_optimizers.py": documented("my_optimizers.py") + MORE,
        "my_ansatze.py": documented("my_ansatze.py"),
        "my_backends.py": documented("my_backends.py"),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\n"
        "Tag: py3-none-any\n",
        f"{info}/entry_points.txt": lines,
    }
    record = ""
    for name, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
        record += f"{name},sha256={digest.decode()},{len(text.encode())}\n"
    files[f"{info}/RECORD"] = record + f"{info}/RECORD,,\n"
    wheel = folder / "my_plugins-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return wheel


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder in which the package is installed."""
    folder = tmp_path_factory.mktemp("plugin")
    site = folder / "site"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index",
         "--disable-pip-version-check", "--target", site, build_wheel(folder)],
        check=True,
    )  # fmt: skip

    return site


@pytest.fixture
def qvopt(site, tmp_path, monkeypatch):
    """The command line of an environment in which the package is installed."""
    monkeypatch.syspath_prepend(site)
    yield partial(command_line, cwd=tmp_path, env={"COLUMNS": "200"})
    for name in ("my_optimizers", "my_ansatze", "my_backends"):
        sys.modules.pop(name, None)


def test_it_is_shown_in_under_thirty_lines():
    for name in ("my_optimizers.py", "my_ansatze.py", "my_backends.py"):
        lines = (documented(name) + documented("pyproject.toml")).splitlines()
        assert len([line for line in lines if line.strip()]) < 42, name


def test_it_is_listed(qvopt):
    rows = json.loads(qvopt("list", "optimizers", "--json").stdout)
    mine = {row["name"]: row for row in rows}["sign-descent"]
    assert mine["needs"] == "gradients"
    assert mine["defaults"] == {"learning_rate": 0.01}
    assert "arXiv:0000.00000" in mine["reference"]
    assert "sign-descent" in qvopt("list", "optimizers").stdout


# What the others return is handed over as objects in tests/objects/test_parts.py.
@pytest.mark.parametrize(
    "name",
    rest_slow(["sign-descent", "test-optax_lion", "test-climber", "test-scipys"], ["sign-descent"]),
)
def test_it_runs_and_resumes(name, qvopt, tmp_path):
    if name == "test-optax_lion":
        pytest.importorskip("optax")
    out = str(tmp_path / "run")
    first = qvopt("run", "h2", "--optimizer", name, "--shots", "500", "--max-steps", "5",
                  "--out", out, "--json")  # fmt: skip
    assert first.returncode == 0, first.stderr
    longer = qvopt("resume", out, "--max-steps", "8", "--json")
    assert longer.returncode == 0, longer.stderr
    whole = qvopt("run", "h2", "--optimizer", name, "--shots", "500", "--max-steps", "8",
                  "--out", str(tmp_path / "whole"), "--json")  # fmt: skip
    resumed, plain = (json.loads(r.stdout) for r in (longer, whole))
    assert resumed["parameters"] == plain["parameters"]
    assert resumed["energy"] == plain["energy"]


def test_what_is_wrong_with_it_is_said(qvopt):
    wrong = qvopt("run", "h2", "--optimizer", "test-broken")
    assert wrong.returncode == 2
    assert "must return an Optimizer" in wrong.stderr
    gone = qvopt("run", "h2", "--optimizer", "test-missing")
    assert gone.returncode == 2
    assert "cannot be loaded" in gone.stderr
    misspelled = qvopt("run", "h2", "--optimizer", "sign-descend")
    assert "did you mean 'sign-descent'" in misspelled.stderr
    option = qvopt("run", "h2", "--optimizer", "sign-descent", "--set", "optimizer.learning_rat=1")
    assert "did you mean 'learning_rate'" in option.stderr
    listed = qvopt("list", "optimizers")
    assert listed.returncode == 0, listed.stderr


def test_an_ansatz_of_its_own(qvopt, tmp_path):
    assert "Generalised pair doubles" in qvopt("list", "ansatze").stdout
    out = str(tmp_path / "run")
    done = qvopt("run", "h4-chain", "--ansatz", "pairs", "--set", "ansatz.layers=2", "--out", out,
                 "--max-steps", "15", "--json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert len(result["parameters"]) == 12
    assert result["fci"] < result["energy"] < result["hf"] - 0.03
    mapped = qvopt("run", "h4-chain", "--ansatz", "pairs", "--mapping", "parity", "--backend",
                   "lightning", "--set", "ansatz.layers=2", "--max-steps", "15",
                   "--json")  # fmt: skip
    assert json.loads(mapped.stdout)["energy"] == pytest.approx(result["energy"], abs=1e-6)
    wrong = qvopt("run", "h2", "--ansatz", "pairs", "--set", "ansatz.layer=2")
    assert "did you mean 'layers'" in wrong.stderr


def test_a_backend_of_its_own(qvopt, tmp_path):
    assert "plain" in qvopt("list", "backends").stdout
    done = qvopt("run", "h2", "--backend", "plain", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["energy"] == pytest.approx(result["fci"], abs=1e-8)
    out = str(tmp_path / "run")
    few = qvopt("run", "h2", "--backend", "plain", "--shots", "500", "--optimizer", "qng",
                "--max-steps", "2", "--out", out, "--json")  # fmt: skip
    assert few.returncode == 0, few.stderr
    more = json.loads(qvopt("resume", out, "--max-steps", "4", "--json").stdout)
    whole = qvopt("run", "h2", "--backend", "plain", "--shots", "500", "--optimizer", "qng",
                  "--max-steps", "4", "--json")  # fmt: skip
    assert json.loads(whole.stdout)["parameters"] == more["parameters"]
    valid = qvopt("validate", "plain", "--repeats", "40", "--json")
    assert valid.returncode == 0, valid.stdout + valid.stderr
    narrow = qvopt("run", "lih", "--backend", "plain", "--set", "backend.most_qubits=4")
    assert (narrow.returncode, "at most 4 qubits" in narrow.stderr) == (2, True)
    gone = qvopt("run", "h2", "--backend", "test-gone")
    assert gone.returncode == 2
    assert "does not load" in gone.stderr
