"""What a report of ten thousand runs takes: seconds and memory, on outcomes that are made up.

python benchmarks/report_scale.py --optimizers 40 --seeds 84 --steps 300
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from qvopt.comparison.outcomes import RunOutcome
from qvopt.comparison.report import write_report
from qvopt.comparison.summarize import summarize


def made_up(problems: int, optimizers: int, seeds: int, steps: int) -> list[RunOutcome]:
    """Runs whose errors fall as powers of shots down to a floor."""
    rng, budget, out = np.random.default_rng(0), 10_000_000, []
    for p in range(1, problems + 1):
        for k in range(optimizers):
            for seed in range(seeds):
                shots = np.linspace(0, budget, steps + 1).astype(np.int64)
                floor = 2e-4 * p * 1.2**k * np.exp(0.4 * rng.normal())
                error = 0.02 * p * (1 + 200 * shots / budget) ** (0.02 * k - 1.2) + floor
                error *= np.exp(0.1 * rng.normal(size=steps + 1))
                spent = {"gradient": int(shots[-1])}
                out.append(
                    RunOutcome(
                        f"problem {p}", f"optimizer {k}", seed, "budget", budget, shots, error,
                        float(error[-1]), float(error[-1]), 1e-4, spent,
                    )
                )  # fmt: skip
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problems", type=int, default=3)
    parser.add_argument("--optimizers", type=int, default=40)
    parser.add_argument("--seeds", type=int, default=84)
    parser.add_argument("--steps", type=int, default=300)
    o = parser.parse_args()
    outcomes = made_up(o.problems, o.optimizers, o.seeds, o.steps)
    marks = [(time.perf_counter(), time.process_time())]
    summary = summarize(outcomes)
    marks.append((time.perf_counter(), time.process_time()))
    with tempfile.TemporaryDirectory() as folder:
        page = write_report(Path(folder), outcomes, summary, {})
        size = page.stat().st_size
    marks.append((time.perf_counter(), time.process_time()))
    print(f"{len(outcomes):,} runs of {o.steps} steps")
    for name, (w0, c0), (w1, c1) in zip(("summary", "report"), marks, marks[1:], strict=False):
        print(f"{name:<8} {w1 - w0:6.1f} s, {c1 - c0:6.1f} s of one core")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"page     {size / 1e6:6.1f} MB; most memory {peak:,.0f} MB, the runs included")


if __name__ == "__main__":
    main()
