"""The `[constraints]` table of an experiment."""

from __future__ import annotations

from pydantic import Field

from qvopt.experiment.strict_model import StrictModel


class ConstraintsSpec(StrictModel):
    """Weights in Hartree of penalties that keep the state in its sector.

    What is minimised is E + w_N ⟨(N - n)²⟩ + w_z ⟨(S_z - s)²⟩ + w_S ⟨S₋ S₊⟩ (see
    `qvopt_molecules.penalties`); energies that are reported are without penalties. `electrons` is
    w_N, `s_z` w_z and `s2` w_S; 0 leaves one out. None takes 1 Hartree for electron numbers and
    S_z, and 0.5 for S², where the ansatz does not conserve electron numbers, and else nothing.
    """

    electrons: float | None = Field(default=None, ge=0, le=1e4)
    s_z: float | None = Field(default=None, ge=0, le=1e4)
    s2: float | None = Field(default=None, ge=0, le=1e4)
