"""Hamiltonians of spins ½: sums of Pauli strings without orbitals or electrons."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from .errors import InputError
from .hamiltonian import MolecularHamiltonian
from .pauli import PauliSum


@dataclass(frozen=True, eq=False)
class SpinHamiltonian:
    """H = Σ_k c_k P_k over spins ½, qubit q being spin q and |0⟩ spin up.

    Attributes:
        observable: the strings; energies are in the model's own unit.
        reference: a product state to start from, bit q set where spin q is down.
        label: a short name for tables.
    """

    observable: PauliSum
    reference: int
    label: str = ""

    def __post_init__(self) -> None:
        if not np.isfinite(self.observable.coefficients).all():
            raise InputError("the coefficients contain NaN or infinity")
        if not 0 <= self.reference < 1 << self.n_qubits:
            raise InputError(f"the reference state has more than {self.n_qubits} spins")

    @property
    def n_qubits(self) -> int:
        """Number of spins."""
        return self.observable.n_qubits

    @property
    def kind(self) -> str | None:
        """What records call this kind of problem: "spins"."""
        return "spins"

    @property
    def electrons(self) -> tuple[int, int] | None:
        """None: spins are not counted in electrons."""
        return None

    @property
    def dimension(self) -> int:
        """Number of basis states."""
        return 1 << self.n_qubits

    def orbitals(self) -> MolecularHamiltonian:
        """Raises InputError: there are none."""
        raise InputError(
            f"{self.label or 'this Hamiltonian'} has spins and no orbitals or electrons; "
            f"this needs a molecule or a Hubbard model"
        )

    def qubits(self, mapping: str) -> PauliSum:
        """The strings: spins are qubits already."""
        return self.observable

    def reference_bits(self, mapping: str) -> int:
        """The product state."""
        return self.reference

    def reference_energy(self) -> float:
        """Energy of the product state."""
        return product_energy(self.observable, self.reference)

    def exact_energy(self) -> float | None:
        """The exact ground energy where it takes seconds, None otherwise."""
        from .spin_energies import ground_energy_if_small

        return ground_energy_if_small(self)

    def content_hash(self) -> str:
        """SHA-256 over everything that sets the energy landscape (label excluded)."""
        digest = hashlib.sha256(b"spins")
        digest.update(np.array([self.n_qubits, self.reference], dtype="<u8").tobytes())
        for masks in (self.observable.x, self.observable.z):
            digest.update(np.ascontiguousarray(masks, dtype="<u8").tobytes())
        digest.update(np.ascontiguousarray(self.observable.coefficients, dtype="<f8").tobytes())
        return digest.hexdigest()


Hamiltonian: TypeAlias = MolecularHamiltonian | SpinHamiltonian
"""What a run minimises."""


def product_energy(observable: PauliSum, bits: int) -> float:
    """Energy of a product state of spins up and down: of the strings of Z alone."""
    flat = observable.x == 0
    signs = 1.0 - 2.0 * (np.bitwise_count(observable.z[flat] & np.uint64(bits)) & 1)
    return float(signs @ observable.coefficients[flat])
