"""What the scripts here need to renew their tables in docs/papers.md."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))

from published import renew, this_command

__all__ = ["renew", "this_command"]
