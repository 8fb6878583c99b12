"""Writes every generated page, and leaves alone those that have not changed."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from . import api, command_line, examples, experiment_file, notebooks, registries

Page = tuple[str, str | bytes]
"""Its path below the folder of generated pages, and its content."""


def all_pages(root: Path) -> Iterator[Page]:
    """Yield every generated page and the pictures on them."""
    yield from api.pages()
    yield from command_line.pages()
    yield from experiment_file.pages()
    yield from registries.pages()
    yield from notebooks.pages(root / "examples" / "notebooks")
    yield from examples.pages(root / "examples")


def write_pages(root: Path, folder: Path) -> None:
    """Write the pages into a folder, and remove those of an earlier build."""
    pages: Mapping[str, str | bytes] = dict(all_pages(root))
    if folder.exists():
        for path in sorted(folder.rglob("*"), reverse=True):
            if path.is_file() and path.relative_to(folder).as_posix() not in pages:
                path.unlink()
    for name, content in pages.items():
        path = folder / name
        data = content.encode() if isinstance(content, str) else content
        if not path.exists() or path.read_bytes() != data:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
