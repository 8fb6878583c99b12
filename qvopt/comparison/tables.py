"""A comparison as tidy tables: one row a run, one row a step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from qvopt_molecules.errors import InputError

from .outcomes import RunOutcome


def runs_table(outcomes: Sequence[RunOutcome], targets: Sequence[float] = ()) -> Any:
    """Return a pandas DataFrame with one row a run; energies in Hartree.

    For each target t (Hartree) a column `shots_to_…mHa` has the shots at the first iterate that
    reached it, missing where none did. Hyper-parameters are columns `option.…`, shots by purpose
    `shots.…`.
    """
    import pandas as pd

    hartree = all(run.unit == "Ha" for run in outcomes)
    rows = []
    for run in outcomes:
        row: dict[str, Any] = {
            "problem": run.problem,
            "optimizer": run.optimizer,
            "seed": run.seed,
            "status": run.status,
            "steps": run.steps,
            "gradients_paid": run.gradients,
            "budget": run.budget,
            "shots": sum(run.spent.values()),
            "error": run.final_error,
            "measured": run.measured,
            "stderr": run.stderr,
            "seconds": run.seconds,
        }
        for target in targets:
            # A model's energies are in units of its own.
            text = f"{1e3 * target:g}mHa" if hartree else f"{target:g}"
            row[f"shots_to_{text}"] = run.shots_to(target)
        row |= {f"shots.{purpose}": shots for purpose, shots in run.spent.items()}
        row |= {f"option.{key}": _plain(value) for key, value in run.options.items()}
        rows.append(row | {"message": run.message, "run": run.run})
    table = pd.DataFrame(rows)
    for column in table.columns:
        if column.startswith("shots."):
            table[column] = table[column].fillna(0).astype("int64")
        elif column.startswith("shots_to_"):
            table[column] = table[column].astype("Int64")
        elif column in ("error", "measured", "stderr", "gradients_paid"):
            table[column] = table[column].astype("float64")
    return table


def steps_table(outcomes: Sequence[RunOutcome]) -> Any:
    """Return a pandas DataFrame with one row a step: shots spent until then, and the true error."""
    import pandas as pd

    lengths = [len(run.shots) for run in outcomes]

    def repeated(values: Sequence[Any]) -> Any:
        return np.repeat(np.array(values), lengths)

    def joined(arrays: Sequence[Any]) -> Any:
        return np.concatenate([np.zeros(0, dtype=arrays[0].dtype if arrays else float), *arrays])

    return pd.DataFrame(
        {
            "problem": pd.Categorical(repeated([run.problem for run in outcomes])),
            "optimizer": pd.Categorical(repeated([run.optimizer for run in outcomes])),
            "seed": repeated([run.seed for run in outcomes]),
            "step": joined([np.arange(n) for n in lengths]),
            "shots": joined([run.shots for run in outcomes]),
            "error": joined([run.error for run in outcomes]),
        }
    )


def to_xarray(outcomes: Sequence[RunOutcome]) -> Any:
    """Return an xarray Dataset over problem, optimizer and seed, of what is one number a run.

    Raises InputError without xarray.
    """
    try:
        import xarray  # noqa: F401
    except ImportError:
        raise InputError("to_xarray needs xarray: pip install xarray") from None
    columns = ["status", "shots", "error", "measured", "stderr", "seconds", "steps"]
    table = runs_table(outcomes).set_index(["problem", "optimizer", "seed"])[columns]
    return table.to_xarray()


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, list | dict | tuple) else value
