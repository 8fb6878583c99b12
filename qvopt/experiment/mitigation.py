"""The `[mitigation]` table of an experiment."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from qvopt.backends.folding import Folding
from qvopt.experiment.counts import Count, Shots
from qvopt.experiment.strict_model import StrictModel
from qvopt.measurement.extrapolation import Fit
from qvopt.measurement.readout import Method


class ReadoutSpec(StrictModel):
    """Correction of readout errors; see `qvopt.measurement.readout`.

    `shots` are those of each of the two calibration circuits, charged as "readout-calibration".
    `every` is the number of the optimizer's rounds between calibrations; None calibrates once.
    """

    method: Method = Field(default="tensored", description="how counts are corrected")
    shots: Shots = Field(
        default=20_000, ge=100, le=10**9, description="shots of each of two calibration circuits"
    )
    every: Count | None = Field(
        default=None, ge=1, description="optimizer rounds between calibrations; none: once"
    )


class ZneSpec(StrictModel):
    """Zero-noise extrapolation; see `qvopt.measurement.extrapolation` and `backends.folding`.

    An energy's shots are split over the scales: N shots stay N shots.
    """

    scales: tuple[float, ...] = Field(
        default=(1.0, 3.0), min_length=2, max_length=10, description="noise scales, from 1 up"
    )
    fit: Fit = Field(default="linear", description="extrapolation to scale 0")
    folding: Folding = Field(default="two-qubit", description="gates that are folded")

    @model_validator(mode="after")
    def _amplifies(self) -> ZneSpec:
        if len(set(self.scales)) != len(self.scales) or not 1 <= min(self.scales) <= 3:
            raise ValueError(
                f"scales must be different numbers from 1 up, such as [1, 3], got "
                f"{list(self.scales)}"
            )
        return self


class ReferenceSpec(StrictModel):
    """Reference-state mitigation; see `qvopt.engine.stages.reference_state`.

    `shots` are those of the reference's energy, in every round that asks for energies, charged as
    "reference-state"; None takes as many as the round's largest energy. `parameters` is how many of
    the largest parameters the reference keeps: 0 is the determinant.
    """

    shots: Shots | None = Field(default=None, ge=2, le=10**9)
    parameters: Count = Field(default=0, ge=0, le=100)


class CdrSpec(StrictModel):
    """Clifford data regression; see `qvopt.engine.stages.clifford_regression`.

    `shots` are those of all training circuits together, in every round that asks for energies,
    charged as "clifford-training"; None takes as many as the round's largest energy.
    """

    circuits: Count = Field(default=5, ge=2, le=100, description="training circuits at most")
    shots: Shots | None = Field(
        default=None, ge=2, le=10**9, description="shots of all training circuits of a round"
    )


def _table(value: Any) -> Any:
    """Let `true` mean the defaults, a name the first choice, and `false` nothing."""
    if isinstance(value, bool):
        return {} if value else None
    return value


def _readout(value: Any) -> Any:
    return {"method": value} if isinstance(value, str) else _table(value)


def _zne(value: Any) -> Any:
    if isinstance(value, str):
        return {"fit": value}
    return {"scales": value} if isinstance(value, list | tuple) else _table(value)


class MitigationSpec(StrictModel):
    """What is done about a device's errors. Post-selection is `measurement.postselect`.

    They combine: readout is corrected first, then outcomes are selected, energies are
    extrapolated, and the error of the reference state, or what training circuits show, is taken off
    last. `auto` leaves the choice
    to `qvopt.engine.auto_mitigation`, which takes its place.
    """

    auto: Literal[True] | None = None
    readout: Annotated[ReadoutSpec | None, BeforeValidator(_readout)] = None
    zne: Annotated[ZneSpec | None, BeforeValidator(_zne)] = None
    reference: Annotated[ReferenceSpec | None, BeforeValidator(_table)] = None
    cdr: Annotated[CdrSpec | None, BeforeValidator(_table)] = None

    def __bool__(self) -> bool:
        return self.auto is not None or any(part is not None for part in self._stages)

    @property
    def _stages(self) -> tuple[StrictModel | None, ...]:
        return self.readout, self.zne, self.reference, self.cdr

    @model_validator(mode="before")
    @classmethod
    def _auto(cls, data: Any) -> Any:
        """Let the name "auto" stand for the table."""
        if not isinstance(data, str):
            return data
        if data != "auto":
            raise ValueError(f"mitigation must be 'auto' or a table, got {data!r}")
        return {"auto": True}

    @model_validator(mode="after")
    def _alone(self) -> Self:
        if self.auto and any(part is not None for part in self._stages):
            raise ValueError("auto chooses the stages; leave readout, zne, reference and cdr out")
        if self.reference is not None and self.cdr is not None:
            raise ValueError(
                "Clifford data regression has the reference state among its training circuits; "
                "leave reference or cdr out"
            )
        return self


MITIGATIONS: Final[Mapping[str, type[StrictModel] | None]] = MappingProxyType(
    {
        "readout": ReadoutSpec,
        "zne": ZneSpec,
        "reference": ReferenceSpec,
        "cdr": CdrSpec,
        "postselect": None,
    }
)
"""Mitigations by name, with their options; post-selection has none."""
