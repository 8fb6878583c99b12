"""A canvas for line drawings, with Pillow.

Lines are drawn three times as large and averaged down; text is drawn once, at its size.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

WIDTH, HEIGHT = 1080, 810
TITLE, LABEL, SMALL = 23, 21, 17
"""Heights of text in pixels."""
BLACK = "#000000"

_FINE = 3  # pixels of the large image to one of the picture


class Canvas:
    """A large image for lines, and the texts that are drawn over the picture in the end."""

    def __init__(self, font: Path) -> None:
        from PIL import Image, ImageDraw, ImageFont

        self._images, self._draws, self._font = Image, ImageDraw, ImageFont
        self._fonts = {n: ImageFont.truetype(str(font), n) for n in (TITLE, LABEL, SMALL)}
        self._large = Image.new("RGB", (WIDTH * _FINE, HEIGHT * _FINE), "white")
        self._pen = ImageDraw.Draw(self._large)
        self._texts: list[tuple[tuple[float, float], str, int, str, str]] = []
        self._upright: list[tuple[tuple[float, float], str, int]] = []

    def width(self, text: str, size: int) -> float:
        """Return the width of a text in pixels."""
        return float(self._fonts[size].getlength(text))

    def line(self, points: list[tuple[float, float]], color: str, width: float) -> None:
        """Draw a line through points."""
        if len(points) > 1:
            scaled = [(x * _FINE, y * _FINE) for x, y in points]
            self._pen.line(scaled, color, round(width * _FINE), joint="curve")

    def dashes(
        self, left: float, right: float, y: float, pattern: tuple[float, float], color: str
    ) -> None:
        """A horizontal line of dashes and gaps of these lengths."""
        x, (dash, gap) = left, pattern
        while x < right:
            self.line([(x, y), (min(x + dash, right), y)], color, 2)
            x += dash + gap

    def mark(self, x: float, y: float, color: str, marker: str) -> None:
        """Draw a small ("o") or large (".") disc, or a diamond ("D")."""
        r = {"o": 3.1, ".": 6.2, "D": 5.5}[marker] * _FINE
        x, y = x * _FINE, y * _FINE
        if marker == "D":
            self._pen.polygon([(x - r, y), (x, y - r), (x + r, y), (x, y + r)], color)
        else:
            self._pen.ellipse((x - r, y - r, x + r, y + r), color)

    def text(
        self,
        place: tuple[float, float],
        text: str,
        size: int,
        color: str = BLACK,
        anchor: str = "la",
    ) -> None:
        """Draw a text; `anchor` is Pillow's: which point of the text stands at `place`."""
        self._texts.append((place, text, size, color, anchor))

    def upright(self, place: tuple[float, float], text: str, size: int) -> None:
        """Text from below to above, its left edge and middle at `place`."""
        self._upright.append((place, text, size))

    def save(self, path: Path) -> None:
        """Write the picture as a PNG file."""
        picture = self._large.reduce(_FINE)
        pen = self._draws.Draw(picture)
        for place, text, size, color, anchor in self._texts:
            pen.text(place, text, color, self._fonts[size], anchor)
        for (x, y), text, size in self._upright:
            across, high = round(self.width(text, size)) + 2, round(1.4 * size)
            strip = self._images.new("L", (across, high), 0)
            self._draws.Draw(strip).text((1, 1), text, 255, self._fonts[size])
            turned = strip.rotate(90, expand=True)
            picture.paste(BLACK, (round(x), round(y - across / 2)), turned)
        path.write_bytes(png_of(picture.tobytes(), picture.size))


def png_of(pixels: bytes, size: tuple[int, int]) -> bytes:
    """Return red, green and blue pixels, row by row, as a PNG file (ISO/IEC 15948).

    Rows are not filtered: on line drawings that is no larger, and takes a fifth of Pillow's time,
    which tries every filter on each of them.
    """
    width, height = size
    stride = 3 * width
    rows = b"".join(b"\0" + pixels[k * stride : (k + 1) * stride] for k in range(height))
    header = struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )
