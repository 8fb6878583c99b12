"""What a comparison may take of paid or queued hardware, before its first run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from qvopt.backends.catalogue import is_provider
from qvopt.backends.cost import Cost
from qvopt.backends.protocol import DurableProgram, Pricing
from qvopt.engine.assembly import Assembly, assemble
from qvopt.runs.approval import Approve, CostStatement, agree, runs_in_words
from qvopt.runs.defaults import with_defaults
from qvopt.runs.forecast import forecast_run
from qvopt_molecules.errors import InputError

from .comparison_folder import SPECIFICATION
from .planned_runs import PlannedRun
from .sweep import Sweep


def approve_sweep(sweep: Sweep, folder: Path, approve: Approve | None) -> None:
    """State what the missing runs may take of each device, and go on unless the answer is no.

    A comparison whose specification is in its folder was agreed to.

    Raises InputError where the answer is no.
    """
    path = folder / SPECIFICATION
    if path.is_file() and path.read_text(encoding="utf-8") == sweep.spec.toml():
        return
    for statement in statements(sweep.missing(sweep.planned_runs())):
        agree(statement, approve)


def statements(runs: Sequence[PlannedRun]) -> list[CostStatement]:
    """What runs may take, by device; simulated ones are left out, and nothing is sent."""
    alike: dict[tuple[str, str, int | None, str], PlannedRun] = {}
    number: Counter[tuple[str, str, int | None, str]] = Counter()
    for run in runs:
        if is_provider(run.experiment.backend.name):
            shots, budget = run.experiment.measurement.shots, run.budget.text()
            key = (run.problem.label, run.optimizer, shots, budget)
            alike.setdefault(key, run)
            number[key] += 1
    assembled: dict[tuple[str, int | None], Assembly] = {}
    totals: dict[Pricing, Cost] = {}
    counts: Counter[Pricing] = Counter()
    remarks: dict[Pricing, list[str]] = {}
    for key, run in alike.items():
        problem = (run.problem.label, run.experiment.measurement.shots)
        if problem not in assembled:
            assembled[problem] = with_defaults(assemble(run.experiment))
        assembly = replace(assembled[problem], experiment=run.experiment)
        program = assembly.program
        if not isinstance(program, DurableProgram) or program.pricing.simulated:
            continue
        pricing = program.pricing
        counts[pricing] += number[key]
        lines = remarks.setdefault(pricing, [])
        cap = f"each run stops before it passes {run.budget.text()}"
        if cap not in lines:
            lines.append(cap)
        try:
            cost = forecast_run(assembly).within_budget
        except InputError as error:
            lines.append(f"{run.problem.label}, {run.optimizer}: {error}")
            cost = Cost()
        totals[pricing] = totals.get(pricing, Cost()) + cost.times(number[key])
    return [
        CostStatement(p, total, runs_in_words(counts[p]), remarks=tuple(remarks[p]))
        for p, total in totals.items()
    ]
