"""The molecular Hamiltonian in its second-quantised face: integrals over spatial orbitals."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

import numpy as np

from qvopt_molecules.arrays import FloatArray

from .errors import InputError
from .frame import OrbitalFrame
from .pauli import PauliSum

MAX_INTEGRAL: Final = 1e6
"""Largest magnitude of an integral: beyond it, float64 resolves no chemistry."""


@dataclass(frozen=True, eq=False)
class MolecularHamiltonian:
    r"""H = E_core + Σ_pq h_pq E_pq + ½ Σ_pqrs (pq|rs) (E_pq E_rs - δ_qr E_ps), in Hartree.

    E_pq = Σ_σ a†_pσ a_qσ over real orthonormal spatial orbitals; (pq|rs) is in chemists' order and
    has the eightfold symmetry of real orbitals.

    Spin orbitals map to qubits in blocks: alpha orbital p is qubit p, beta orbital p is qubit
    norb + p.

    Attributes:
        core_energy: nuclear repulsion plus the energy of frozen orbitals.
        one_body: h_pq, shape (norb, norb).
        two_body: (pq|rs), shape (norb, norb, norb, norb).
        n_alpha, n_beta: electrons of each spin in the active orbitals.
        orbital_energies: canonical orbital energies ε_p, shape (norb,), if known.
        irreps: for each orbital the label of its irreducible representation as an integer of
            which the product is the bitwise XOR (PySCF's D2h numbering), if known.
        point_group: the group that `irreps` are of ("D2h" or a subgroup), if known.
        label: a short name for tables.
        frame: the molecule and the orbitals that the integrals were computed over; None for
            integrals from elsewhere, which leaves dipoles and nuclear gradients unknown.
        notes: what a reader of the results should know of how the reference determinant was
            obtained, one sentence each: a broken symmetry, an instability that stays, equivalent
            references, effective core potentials, reordered orbitals.
    """

    core_energy: float
    one_body: FloatArray
    two_body: FloatArray
    n_alpha: int
    n_beta: int
    orbital_energies: FloatArray | None = None
    irreps: tuple[int, ...] | None = None
    label: str = ""
    frame: OrbitalFrame | None = None
    notes: tuple[str, ...] = ()
    point_group: str | None = None

    def __post_init__(self) -> None:
        n = self.one_body.shape[0]
        if self.one_body.shape != (n, n) or self.two_body.shape != (n, n, n, n):
            raise InputError(
                f"integrals must have shapes (n, n) and (n, n, n, n), got "
                f"{self.one_body.shape} and {self.two_body.shape}"
            )
        if not (0 <= self.n_beta <= n and 0 <= self.n_alpha <= n):
            raise InputError(
                f"{self.n_alpha} alpha and {self.n_beta} beta electrons do not fit in {n} orbitals"
            )
        if not (
            np.isfinite(self.core_energy)
            and np.isfinite(self.one_body).all()
            and np.isfinite(self.two_body).all()
        ):
            raise InputError("the integrals contain NaN or infinity")
        integrals = (np.float64(self.core_energy), self.one_body, self.two_body)
        largest = max(float(np.abs(a).max(initial=0.0)) for a in integrals)
        if largest > MAX_INTEGRAL:
            raise InputError(
                f"an integral is {largest:.1e}; they must be of a magnitude up to "
                f"{MAX_INTEGRAL:.0e}, in Hartree or in units of a coupling"
            )

    @property
    def norb(self) -> int:
        """Number of active spatial orbitals."""
        return int(self.one_body.shape[0])

    @property
    def n_qubits(self) -> int:
        """Number of spin orbitals, which is the number of Jordan-Wigner qubits."""
        return 2 * self.norb

    @property
    def n_electrons(self) -> int:
        """Number of active electrons."""
        return self.n_alpha + self.n_beta

    @property
    def kind(self) -> str | None:
        """What records call this kind of problem: None, the usual one with orbitals."""
        return None

    @property
    def electrons(self) -> tuple[int, int] | None:
        """Electrons of each spin."""
        return self.n_alpha, self.n_beta

    @property
    def dimension(self) -> int:
        """Number of determinants with these electrons."""
        from .sizes import n_determinants

        return n_determinants(self)

    def orbitals(self) -> MolecularHamiltonian:
        """The Hamiltonian over orbitals: itself."""
        return self

    def qubits(self, mapping: str) -> PauliSum:
        """The Hamiltonian over the qubits of a mapping."""
        from .mappings import qubit_hamiltonian

        return qubit_hamiltonian(self, mapping)

    def reference_bits(self, mapping: str) -> int:
        """The Hartree-Fock determinant as a bit string of the mapped qubits."""
        from .encodings import encoding_of, reference_bits

        target = encoding_of(mapping, self)
        return target.squeezed(target.bits(reference_bits(self)))

    def reference_energy(self) -> float:
        """The Hartree-Fock energy in Hartree."""
        from .references import hartree_fock_energy

        return hartree_fock_energy(self)

    def exact_energy(self) -> float | None:
        """The full CI energy in Hartree where it takes seconds, None otherwise."""
        from .references import fci_energy_if_small

        return fci_energy_if_small(self)

    def content_hash(self) -> str:
        """SHA-256 over everything that sets the energy landscape (label, frame, notes excluded)."""
        digest = hashlib.sha256()
        digest.update(np.array([self.norb, self.n_alpha, self.n_beta], dtype="<i8").tobytes())
        digest.update(np.array([self.core_energy], dtype="<f8").tobytes())
        digest.update(np.ascontiguousarray(self.one_body, dtype="<f8").tobytes())
        digest.update(np.ascontiguousarray(self.two_body, dtype="<f8").tobytes())
        return digest.hexdigest()
