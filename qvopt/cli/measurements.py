"""`qvopt measurements`: shots that a molecule's energy takes, by grouping."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qvopt.experiment.specification import make_experiment

from .output import print_json, print_table

_STATES = {"hf": "HF", "ansatz": "ansatz", "fci": "FCI"}


def measurements_command(data: Mapping[str, Any], as_json: bool) -> int:
    """Print the table."""
    from qvopt.tasks.shots_needed import measurement_table

    experiment = make_experiment(data)
    unit = experiment.molecule.energy_unit
    rows = [row.document() for row in measurement_table(experiment)]
    if as_json:
        print_json(rows)
        return 0
    one, chemical = ("1 mHa", "1.6 mHa")
    square = "Ha² × shots"
    exact, mean_field = "full CI", "Hartree-Fock"
    if unit != "Ha":
        one, chemical = (f"{error} {unit}".rstrip() for error in ("0.001", "0.0016"))
        square = f"{unit}² × shots" if unit else "variance × shots"
        exact, mean_field = "exact", "reference determinant"
    table = []
    for row in rows:
        table.append(
            {
                "grouping": row["grouping"],
                "groups": row["groups"] or "random",
                "depth": row["depth"],
                "state": _STATES[row["state"]],
                square: f"{row['variance']:.4g}",
                f"to {one}, best": _short(row["shots_1_mHa_best"]),
                f"to {one}": _short(row["shots_1_mHa"]),
                f"to {chemical}": _short(row["shots_chemical"]),
            }
        )
    print_table(table)
    print()
    print(f"{square}: variance × shots of an energy at the best allocation for that state")
    print(f"to {one}, best: shots for that standard error there; compare groupings by these")
    print(f"to {one}, {chemical}: shots for that standard error at the allocation that runs use")
    print(f"states: {mean_field}, the optimum of the ansatz, {exact}")
    return 0


def _short(n: int) -> str:
    """Three digits and a unit."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if n >= size:
            return f"{n / size:.3g} {unit}"
    return str(n)
