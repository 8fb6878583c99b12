"""What a run ran on: versions, machine, threads. Never the environment variables."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qvopt_molecules.errors import shorten

_PACKAGES = ("qvopt", "numpy", "scipy", "numba", "pyscf", "pennylane", "pennylane-lightning",
             "qiskit", "qiskit-aer")  # fmt: skip


def describe_environment() -> dict[str, Any]:
    """Return versions of what sets the numbers, the machine, and the source revision if known."""
    return {
        "versions": {package: _version(package) for package in _PACKAGES},
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "blas": _blas(),
        "revision": _revision(),
    }


def describe_changes(recorded: Mapping[str, Any]) -> str:
    """Say in a line what differs from a recorded environment and may change digits; else "".

    >>> describe_changes({"versions": {"numpy": "1.0"}})[:44]
    'this run began with numpy 1.0, and continues'
    """
    now = describe_environment()
    versions = recorded.get("versions")
    old = dict(versions) if isinstance(versions, Mapping) else {}
    new: dict[str, Any] = dict(now["versions"])
    for key in ("python", "processor"):
        if isinstance(recorded.get(key), str):
            old[key], new[key] = recorded[key], now[key]
    changed = [key for key in old if key in new and old[key] != new[key]]
    if not changed:
        return ""
    before = ", ".join(f"{key} {old[key] or '(none)'}" for key in changed)
    after = ", ".join(f"{key} {new[key] or '(none)'}" for key in changed)
    return shorten(
        f"this run began with {before}, and continues with {after}: its last digits may differ", 300
    )


def _version(package: str) -> str | None:
    """Version of an installed package, None without it; its description is not parsed for that."""
    try:
        metadata = importlib.metadata.distribution(package).read_text("METADATA") or ""
    except importlib.metadata.PackageNotFoundError:
        return None
    for line in metadata.splitlines():
        if line.startswith("Version:"):
            return line.partition(":")[2].strip()
        if not line:  # the end of the headers
            break
    return importlib.metadata.version(package)


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor()


def _blas() -> str:
    import numpy as np

    try:
        blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
        return f"{blas['name']} {blas['version']}"
    except (KeyError, TypeError):
        return "unknown"


def _revision() -> str | None:
    """Git revision of the source tree, with "+" if it was changed; None for an installed wheel."""
    root = Path(__file__).resolve().parent.parent
    if not (root / ".git").exists():
        return None
    try:
        out = subprocess.run(
            ["git", "describe", "--always", "--dirty=+", "--abbrev=12", "--exclude=*"],
            cwd=root, capture_output=True, text=True, timeout=5, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return out.stdout.strip()
