"""Reads what the pages of docs/ publish: tables and figures in fences, and what made each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STAMP = r"Made by `([^`]+)`, qvopt (\S+), sources ([0-9a-f]{12})\."
EARLIER = r"\*\*Made by an earlier version\*\* by `([^`]+)`\."
MARKED = r"<!-- ([\w-]+) -->(.*?)<!-- /\1 -->"
FENCE = re.compile(r"^```\w*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
COMMAND = re.compile(r"\s*(qvopt|pip|python|export) ")
NUMBER = re.compile(r"(?<![\w.:/\[^_-])[-+−]?\d[\d,]*\.?\d*(?:e-?\d+)?(?![\w:\]/^]|\.\w)")


@dataclass(frozen=True)
class Figures:
    """A table or a fence with numbers in it."""

    page: str
    text: str
    block: str | None

    @property
    def head(self) -> str:
        """Its first line: what the list of tables that nobody measured knows it by."""
        return self.text.splitlines()[0].strip()


def pages():
    """Names of all pages that are written by hand, relative to docs/."""
    folder = ROOT / "docs"
    return [
        str(p.relative_to(folder))
        for p in sorted(folder.rglob("*.md"))
        if not {"generated", "_site"} & set(p.parts)
    ]


def page(name):
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def blocks(name):
    """The marked parts of a page, by name."""
    return dict(re.findall(MARKED, page(name), re.DOTALL))


def block(name, part):
    return blocks(name)[part]


def rows(text):
    """The cells of a table, bold ones as others; the second row is its rule."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip("* ") for cell in line.strip("|").split("|")] for line in lines]


def numbers(cell):
    return [float(n.replace(",", "")) for n in re.findall(r"-?[\d,]*\.?\d+", cell)]


def made_by(part):
    """The command that a marked part names, or None."""
    match = re.search(STAMP, part) or re.search(EARLIER, part)
    return None if match is None else match[1]


def figures(name):
    """Every table and every fence of a page with numbers that stand alone."""
    text = page(name)
    spans = [(m.start(), m.end(), m[1]) for m in re.finditer(MARKED, text, re.DOTALL)]
    # Fences in a language (python, toml) are input, not output.
    fences = [(m.start(), m[1]) for m in re.finditer(FENCE, text) if m[0].startswith("```\n")]
    plain = re.sub(FENCE, lambda m: " " * len(m[0]), text)
    tables = [(m.start(), m[0]) for m in re.finditer(r"(?:^\|.*\n)+", plain, re.MULTILINE)]
    for at, body in sorted(tables + fences):
        if sum(has_number(line) for line in body.splitlines()) >= (1 if body[0] == "|" else 2):
            inside = [part for start, end, part in spans if start < at < end]
            yield Figures(name, body, inside[0] if inside else None)


def has_number(line):
    """Whether a line has a number that is no part of a command, a name, code or a reference."""
    if COMMAND.match(line):
        return False
    line = re.sub(r"`[^`]*`|\]\([^)]*\)|\[[^\]]*\]|arXiv:\S+|“[^”]*”|\"[^\"]*\"", "", line)
    return bool(NUMBER.search(line))
