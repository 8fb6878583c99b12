"""Tables of the documentation: each between two marks, with what made it.

<!-- name -->
| … |

Made by `python benchmarks/….py --write`, qvopt 0.1.0, sources 0123456789ab.
<!-- /name -->
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import re
from pathlib import Path

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


def renew(page: str, name: str, table: str, command: str) -> None:
    """Put a table between its marks on a page of docs/, and a line that says what made it."""
    path = DOCS / page
    text = path.read_text(encoding="utf-8")
    made = f"Made by `{command}`, qvopt {importlib.metadata.version('qvopt')}, "
    filled = f"<!-- {name} -->\n{table}\n{made}sources {sources_hash()}.\n<!-- /{name} -->"
    pattern = rf"<!-- {name} -->.*?<!-- /{name} -->"
    if not re.search(pattern, text, re.DOTALL):
        raise SystemExit(f"{path} has no part called {name}")
    path.write_text(re.sub(pattern, lambda _: filled, text, flags=re.DOTALL), encoding="utf-8")
