"""Electron number and spin of a state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True)
class StateNumbers:
    """⟨N⟩, ⟨S_z⟩ and ⟨S²⟩ of a state, as computed from its amplitudes."""

    electrons: float
    s_z: float
    s2: float

    @classmethod
    def decode(cls, data: Mapping[str, Any] | None) -> Self | None:
        """Read what `document` wrote."""
        return None if data is None else cls(**{k: float(data[k]) for k in cls.__match_args__})

    def document(self) -> dict[str, float]:
        """The numbers as plain JSON values."""
        return asdict(self)
