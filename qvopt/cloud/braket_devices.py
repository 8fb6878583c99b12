"""Names of Braket's devices: those that the SDK knows, in short."""

from __future__ import annotations

import re

from qvopt_molecules.errors import InputError, unknown_name


def device_names() -> dict[str, str]:
    """Short name and ARN of every gate-based device that the SDK does not call retired."""
    from braket.devices import Devices  # type: ignore[import-untyped,unused-ignore]

    arns = {}
    for family in vars(Devices).values():
        for member in getattr(family, "__members__", {}).values():
            if not member.name.startswith("_") and "quera" not in member.value:
                arns[member.value.rsplit("/", 1)[-1].lower()] = member.value
    return arns


def device_arn(device: str) -> str:
    """Return the ARN of a short name; raises InputError for one that is not known."""
    if device.startswith("arn:"):
        if not re.fullmatch(r"arn:aws[\w-]*:braket:[\w-]*::device/[\w./-]+", device):
            raise InputError(f"'{device[:100]}' is not the ARN of a Braket device")
        return device
    names = device_names()
    if device.lower() not in names:
        raise unknown_name("Braket device", device, names)
    return names[device.lower()]
