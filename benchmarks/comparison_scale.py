"""Ten thousand runs in one comparison: what a run costs beside its work, memory, the report.

    python benchmarks/comparison_scale.py                 # 10,000 runs, in this process
    python benchmarks/comparison_scale.py --workers 2     # by the embedded Dask
    python benchmarks/comparison_scale.py --runs 1000

The runs are as short as can be: H2, one step. Beside them the same sessions run in a bare loop,
without folders, journals and scheduling. What the comparison takes more, divided by the runs, is
its overhead: planning, folders, journals, their way to the disk, and handing out.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from qvopt.comparison.collection import collect
from qvopt.comparison.compare import ComparisonResult
from qvopt.comparison.comparison_folder import prepared_folder, write_specification
from qvopt.comparison.engine import InProcess
from qvopt.comparison.planned_runs import PlannedRun
from qvopt.comparison.specification import make_comparison
from qvopt.comparison.sweep import Sweep
from qvopt.runs.session import Session

OPTIMIZERS = ["adam", "momentum", "spsa", "cobyla", "gradient-descent"]


def bare(runs: list[PlannedRun], sample: int) -> tuple[float, float]:
    """Seconds of a run without folder, journal and scheduling, and those of the processor."""
    from dataclasses import replace

    from qvopt.engine.assembly import assemble

    first = assemble(runs[0].experiment)
    began, busy = time.perf_counter(), time.process_time()
    for run in runs[:sample]:
        evaluator = replace(first.evaluator, seed=run.experiment.seed)
        assembly = replace(first, experiment=run.experiment, evaluator=evaluator)
        session = Session(
            assembly, folder=None, journal=None, references=dict(run.problem.references)
        )
        for _ in session:
            pass
    return (time.perf_counter() - began) / sample, (time.process_time() - busy) / sample


def megabytes() -> float:
    """Largest memory of this process so far."""
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size / (2**20 if sys.platform == "darwin" else 2**10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="keep the comparison here")
    arguments = parser.parse_args()
    folder = arguments.keep or Path(tempfile.mkdtemp(prefix="qvopt-scale-")) / "comparison"
    spec = make_comparison(
        {
            "problems": [{"molecule": "h2"}],
            "optimizers": OPTIMIZERS,
            "shots": 100,
            "budget": 4_000,
            "max_steps": 1,
            "seeds": max(arguments.runs // len(OPTIMIZERS), 1),
        }
    )
    began = time.perf_counter()
    with prepared_folder(folder):
        sweep = Sweep.prepare(spec, folder)
        write_specification(folder, spec)
    planned = sweep.runs("scored")
    planning = time.perf_counter() - began
    alone, alone_busy = bare(planned, min(len(planned), 2000))
    before = megabytes()
    if arguments.workers == 1:
        engine = InProcess()
    else:
        from qvopt.comparison.local_workers import LocalWorkers
        from qvopt.comparison.pooled_engine import PooledEngine

        engine = PooledEngine(LocalWorkers(arguments.workers))
    with engine:
        began, busy = time.perf_counter(), time.process_time()
        ended = sum(1 for _ in sweep.run(engine))
        wall, busy = time.perf_counter() - began, time.process_time() - busy
    work = alone * ended / arguments.workers
    print(f"runs                {ended:,} on {arguments.workers} process(es)")
    print(f"planning            {planning:.1f} s ({1e3 * planning / ended:.2f} ms a run)")
    print(f"bare run            {1e3 * alone:.2f} ms")
    print(f"in the comparison   {1e3 * wall * arguments.workers / ended:.2f} ms of a process")
    print(f"overhead            {1e3 * (wall - work) / ended:.2f} ms a run")
    if arguments.workers == 1:  # on a machine with other work, this is the one to look at
        print(f"of the processor    {1e3 * (busy / ended - alone_busy):.2f} ms a run")
    print(f"memory              {before:.0f} MB before, {megabytes():.0f} MB after")
    size = sum(f.stat().st_size for f in folder.rglob("*") if f.stat().st_nlink == 1)
    print(f"on disk             {size / 1e6:.0f} MB ({size / ended / 1e3:.1f} kB a run)")
    began = time.perf_counter()
    comparison = collect(sweep)
    print(f"collected           {time.perf_counter() - began:.1f} s")
    began = time.perf_counter()
    again = sweep.missing(sweep.runs("scored"))
    print(f"nothing left to do  {time.perf_counter() - began:.1f} s ({len(again)} missing)")
    began = time.perf_counter()
    ComparisonResult(comparison, folder).report()
    print(f"report              {time.perf_counter() - began:.1f} s")
    print(f"memory              {megabytes():.0f} MB at the end")
    if arguments.keep is None:
        shutil.rmtree(folder.parent)


if __name__ == "__main__":
    main()
