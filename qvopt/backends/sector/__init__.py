"""Our own engine: simulation inside the particle-number sector."""

from .program import SectorBackend, SectorProgram

__all__ = ["SectorBackend", "SectorProgram"]
