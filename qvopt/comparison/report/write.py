"""Writes the whole report into a folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from qvopt.comparison.grid import Grid
from qvopt.comparison.outcomes import RunOutcome
from qvopt.comparison.pictures.catalogue import draw_pictures
from qvopt.comparison.summary import Summary
from qvopt.comparison.tables import runs_table
from qvopt.records.portable import relative
from qvopt_molecules.errors import InputError

from .about import facts, optimizers_table, problems_table, rules
from .findings import findings
from .page import render_page
from .tables import (
    Table,
    detectable_table,
    final_errors_table,
    paired_table,
    ranking_table,
    results_table,
    target_text,
    targets_table,
    values,
)
from .text import escape_markdown as plain
from .text import latex_table, markdown_table, spreadsheet_text, write_csv

SECTIONS = (
    ("results", "Ranking"),
    ("problems-results", "Results"),
    ("pictures", "Pictures"),
    ("tests", "Tests"),
    ("rules", "Rules"),
    ("what", "What was run"),
    ("reproduce", "Reproduce"),
)


@dataclass(frozen=True)
class _Drawn:
    """What the page needs of a picture once its figure is gone."""

    name: str
    title: str
    caption: str
    alt: str
    series: str


def write_report(
    folder: Path,
    outcomes: Sequence[RunOutcome],
    summary: Summary,
    about: Mapping[str, Any],
    trials: Sequence[RunOutcome] = (),
) -> Path:
    """Write the report into a folder and return the path of its page.

    Args:
        folder: of the comparison, or any other; made if need be.
        outcomes, summary: what was run, and what `summarize` says of it.
        about: title, optimizers, problems, tuning, environment, versions, command, reproduce and
            file (the experiment file's text), as `load_comparison` gives them; what is missing is
            left out of the report.
        trials: runs of the search of hyper-parameters.

    Written are report.html (self-contained), report.md, tables/ (CSV, Parquet where pyarrow is
    installed, LaTeX for booktabs) and figures/ (SVG, PDF). The same runs give the same bytes.
    Raises InputError where it cannot write.
    """
    root = Path(folder)
    try:
        for part in ("tables", "figures"):
            (root / part).mkdir(parents=True, exist_ok=True)
        grid = Grid(outcomes)
        drawn, svgs = _draw(root / "figures", grid, summary, about, trials)
        context = _context(outcomes, summary, about, drawn)
        _write_tables(root / "tables", outcomes, summary, context)
        (root / "report.md").write_text(_markdown(context), encoding="utf-8")
        page = root / "report.html"
        page.write_text(render_page(context, svgs), encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot write the report into {root}: {error.strerror}") from None
    return page


def _draw(
    folder: Path,
    grid: Grid,
    summary: Summary,
    about: Mapping[str, Any],
    trials: Sequence[RunOutcome],
) -> tuple[list[_Drawn], dict[str, str]]:
    entries: Mapping[str, Any] = about.get("optimizers") or {}
    base = {label: str(e["name"]) for label, e in entries.items() if "name" in e}
    drawn, svgs = [], {}
    for picture in draw_pictures(grid, summary, trials, base):
        picture.save(folder)
        svgs[picture.name] = picture.inline()
        drawn.append(
            _Drawn(picture.name, picture.title, picture.caption, picture.alt, picture.data)
        )
    return drawn, svgs


def _context(
    outcomes: Sequence[RunOutcome],
    summary: Summary,
    about: Mapping[str, Any],
    drawn: Sequence[_Drawn],
) -> dict[str, Any]:
    seeds = len({run.seed for run in outcomes})
    commands = [c for c in (_command(about.get("command")), about.get("reproduce")) if c]
    versions: Mapping[str, Any] = about.get("versions") or {}
    return {
        "title": str(about.get("title") or "Comparison of optimizers"),
        "subtitle": f"{len(summary.optimizers)} optimizers, {len(summary.problems)} "
        f"problem{'s' if len(summary.problems) > 1 else ''}, {seeds} seeds, {len(outcomes)} runs.",
        "findings": findings(summary),
        "sections": SECTIONS,
        "ranking": ranking_table(summary),
        "results": [
            (
                [results_table(summary, p, k, t) for t in summary.targets],
                targets_table(summary, p, k),
                p,
            )
            for k, p in enumerate(summary.problems, start=1)
        ],
        "targets": [target_text(summary, t) for t in summary.targets],
        "pictures": drawn,
        "tests": paired_table(summary),
        "detectable": detectable_table(summary),
        "rules": rules(about, outcomes),
        "problems": problems_table(about, outcomes),
        "optimizers": optimizers_table(about, outcomes, summary.order),
        "protocol": str((about.get("tuning") or {}).get("protocol", "")),
        "facts": facts(about, outcomes),
        "commands": "\n".join(dict.fromkeys(commands)),
        "file": str(about.get("file") or ""),
        "parquet": _parquet(),
        "version": str(versions.get("qvopt", "")),
    }


def _command(command: Any) -> str:
    import shlex

    return shlex.join(command) if isinstance(command, list | tuple) else str(command or "")


def _parquet() -> bool:
    return find_spec("pyarrow") is not None


def _write_tables(
    folder: Path, outcomes: Sequence[RunOutcome], summary: Summary, context: Mapping[str, Any]
) -> None:
    import pandas as pd

    for name, rows in values(summary).items():
        write_csv(folder / f"{name}.csv", rows)
        if _parquet() and rows:
            pd.DataFrame(rows).to_parquet(folder / f"{name}.parquet", index=False)
    runs = runs_table(outcomes, summary.targets)
    runs["run"] = runs["run"].map(partial(relative, folder=folder.parent))
    words = [c for c in runs.columns if not pd.api.types.is_numeric_dtype(runs[c])]
    runs.assign(**{c: runs[c].map(spreadsheet_text) for c in words}).to_csv(
        folder / "runs.csv", index=False
    )
    if _parquet():
        # A hyper-parameter may be a number in one run and a word in another: text then.
        mixed = [c for c in runs.columns if runs[c].dtype == object]
        runs[mixed] = runs[mixed].astype("string")
        runs.to_parquet(folder / "runs.parquet", index=False)
    papers: list[Table] = [
        context["ranking"],
        context["detectable"],
        context["tests"],
        final_errors_table(summary),
        *(others for _, others, _ in context["results"] if others.rows),
        *(at_targets[0] for at_targets, _, _ in context["results"]),
    ]
    for table in papers:
        (folder / f"{table.name}.tex").write_text(latex_table(table), encoding="utf-8")


def _markdown(context: Mapping[str, Any]) -> str:
    parts = [f"# {plain(context['title'])}", context["subtitle"]]
    parts.append("\n".join(f"- {plain(f)}" for f in context["findings"]))
    parts += ["## Ranking", markdown_table(context["ranking"]), "## Results by problem"]
    for at_targets, others, problem in context["results"]:
        parts += [f"### {plain(problem)}", markdown_table(at_targets[0])]
        parts += [markdown_table(others)] if others.rows else []
    parts.append("## Pictures")
    for picture in context["pictures"]:
        said = f"*{plain(picture.caption)}*"
        parts.append(f"![{plain(picture.alt)}](figures/{picture.name}.svg)\n\n{said}")
    parts += ["## Paired tests", markdown_table(context["tests"])]
    parts.append(markdown_table(context["detectable"]))
    parts.append("## Rules of this comparison")
    parts.append("\n".join(f"- **{rule}.** {plain(text)}" for rule, text in context["rules"]))
    parts += ["## What was run", markdown_table(context["problems"])]
    parts.append(markdown_table(context["optimizers"]))
    parts.append("\n".join(f"- {plain(key)}: {plain(value)}" for key, value in context["facts"]))
    if context["commands"]:
        indented = "\n".join(f"    {line}" for line in context["commands"].splitlines())
        parts += ["## How to reproduce it", indented]
    return "\n\n".join(parts) + "\n"
