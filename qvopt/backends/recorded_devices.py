"""Recorded snapshots of IBM's devices, by name: `qiskit_ibm_runtime.fake_provider`."""

from __future__ import annotations

import warnings
from typing import Any

from qvopt_molecules.errors import InputError, unknown_name


def find_snapshot(name: str) -> tuple[Any, str]:
    """Return the Qiskit backend of a snapshot such as "fake_manila", and what is said against it.

    Some come with a warning that their errors are not typical of the device; it is the text, and
    not a warning, here. Raises InputError for an unknown name, or where qiskit-ibm-runtime is not
    installed.
    """
    known = _classes()
    if name.lower() not in known:
        raise unknown_name("snapshot of an IBM device", name, known)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        backend = known[name.lower()]()
    return backend, " ".join(" ".join(str(w.message).split()) for w in caught
                             if "properties" in str(w.message).lower())  # fmt: skip


def _classes() -> dict[str, Any]:
    try:
        from qiskit_ibm_runtime import (  # type: ignore[import-untyped,unused-ignore]
            fake_provider,
        )
    except ImportError:
        raise InputError(
            "device snapshots need qiskit-ibm-runtime: pip install 'qvopt[ibm]'"
        ) from None
    # The classes are made only when they are chosen.
    return {
        label: kind
        for key, kind in vars(fake_provider).items()
        if key.startswith("Fake") and isinstance(label := getattr(kind, "backend_name", None), str)
    }
