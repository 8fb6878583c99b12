"""Derived JSON files: what cannot be read is made again, and so counts as missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def read_derived(path: Path) -> dict[str, Any]:
    """Return the table in a JSON file; an empty one where it is missing, damaged or another value.

    >>> read_derived(Path("nothing.json"))
    {}
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
