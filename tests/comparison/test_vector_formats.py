"""One drawing into both formats, against matplotlib's own of each, and axes drawn without ticks."""

import io
import re
import zlib

import numpy as np
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.backends.backend_svg import FigureCanvasSVG

from qvopt.comparison.pictures.style import (
    lay_out,
    log_axis,
    new_figure,
    style,
    ticks_within,
    unlabelled_axis,
)
from qvopt.comparison.pictures.vector_formats import draw_svg_and_pdf


def figure_of_everything():
    """Lines, markers, areas, cells, hatches, texts at angles, a legend and a colour bar."""
    figure = new_figure(6, 5)
    (first, second), (third, fourth) = figure.subplots(2, 2)
    first.plot([1, 10, 100], [1, 3, 2], ".-", label="line", gid="named")
    first.set_xscale("log")
    log_axis(first.xaxis)
    first.fill_between([1, 100], 1, 2, alpha=0.3)
    first.grid(True)
    second.barh([0, 1], [3, 4], hatch="////", edgecolor="#ffffff")
    second.set_yticks([0, 1], ["one", "two"])
    cells = third.pcolormesh(np.arange(4), np.arange(4), np.arange(9).reshape(3, 3))
    third.set_xticks([0, 1, 2], ["a", "bb", "ccc"], rotation=45, ha="right")
    figure.colorbar(cells, ax=third).solids.set_rasterized(False)
    fourth.annotate("Note µ", (0.5, 0.5), ha="center", va="center", rotation=30, fontsize=7)
    fourth.set_title("title", loc="left")
    first.legend()
    lay_out(figure)
    figure.set_layout_engine("none")
    return figure


def streams(pdf: bytes) -> list[bytes]:
    found = re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.S)
    return [zlib.decompress(m.group(1)) for m in found]


def test_both_formats_are_those_of_the_canvases_apart():
    number = re.compile(rb"-?\d+\.?\d*")
    with style():
        svg, pdf = draw_svg_and_pdf(figure_of_everything())
        alone = io.StringIO()
        metadata = {"Date": None, "Creator": None}
        FigureCanvasSVG(figure_of_everything()).print_svg(alone, metadata=metadata)
        printed = io.BytesIO()
        metadata = {"CreationDate": None, "Producer": None}
        FigureCanvasPdf(figure_of_everything()).print_pdf(printed, metadata=metadata)
    assert svg == alone.getvalue()
    ours, theirs = streams(pdf), streams(printed.getvalue())
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert number.sub(b"#", a) == number.sub(b"#", b)
        if a != b:  # texts, which are measured for SVG: a few hundredths of a point
            apart = np.subtract(*(np.array(number.findall(s), dtype=float) for s in (a, b)))
            assert np.abs(apart).max() < 0.1


def test_a_figure_can_be_drawn_again():
    with style():
        figure = figure_of_everything()
        assert draw_svg_and_pdf(figure) == draw_svg_and_pdf(figure)
    assert "draw" not in vars(figure)


def test_an_unlabelled_axis_looks_like_one_with_ticks():
    pixels = []
    for light in (False, True):
        with style():
            figure = new_figure(3, 2, layout=None)
            axes = figure.subplots()
            axes.set(xscale="log", yscale="log", xlim=(2, 1000), ylim=(0.1, 30))
            for axis in (axes.xaxis, axes.yaxis):
                log_axis(axis, minor=False)
                if light:
                    unlabelled_axis(axis, ticks_within(axis))
                else:
                    axis.set_tick_params(labelleft=False, labelbottom=False)
                    axis.grid(True)
            figure.canvas.draw()
            pixels.append(np.asarray(figure.canvas.buffer_rgba()).astype(int))
    assert np.abs(pixels[0] - pixels[1]).max() < 16  # where grid lines cross
