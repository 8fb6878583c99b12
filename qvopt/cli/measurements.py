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

    rows = [row.document() for row in measurement_table(make_experiment(data))]
    if as_json:
        print_json(rows)
        return 0
    table = []
    for row in rows:
        table.append(
            {
                "grouping": row["grouping"],
                "groups": row["groups"] or "random",
                "depth": row["depth"],
                "state": _STATES[row["state"]],
                "Ha² × shots": f"{row['variance']:.4g}",
                "to 1 mHa, best": _short(row["shots_1_mHa_best"]),
                "to 1 mHa": _short(row["shots_1_mHa"]),
                "to 1.6 mHa": _short(row["shots_chemical"]),
            }
        )
    print_table(table)
    print()
    print("Ha² × shots: variance × shots of an energy at the best allocation for that state")
    print("to 1 mHa, best: shots for that standard error there; compare groupings by these")
    print("to 1 mHa, 1.6 mHa: shots for that standard error at the allocation that runs use")
    print("states: Hartree-Fock, the optimum of the ansatz, full CI")
    return 0


def _short(n: int) -> str:
    """Three digits and a unit."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if n >= size:
            return f"{n / size:.3g} {unit}"
    return str(n)
