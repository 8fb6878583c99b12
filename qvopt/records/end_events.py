"""How a run ended, and how its final energy was measured, as its journal says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from qvopt.optimizers.protocol import Scalar
from qvopt_molecules.arrays import FloatArray

from .codec import decode_array, encode_array
from .journal import Event


@dataclass(frozen=True, eq=False)
class Average:
    """The mean of the last iterates, and a fresh energy there."""

    x: FloatArray
    energy: Scalar
    exact: float | None


@dataclass(frozen=True)
class FinalRecord:
    """How the energy at the end of a run was measured.

    Attributes:
        shots: of the energy that is reported.
        grouping: its measurement plan.
        precision: standard error that was asked for; None where shots were.
        pilot: shots that planned it, and are not in it.
        bound: what kept it from more shots where the precision asked for them: "share" of the run's
            shots, or "budget".
        dof: degrees of freedom of its variance.
    """

    shots: int
    grouping: str
    precision: float | None = None
    pilot: int = 0
    bound: str = ""
    dof: float = math.inf

    def document(self) -> dict[str, Any]:
        """The record as plain data; `dof` is None where there is no end to them."""
        return {**vars(self), "dof": self.dof if math.isfinite(self.dof) else None}

    @classmethod
    def decode(cls, data: Mapping[str, Any] | None) -> FinalRecord | None:
        """Read what `document` gave."""
        if data is None:
            return None
        return cls(**{**data, "dof": math.inf if data["dof"] is None else data["dof"]})


@dataclass(frozen=True, eq=False)
class EndRecord:
    """How a run ended, the fresh energy at its last point, and ⟨N⟩, ⟨S_z⟩, ⟨S²⟩ of its state.

    `final` says how the energy was measured; None of exact ones, and of runs without an aim.
    """

    status: str
    step: int
    x: FloatArray
    energy: float | None
    variance: float | None
    exact: float | None
    average: Average | None
    drift: float
    message: str
    state: Mapping[str, float | None] | None = None
    final: FinalRecord | None = None

    def encode(self) -> Event:
        """Write the event."""
        average = None
        if (mean := self.average) is not None:
            average = {"x": encode_array(mean.x), "energy": mean.energy.value}
            average |= {"variance": mean.energy.variance, "exact": mean.exact}
        x = encode_array(np.nan_to_num(self.x))
        state = None if self.state is None else dict(self.state)
        event = {"type": "end", **vars(self), "x": x, "average": average, "state": state}
        del event["final"]
        return event if self.final is None else event | {"final": self.final.document()}

    @classmethod
    def decode(cls, event: Event) -> EndRecord:
        """Read the event."""
        average = None
        if (mean := event.get("average")) is not None:
            energy = Scalar(mean["energy"], mean["variance"])
            average = Average(decode_array(mean["x"]), energy, mean["exact"])
        names = set(cls.__dataclass_fields__) - {"average", "state", "final"}
        parts = {name: event[name] for name in names}
        parts |= {"x": decode_array(event["x"]), "average": average, "state": event.get("state")}
        return cls(**parts, final=FinalRecord.decode(event.get("final")))
