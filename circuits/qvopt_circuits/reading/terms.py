"""Angles that are affine in several parameters, as gates that are affine in one."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..gates import Angle, Gate


@dataclass(frozen=True)
class Affine:
    """Σ_k coefficient · x[k] + offset, in radians."""

    terms: dict[int, float] = field(default_factory=dict)
    offset: float = 0.0

    def times(self, factor: float) -> Affine:
        """Return it scaled."""
        return Affine({k: factor * c for k, c in self.terms.items()}, factor * self.offset)

    def plus(self, offset: float) -> Affine:
        """Return it with something added."""
        return Affine(self.terms, self.offset + offset)


def rotations(name: str, qubits: tuple[int, ...], angle: Affine, paulis: str = "") -> list[Gate]:
    """Return exp(-i θ G / 2), for θ of several parameters one gate for each of them."""
    terms = list(angle.terms.items())
    if not terms:
        return [Gate(name, qubits, Angle(offset=angle.offset), paulis)]
    offsets = [angle.offset] + [0.0] * (len(terms) - 1)
    return [
        Gate(name, qubits, Angle(k, c, b), paulis) for (k, c), b in zip(terms, offsets, strict=True)
    ]
