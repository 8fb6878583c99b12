"""A third party's package, installed for real: its optimizers run, resume and are listed."""

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

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


def documented(language):
    (text,) = re.findall(rf"```{language}\n# \S+\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    return text


def build_wheel(folder):
    """A wheel of the documented package, with more entry points; no build tool is needed."""
    project = tomllib.loads(documented("toml"))["project"]
    (group, points), *_ = project["entry-points"].items()
    points |= {f"test-{n}": f"my_optimizers:{n}" for n in
               ("optax_lion", "climber", "scipys", "broken", "missing")}  # fmt: skip
    lines = "\n".join(f"{k} = {v}" for k, v in points.items())
    info = "my_optimizers-1.0.dist-info"
    files = {
        "my_optimizers.py": documented("python") + MORE,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\n"
        "Tag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[{group}]\n{lines}\n",
    }
    record = ""
    for name, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
        record += f"{name},sha256={digest.decode()},{len(text.encode())}\n"
    files[f"{info}/RECORD"] = record + f"{info}/RECORD,,\n"
    wheel = folder / "my_optimizers-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return wheel


@pytest.fixture(scope="module")
def qvopt(tmp_path_factory):
    """The command line of an environment in which the package is installed."""
    folder = tmp_path_factory.mktemp("plugin")
    site = folder / "site"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index",
         "--disable-pip-version-check", "--target", site, build_wheel(folder)],
        check=True,
    )  # fmt: skip

    def command(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "qvopt", *arguments],
            capture_output=True, text=True, cwd=folder, check=False,
            env={**os.environ, "PYTHONPATH": str(site), "COLUMNS": "200"},
        )  # fmt: skip

    return command


def test_it_is_shown_in_under_thirty_lines():
    lines = documented("python").strip().splitlines() + documented("toml").strip().splitlines()
    assert len([line for line in lines if line.strip()]) < 30


def test_it_is_listed(qvopt):
    rows = json.loads(qvopt("list", "optimizers", "--json").stdout)
    mine = {row["name"]: row for row in rows}["sign-descent"]
    assert mine["needs"] == "gradients"
    assert mine["defaults"] == {"learning_rate": 0.01}
    assert "arXiv:0000.00000" in mine["reference"]
    assert "sign-descent" in qvopt("list", "optimizers").stdout


@pytest.mark.parametrize("name", ["sign-descent", "test-optax_lion", "test-climber", "test-scipys"])
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
