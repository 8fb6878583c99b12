"""The convergence picture as a PNG file, drawn with Pillow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from qvopt.runs.canvas import BLACK, HEIGHT, LABEL, SMALL, TITLE, WIDTH, Canvas
from qvopt.runs.panels import GREY, Curve, Panel
from qvopt.runs.ticks import (
    decades,
    number_labels,
    power_of_ten,
    round_ticks,
    shot_labels,
)

_TICK, _GAP = 7, 14
_GRID = "#ebebeb"
_MARGIN = 0.05  # of an axis, beyond the data
_LARGEST_POWER = 300  # of ten, that is drawn


def text_font_path() -> Path | None:
    """Return the font that matplotlib brings along, without importing it; None if it is absent."""
    spec = find_spec("matplotlib")
    for folder in (spec and spec.submodule_search_locations) or ():
        font = Path(folder, "mpl-data", "fonts", "ttf", "DejaVuSans.ttf")
        if font.is_file():
            return font
    return None


def draw_png(panels: Sequence[Panel], title: str, path: Path, font: Path) -> None:
    """Draw panels below each other, with one horizontal axis, into a PNG file."""
    canvas = Canvas(font)
    x_range = _padded(np.concatenate([c.x for p in panels for c in p.curves] or [np.zeros(1)]))
    scales = [_scale(panel) for panel in panels]
    left = 30 + LABEL + max(
        canvas.width(text, LABEL) for scale in scales for _, text in scale.ticks
    ) + _TICK + _GAP  # fmt: skip
    right, top, bottom = WIDTH - 8, 42, HEIGHT - 72
    height = (bottom - top - 20 * (len(panels) - 1)) / len(panels)
    canvas.text((WIDTH / 2, 16), title, TITLE, anchor="mm")
    for k, (panel, scale) in enumerate(zip(panels, scales, strict=True)):
        upper = top + k * (height + 20)
        box = _Box(left, upper, right, upper + height, x_range, scale)
        _draw_panel(canvas, panel, box, last=k == len(panels) - 1)
    canvas.save(path)


@dataclass(frozen=True)
class _Scale:
    """The vertical axis: the range in data or in decades, with ticks and their labels."""

    low: float
    high: float
    ticks: list[tuple[float, str]]
    minor: list[float]
    logarithmic: bool


def _scale(panel: Panel) -> _Scale:
    levels = [level.y for level in panel.levels]
    parts = [c.y if c.stderr is None else c.y - np.nan_to_num(c.stderr) for c in panel.curves]
    parts += [c.y + np.nan_to_num(c.stderr) for c in panel.curves if c.stderr is not None]
    values = np.concatenate([*parts, levels])
    if panel.logarithmic:
        low, high = _padded(np.log10(values[np.isfinite(values) & (values > 0)]))
        low, high = max(low, -_LARGEST_POWER), min(high, _LARGEST_POWER)
        exponents = decades(10**low, 10**high)
        ticks = [(float(k), power_of_ten(k)) for k in exponents]
        if not ticks:
            shown = round_ticks(10**low, 10**high, 4)
            ticks = [(math.log10(t), f"{t:.3g}") for t in shown if t > 0]
        fine = [k + math.log10(m) for k in range(math.floor(low), 1 + math.ceil(high))
                for m in range(2, 10)] if high - low < 6 else []  # fmt: skip
        return _Scale(low, high, ticks, [m for m in fine if low <= m <= high], True)
    low, high = _padded(values)
    places = round_ticks(low, high, 6)
    return _Scale(low, high, list(zip(places, number_labels(places), strict=True)), [], False)


def _padded(values: Any) -> tuple[float, float]:
    largest = 10.0**_LARGEST_POWER
    finite = np.clip(values[np.isfinite(values)], -largest, largest)
    if not len(finite):
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    pad = _MARGIN * (high - low)
    least = 1e-9 * max(abs(low), abs(high))
    if pad <= least:
        pad = max(0.05 * abs(low), 0.05) if high == low else least
    return low - pad, high + pad


@dataclass(frozen=True)
class _Box:
    """Where a panel stands, and how its data map to pixels."""

    left: float
    top: float
    right: float
    bottom: float
    x_range: tuple[float, float]
    scale: _Scale

    def across(self, x: Any) -> Any:
        low, high = self.x_range
        return self.left + (self.right - self.left) * ((x - low) / (high - low))

    def up(self, y: Any) -> Any:
        """Pixels of positions on the scale: decades on a logarithmic one."""
        part = (y - self.scale.low) / (self.scale.high - self.scale.low)
        return self.bottom - (self.bottom - self.top) * part

    def up_of(self, values: Any) -> Any:
        """Pixels of data."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.up(np.log10(values) if self.scale.logarithmic else values)


def _draw_panel(canvas: Canvas, panel: Panel, box: _Box, last: bool) -> None:
    places = round_ticks(*box.x_range)
    texts = shot_labels(places) if panel.in_shots else number_labels(places)
    for place, text in zip(places, texts, strict=True):
        x = box.across(place)
        canvas.line([(x, box.top), (x, box.bottom)], _GRID, 1)
        canvas.line([(x, box.bottom), (x, box.bottom + _TICK)], BLACK, 1.7)
        if last:
            canvas.text((x, box.bottom + _TICK + 7), text, LABEL, anchor="ma")
    for place, text in box.scale.ticks:
        y = box.up(place)
        canvas.line([(box.left, y), (box.right, y)], _GRID, 1)
        canvas.line([(box.left - _TICK, y), (box.left, y)], BLACK, 1.7)
        canvas.text((box.left - _TICK - 7, y), text, LABEL, anchor="rm")
    for place in box.scale.minor:
        y = box.up(place)
        canvas.line([(box.left - _TICK / 2, y), (box.left, y)], BLACK, 1.2)
    for curve in panel.curves:
        _draw_curve(canvas, curve, box)
    for level in panel.levels:
        y = float(box.up_of(np.float64(level.y)))
        if math.isfinite(y):
            canvas.dashes(box.left, box.right, y, _pattern(level.dotted), GREY)
            if level.beside:
                canvas.text((box.right - 2, y - 2), level.label, SMALL, GREY, "rd")
    frame = [(box.left, box.top), (box.left, box.bottom), (box.right, box.bottom)]
    canvas.line(frame, BLACK, 1.7)
    canvas.upright((8, (box.top + box.bottom) / 2), panel.ylabel, LABEL)
    if last:
        canvas.text(((box.left + box.right) / 2, HEIGHT - 8), panel.xlabel, LABEL, anchor="md")
    if not panel.logarithmic:
        _draw_legend(canvas, panel, box)


def _draw_curve(canvas: Canvas, curve: Curve, box: _Box) -> None:
    x, y = box.across(curve.x), box.up_of(curve.y)
    finite = np.isfinite(y)
    if curve.joined:
        for piece in np.split(np.arange(len(x)), np.flatnonzero(~finite)):
            kept = piece[finite[piece]]
            canvas.line(list(zip(x[kept].tolist(), y[kept].tolist(), strict=True)), curve.color, 3)
    color = curve.color if curve.stderr is None or curve.marker == "D" else "#d08d8b"
    if curve.stderr is not None:
        low, high = box.up_of(curve.y - curve.stderr), box.up_of(curve.y + curve.stderr)
        for k in np.flatnonzero(np.isfinite(low) & np.isfinite(high)):
            canvas.line([(x[k], low[k]), (x[k], high[k])], color, 2.5)
            if curve.marker == "D":
                for end in (low[k], high[k]):
                    canvas.line([(x[k] - 6, end), (x[k] + 6, end)], color, 2.5)
    if curve.marker:
        for k in np.flatnonzero(finite):
            canvas.mark(x[k], y[k], color, curve.marker)


def _draw_legend(canvas: Canvas, panel: Panel, box: _Box) -> None:
    """Draw the legend where it hides the fewest points: in a corner or at half height."""
    entries: list[tuple[str, Curve | None, bool]] = [(c.label, c, False) for c in panel.curves]
    entries += [(level.label, None, level.dotted) for level in panel.levels if not level.beside]
    if not entries:
        return
    row = 25
    width = 60 + max(canvas.width(text, SMALL) for text, _, _ in entries)
    height = row * len(entries)
    places = [
        (x, y)
        for x in (box.right - width - 12, box.left + 12)
        for y in (box.top + 8, (box.top + box.bottom - height) / 2, box.bottom - height - 8)
    ]
    points = [_path(box.across(c.x), box.up_of(c.y)) for c in panel.curves]
    lines = [float(box.up_of(np.float64(level.y))) for level in panel.levels]

    def hidden(place: tuple[float, float]) -> int:
        x, y = place
        inside = sum(
            int(((px > x) & (px < x + width) & (py > y) & (py < y + height)).sum())
            for px, py in points
        )
        return inside + 40 * sum(y < line < y + height for line in lines)

    x, y = min(places, key=hidden)
    for text, curve, dotted in entries:
        middle = y + row / 2
        if curve is None:
            canvas.dashes(x, x + 36, middle, _pattern(dotted), GREY)
        else:
            if curve.joined:
                canvas.line([(x, middle), (x + 36, middle)], curve.color, 3)
            if curve.marker:
                canvas.mark(x + 18, middle, curve.color, curve.marker)
        canvas.text((x + 48, middle), text, SMALL, anchor="lm")
        y += row


def _pattern(dotted: bool) -> tuple[float, float]:
    return (2, 3.5) if dotted else (8, 3.5)


def _path(x: Any, y: Any) -> tuple[Any, Any]:
    """Points along a curve, eight to a piece, so that long pieces count too."""
    if len(x) < 2:
        return x, y
    at = np.linspace(0, len(x) - 1, 8 * len(x))
    return np.interp(at, np.arange(len(x)), x), np.interp(at, np.arange(len(x)), y)
