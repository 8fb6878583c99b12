"""The tutorials: executed notebooks, with the outputs that are stored in them."""

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .markdown import fenced, toctree

Page = tuple[str, str | bytes]


def pages(folder: Path) -> Iterator[Page]:
    """Yield a page for each notebook with its pictures, and their table of contents."""
    names = []
    for path in sorted(folder.glob("*.ipynb")):
        names.append(path.stem)
        yield from _notebook(path)
    text = (
        "# Tutorials\n\nFive notebooks, in `examples/notebooks/`, with the outputs that are stored "
        "in them. To run one, open it in a clone of the repository.\n\n"
    )
    yield "tutorials/index.md", text + (toctree(names) if names else "")


def _notebook(path: Path) -> Iterator[Page]:
    parts = []
    for number, cell in enumerate(json.loads(path.read_text())["cells"]):
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            source = re.sub(r"\]\((\w+)\.ipynb\)", r"](\1.md)", source)
            parts.append(source.replace("](../../docs/", "](../../") + "\n")
            continue
        parts.append(fenced(source, "python"))
        for k, output in enumerate(cell.get("outputs", ())):
            text, picture = _output(output, f"{path.stem}-{number}-{k}.png")
            parts.append(text)
            if picture is not None:
                yield picture
    yield f"tutorials/{path.stem}.md", "\n".join(parts)


def _output(output: dict[str, Any], name: str) -> tuple[str, Page | None]:
    """One output as Markdown; a picture is a file beside the page."""
    if "text" in output:
        return fenced("".join(output["text"])), None
    data = output.get("data", {})
    if "image/png" in data:
        content = base64.b64decode("".join(data["image/png"]))
        return f"![output of the cell above]({name})\n", (f"tutorials/{name}", content)
    if "text/html" in data:
        html = re.sub(r"\n\s*\n", "\n", "".join(data["text/html"]))
        return fenced(html, "{raw} html"), None
    if "text/plain" in data:
        return fenced("".join(data["text/plain"])), None
    return "", None
