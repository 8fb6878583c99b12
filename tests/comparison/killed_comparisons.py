"""Kills a small comparison at its N-th change of a file, then runs the same again.

Run as `python killed_comparisons.py FOLDER EVERY`: for each EVERY-th N a child process is forked,
killed at its N-th change below FOLDER, and followed by another that is not. Prints how many were
killed, or what went wrong.
"""

import os
import signal
import sys
from pathlib import Path

from qvopt import compare
from qvopt.comparison.collection import load_comparison

CHANGES = {"open", "os.mkdir", "os.rename", "os.remove", "os.link", "os.truncate", "shutil.rmtree"}
DATA = {
    "problems": [{"molecule": "h2"}],
    "optimizers": ["adam", {"name": "spsa", "tuned": True}],
    "shots": 200,
    "budget": 4_000,
    "seeds": 2,
    "tuning": {"trials": 2, "seeds": 1},
}


def run(folder, change=0):
    """Compare in a child process that ends before so many changes are made; return its status."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    seen = 0

    def hook(event, arguments):
        nonlocal seen
        if event in CHANGES and str(folder) in str(arguments[0]):
            reads = event == "open" and not (arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
            if not reads:
                seen += 1
                if seen == change:
                    os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    try:
        compare(DATA, out=folder, workers=1)
    except BaseException as error:
        print(f"change {change}: {type(error).__name__}: {error}", flush=True)
        os._exit(1)
    os._exit(0)


def errors(folder):
    return [(o.optimizer, o.seed, o.error.tolist()) for o in load_comparison(folder).outcomes]


def main():
    root, every = Path(sys.argv[1]), int(sys.argv[2])
    compare(DATA, out=root / "whole", workers=1)  # what is compiled here, children have
    wanted = errors(root / "whole")
    killed = 0
    for change in range(1, 10_000, every):
        folder = root / f"killed-{change}"
        if run(folder, change) == 0:
            break
        killed += 1
        assert run(folder) == 0
        assert errors(folder) == wanted, change
        left = [p for p in folder.rglob("*") if p.is_file() and p.stat().st_size == 0]
        left = [p for p in left if p.suffix != ".lock" and p.parent.name != "environments"]
        left += list((folder / "runs").rglob("*.tmp"))
        assert not left, left
    print(f"killed {killed} times")


main()
