"""Lets two workers race for the runs of a comparison, many times.

Run as `python racing_workers.py FOLDER RACES`. Prints how many races ended with each run run once.
"""

import os
import sys
from pathlib import Path

from qvopt import compare
from qvopt.comparison.collection import load_comparison
from qvopt.comparison.comparison_folder import prepared_folder, write_specification
from qvopt.comparison.engine import InProcess
from qvopt.comparison.specification import make_comparison
from qvopt.comparison.sweep import Sweep
from qvopt.records.journal import read_journal

DATA = {
    "problems": [{"molecule": "h2"}],
    "optimizers": ["spsa", {"name": "adam", "tuned": True}],
    "shots": 100,
    "budget": 2_000,
    "max_steps": 2,
    "seeds": 3,
    "tuning": {"trials": 2, "seeds": 1},
}
PLANNED = 8


def worker(spec, folder, gate):
    """Fork a worker that waits at the gate; its exit status is how many runs it has run."""
    child = os.fork()
    if child:
        return child
    os.read(gate, 1)
    count = 99
    try:
        sweep = Sweep.prepare(spec, folder)
        with InProcess() as engine:
            ended = list(sweep.run(engine, shared=True))
        count = sum(1 for progress in ended if not progress.report.get("found"))
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", flush=True)
    os._exit(count)


def race(folder):
    spec = make_comparison(DATA)
    with prepared_folder(folder):
        Sweep.prepare(spec, folder)
        write_specification(folder, spec)
    gate, opened = os.pipe()
    children = [worker(spec, folder, gate) for _ in range(2)]
    os.write(opened, b"go")
    counts = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    os.close(gate)
    os.close(opened)
    assert sum(counts) == PLANNED, counts
    assert len(load_comparison(folder).outcomes) == 6
    journals = list(folder.glob("runs/*/*/journal.jsonl"))
    assert len(journals) == PLANNED
    for journal in journals:
        events = [e["type"] for e in read_journal(journal)[0]]
        assert events.count("begin") == 1
        assert events.count("end") == 1


def main():
    root, races = Path(sys.argv[1]), int(sys.argv[2])
    compare(DATA, out=root / "alone", workers=1)
    for k in range(races):
        race(root / f"race-{k}")
    print(f"{races} races")


main()
