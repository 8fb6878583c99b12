"""The example scripts and files, a page for each folder."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from .links import anchor, page_of
from .markdown import escaped, fenced, toctree

_TITLES = {
    "scripts": "Scripts",
    "ansatze": "Ansätze",
    "optimizers": "Why there are so many optimizers",
    "compare": "Comparisons",
    "papers": "Published findings",
    "noise_study": "Error mitigation",
}


def pages(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield a page for each folder of examples, and their table of contents."""
    names = []
    for name, title in _TITLES.items():
        place = folder if name == "scripts" else folder / name
        files = sorted([*place.glob("*.py"), *place.glob("*.toml")])
        if files:
            names.append(name)
            yield f"examples/{name}.md", _page(name, title, place, files)
    yield (
        "examples/index.md",
        "# Examples\n\nWhat is in `examples/`, as it is there. Tests run these scripts.\n\n"
        + toctree(names),
    )


def _page(name: str, title: str, place: Path, files: list[Path]) -> str:
    readme, folder = place / "README.md", name
    parts = [_readme(readme.read_text(), place.name) if readme.exists() else f"# {title}\n"]
    for path in files:
        text = path.read_text()
        parts.append(f"({anchor(folder, path.name)})=\n## {escaped(path.name)}\n")
        summary = ast.get_docstring(ast.parse(text)) if path.suffix == ".py" else None
        if summary:
            parts.append(escaped(summary.split("\n\n")[0]) + "\n")
        parts.append(fenced(text, "python" if path.suffix == ".py" else "toml"))
    return "\n".join(parts)


def _readme(text: str, folder: str) -> str:
    """With links to files beside it turned into links within the page, and pages of docs/."""
    text = re.sub(r"\]\((\w+\.(?:py|toml))\)", lambda m: f"](#{anchor(folder, m[1])})", text)
    text = re.sub(r"\]\((?:\.\./)+docs/", "](../../", text)
    return re.sub(r"\]\(\.\./(\w[\w./-]*)\)", lambda m: f"]({page_of(m[1])})", text)
