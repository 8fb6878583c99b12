"""Does what `qvopt report` asks."""

from __future__ import annotations

from pathlib import Path

from qvopt.comparison.collection import load_comparison
from qvopt.comparison.report import write_report
from qvopt.comparison.report.findings import findings
from qvopt.comparison.summarize import summarize

from .output import print_json


def report_command(folder: Path, out: Path | None, as_json: bool) -> int:
    """Write the report and say where it is; return the exit code."""
    comparison = load_comparison(folder)
    summary = summarize(comparison.outcomes, comparison.targets)
    target = folder if out is None else out
    page = write_report(target, comparison.outcomes, summary, comparison.about, comparison.trials)
    said = findings(summary)
    if as_json:
        print_json({"page": str(page), "findings": said, "runs": len(comparison.outcomes)})
        return 0
    print("\n".join(said))
    for name, path in (
        ("page", page),
        ("markdown", target / "report.md"),
        ("tables", target / "tables"),
        ("figures", target / "figures"),
    ):
        print(f"{name:<10}  {path}")
    return 0
