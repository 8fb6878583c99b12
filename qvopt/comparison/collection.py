"""Reads a comparison's folder: the runs that have ended, and what is known about the rest."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from qvopt.experiment.named_order import BEFORE, with_named_order
from qvopt.optimizers.registry import describe
from qvopt.records.derived import read_derived
from qvopt.runs.folder import task_of
from qvopt_molecules.errors import InputError

from .outcomes import RunOutcome
from .planned_runs import PlannedRun
from .problem_data import read_comparison
from .specification import make_comparison
from .stored_outcome import StoredOutcome
from .sweep import Sweep, SweepStage
from .tuning import PROTOCOL


@dataclass(frozen=True)
class Comparison:
    """A comparison as far as it has run.

    Attributes:
        specification: its file as plain data.
        outcomes: scored runs that have ended.
        about: environment, versions, command, tuning and its costs, how to reproduce it, sizes of
            the problems, references, and how many runs are missing.
        trials: runs of the search of hyper-parameters; seeds and settings of their own.
    """

    specification: Mapping[str, Any]
    outcomes: list[RunOutcome]
    about: dict[str, Any] = field(default_factory=dict)
    trials: list[RunOutcome] = field(default_factory=list)

    @property
    def targets(self) -> list[float]:
        """Targets in Hartree."""
        return [1e-3 * float(t) for t in self.specification["targets"]]


def load_comparison(folder: Path) -> Comparison:
    """Read a comparison's folder; nothing runs, and others may be running in it.

    Raises InputError where it is none.
    """
    folder = Path(folder)
    if not (folder / "comparison.toml").is_file():
        other = task_of(folder, "comparison")
        if other:
            raise InputError(f"{folder} holds {other}")
        raise InputError(f"{folder} is not a comparison: it has no comparison.toml")
    spec = make_comparison(read_comparison(folder))
    return collect(Sweep.prepare(spec, folder, writable=False))


def collect(sweep: Sweep) -> Comparison:
    """Read what a sweep's runs have found so far."""
    outcomes, total = _outcomes(sweep, "scored")
    trials, _ = _outcomes(sweep, "tuning")
    about = _about(sweep)
    about["runs"] = {"planned": total, "ended": len(outcomes)}
    return Comparison(sweep.spec.document(), outcomes, about, trials)


def _outcomes(sweep: Sweep, stage: SweepStage) -> tuple[list[RunOutcome], int]:
    runs = sweep.runs(stage)
    stored = ((run, sweep.outcome(run)) for run in runs)
    outcomes = [run_outcome(sweep, run, outcome) for run, outcome in stored if outcome is not None]
    return with_budgets(outcomes), len(runs)


def with_budgets(outcomes: Sequence[RunOutcome]) -> list[RunOutcome]:
    """Give runs without a cap on shots the most that any run on their problem spent."""
    most: dict[str, int] = {}
    for run in outcomes:
        spent = max(sum(run.spent.values()), *run.shots[-1:].tolist(), 1)
        most[run.problem] = max(most.get(run.problem, 1), spent)
    return [run if run.budget else replace(run, budget=most[run.problem]) for run in outcomes]


def run_outcome(sweep: Sweep, run: PlannedRun, stored: StoredOutcome) -> RunOutcome:
    """A stored outcome with its labels, and energies as errors."""
    reference = run.problem.reference
    final = None if stored.status == "crashed" else stored.final
    return RunOutcome(
        problem=run.problem.label,
        optimizer=run.optimizer,
        seed=run.experiment.seed,
        status=stored.status,
        budget=run.experiment.budget.shots or 0,
        shots=stored.shots,
        error=stored.exact - reference,
        final_error=None if final is None else final - reference,
        measured=None if stored.measured is None else stored.measured - reference,
        stderr=stored.stderr,
        spent=stored.spent,
        options=run.experiment.optimizer_spec.options,
        seconds=stored.seconds,
        message=stored.message,
        run=str((sweep.folder or Path()) / run.path),
        unit=run.problem.unit,
        gradients=run.gradients,
    )


def _about(sweep: Sweep) -> dict[str, Any]:
    folder = sweep.folder or Path()
    history = _json_lines(folder / "history.jsonl")
    environments = [read_derived(path) for path in sorted((folder / "environments").glob("*.json"))]
    environment = next((e for e in environments if e), {})
    command = next((h["command"] for h in reversed(history) if h.get("command")), None)
    return {
        "title": sweep.spec.title,
        "environment": environment,
        "environments": [e for e in environments if e],
        "versions": environment.get("versions", {}),
        "command": command,
        "file": sweep.spec.toml(),
        "history": history,
        "reproduce": f"qvopt compare {folder.absolute().name}/comparison.toml --out NEW-FOLDER",
        "problems": {
            p.label: {
                **p.sizes,
                "reference": p.reference,
                "reference_name": p.reference_name,
                "unit": p.unit,
                "hf": p.references.get("hf"),
                "fci": p.references.get("fci"),
                "budget": dict(p.budget),
                "shots": list(p.shots or sweep.spec.shots),
                "integrals": p.integrals,
                "backend": p.base["backend"],
                "ansatz": with_named_order(p.base["ansatz"], BEFORE),
                "mapping": p.base["mapping"],
                "measurement": p.base["measurement"],
            }
            for p in sweep.problems
        },
        "optimizers": _optimizers(sweep),
        "tuning": _tuning(sweep),
        "cautions": sweep.cautions(),
    }


def _optimizers(sweep: Sweep) -> dict[str, Any]:
    out = {}
    for entrant in sweep.entrants:
        entry = describe(entrant.spec.name)
        out[entrant.label] = {
            "name": entry.name,
            "family": entry.family,
            "needs": entry.needs,
            "reference": entry.reference,
            "options": {**entry.defaults, **entrant.spec.options},
            "tuned": entrant.spec.tuned,
            "shots": None if entrant.spec.shots is None else list(entrant.spec.shots),
        }
    return out


def _tuning(sweep: Sweep) -> dict[str, Any]:
    """The protocol, the choices and the price of the search; empty where nothing is tuned."""
    if not sweep.practice:
        return {}
    tuned = sweep.tuned()
    return {
        "protocol": PROTOCOL,
        "trials": sweep.spec.tuning.trials,
        "seeds": sweep.spec.tuning.seeds,
        "problems": [p.label for p in sweep.practice],
        "shots": sum(int(entry["shots"]) for entry in tuned.values()),
        "optimizers": tuned,
    }


def _json_lines(path: Path) -> Sequence[dict[str, Any]]:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    out = []
    for line in lines:
        try:
            out.append(json.loads(line))
        except (ValueError, RecursionError):
            continue
    return [entry for entry in out if isinstance(entry, dict)]
