"""Pictures: what they draw, their bytes, and that labels do not meet."""

import itertools
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qvopt.comparison.grid import Grid
from qvopt.comparison.outcomes import RunOutcome
from qvopt.comparison.pictures.catalogue import draw_pictures
from qvopt.comparison.pictures.convergence import error_at
from qvopt.comparison.pictures.sensitivity import dependences
from qvopt.comparison.pictures.style import (
    COLOURS,
    End,
    label_ends,
    new_figure,
    shots_text,
    spread,
)
from qvopt.comparison.pictures.wins import win_matrix
from qvopt.comparison.summarize import summarize

DARK, LIGHT = "#14171c", "#ffffff"  # the page's backgrounds


@pytest.fixture(scope="module")
def drawn(synthetic):
    runs = synthetic(problems=("H2",), optimizers=10, seeds=6, steps=30)
    trials = [
        replace(r, options={"learning_rate": rate}) for r in runs[:6] for rate in (0.01, 0.1, 1.0)
    ]
    return {p.name: p for p in draw_pictures(Grid(runs), summarize(runs), trials)}


def test_every_picture_is_there_and_speaks(drawn):
    assert set(drawn) == {
        "convergence-1", "seeds-1", "shots-to-target", "profiles", "wins", "final-errors", "costs",
        "sensitivity",
    }  # fmt: skip
    for picture in drawn.values():
        assert len(picture.alt) > 40
        assert picture.caption.endswith(".")
        assert "nan" not in picture.alt


def test_inline_svg_needs_no_style_and_no_network(drawn):
    for picture in drawn.values():
        text = picture.inline()
        root = ElementTree.fromstring(text)
        assert root.get("role") == "img"
        assert root.get("aria-label") == picture.alt
        ids = [e.get("id") for e in root.iter() if e.get("id")]
        assert len(ids) == len(set(ids))
        assert all(i.startswith(f"{picture.name}-") for i in ids)
        for element in root.iter():
            assert not element.tag.endswith(("style", "script", "image"))
            assert "style" not in element.attrib
            for key, value in element.attrib.items():
                if key.endswith("href"):
                    assert value.startswith("#")
        assert "currentColor" in text


def test_the_same_runs_give_the_same_bytes(drawn, synthetic):
    runs = synthetic(problems=("H2",), optimizers=10, seeds=6, steps=30)
    again = next(draw_pictures(Grid(runs), summarize(runs)))
    assert again.inline() == drawn["convergence-1"].inline()


def contrast(a, b):
    """The contrast ratio of WCAG 2.1."""

    def luminance(colour):
        c = np.array([int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)])
        linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
        return linear @ [0.2126, 0.7152, 0.0722]

    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colour", COLOURS)
def test_colours_hold_on_light_and_dark(colour):
    assert contrast(colour, LIGHT) >= 3
    assert contrast(colour, DARK) >= 3


@given(st.lists(st.floats(0, 1), max_size=12), st.floats(0.01, 0.08))
def test_spread_keeps_order_distance_and_bounds(wanted, gap):
    found = spread(sorted(wanted), gap)
    assert (np.diff(found) >= gap - 1e-9).all()
    if wanted:
        assert found[0] >= -1e-9
        assert found[-1] <= 1 + 1e-9


def test_labels_of_equal_ends_do_not_overlap():
    figure = new_figure(6, 4)
    axes = figure.subplots()
    axes.set(yscale="log", ylim=(0.01, 10))
    label_ends([(axes, [End(0.1, f"optimizer {k}", "#000000") for k in range(8)])])
    figure.draw_without_rendering()
    boxes = [t.get_window_extent() for t in axes.texts]
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))


def test_error_at_is_the_last_iterate_paid_for():
    run = RunOutcome(
        "p", "o", 0, "max-steps", 100, np.array([0, 10, 20]), np.array([3.0, 2.0, 1.0])
    )
    assert error_at(run, np.array([5.0, 10, 19, 20, 99])).tolist() == [3, 2, 2, 1, 1]
    crashed = replace(run, status="crashed")
    assert error_at(crashed, np.array([20.0, 21.0])).tolist() == [1, np.inf]
    empty = replace(run, shots=np.zeros(0, dtype=np.int64), error=np.zeros(0))
    assert error_at(empty, np.array([1.0])).tolist() == [np.inf]


def test_win_matrix_is_complementary(synthetic):
    summary = summarize(synthetic())
    wins, clear = win_matrix(summary)
    off = ~np.eye(len(wins), dtype=bool)
    np.testing.assert_allclose((wins + wins.T)[off], 1)
    assert np.isnan(np.diag(wins)).all()
    assert (clear == clear.T).all()


def test_sensitivity_gathers_settings_of_one_optimizer(synthetic):
    runs = [
        replace(r, optimizer=f"{r.optimizer}-{v}", options={"rate": v, "flag": True, "name": "x"})
        for v in (1, 2, 3)
        for r in synthetic(problems=("H2",), optimizers=1, seeds=2)
    ]
    (found,) = dependences(runs, {r.optimizer: "icans" for r in runs})
    assert (found.optimizer, found.option) == ("icans", "rate")
    assert [len(e) for e in found.errors.values()] == [2, 2, 2]


def test_few_and_failed_runs_are_drawn(synthetic):
    one = synthetic(problems=("H2",), optimizers=1, seeds=1)
    assert "wins" not in {p.name for p in draw_pictures(Grid(one), summarize(one))}
    dead = [
        replace(r, status="crashed", final_error=None, measured=None, stderr=None, spent={},
                shots=np.zeros(0, dtype=np.int64), error=np.zeros(0))
        for r in synthetic(problems=("H2",), optimizers=2, seeds=2)
    ]  # fmt: skip
    for picture in draw_pictures(Grid(dead), summarize(dead)):
        assert picture.svg.endswith("</svg>\n")


@pytest.mark.parametrize(
    ("x", "text"),
    [(999, "999"), (1500, "1.5k"), (2e7, "20M"), (999_600, "1M"), (3e9, "3G"), (np.inf, "∞")],
)
def test_shots_in_short(x, text):
    assert shots_text(x) == text
