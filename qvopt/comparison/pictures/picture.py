"""One picture: a figure with a name, a caption and a text for those who cannot see it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from .series import Series
from .style import INK, MUTED, lay_out, style


@dataclass(frozen=True, eq=False)
class Picture:
    """A drawn figure.

    Attributes:
        name: of its files.
        title, caption: in words.
        alt: what it shows, for those who cannot see it.
        figure: matplotlib's.
        series: its lines, for a page that shows their values; their groups in the SVG have the ids
            `optimizer-K-…`, K their place in it.
    """

    name: str
    title: str
    caption: str
    alt: str
    figure: Any
    series: Series | None = None

    @cached_property
    def svg(self) -> str:
        """The figure as an SVG document with a transparent background; the same bytes each time."""
        return self._documents[0]

    @cached_property
    def _documents(self) -> tuple[str, bytes]:
        """The figure as SVG and as PDF."""
        from .vector_formats import draw_svg_and_pdf

        with style():
            lay_out(self.figure)
            self.figure.set_layout_engine("none")
            for patch in (self.figure.patch, *(axes.patch for axes in self.figure.axes)):
                patch.set_facecolor("none")
            svg, pdf = draw_svg_and_pdf(self.figure)
        return re.sub(r'(?<= d=)"[^"]*"', lambda m: _rounded(m.group()), svg), pdf

    def save(self, folder: Path) -> list[Path]:
        """Write NAME.svg (on white) and NAME.pdf; return their paths."""
        vector = folder / f"{self.name}.svg"
        printed = folder / f"{self.name}.pdf"
        svg, pdf = self._documents
        opening = re.search(r"<svg[^>]*>", svg)
        assert opening is not None
        at = opening.end()
        white = '\n<rect width="100%" height="100%" fill="#ffffff"/>'
        vector.write_text(svg[:at] + white + svg[at:], encoding="utf-8")
        printed.write_bytes(pdf)
        return [vector, printed]

    @cached_property
    def data(self) -> str:
        """The lines as JSON, with the place of the axes in the SVG; empty without lines."""
        if self.series is None:
            return ""
        assert self.svg  # drawing places the axes
        return self.series.as_json()

    def inline(self) -> str:
        """The figure as an <svg> element for a page: its text colour, no style attribute, own ids.

        Style attributes become presentation attributes, so that a content-security-policy need
        not allow inline styles; ids get the picture's name in front, since a page has many.
        """
        svg = self.svg
        svg = svg[svg.index("<svg") :]
        svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
        svg = re.sub(r"<style[^>]*>.*?</style>", "", svg, flags=re.S)
        svg = re.sub(r"<!--.*?-->\n?", "", svg, flags=re.S)
        svg = re.sub(r'\sstyle="([^"]*)"', lambda m: _attributes(m.group(1)), svg)
        prefix = f"{self.name}-"
        svg = re.sub(r'\bid="', f'id="{prefix}', svg)
        svg = re.sub(r"url\(#", f"url(#{prefix}", svg)
        svg = re.sub(r'href="#', f'href="#{prefix}', svg)
        svg = svg.replace(INK, "currentColor").replace(MUTED, "var(--muted)")
        label = f'role="img" aria-label="{_escaped(self.alt)}" focusable="false"'
        return svg.replace("<svg ", f"<svg {label} ", 1)


def _rounded(path: str) -> str:
    """Coordinates to a hundredth of a point: half the bytes, the same picture."""
    return re.sub(r"-?\d+\.\d{3,}", lambda m: f"{float(m.group()):.2f}", path)


def _attributes(css: str) -> str:
    out = []
    for part in css.split(";"):
        key, _, value = part.strip().partition(":")
        key, value = key.strip(), value.strip()
        if key == "font":  # size and family, as matplotlib writes them
            size, _, family = value.rpartition("px ")
            words = size.split()
            out.append(f'font-size="{words[-1]}px"')
            out += ['font-weight="bold"'] if {"bold", "700"} & set(words) else []
            out.append(f'font-family="{family.replace(chr(34), chr(39))}"')
        elif key and value:
            out.append(f'{key}="{value}"')
    return "".join(f" {a}" for a in out)


def _escaped(text: str) -> str:
    return (
        text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")
    )
