"""Tables of the documentation: each between two marks, with what made it.

<!-- name -->
| … |

Made by `python benchmarks/….py --write`, qvopt 0.1.0, sources 0123456789ab.
<!-- /name -->

What was made before there were such lines, and takes too long to be made again at every change,
has "**Made by an earlier version** by `command`." in its place.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import io
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import qvopt
import qvopt_circuits
import qvopt_molecules

DOCS = Path(__file__).resolve().parent.parent / "docs"


def sources_hash() -> str:
    """The first 12 digits of SHA-256 over the Python sources of the three packages."""
    digest = hashlib.sha256()
    for package in (qvopt, qvopt_circuits, qvopt_molecules):
        folder = Path(package.__file__).parent
        for path in sorted(folder.rglob("*.py")):
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
            digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def stamp(command: str) -> str:
    """What made a table, in one line."""
    version = importlib.metadata.version("qvopt")
    return f"Made by `{command}`, qvopt {version}, sources {sources_hash()}."


def this_command() -> str:
    """The command line of this process, as it is typed at the top of the repository."""
    script = Path(sys.argv[0]).resolve().relative_to(DOCS.parent).as_posix()
    return shlex.join(["python", script, *sys.argv[1:]])


def renew(page: str, name: str, table: str, command: str) -> None:
    """Put a table between its marks on a page of docs/, and a line that says what made it."""
    path = DOCS / page
    text = path.read_text(encoding="utf-8")
    filled = f"<!-- {name} -->\n{table}\n{stamp(command)}\n<!-- /{name} -->"
    pattern = rf"<!-- {name} -->.*?<!-- /{name} -->"
    if not re.search(pattern, text, re.DOTALL):
        raise SystemExit(f"{path} has no part called {name}")
    path.write_text(re.sub(pattern, lambda _: filled, text, flags=re.DOTALL), encoding="utf-8")


class _Copied(io.StringIO):
    """Keeps what is written, and passes it on."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(text)
        self._stream.flush()
        return super().write(text)


@contextlib.contextmanager
def printed(write: bool, page: str, name: str) -> Iterator[None]:
    """What is printed inside also fills a part of a page, as it is, if `write`."""
    if not write:
        yield
        return
    with contextlib.redirect_stdout(_Copied(sys.stdout)) as output:
        yield
    renew(page, name, f"```\n{output.getvalue().rstrip()}\n```\n", this_command())
