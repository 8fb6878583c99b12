"""Electron number and spin of a state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True)
class StateNumbers:
    """⟨N⟩, ⟨S_z⟩ and ⟨S²⟩ of a state.

    Attributes:
        electrons, s_z, s2: from the state's amplitudes; measured, `s2` is None.
        electrons_error, s_z_error: standard errors of what was measured; None of what was computed.
    """

    electrons: float
    s_z: float
    s2: float | None = None
    electrons_error: float | None = None
    s_z_error: float | None = None

    @property
    def measured(self) -> bool:
        """Whether they were measured, as read, without any correction."""
        return self.electrons_error is not None

    @classmethod
    def decode(cls, data: Mapping[str, Any] | None) -> Self | None:
        """Read what `document` wrote."""
        if data is None:
            return None
        values = {name: data.get(name) for name in cls.__match_args__}
        return cls(**{k: float(v) for k, v in values.items() if v is not None})

    def document(self) -> dict[str, float | None]:
        """The numbers as plain JSON values; without errors where they were computed."""
        document: dict[str, float | None] = {
            "electrons": self.electrons,
            "s_z": self.s_z,
            "s2": self.s2,
        }
        if self.measured:
            document["electrons_error"] = self.electrons_error
            document["s_z_error"] = self.s_z_error
        return document
