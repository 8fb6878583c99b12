"""Own engine over all amplitudes: any circuit, any mapping, exact or with shots."""

from .program import VectorBackend, VectorProgram

__all__ = ["VectorBackend", "VectorProgram"]
