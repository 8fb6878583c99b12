"""What every table of an experiment or comparison is."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class StrictModel(BaseModel):
    """Plain data with no key but the known ones, and no infinite number."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
