"""Runs of the real command line against a stub that can kill them, and their common tests."""

import json
import os
import subprocess
import sys

from vendor_jobs import SECRET

STEPS = 2
JOBS = STEPS + 1  # and the final energies

EXPERIMENT = """
seed = 3
max_steps = {steps}
monitor = "none"
{top}
[molecule]
name = "h2"
[optimizer]
name = "spsa"
learning_rate = 0.1
perturbation = 0.1
[backend]
name = "{backend}"
poll = 0.02
longest_poll = 0.05
grace = {grace}
[measurement]
shots = 500
grouping = "fully-commuting"
"""

NORMAL = "from qvopt.cli import main; main()"


class Runs:
    """Starts runs in processes of their own, against a stub.

    `environment` points a vendor's client at the stub, `create` is the path of a job's POST.
    """

    def __init__(self, stub, backend, folder, environment, create):
        self.stub, self.backend, self.folder, self.texts = stub, backend, folder, []
        self.environment, self.create = environment, create

    def start(self, *arguments, code=NORMAL):
        process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
        )
        self.stub.victim = process.pid
        out, err = process.communicate(timeout=300)
        self.texts += [out, err]
        return process.returncode, err

    def begin(self, *, grace=0.3, top="", code=NORMAL):
        path = self.folder / "experiment.toml"
        text = EXPERIMENT.format(backend=self.backend, grace=grace, top=top, steps=STEPS)
        path.write_text(text)
        return self.start("run", str(path), "--out", "r", "--yes", code=code)

    def resume(self, code=NORMAL):
        return self.start("resume", "r", "--yes", code=code)

    @property
    def result(self):
        return json.loads((self.folder / "r/result.json").read_text())

    @property
    def made(self):
        return len(getattr(self.stub, "jobs", None) or getattr(self.stub, "tasks", {}))

    def check_secret(self):
        assert not any(SECRET in text for text in self.texts)
        for path in self.folder.rglob("*"):
            if path.is_file():
                assert SECRET.encode() not in path.read_bytes(), path


def same(a, b):
    return {k: a[k] for k in ("energy", "stderr", "status")} == {
        k: b[k] for k in ("energy", "stderr", "status")
    }


def killed_and_resumed(runs, kills, code=NORMAL):
    for kind, path, skip in kills:
        method = "POST" if path == runs.create else "GET"
        runs.stub.fail(method, path, kind, skip=skip)
    status, _ = runs.begin(code=code)
    for _ in kills:
        assert status == -9
        status, err = runs.resume(code)
    assert status == 0, err
