"""What a run on hardware will take, as `--dry` prints it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from qvopt.experiment.specification import make_experiment
from qvopt.runs.approval import caps_line
from qvopt.runs.problem_description import describe_problem, description_rows
from qvopt.runs.references import References

from .output import print_choice, print_json, print_rows, print_table


def forecast_command(data: Mapping[str, Any], as_json: bool) -> int:
    """Print what the run will take; nothing is sent."""
    from qvopt.runs.forecast import forecast_run
    from qvopt.tasks.forecasting import offline_assembly

    assembly = offline_assembly(make_experiment(data))
    print_choice(assembly)
    problem = describe_problem(assembly, References(0.0, None))
    forecast = forecast_run(assembly, recorded=True)
    caps = dict(forecast.budget.caps())
    if as_json:
        print_json(
            {
                "device": forecast.device,
                "problem": problem,
                "compiled": None if forecast.compiled is None else asdict(forecast.compiled),
                "parts": forecast.rows(),
                "qpu_seconds_assumed": forecast.time_assumed,
                "currency": forecast.currency if forecast.priced else None,
                "budget": caps,
                "steps_in_budget": forecast.steps_in_budget(),
                "note": forecast.note,
            }
        )
        return 0
    unit = forecast.currency if forecast.priced else "money"
    time = "QPU s (assumed)" if forecast.time_assumed else "QPU s"
    rows = []
    for row in forecast.rows():
        money = "not priced" if row["money"] is None else f"{row['money']:,.2f}"
        counts = {k: f"{row[k]:,}" for k in ("jobs", "circuits", "shots")}
        rows.append({"part": row["part"], **counts, time: f"{row['qpu_seconds']:,.1f}",
                     unit: money})  # fmt: skip
    sizes = description_rows(problem)
    if forecast.compiled is not None:
        qubits = " ".join(map(str, forecast.compiled.qubits))
        at = next(k for k, row in enumerate(sizes) if row[0] == "circuit") + 1
        sizes.insert(at, ("compiled", str(forecast.compiled), f"on qubits {qubits}"))
    print_rows(sizes, justify="left")
    print(f"{forecast.device}: nothing was sent")
    print_table(rows)
    print(forecast.note)
    for line in forecast.remarks():
        print(line)
    if caps:
        print(caps_line(caps, forecast.budget.currency))
    return 0
