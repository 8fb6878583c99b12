"""Merges the results of several comparisons, such as those of two people, into one report.

Runs are told apart by problem, optimizer and seed: of a run that several folders hold, the first
counts, since equal seeds are no independent evidence. Labels must mean the same everywhere.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from qvopt.records.portable import portable_command
from qvopt_molecules.atomic_files import write_file
from qvopt_molecules.errors import InputError

from .collection import Comparison, load_comparison, with_budgets
from .compare import ComparisonResult
from .comparison_folder import SPECIFICATION
from .outcomes import RunOutcome

MARK: Final = "merged.json"
"""What tells a folder of merged results from any other."""

_SAME_ENERGY: Final = 1e-6
"""Hartree: integrals that two machines computed agree to this."""

_PROBLEM_KEYS: Final = (
    "unit", "qubits", "parameters", "groups", "budget", "shots", "backend", "ansatz", "mapping",
    "measurement",
)  # fmt: skip


def merge(folders: Sequence[str | Path], out: str | Path) -> ComparisonResult:
    """Merge comparisons that have run, in part or in full; nothing runs.

    Args:
        folders: two comparisons or more.
        out: folder of the merged report.

    Raises InputError where a label means different things, and where `out` holds something else.
    """
    paths = [Path(folder) for folder in folders]
    if len(paths) < 2:
        raise InputError("merging takes two comparisons or more")
    parts = [load_comparison(path) for path in paths]
    for k, part in enumerate(parts[1:], start=1):
        for j, former in enumerate(parts[:k]):
            _check_problems(former, part, (paths[j], paths[k]))
            _check_optimizers(former, part, (paths[j], paths[k]))
    outcomes, repeated, differing = _first_of_each(part.outcomes for part in parts)
    trials, _, _ = _first_of_each(part.trials for part in parts)
    about = _about(parts, paths, Path(out))
    missing = sum(part.about["runs"]["planned"] - part.about["runs"]["ended"] for part in parts)
    about["runs"] = {"planned": len(outcomes) + missing, "ended": len(outcomes)}
    about["merged"] = {
        "folders": portable_command(map(str, paths)),
        "repeated": repeated,
        "differing": differing,
    }
    targets = dict.fromkeys(t for part in parts for t in part.specification["targets"])
    specification = {**parts[0].specification, "targets": list(targets)}
    _open(Path(out), about["merged"])
    merged = Comparison(specification, with_budgets(outcomes), about, trials)
    return ComparisonResult(merged, Path(out))


def _open(out: Path, record: Mapping[str, Any]) -> None:
    try:
        if (out / SPECIFICATION).exists() or (
            out.exists() and not (out / MARK).exists() and any(out.iterdir())
        ):
            raise InputError(f"{out} holds something else; choose another --out to merge into")
        out.mkdir(parents=True, exist_ok=True)
        write_file(out / MARK, json.dumps(record, indent=1) + "\n", durable=True)
    except OSError as error:
        raise InputError(f"cannot write {out}: {error.strerror}") from None


def _check_problems(first: Comparison, second: Comparison, paths: tuple[Path, Path]) -> None:
    theirs = second.about["problems"]
    for label, problem in first.about["problems"].items():
        other = theirs.get(label)
        if other is None:
            continue
        differing = [key for key in _PROBLEM_KEYS if problem[key] != other[key]]
        for key in ("reference", "hf"):
            a, b = problem[key], other[key]
            if (a is None) != (b is None) or (a is not None and abs(a - b) > _SAME_ENERGY):
                differing.append(key)
        if differing:
            key = differing[0]
            raise InputError(
                f"problem {label} is not the same in {paths[0]} and {paths[1]}: {key} is "
                f"{problem[key]} and {other[key]}; give one of them another label"
            )


def _check_optimizers(first: Comparison, second: Comparison, paths: tuple[Path, Path]) -> None:
    settings = [_settings(part) for part in (first, second)]
    for label in settings[0].keys() & settings[1].keys():
        ours, theirs = settings[0][label], settings[1][label]
        for key in dict.fromkeys(["name", *sorted(ours.keys() | theirs.keys())]):
            if ours.get(key) != theirs.get(key):
                raise InputError(
                    f"optimizer {label} is not the same in {paths[0]} and {paths[1]}: {key} is "
                    f"{ours.get(key)} and {theirs.get(key)}; give one of them another label"
                )


def _settings(part: Comparison) -> dict[str, dict[str, Any]]:
    """Name, hyper-parameters and shots by optimizer, tuned ones as they were run."""
    chosen = (part.about.get("tuning") or {}).get("optimizers") or {}
    return {
        label: {
            "name": entry["name"],
            "shots": entry["shots"],
            **entry["options"],
            **(chosen.get(label) or {}).get("options", {}),
        }
        for label, entry in part.about["optimizers"].items()
    }


def _first_of_each(parts: Iterable[Sequence[RunOutcome]]) -> tuple[list[RunOutcome], int, int]:
    """Every run once; how many were there again, and how many of these ended differently."""
    runs: dict[tuple[str, ...], RunOutcome] = {}
    repeated = differing = 0
    for part in parts:
        for run in part:
            key = (run.problem, run.optimizer, str(run.seed), json.dumps(dict(run.options)))
            if key in runs:
                repeated += 1
                differing += run.status != runs[key].status or not _close(
                    run.final_error, runs[key].final_error
                )
            else:
                runs[key] = run
    return list(runs.values()), repeated, differing


def _close(a: float | None, b: float | None) -> bool:
    return a is b if a is None or b is None else abs(a - b) <= _SAME_ENERGY


def _about(parts: Sequence[Comparison], paths: Sequence[Path], out: Path) -> dict[str, Any]:
    abouts = [part.about for part in parts]
    words = ["qvopt", "compare", *map(str, paths), "--merge", "--out", str(out)]
    command = portable_command(words)
    searches = [about["tuning"] for about in abouts if about["tuning"]]
    tuning = dict(searches[0]) if searches else {}
    for search in searches[1:]:
        tuning["optimizers"] = tuning["optimizers"] | search["optimizers"]
        tuning["shots"] += search["shots"]
        tuning["problems"] = list(dict.fromkeys([*tuning["problems"], *search["problems"]]))
    return {
        "title": next((about["title"] for about in abouts if about["title"]), ""),
        "environment": abouts[0]["environment"],
        "environments": [e for about in abouts for e in about["environments"]],
        "versions": abouts[0]["versions"],
        "command": command,
        "file": "\n".join(
            f"# {path.name}\n{about['file']}" for path, about in zip(paths, abouts, strict=True)
        ),
        "history": [h for about in abouts for h in about["history"]],
        "reproduce": shlex.join(command),
        "problems": {label: p for about in abouts[::-1] for label, p in about["problems"].items()},
        "optimizers": {
            label: o for about in abouts[::-1] for label, o in about["optimizers"].items()
        },
        "tuning": tuning,
    }
