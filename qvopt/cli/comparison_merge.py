"""`qvopt compare A B --merge`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from qvopt.comparison.merge import merge

from .comparison import print_comparison


def merge_command(folders: Sequence[Path], out: Path | None, report: bool, as_json: bool) -> int:
    """Report several comparisons as one."""
    names = "+".join(dict.fromkeys(folder.resolve().name for folder in folders))
    result = merge(folders, out or Path("comparisons") / f"merged-{names}"[:100])
    merged = result.about["merged"]
    if merged["repeated"]:
        print(
            f"{merged['repeated']:,} runs were in several folders and count once"
            + (f"; {merged['differing']:,} of them differ" if merged["differing"] else ""),
            file=sys.stderr,
        )
    print_comparison(result, report, as_json)
    return 0
