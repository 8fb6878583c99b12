"""Small pieces of Markdown."""

import re
from collections.abc import Iterable, Sequence


def cell(value: object) -> str:
    """Text of a table's cell: one line, no bar, and nothing that Markdown would interpret."""
    return escaped(" ".join(str(value).split()))


def escaped(text: str) -> str:
    """Plain text, safe in Markdown; parts between backticks stay code."""
    parts = re.split(r"(`[^`\n]*`)", text)
    return "".join(
        part.replace("|", "\\|") if part.startswith("`") and len(part) > 1 else _plain(part)
        for part in parts
    )


def _plain(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>|#$~^{}])", r"\\\1", text)


def code(text: object) -> str:
    """Inline code, in a table too; an empty text stays empty."""
    text = str(text).replace("|", "\\|")
    return f"`{text}`" if text else ""


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose cells are Markdown already."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def fenced(text: str, language: str = "text") -> str:
    """A block of code, fenced by more backticks than are in it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}\n"


def toctree(names: Iterable[str], depth: int = 1) -> str:
    """A table of contents over pages."""
    return fenced("\n".join([f":maxdepth: {depth}", "", *names]), "{toctree}")


def prose(text: str) -> str:
    """Plain text with indented formulas: paragraphs, and blocks of code for what is indented."""
    blocks = []
    for block in re.split(r"\n\s*\n", text.strip("\n")):
        if all(re.match(r"\s{2,}", line) for line in block.splitlines()):
            blocks.append(fenced(block))
        else:
            blocks.append(escaped(block))
    return "\n\n".join(blocks)
