"""Runs a task over and over, killed at one system call after another, and then once more.

    python killed_tasks.py TASK FOLDER FIRST STRIDE

Every try is a process of its own, forked before anything has run: it is killed (`os._exit`) before
the n-th call that touches a file below its folder, and a second one is given the same work. Prints
one JSON line for each n: what the second one answered.
"""

import json
import os
import sys
from pathlib import Path

from qvopt import diagonalize, excited_states, optimize_orbitals, relax, run, run_properties
from qvopt.experiment.specification import make_experiment
from qvopt.tasks.scan import Scan
from qvopt.tasks.validation import validate_backend

EVENTS = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate"}


def _scan(folder):
    work = Scan(make_experiment({"molecule": "h2", "max_steps": 1}), "bond", [0.7, 0.9],
                folder=folder)  # fmt: skip
    list(work)
    return work.result().document()


def _properties(folder):
    _run(folder)
    return run_properties(folder / "r", shots=300).document()


def _run(folder):
    from qvopt import Session
    from qvopt.runs.stored import ended_result

    path = folder / "r"
    if not path.exists():
        return run("h2", shots=200, max_steps=2, out=path).document()
    done = ended_result(path)
    if done is not None:
        return done.document()
    with Session.resume(path) as session:
        list(session)
        return session.result().document()


def _diagonalized(folder):
    _run(folder)
    return diagonalize(folder / "r", shots=300).document()


def _validated(folder):
    experiment = make_experiment({"molecule": "h2", "shots": 20})
    checks = validate_backend(experiment, repeats=20, folder=folder / "v")
    return {"checks": [str(check) for check in checks]}


LIH = {"name": "lih", "active_space": {"electrons": 2, "n_orbitals": 2}}
TASKS = {
    "run": _run,
    "scan": _scan,
    "properties": _properties,
    "diagonalize": _diagonalized,
    "validate": _validated,
    "excited": lambda folder: excited_states("h2", 2, out=folder / "e", shots=200, max_steps=1)
    .document(),
    "relax": lambda folder: relax("h2", max_geometries=3, max_steps=2, out=folder / "r").document(),
    "orbitals": lambda folder: optimize_orbitals(LIH, max_rounds=3, max_steps=2, out=folder / "o")
    .document(),
}  # fmt: skip


def killed_at(number, folder):
    """Kill this process before its call of this number that touches the folder."""
    count = 0

    def touch():
        nonlocal count
        count += 1
        if count > number:
            os._exit(9)

    def hook(event, arguments):
        if event in EVENTS and str(arguments[0]).startswith(str(folder)):
            touch()

    sys.addaudithook(hook)
    write = os.write

    def torn(file, data):
        touch()
        half = write(file, data[: len(data) // 2])
        touch()
        return half + write(file, data[len(data) // 2 :])

    os.write = torn


def plain(value):
    if isinstance(value, dict):
        dropped = ("seconds", "run", "folder")
        return {k: plain(v) for k, v in value.items() if k not in dropped}
    return [plain(v) for v in value] if isinstance(value, list) else value


def forked(work, answer):
    """Run the work in a process of its own; return its exit code."""
    process = os.fork()
    if process == 0:
        try:
            answer.write_text(json.dumps({"answer": plain(work())}, default=str))
        except BaseException as error:
            answer.write_text(json.dumps({"error": f"{type(error).__name__}: {error}"}))
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def main(name, place, first, stride):
    work, place = TASKS[name], Path(place)
    number = first
    while True:
        folder, answer = place / str(number), place / f"{number}.json"
        folder.mkdir()

        def cut(folder=folder, number=number):
            killed_at(number, folder)
            return work(folder)

        code = forked(cut, answer)
        if code != 9:  # it came to its end before the call: the uninterrupted one
            print(json.dumps({"killed": None, "code": code, **json.loads(answer.read_text())}))
            return
        code = forked(lambda folder=folder: work(folder), answer)
        document = json.loads(answer.read_text())
        drafts = [p.name for p in folder.rglob(".*-*") if p.is_dir()]
        print(json.dumps({"killed": number, "code": code, "drafts": drafts, **document}))
        number += stride


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
