"""From process start to result: `qvopt run h2` with warm caches, and `qvopt --help`.

python benchmarks/startup.py [--runs 7]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROGRAM = [sys.executable, "-c", "from qvopt.cli import main; main()"]


def seconds(arguments: list[str], runs: int) -> tuple[float, float]:
    """Median and worst wall time, after one run apart that warms the caches."""
    times = []
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as folder:
        for k in range(runs + 1):
            out = ["--out", str(Path(folder) / str(k))] if arguments[0] == "run" else []
            start = time.perf_counter()
            subprocess.run(
                [*PROGRAM, *arguments, *out], check=True, capture_output=True, env=environment
            )
            times.append(time.perf_counter() - start)
    return statistics.median(times[1:]), max(times[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    print(f"{'command':40}{'median s':>10}{'worst s':>10}")
    for arguments in (["--help"], ["run", "h2", "-q"], ["run", "h2", "-q", "--shots", "1000"]):
        median, worst = seconds(arguments, runs)
        print(f"{'qvopt ' + ' '.join(arguments):40}{median:>10.2f}{worst:>10.2f}")


if __name__ == "__main__":
    main()
