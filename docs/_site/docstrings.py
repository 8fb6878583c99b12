"""Our docstrings as reStructuredText.

They are plain text: code between backticks, formulas indented, sections as Google writes them.
"""

import re
from typing import Any

_SECTIONS = re.compile(r"(Args|Attributes|Returns|Raises|Settings|Yields|Example|Examples):\s*$")
_COLON = "\N{MODIFIER LETTER COLON}"
_BLOCK = re.compile(r"\s{4,}\S")


def to_restructured_text(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]):
    """Rewrite a docstring in place (a handler of Sphinx's event)."""
    lines[:] = converted(lines)
    if what in ("property", "attribute") and lines:  # else napoleon takes "x: y" for "type: y"
        lines[0] = lines[0].replace(":", _COLON)


def restore_colons(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]):
    """Undo the replacement of colons after napoleon has run (a handler of Sphinx's event)."""
    lines[:] = [line.replace(_COLON, ":") for line in lines]


def converted(lines: list[str]) -> list[str]:
    """Return the lines with formulas as literal blocks, and plain text escaped."""
    out: list[str] = []
    in_section = in_block = in_doctest = False
    for line in lines:
        if not line.strip():
            in_doctest = False
            out.append(line)
            continue
        if line.strip().startswith(">>>"):
            in_doctest = True
        if in_doctest:
            out.append(line)
            continue
        if not line.startswith(" "):
            in_block, in_section = False, bool(_SECTIONS.match(line))
            if out and out[-1].strip() and out[-1].startswith(" ") and not in_section:
                out.append("")  # a formula that its paragraph follows at once
        elif not in_section and not in_block and _BLOCK.match(line):
            in_block = True
            if out and out[-1].strip():
                out.append("")
            out += ["::", ""]
        out.append(line if in_block else escaped(line))
    return out


def escaped(text: str) -> str:
    """Escape what reStructuredText would interpret outside code."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(
        f"`{part}`" if part.startswith("`") and len(part) > 1 else _plain(part) for part in parts
    )


def _plain(text: str) -> str:
    return re.sub(r"([*|]|\w_(?!\w)|`)", lambda m: m[0][:-1] + "\\" + m[0][-1], text)
