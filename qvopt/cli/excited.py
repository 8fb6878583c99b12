"""`qvopt excited`: the lowest states of a molecule."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qvopt.experiment import make_experiment
from qvopt.measurement.estimate import Estimate
from qvopt.result import HARTREE_IN_EV
from qvopt.tasks.excited.states import excited_states, save_states

from .output import print_json, print_table


def excited_command(
    data: Mapping[str, Any], states: int, method: Any, beta: float, out: Path | None, as_json: bool
) -> int:
    """Find the states and print them."""
    found = excited_states(make_experiment(data), states, method=method, beta=beta, out=out)
    if out is not None:
        save_states(found, out)
    if as_json:
        print_json(found.document())
        return 0
    lowest = found.states[0].energy
    print_table(
        [
            {
                "state": k,
                "energy (Ha)": str(Estimate(s.energy, s.stderr**2)),
                "above (eV)": f"{HARTREE_IN_EV * (s.energy - lowest):.4f}",
                "full CI": "-" if s.fci is None else f"{s.fci:.6f}",
                "S²": "-" if s.spin_squared is None else f"{s.spin_squared:.3f}",
                "steps": s.steps,
            }
            for k, s in enumerate(found.states)
        ]
    )
    print(f"{found.method}, {found.shots:,} shots")
    return 0
