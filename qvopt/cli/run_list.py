"""`qvopt list runs`, and `qvopt show` without a folder: the runs in runs/, newest first."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qvopt.measurement.estimate import Estimate
from qvopt.records.journal import is_locked
from qvopt.runs.distinction import details_of, differences, document_of
from qvopt.runs.folder import RunFolder
from qvopt.runs.stored import stored_result
from qvopt_molecules.errors import InputError, unknown_name

from .output import print_json, print_table

RUNS = Path("runs")
COLUMNS = ("molecule", "ansatz", "optimizer", "backend", "shots", "status", "run")
"""What a filter may name."""


def list_runs(filters: Sequence[str], as_json: bool) -> int:
    """Print the runs that match every filter: a word, or COLUMN=VALUE."""
    rows = [row for row in _rows() if all(_matches(row, text) for text in filters)]
    if as_json:
        print_json([{k: v for k, v in row.items() if k != "details"} for row in rows])
        return 0
    if not rows:
        which = f" that match {' '.join(filters)}" if filters else ""
        print(f"no runs in {RUNS}/{which}")
        return 0
    print_table([_shown(row, apart) for row, apart in zip(rows, _apart(rows), strict=True)])
    return 0


def _rows() -> list[dict[str, Any]]:
    paths = [path.parent for path in RUNS.glob("*/journal.jsonl")]
    rows = [row for row in map(_row, paths) if row is not None]
    return sorted(rows, key=lambda row: float(row["age_seconds"]))


def _row(path: Path) -> dict[str, Any] | None:
    """What a folder's journal says; None where it holds a task and no run."""
    age = max(time.time() - (path / "journal.jsonl").stat().st_mtime, 0.0)
    row: dict[str, Any] = dict.fromkeys((*COLUMNS[:-2], "error_mha", "error_stderr_mha"))
    row |= {"status": "damaged", "run": str(path), "age_seconds": round(age)}
    try:
        folder = RunFolder.open(path)
        experiment = folder.experiment()
        result = stored_result(folder)
    except InputError as refusal:
        return None if "and no run" in str(refusal) else row
    names = result.names
    error = result.error if names.get("unit", "Ha") == "Ha" else None
    status: str = result.status
    if status == "interrupted" and is_locked(folder.journal_path):
        status = "running"
    return row | {
        **{key: names[key] for key in ("molecule", "ansatz", "optimizer", "backend")},
        "shots": experiment.measurement.shots,
        "error_mha": None if error is None else 1e3 * error,
        "error_stderr_mha": None if error is None else 1e3 * result.error_stderr,
        "seed": experiment.seed,
        "mapping": experiment.mapping,
        "molecule_settings": document_of(experiment),
        "details": details_of(experiment),
        "status": status,
    }


def _matches(row: dict[str, Any], text: str) -> bool:
    column, equals, value = text.partition("=")
    if not equals:
        return any(text.lower() in str(row[key]).lower() for key in COLUMNS if row[key] is not None)
    if column not in COLUMNS:
        raise unknown_name("column of runs", column, COLUMNS)
    return str(row[column]).lower() == value.lower()


def _apart(rows: Sequence[dict[str, Any]]) -> list[str]:
    """For each run what sets it apart from those of the same names; "" where nothing does."""
    groups: dict[tuple[Any, ...], list[int]] = {}
    for number, row in enumerate(rows):
        groups.setdefault(tuple(row[k] for k in ("molecule", *COLUMNS[1:4])), []).append(number)
    texts = [""] * len(rows)
    for numbers in groups.values():
        known = [n for n in numbers if row_details(rows[n])]
        for n, text in zip(known, differences([row_details(rows[n]) for n in known]), strict=True):
            texts[n] = text
    return texts


def row_details(row: Mapping[str, Any]) -> dict[str, str]:
    """What the run of a row was on; empty where its folder is damaged."""
    return dict(row.get("details") or {})


def _shown(row: dict[str, Any], apart: str) -> dict[str, Any]:
    error, shots = row["error_mha"], row["shots"]
    experiment = " ".join(str(row[k]) for k in COLUMNS[:4] if row[k] is not None)
    stderr = row["error_stderr_mha"]
    shown = "-" if error is None else f"{error:z.4f}"
    if error is not None and stderr:
        shown = str(Estimate(error, stderr**2))
    return {
        "run": row["run"],
        "experiment": ", ".join(filter(None, [experiment, apart])),
        "shots": "exact" if shots is None else f"{shots:,}",
        "error (mHa)": shown,
        "status": row["status"],
        "age": age_text(row["age_seconds"]),
    }


def age_text(seconds: float) -> str:
    """How long ago the last event was: 40 s, 12 min, 3 h, 5 d."""
    for unit, size, limit in (("s", 1, 100), ("min", 60, 6000), ("h", 3600, 48 * 3600)):
        if seconds < limit:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86400:.0f} d"
