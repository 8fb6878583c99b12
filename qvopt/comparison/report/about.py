"""What was run and on what, and the rules it was run by, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from qvopt.comparison.budgets import RunBudget
from qvopt.comparison.labels import listed
from qvopt.comparison.outcomes import RunOutcome
from qvopt.comparison.pictures.style import shots_text

from .tables import Table, option_text


def rules(about: Mapping[str, Any], outcomes: Sequence[RunOutcome]) -> list[tuple[str, str]]:
    """The rules of honesty, and how they were kept: (rule, what holds here)."""
    planned = dict(about.get("runs") or {})
    missing = int(planned.get("planned", len(outcomes))) - int(planned.get("ended", len(outcomes)))
    failed = sum(run.status in ("crashed", "diverged") for run in outcomes)
    return [
        ("Hyper-parameters", tuning_text(about)),
        (
            "All spending is charged",
            "A run's shots are all that it spent: gradients, metrics, line searches, calibration, "
            "rejected steps and the final energies. Every run has the same budget on a problem.",
        ),
        (
            "Seeds are paired",
            "Every optimizer runs the same problems with the same seeds; tests, win probabilities "
            "and ranks compare runs of one problem and seed.",
        ),
        (
            "No best of noise",
            "Errors are true: the noiseless energy at the iterate, or at the point that the run "
            "returned, less the reference. They are never the least of measured values, and no "
            "optimizer sees them. So shots to a target say when it was first met, which the "
            "optimizer itself cannot know.",
        ),
        (
            "Failures count",
            f"{failed} of {len(outcomes)} runs crashed or diverged. A run that fails stays in "
            f"every denominator; its shots are charged in the expected running time, and a crash "
            f"is charged its whole budget.",
        ),
        (
            "Nothing is left out",
            f"{missing} planned runs have not ended and are missing here."
            if missing
            else "Every planned run is in these tables.",
        ),
    ]


def tuning_text(about: Mapping[str, Any]) -> str:
    """Whether hyper-parameters were tuned, with what effort, and at what price."""
    tuning = about.get("tuning") or {}
    entries: Mapping[str, Any] = about.get("optimizers") or {}
    if not tuning:
        return (
            "None was tuned for this comparison: they are the defaults, or what its file says. "
            "An optimizer that is sensitive to them may do better when tuned."
        )
    tuned = [name for name, e in entries.items() if e.get("tuned")]
    rest = [name for name, e in entries.items() if not e.get("tuned")]
    effort = (
        f"{tuning.get('trials')} settings of each were tried with {tuning.get('seeds')} seeds on "
        f"{listed(tuning.get('problems', ()))}, never on seeds that are scored. The search took "
        f"{shots_text(float(tuning.get('shots', 0)))} shots in all, on top of the budgets."
    )
    if rest:
        return (
            f"Not equal: {listed(tuned)} {_was(tuned)} tuned, {listed(rest)} {_was(rest)} not "
            f"(defaults, or what the file says). {effort}"
        )
    if len(tuned) == 1:
        return f"{tuned[0]}, the only optimizer, was tuned. {effort}"
    return f"All were tuned with equal effort. {effort}"


def _was(names: Sequence[str]) -> str:
    return "was" if len(names) == 1 else "were"


def problems_table(about: Mapping[str, Any], outcomes: Iterable[RunOutcome]) -> Table:
    """The problems, their sizes, references and budgets."""
    known: Mapping[str, Any] = about.get("problems") or {}
    budgets = {run.problem: run.budget for run in outcomes}
    rows = []
    for problem, budget in budgets.items():
        entry = known.get(problem) or {}
        reference = entry.get("reference")
        rows.append(
            (
                problem,
                _named(entry.get("ansatz")),
                _named(entry.get("backend")),
                str(entry.get("qubits", entry.get("n_qubits", "–"))),
                str(entry.get("parameters", entry.get("n_parameters", "–"))),
                listed([shots_text(float(s)) for s in entry.get("shots", ())]) or "–",
                budget_text(entry.get("budget"), budget),
                _reference(reference, entry.get("unit", "Ha"), entry.get("reference_name")),
            )
        )
    return Table(
        "problems",
        "What was minimised. Shots are those of one energy; the budget is that of a run; errors "
        "are counted from the reference.",
        ("problem", "ansatz", "backend", "qubits", "parameters", "shots", "budget",
         "reference"),
        tuple(rows),
        texts=3,
    )  # fmt: skip


def budget_text(caps: Any, shots: int) -> str:
    """What a run might spend; the shots where nothing else is known."""
    if isinstance(caps, Mapping) and caps:
        return RunBudget.model_validate(dict(caps)).text()
    return f"{shots_text(float(shots))} shots"


def _reference(energy: Any, unit: str, name: str | None) -> str:
    if not isinstance(energy, float):
        return "–"
    return f"{energy:.6f} {unit}".strip() + (f" ({name})" if name else "")


def optimizers_table(
    about: Mapping[str, Any], outcomes: Iterable[RunOutcome], order: Sequence[str]
) -> Table:
    """The optimizers and every hyper-parameter."""
    known: Mapping[str, Any] = about.get("optimizers") or {}
    used = {run.optimizer: run.options for run in outcomes}
    chosen: Mapping[str, Any] = (about.get("tuning") or {}).get("optimizers") or {}
    rows = []
    for name in order:
        entry = known.get(name) or {}
        best = (chosen.get(name) or {}).get("options") or {}
        options = {**(entry.get("options") or {}), **best, **used.get(name, {})}
        how = "tuned" if entry.get("tuned") else "as given"
        rows.append((name, str(entry.get("family", "–")), how, option_text(options)))
    return Table(
        "optimizers",
        "Every hyper-parameter, defaults included."
        + (
            " With expected_error = none a run ends by its budget: the stop of a single run at "
            "0.0016 Ha with 95 % is for runs without a budget."
            if any("expected_error = none" in row[-1] for row in rows)
            else ""
        ),
        ("optimizer", "family", "tuned", "hyper-parameters"),
        tuple(rows),
        texts=4,
    )


def facts(about: Mapping[str, Any], outcomes: Sequence[RunOutcome]) -> list[tuple[str, str]]:
    """Where and with what it ran: (name, value)."""
    environment: Mapping[str, Any] = about.get("environment") or {}
    versions: Mapping[str, Any] = about.get("versions") or environment.get("versions") or {}
    seeds = sorted({run.seed for run in outcomes})
    total = sum(sum(run.spent.values()) for run in outcomes)
    out = [
        ("runs", f"{len(outcomes):,}"),
        ("seeds", f"{len(seeds)}: {seeds[0]} … {seeds[-1]}" if len(seeds) > 1 else str(seeds[0])),
        ("shots in all", f"{total:,}"),
        ("time of all runs", f"{sum(run.seconds for run in outcomes):,.0f} s"),
    ]
    plain = str | int | float | bool
    for key, value in environment.items():
        if key != "versions" and isinstance(value, plain) and value not in ("", None):
            out.append((key.replace("_", " "), str(value)))
    if versions:
        out.append(("versions", ", ".join(f"{k} {v}" for k, v in versions.items())))
    return out


def _named(value: Any) -> str:
    if isinstance(value, Mapping):
        rest = {k: v for k, v in value.items() if k != "name"}
        name = str(value.get("name", "–"))
        return f"{name} ({option_text(rest)})" if rest else name
    return "–" if value is None else str(value)
