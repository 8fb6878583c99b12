"""Distributions of shots to a target: ECDF over problems and seeds, and profiles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from qvopt.comparison.grid import Grid
from qvopt.comparison.statistics.profiles import (
    Steps,
    data_profile,
    empirical_distribution,
    performance_profile,
)
from qvopt.comparison.summary import Summary

from .picture import Picture
from .style import MUTED, End, Looks, label_ends, log_axis, new_figure

_MOST_TARGETS = 3


def draw_shots_to_target(grid: Grid, summary: Summary, looks: Looks) -> Picture:
    """Share of runs, over all problems and seeds, that reached each target by so many shots."""
    targets = sorted(summary.targets[:_MOST_TARGETS], reverse=True)
    figure = new_figure(7.2, 1.0 + 2.35 * len(targets))
    panels = figure.subplots(len(targets), 1, sharex=True, squeeze=False)[:, 0]
    shots = {
        (name, target): np.concatenate(
            [c.shots_to(target) for p in grid.problems if (c := grid.get(p, name)) is not None]
        )
        for name in grid.optimizers
        for target in targets
    }
    finite = np.concatenate([s[np.isfinite(s) & (s > 0)] for s in shots.values()])
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (1.0, 10.0)
    span = (low / 1.3, max(high * 1.3, low * 2))
    ends = []
    for panel, target in zip(panels, targets, strict=True):
        panel.set(xscale="log", xlim=span, ylim=(0, 1.02))
        steps = {name: empirical_distribution(shots[name, target]) for name in grid.optimizers}
        ends.append(_draw_steps(panel, steps, summary.order, looks, span))
        panel.set_title(f"error at most {1e3 * target:g} {summary.thousandth}", loc="left")
        panel.set_ylabel("share of runs")
    log_axis(panels[-1].xaxis, shots=True)
    panels[-1].set_xlabel("shots spent, everything charged")
    label_ends(list(zip(panels, ends, strict=True)))
    main = summary.targets[0]
    reached = {n: float(np.isfinite(shots[n, main]).mean()) for n in summary.order}
    return Picture(
        "shots-to-target",
        "Shots to target",
        "Share of runs over all problems and seeds that reached the target within so many shots. "
        "Runs that never did stay in the denominator." + _started_text(grid, summary, targets),
        "Empirical distribution functions of shots to target. Share of runs that reached "
        f"{1e3 * main:g} {summary.thousandth}: "
        + ", ".join(f"{name} {share:.0%}" for name, share in reached.items())
        + ".",
        figure,
    )


def _started_text(grid: Grid, summary: Summary, targets: Sequence[float]) -> str:
    """Say how many runs start within each target: the height at which its lines begin."""
    said = ""
    for target in targets:
        counts = [summary.starts_within(problem, target) for problem in grid.problems]
        starting, runs = (sum(column) for column in zip(*counts, strict=True))
        if starting:
            said += (
                f" {starting} of {runs} runs start within {1e3 * target:g} {summary.thousandth}, "
                f"at 0 shots."
            )
    return said


def draw_profiles(grid: Grid, summary: Summary, looks: Looks) -> Picture | None:
    """Performance profile and data profile for the main target; None if no seed is shared."""
    target = summary.targets[0]
    scores = [grid.shared_scores(p, grid.optimizers, target) for p in grid.problems]
    units = [
        np.full(len(f), float(max(r.budget for c in grid.of(p) for r in c.runs)))
        for p, f in zip(grid.problems, scores, strict=True)
    ]
    every, limits = np.concatenate(scores), np.concatenate(units)
    if not len(every):
        return None
    open_instances = every.min(axis=1) > 0  # else the start is within the target
    costs = every[open_instances]
    met = len(every) - len(costs)
    figure = new_figure(7.2, 5.6)
    top, bottom = figure.subplots(2, 1)
    names = grid.optimizers
    performance = dict(zip(names, performance_profile(costs), strict=True))
    data = dict(zip(names, data_profile(costs, limits[open_instances]), strict=True))
    most = max((float(s.x[-1]) for s in performance.values() if len(s.x)), default=2.0)
    span = (1.0, max(2.0, min(most, 1e3) * 1.15))
    top.set(xscale="log", xlim=span, ylim=(0, 1.02))
    empty = "no run reached it" if len(costs) else "every start is within it already"
    ends = [_draw_steps(top, performance, summary.order, looks, span, empty)]
    log_axis(top.xaxis)
    if span[1] < 30:
        top.set_xticks([t for t in (1, 2, 3, 5, 10, 20) if t <= span[1]])
    top.set_title(f"performance profile, {1e3 * target:g} {summary.thousandth}", loc="left")
    top.set_xlabel("shots over those of the best optimizer")
    bottom.set(xlim=(0, 1), ylim=(0, 1.02))
    ends.append(_draw_steps(bottom, data, summary.order, looks, (0.0, 1.0), empty))
    bottom.set_title(f"data profile, {1e3 * target:g} {summary.thousandth}", loc="left")
    bottom.set_xlabel("share of the budget spent")
    for axes in (top, bottom):
        axes.set_ylabel("share of instances")
    label_ends(list(zip((top, bottom), ends, strict=True)))
    fastest = {n: float(performance[n].at(1.0)) for n in summary.order}
    return Picture(
        "profiles",
        "Performance and data profiles",
        f"Over {len(costs)} instances (a problem and a seed): how often an optimizer reached the "
        f"target with at most so many times the shots of the best (Dolan and Moré), and with so "
        f"much of the budget (Moré and Wild).{_left_out(met, len(every))}",
        "Performance and data profiles as step lines. "
        + (
            "Share of instances on which each was the fastest, ties counting for each: "
            + ", ".join(f"{n} {share:.0%}" for n, share in fastest.items())
            + "."
            if len(costs)
            else "Every start is within the target already, so that it ranks nothing."
        ),
        figure,
    )


def _left_out(met: int, instances: int) -> str:
    """Say how many instances profiles leave out because nothing is to be done there."""
    if not met:
        return ""
    return (
        f" Of {instances} instances {met} {'is' if met == 1 else 'are'} left out, whose start is "
        f"within the target already."
    )


def _draw_steps(
    axes: Any,
    steps: dict[str, Steps],
    order: Sequence[str],
    looks: Looks,
    span: tuple[float, float],
    empty: str = "no run reached it",
) -> list[End]:
    """Draw step functions; return the ends of those in the foreground."""
    ends = []
    for name in reversed([n for n in order if n in steps]):
        s = steps[name]
        x = np.concatenate([[span[0]], s.x, [span[1]]])
        y = np.concatenate([s.at([span[0]]), s.share, s.at([span[1]])])
        keep = (x >= span[0]) & (x <= span[1])
        front = looks.foreground(name)
        axes.step(
            x[keep], y[keep], where="post", color=looks.colour(name),
            linestyle=looks.dash(name), linewidth=1.6 if front else 0.8,
            zorder=3 if front else 2, alpha=1.0 if front else 0.7,
        )  # fmt: skip
        if front:
            ends.append(End(max(float(y[keep][-1]), 1e-9), name, looks.colour(name)))
    axes.grid(True, which="major")
    if any(len(s.x) for s in steps.values()):
        return ends
    axes.text(0.5, 0.5, empty, transform=axes.transAxes, ha="center", color=MUTED)
    return []
