"""Pictures of short ranges, and of errors too small to draw: labels, targets and captions."""

from dataclasses import replace

import numpy as np
import pytest

from qvopt.comparison.grid import Grid
from qvopt.comparison.pictures.catalogue import draw_pictures
from qvopt.comparison.pictures.log_ticks import labelled_places
from qvopt.comparison.summarize import summarize


@pytest.fixture
def draw(synthetic):
    """Draws runs of which each was changed."""

    def drawn(change):
        runs = [change(r) for r in synthetic(problems=("H2",), optimizers=3, seeds=6, steps=20)]
        return {p.name: p for p in draw_pictures(Grid(runs), summarize(runs))}

    return drawn


def short(run):
    """From 3,250 to 8,000 shots, 0.2 to 0.3 mHa."""
    shots = (3000 + run.shots * 5000 / 1e6).astype(int)
    shots[0] = 0
    error = 2e-4 + 1e-4 * np.linspace(1, 0.1, len(run.error))
    return replace(run, shots=shots, budget=9000, error=error, final_error=float(error[-1]))


def tiny(run):
    """Down to less than nothing, and to 0.000293 mHa at the end."""
    error = np.linspace(1e-3, -1e-6, len(run.error))
    error[-1] = 2.93e-7
    return replace(run, error=error, final_error=2.93e-7)


@pytest.mark.parametrize("most", [4, 8])
@pytest.mark.parametrize("low", [0.031, 1.0, 7300.0])
@pytest.mark.parametrize("ratio", [1.02, 1.3, 2.0, 4.0, 9.0, 40.0, 99.0, 150.0, 1e4, 1e9])
def test_every_range_has_labels(low, ratio, most):
    high = low * ratio
    ticks = labelled_places(low, high, most, most)
    within = ticks[(ticks >= low * (1 - 1e-9)) & (ticks <= high * (1 + 1e-9))]
    assert 2 <= len(within) <= 9


def test_short_axes_are_labelled_and_targets_stay_inside(draw):
    drawn = draw(short)
    for name in ("convergence-1", "seeds-1"):
        picture = drawn[name]
        assert picture.svg
        axes = picture.figure.axes[0]
        for axis in (axes.xaxis, axes.yaxis):
            low, high = axis.get_view_interval()
            labels = [t.get_text() for t in axis.get_ticklabels()]
            inside = [
                text
                for text, at in zip(labels, axis.get_majorticklocs(), strict=True)
                if low <= at <= high
            ]
            assert len(inside) >= 2
            assert len(set(inside)) == len(inside)
        frame = axes.get_window_extent()
        for text in axes.texts:
            if "mHa" in text.get_text():
                box = text.get_window_extent()
                assert frame.y0 <= box.y0 <= box.y1 <= frame.y1
    assert "Out of range: 1.6 mHa, 10 mHa." in drawn["convergence-1"].caption


def test_errors_too_small_to_draw_are_said_and_told_as_they_are(draw):
    drawn = draw(tiny)
    for name in ("convergence-1", "seeds-1", "final-errors"):
        assert "Errors below 0.001 mHa, also negative ones, are drawn at it." in drawn[name].caption
    assert "icans 0.000293" in drawn["convergence-1"].alt
    assert "icans 0.000293" in drawn["final-errors"].alt
    assert '"least":0.001' in drawn["convergence-1"].data
    assert "0.000293" in drawn["convergence-1"].data
    assert "drawn at it" not in draw(short)["convergence-1"].caption


@pytest.mark.parametrize("change", [short, tiny])
def test_the_label_of_small_panels_is_beside_those_of_ticks(draw, change):
    figure = draw(change)["seeds-1"].figure
    figure.draw_without_rendering()
    label = figure._supylabel.get_window_extent()
    ticks = [t.get_window_extent() for t in figure.axes[0].get_yticklabels() if t.get_text()]
    assert label.x0 >= 0
    assert all(label.x1 <= box.x0 for box in ticks)
