"""`qvopt compare` and `worker`."""

from __future__ import annotations

import json
import math
import sys
import time
from pathlib import Path
from typing import Any

from qvopt.comparison.choice import choose_engine
from qvopt.comparison.collection import collect
from qvopt.comparison.compare import ComparisonResult, load
from qvopt.comparison.comparison_folder import (
    note_history,
    prepared_folder,
    write_specification,
)
from qvopt.comparison.engine import InProcess
from qvopt.comparison.forecast import SweepForecast, check_disk
from qvopt.comparison.labels import start_within
from qvopt.comparison.problem_data import read_comparison
from qvopt.comparison.specification import make_comparison
from qvopt.comparison.spending import approve_sweep
from qvopt.comparison.summary import FEW_STEPS
from qvopt.comparison.sweep import Sweep
from qvopt_molecules.errors import InputError

from .comparison_setup import Setup
from .comparison_view import ComparisonView, clock
from .ending import REQUEUE, Terminated, terminable
from .output import print_json, print_table
from .spending import terminal
from .tables import print_text


def dry_command(setup: Setup, max_gb: float, as_json: bool) -> int:
    """Check a comparison and say what it would take; nothing runs and nothing is written."""
    known = (setup.folder / "comparison.toml").is_file()
    sweep = Sweep.prepare(setup.spec, setup.folder if known else None, writable=False)
    expected = sweep.forecast()
    check_disk(expected, setup.folder, 1e9 * max_gb)
    if as_json:
        print_json(
            {
                "forecast": expected.document(),
                "problems": {p.label: dict(p.sizes) for p in sweep.problems},
                "optimizers": [entrant.label for entrant in sweep.entrants],
                "cautions": sweep.cautions(),
            }
        )
        return 0
    print_table([{"problem": p.label, **p.sizes} for p in sweep.problems])
    print()
    print_text(_forecast_line(expected))
    print_text("\n".join(sweep.cautions()))
    return 0


def prepare_command(setup: Setup, max_gb: float, quiet: bool, yes: bool) -> int:
    """Check a comparison and make its folder, for workers to come."""
    with prepared_folder(setup.folder) as new:
        _prepared(setup, new, max_gb, quiet, yes)
    print(f"{setup.folder} is ready for `qvopt worker {setup.folder}`", file=sys.stderr)
    return 0


def _prepared(
    setup: Setup, new: bool, max_gb: float, quiet: bool, yes: bool
) -> tuple[Sweep, SweepForecast]:
    """Check everything, say what there is to do, ask on hardware, and write the specification."""
    sweep = Sweep.prepare(setup.spec, setup.folder, most_bytes=1e9 * max_gb)
    expected = sweep.forecast()
    check_disk(expected, setup.folder, 1e9 * max_gb)
    if not quiet:
        _print_extension(sweep, expected, new)
    approve = terminal(yes=yes, quiet=quiet, question="submit them?")
    approve_sweep(sweep, setup.folder, approve)
    write_specification(setup.folder, setup.spec)
    return sweep, expected


def collect_command(folder: Path, report: bool, as_json: bool) -> int:
    """Report what has ended."""
    print_comparison(load(folder), report, as_json)
    return 0


def compare_command(
    setup: Setup,
    *,
    workers: int | None,
    scheduler: str | None,
    cluster: Path | None,
    max_gb: float,
    report: bool,
    as_json: bool,
    quiet: bool,
    yes: bool,
) -> int:
    """Run what is missing of a comparison and report it; return the exit code."""
    folder = setup.folder
    code = 0
    try:
        with terminable():
            with prepared_folder(folder) as new:
                sweep, expected = _prepared(setup, new, max_gb, quiet, yes)
                chosen = choose_engine(
                    expected, folder, workers=workers, scheduler=scheduler, cluster=cluster
                )
            note_history(folder, ["qvopt", *sys.argv[1:]])
            try:
                with chosen as engine, ComparisonView(sweep, quiet=quiet) as view:
                    for progress in sweep.run(engine):
                        view.show(progress)
            except KeyboardInterrupt:
                code = 130
            except Terminated:
                code = REQUEUE
    except Terminated:
        print("interrupted before a run began; the same command runs it", file=sys.stderr)
        return REQUEUE
    if code:
        left = sweep.forecast().missing
        print(
            f"interrupted with {left:,} runs to go, nothing is lost; "
            f"`qvopt compare {folder}` continues, --collect reports the runs that have ended",
            file=sys.stderr,
        )
        return code
    print_comparison(ComparisonResult(collect(sweep), folder), report, as_json)
    return 0


def worker_command(folder: Path, quiet: bool) -> int:
    """Run whatever of a comparison nobody else does, until all is done."""
    if not (folder / "comparison.toml").is_file():
        raise InputError(
            f"{folder} is not a comparison: it has no comparison.toml; begin with "
            f"`qvopt compare FILE --prepare --out {folder}`"
        )
    try:
        with terminable():
            with prepared_folder(folder):
                sweep = Sweep.prepare(make_comparison(read_comparison(folder)), folder)
            with InProcess() as engine:
                ended = sum(1 for p in sweep.run(engine, shared=True) if not p.report.get("found"))
    except KeyboardInterrupt:
        return 130
    except Terminated:
        return REQUEUE
    if not quiet:
        print(f"ran {ended:,} runs of {folder}; all have ended", file=sys.stderr)
    return 0


def _print_extension(sweep: Sweep, expected: SweepForecast, new: bool) -> None:
    """Say what is reused and what is new."""
    if not new:
        print(
            f"{sweep.folder}: {expected.done:,} of {expected.runs:,} runs are there and are "
            f"not run again",
            file=sys.stderr,
        )
        stray = sweep.stray()
        if stray:
            print(
                f"{stray:,} runs there are none of this comparison's (kept, and not reported)",
                file=sys.stderr,
            )
    print_text(_forecast_line(expected), file=sys.stderr)
    if expected.missing:
        print_text("\n".join(sweep.cautions()), file=sys.stderr)


def _forecast_line(expected: SweepForecast) -> str:
    """What the runs will take, and what the forecast leaves out."""
    text = f"{expected.missing:,} runs to do, at most {expected.shots:.3g} shots"
    if not expected.missing:
        return text
    return (
        f"{text}; about {clock(expected.seconds)} of one core and {expected.bytes / 1e6:.0f} MB "
        f"for the runs; workers start and the report is drawn in some seconds more"
    )


def print_comparison(result: ComparisonResult, report: bool, as_json: bool) -> None:
    """Write the report and print the table."""
    began = time.monotonic()
    page = result.report() if report else None
    seconds = time.monotonic() - began
    if as_json:
        print_json(_finite(_document(result, page)))
        return
    print()
    for problem in result.summary.problems:
        print(problem)
        print_table(_rows(result, problem))
        met = result.summary.met_at_start(problem)
        if met:
            print_text(start_within([problem], met, result.summary.thousandth))
        print()
    if any(row.few_steps for row in result.summary.at_end):
        print(f"† fewer than {FEW_STEPS} steps: too few to rank an optimizer by")
    planned = result.about["runs"]
    if planned["ended"] < planned["planned"]:
        print(f"{planned['ended']:,} of {planned['planned']:,} runs have ended")
    print(f"comparison  {result.folder}")
    if page is not None:
        print(f"report      {page}  ({seconds:.1f} s)")


def _rows(result: ComparisonResult, problem: str) -> list[dict[str, Any]]:
    summary = result.summary
    ranks = {rank.optimizer: rank for rank in summary.ranking}
    ends = {row.optimizer: row for row in summary.at_end if row.problem == problem}
    rows = []
    for name in sorted(ends, key=lambda n: ends[n].error):
        end = ends[name]
        row: dict[str, Any] = {
            "optimizer": name,
            f"median error ({summary.thousandth})": f"{1e3 * end.error:.3g}",
            "95 %": f"{1e3 * end.error_interval.low:.3g}–{1e3 * end.error_interval.high:.3g}",
        }
        for at in summary.at_targets:
            if at.problem == problem and at.optimizer == name:
                row[f"within {1e3 * at.target:g}"] = f"{at.successes}/{at.runs}"
        row["steps"] = f"{end.steps:g}" + (" †" if end.few_steps else "")
        if any(other.diverged + other.crashed for other in ends.values()):
            row["failed"] = end.diverged + end.crashed
        row["rank"] = f"{ranks[name].mean:.1f} {ranks[name].letters}" if name in ranks else "-"
        rows.append(row)
    return rows


def _document(result: ComparisonResult, page: Path | None) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "comparison": str(result.folder),
        "runs": result.about["runs"],
        "summary": asdict(result.summary),
        "tuning": result.about["tuning"],
        "report": None if page is None else str(page),
    }


def _finite(value: Any) -> Any:
    """JSON has no infinity: null stands for it."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    return json.loads(json.dumps(value, default=str))
