"""Draws a figure once, into SVG and PDF at the same time."""

from __future__ import annotations

import io
from typing import Any


def draw_svg_and_pdf(figure: Any) -> tuple[str, bytes]:
    """Return a figure as SVG and as PDF, neither with a date or the name of a program.

    Ticks, layout of texts and transforms of lines take longer than writing either format, so they
    are worked out once. Both canvases have 72 dots an inch. Artists that ask to be drawn as rasters
    are drawn as paths.
    """
    from matplotlib.backends.backend_pdf import FigureCanvasPdf
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    svg, pdf = io.StringIO(), io.BytesIO()
    draw = figure.draw

    def with_svg(svg_renderer: Any) -> None:
        def with_both(pdf_renderer: Any) -> None:
            draw(BothRenderer(svg_renderer, pdf_renderer))

        figure.draw = with_both
        canvas = FigureCanvasPdf(figure)
        canvas.print_pdf(pdf, metadata={"CreationDate": None, "Producer": None})

    # The canvases open and close their documents; in between each hands out its renderer.
    figure.draw = with_svg
    try:
        FigureCanvasSVG(figure).print_svg(svg, metadata={"Date": None, "Creator": None})
    finally:
        del figure.draw  # the method of its class again
    return svg.getvalue(), pdf.getvalue()


class BothRenderer:
    """Passes what is drawn on to a renderer of SVG and one of PDF.

    What a drawing asks, such as the sizes of texts, that of SVG answers. Graphics contexts are
    those of PDF, which hold what both need. Heights of texts count from below in PDF and from above
    in SVG.
    """

    def __init__(self, svg: Any, pdf: Any) -> None:
        self._svg, self._pdf = svg, pdf
        self._height = svg.get_canvas_width_height()[1]

    def __getattr__(self, name: str) -> Any:
        in_svg = getattr(self._svg, name)
        if not name.startswith("draw_"):
            return in_svg
        in_pdf = getattr(self._pdf, name)

        def draw(*arguments: Any, **options: Any) -> None:
            in_svg(*arguments, **options)
            in_pdf(*arguments, **options)

        return draw

    def new_gc(self) -> Any:
        """A graphics context of PDF."""
        return self._pdf.new_gc()

    def flipy(self) -> bool:
        """Whether heights count from above: no."""
        return False

    def draw_text(self, gc: Any, x: float, y: float, *arguments: Any, **options: Any) -> None:
        """Draw a text."""
        self._svg.draw_text(gc, x, self._height - y, *arguments, **options)
        self._pdf.draw_text(gc, x, y, *arguments, **options)

    def draw_tex(self, gc: Any, x: float, y: float, *arguments: Any, **options: Any) -> None:
        """Draw a text that TeX sets."""
        self._svg.draw_tex(gc, x, self._height - y, *arguments, **options)
        self._pdf.draw_tex(gc, x, y, *arguments, **options)

    def start_rasterizing(self) -> None:
        """Go on drawing paths."""

    def stop_rasterizing(self) -> None:
        """Go on drawing paths."""
