"""The lines of a picture as numbers, for the page that shows them under the pointer."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from qvopt_molecules.arrays import FloatArray

_POINTS_PER_INCH = 72


@dataclass(frozen=True, eq=False)
class Series:
    """Lines in one panel with two logarithmic axes.

    Attributes:
        axes: matplotlib's, laid out before `as_json`.
        shots: of all lines, rising.
        lines: name and errors at these shots of each line, in the unit `unit`; NaN where a line
            is not drawn.
        unit: of the errors.
        least: errors below it are drawn at it.
    """

    axes: Any
    shots: FloatArray
    lines: tuple[tuple[str, FloatArray], ...]
    unit: str
    least: float

    def as_json(self) -> str:
        """Return limits, place in the SVG (left, top, right, bottom) and lines, to four digits."""
        figure, box = self.axes.figure, self.axes.get_position()
        width = _POINTS_PER_INCH * figure.get_figwidth()
        height = _POINTS_PER_INCH * figure.get_figheight()
        place = (box.x0 * width, (1 - box.y1) * height, box.x1 * width, (1 - box.y0) * height)
        data = {
            "axes": [round(x, 3) for x in place],
            "xlim": [float(x) for x in self.axes.get_xlim()],
            "ylim": [float(y) for y in self.axes.get_ylim()],
            "unit": self.unit,
            "least": self.least,
            "shots": [_short(x) for x in self.shots],
            "lines": [
                {"name": name, "errors": [_short(y) for y in errors]} for name, errors in self.lines
            ],
        }
        return json.dumps(data, separators=(",", ":"), allow_nan=False, ensure_ascii=False)


def _short(value: float) -> float | None:
    return float(f"{value:.4g}") if math.isfinite(value) else None
