"""The convergence picture: pixels of the PNG lie where the data say, and odd data are drawn."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from qvopt.runs import picture, ticks
from qvopt.runs.panels import convergence_panels
from qvopt.runs.picture import draw_convergence
from qvopt.runs.running import run
from qvopt_molecules.errors import InputError


@pytest.fixture(scope="module")
def exact():
    return run("h2", optimizer="gradient-descent", max_steps=40)


def pixels_of(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"), dtype=int)


def blue_rows(path):
    """Mean row of the blue pixels of each column of the upper panel; nan where there are none."""
    pixels = pixels_of(path)[42:381, :820]
    blue = (pixels[..., 2] - pixels[..., 0] > 60) & (pixels[..., 0] < 100)
    rows = np.arange(blue.shape[0])[:, None]
    with np.errstate(invalid="ignore"):
        return (rows * blue).sum(0) / blue.sum(0)


def test_the_curve_of_the_png_is_the_data(exact, tmp_path):
    draw_convergence(exact.steps, exact, tmp_path / "p.png")
    rows = blue_rows(tmp_path / "p.png")
    columns = np.flatnonzero(np.isfinite(rows))[3:-3]
    curve = convergence_panels(exact)[0].curves[0]
    x = np.linspace(curve.x[0], curve.x[-1], 4000)
    y = np.interp(x, curve.x, curve.y)
    assert len(columns) > 400
    # The map from data to pixels is affine: two columns tell the horizontal part.
    ends = np.flatnonzero(np.isfinite(blue_rows(tmp_path / "p.png")))
    width = 1072 - ends[0]
    step = (columns - ends[0] - 1.5) / (width / (1 + 0.05)) * (curve.x[-1] - curve.x[0])
    energy = np.interp(step, x, y)
    fit = np.polyfit(energy, rows[columns], 1)
    assert fit[0] < 0
    assert np.abs(np.polyval(fit, energy) - rows[columns]).max() < 2.0


def test_a_png_needs_no_matplotlib_and_is_as_large_as_one_with_it(exact, tmp_path, monkeypatch):
    draw_convergence(exact.steps, exact, tmp_path / "light.png")
    monkeypatch.setattr(picture, "text_font_path", lambda: None)
    draw_convergence(exact.steps, exact, tmp_path / "full.png")
    sizes = [pixels_of(tmp_path / name).shape for name in ("light.png", "full.png")]
    assert sizes == [(810, 1080, 3), (810, 1080, 3)]


@pytest.mark.parametrize(
    "energies",
    [
        [np.nan] * 4,
        [-1.0, np.nan, -1.1, np.nan],
        [-1.0] * 4,
        [0.0] * 4,
        [1e300, 1e12, -3.0, np.inf],
        [-1.0, -1.0 - 1e-13, -1.0 - 2e-13, -1.0],
    ],
)
@pytest.mark.parametrize("fci", [None, -1.0])
def test_odd_energies_are_drawn(exact, tmp_path, energies, fci):
    values = np.array(energies)
    trace = replace(
        exact.steps, step=np.arange(4), shots=np.zeros(4, dtype=np.int64), energy=values,
        stderr=np.zeros(4), exact=values, **columns_of_four(exact.steps),
    )  # fmt: skip
    draw_convergence(trace, replace(exact, fci=fci), tmp_path / "p.png")
    assert pixels_of(tmp_path / "p.png").shape == (810, 1080, 3)


def columns_of_four(trace):
    """The other columns of a trace, cut to four rows."""
    done = ("step", "shots", "energy", "stderr", "exact")
    return {name: column[:4] for name, column in vars(trace).items() if name not in done}


def test_measured_energies_and_the_final_estimate_are_red(tmp_path):
    result = run("h2", optimizer="spsa", shots=200, max_steps=8)
    draw_convergence(result.steps, result, tmp_path / "p.png")
    pixels = pixels_of(tmp_path / "p.png")
    red = (np.abs(pixels - [0xB0, 0x41, 0x3E]) < 6).all(axis=-1)
    assert red.sum() > 50


def test_other_formats_are_refused(exact, tmp_path):
    with pytest.raises(InputError, match=r"\.png, \.svg or \.pdf"):
        draw_convergence(exact.steps, exact, tmp_path / "p.gif")


@given(st.floats(-1e6, 1e6), st.floats(1e-9, 1e7), st.integers(3, 9))
def test_ticks_are_few_round_and_within(low, width, most):
    high = low + width
    if high <= low:
        return
    places = ticks.round_ticks(low, high, most)
    slack = 1e-6 * width + 1e-9 * abs(low)
    assert len(places) <= most + 1
    assert all(low - slack <= p <= high + slack for p in places)
    if len(places) > 2:
        gaps = np.diff(places)
        assert np.allclose(gaps, gaps[0], rtol=1e-3)


def test_labels_are_different_numbers_and_tell_the_tick():
    for low, high in ((-75.02, -74.95), (-1.1372701, -1.1372699), (0.0, 3e9), (-2e-7, 3e-7)):
        places = ticks.round_ticks(low, high)
        texts = ticks.number_labels(places)
        assert len(set(texts)) == len(texts)
        values = [float(t.replace("−", "-")) for t in texts]
        assert np.allclose(values, places, rtol=0, atol=1e-3 * (high - low))
    assert ticks.shot_labels([0.0, 500.0, 1.5e4, 2e6]) == ["0", "500", "15 k", "2 M"]
    assert ticks.power_of_ten(-12) == "10⁻¹²"


def test_a_png_file_holds_the_pixels_that_it_was_made_of(tmp_path):
    from PIL import Image

    from qvopt.runs.canvas import png_of

    pixels = np.random.default_rng(0).integers(0, 256, (7, 5, 3), dtype=np.uint8)
    path = tmp_path / "noise.png"
    path.write_bytes(png_of(pixels.tobytes(), (5, 7)))
    with Image.open(path) as image:
        image.load()  # checks the sums too
        assert (image.mode, image.size) == ("RGB", (5, 7))
        assert np.array_equal(np.asarray(image), pixels)
