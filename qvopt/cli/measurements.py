"""`qvopt measurements`: shots that a molecule's energy takes, by grouping."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qvopt.experiment import make_experiment

from .output import print_json, print_table

_STATES = {"hf": "Hartree-Fock", "ansatz": "ansatz optimum", "fci": "full CI"}


def measurements_command(data: Mapping[str, Any], as_json: bool) -> int:
    """Print the table."""
    from qvopt.measurements import measurement_table

    rows = [row.document() for row in measurement_table(make_experiment(data))]
    if as_json:
        print_json(rows)
        return 0
    table = []
    for row in rows:
        table.append(
            {
                "grouping": row["grouping"],
                "groups": row["groups"],
                "depth": row["depth"],
                "state": _STATES[row["state"]],
                "variance × shots (Ha²)": f"{row['variance']:.4g}",
                "as allocated": f"{row['planned']:.4g}",
                "shots for 1 mHa": f"{row['shots_1_mHa']:,}",
                "for 1.6 mHa": f"{row['shots_chemical']:,}",
            }
        )
    print_table(table)
    print()
    print("variance × shots: at the best allocation in that state; shots: at the one that runs use")
    return 0
