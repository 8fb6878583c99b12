"""Where each vendor's client looks for packages and credentials; nothing is read or sent."""

from __future__ import annotations

import importlib.util
import os
import stat
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from qvopt_molecules.textfile import expanded

EXTRAS: Final = {
    "ibm": ("qiskit-ibm-runtime",),
    "braket": ("amazon-braket-sdk", "qiskit-braket-provider"),
    "ionq": ("qiskit-ionq",),
    "mitigation": ("mthree",),
}
_MODULES: Final = {
    "ibm": ("qiskit_ibm_runtime",),
    "braket": ("braket.aws", "qiskit_braket_provider"),
    "ionq": ("qiskit_ionq",),
}


class Places(NamedTuple):
    """Where credentials may be: variables, a variable that names a file, and the client's file."""

    variables: tuple[str, ...]
    file_variable: str
    saved: str


CREDENTIALS: Final = {
    "ibm": Places(("QISKIT_IBM_TOKEN",), "QISKIT_IBM_TOKEN_FILE", "~/.qiskit/qiskit-ibm.json"),
    "braket": Places(("AWS_ACCESS_KEY_ID", "AWS_PROFILE"), "", "~/.aws/credentials"),
    "ionq": Places(
        ("IONQ_API_KEY", "QISKIT_IONQ_API_TOKEN", "IONQ_API_TOKEN"), "IONQ_API_KEY_FILE", ""
    ),
}


def can_be_asked(vendor: str, options: Mapping[str, Any]) -> bool:
    """Whether a vendor's client is installed, and has what it needs to sign in."""
    if not all(_installed(module) for module in _MODULES[vendor]):
        return False
    if vendor == "braket" and not (options.get("bucket") or os.environ.get(_BUCKET)):
        return False
    places = CREDENTIALS[vendor]
    if any(os.environ.get(name) for name in places.variables):
        return True
    if places.file_variable and os.environ.get(places.file_variable):
        return True
    return bool(places.saved) and expanded(places.saved).is_file()


def describe_credentials(vendor: str) -> str:
    """Where a vendor's credentials are, in words; no part of them is shown."""
    places = CREDENTIALS[vendor]
    for name in places.variables:
        if os.environ.get(name):
            return f"in the environment ({name})"
    named = os.environ.get(places.file_variable, "") if places.file_variable else ""
    for place in (named, places.saved):
        path = expanded(place)
        if place and path.is_file():
            mode = stat.S_IMODE(path.stat().st_mode)
            if mode & 0o077:
                return f"{path} can be read by others (mode {mode:04o}): chmod 600 {path}"
            return f"{path} (mode {mode:04o})"
        if place and place != places.saved:
            return f"{places.file_variable} names {path}, which does not exist"
    first = places.variables[0]
    return f"none; set {first}" + (f" or {places.file_variable}" if places.file_variable else "")


_BUCKET: Final = "AMZN_BRAKET_OUT_S3_BUCKET"


def _installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False
