"""Every optimizer goes on from a journal that was cut anywhere, to the same end."""

import importlib.util
import json
import shutil

import numpy as np
import pytest
from slow_cases import rest_slow

from qvopt import Session, make_experiment
from qvopt.optimizers.registry import optimizer_names

MODULES = {"cma-es": "cma", "bobyqa": "pybobyqa"}


def finish(session):
    with session:
        for _ in session:
            pass
        return session.result()


def events(folder):
    lines = (folder / "journal.jsonl").read_text().splitlines()
    drop = ("crc", "seconds")
    return [{k: v for k, v in json.loads(line).items() if k not in drop} for line in lines]


# One of each kind of query, of state and of loop.
KINDS = ("adam", "spsa", "icans", "l-bfgs", "qng", "rotosolve", "kalman-newton", "cma-es")


@pytest.mark.parametrize("name", rest_slow(optimizer_names(), KINDS))
def test_cut_and_resumed(name, tmp_path):
    if name in MODULES and importlib.util.find_spec(MODULES[name]) is None:
        pytest.skip("its package is not installed")
    experiment = make_experiment(
        {"molecule": "h2", "optimizer": name, "shots": 300, "seed": 2, "max_steps": 6,
         "stopping": {"plateau": 5}}
    )  # fmt: skip
    whole = finish(Session.begin(experiment, out=tmp_path / "whole"))
    saved = (tmp_path / "whole" / "experiment.toml").read_text()
    assert 'grouping = "fluid-basis-rotation"' in saved  # resolved: later versions do the same
    lines = (tmp_path / "whole" / "journal.jsonl").read_bytes().splitlines(keepends=True)
    rng = np.random.default_rng(len(name))
    for k in sorted({1, len(lines) - 1, *rng.integers(1, len(lines), size=3).tolist()}):
        folder = tmp_path / f"cut-{k}"
        shutil.copytree(tmp_path / "whole", folder)
        torn = lines[k][: len(lines[k]) // 2] if k % 2 else b""
        (folder / "journal.jsonl").write_bytes(b"".join(lines[:k]) + torn)
        resumed = finish(Session.resume(folder))
        assert np.array_equal(resumed.x, whole.x)
        assert resumed.energy == whole.energy
        assert resumed.costs == whole.costs
        assert events(folder) == events(tmp_path / "whole")


@pytest.mark.parametrize(
    ("name", "molecule"),
    rest_slow([("l-bfgs", "h4-chain"), ("l-bfgs", "lih"), ("qng", "lih")],
              [("l-bfgs", "h4-chain")]),
)  # fmt: skip
def test_exact_run_cut_at_every_line(name, molecule, tmp_path):
    """A step after a replayed gradient has the energy that it would have had after a fresh one."""
    experiment = make_experiment({"molecule": molecule, "optimizer": name, "max_steps": 3})
    whole = finish(Session.begin(experiment, out=tmp_path / "whole"))
    lines = (tmp_path / "whole" / "journal.jsonl").read_bytes().splitlines(keepends=True)
    for k in range(1, len(lines)):
        folder = tmp_path / f"cut-{k}"
        shutil.copytree(tmp_path / "whole", folder)
        (folder / "journal.jsonl").write_bytes(b"".join(lines[:k]))
        resumed = finish(Session.resume(folder))
        assert np.array_equal(resumed.x, whole.x)
        assert events(folder) == events(tmp_path / "whole")
