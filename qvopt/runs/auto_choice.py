"""What `mitigation = "auto"` chose from, as a table and as a file of the run folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from qvopt.engine.auto_mitigation import Candidate
from qvopt.measurement.estimate import two_digits

CANDIDATES: Final = "mitigation.json"


def candidates_text(candidates: Sequence[Candidate]) -> str:
    """The candidates, the chosen one first, as JSON."""
    return json.dumps([c.document() for c in candidates], indent=1) + "\n"


def candidate_rows(
    candidates: Sequence[Candidate], unit: str, most: int = 8
) -> list[dict[str, Any]]:
    """Rows of a table: the best candidates, the chosen one first, and none at all.

    Args:
        candidates: in order.
        unit: of the energies, "Ha" being shown in mHa.
        most: rows at most.
    """
    scale, shown = (1e3, "mHa") if unit == "Ha" else (1.0, unit)
    listed = [c for k, c in enumerate(candidates) if k < most - 1 or c.name == "none"]
    return [
        {
            "mitigation": c.name,
            f"bias ({shown})".replace(" ()", ""): two_digits(scale * c.bias),
            "σ": two_digits(scale * c.sigma),
            "rms": two_digits(scale * c.rms),
            "circuits": f"{c.circuits:,}",
        }
        for c in listed
    ]


def choice_line(candidates: Sequence[Candidate]) -> str:
    """What was chosen, and from what."""
    best = candidates[0]
    return (
        f"mitigation: {best.name}, the least expected error of {len(candidates)} candidates for "
        f"{best.shots:,} shots, simulated with the device's calibration"
    )
