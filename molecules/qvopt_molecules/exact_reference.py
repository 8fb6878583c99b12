"""The exact energy that a variational one is held against, and of which state it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from .cache import cached_numbers
from .errors import InputError
from .hamiltonian import MolecularHamiltonian
from .sizes import LARGEST, n_determinants
from .spin_pure import spin_pure_states

_MULTIPLICITIES: Final = ("singlet", "doublet", "triplet", "quartet", "quintet", "sextet", "septet")


@dataclass(frozen=True)
class ExactReference:
    """The lowest exact energy of one spin, and of one symmetry sector where that is kept.

    Attributes:
        method: "full CI", or "CASCI(electrons, orbitals)" within an active space.
        energy: Hartree.
        multiplicity: 2S + 1.
        symmetries: sets of spin orbitals, as masks, whose parity is that of the reference
            determinant; empty where all symmetries of the spin are searched.
        lowest: lowest energy of all spins and symmetries with this number of electrons, in Hartree;
            None where it takes too long.
    """

    method: str
    energy: float
    multiplicity: int
    symmetries: tuple[int, ...] = ()
    lowest: float | None = None

    @property
    def gap(self) -> float | None:
        """Hartree by which the state lies above the lowest one of any spin and symmetry."""
        return None if self.lowest is None else max(0.0, self.energy - self.lowest)

    @property
    def state(self) -> str:
        """Which state it is, in words.

        >>> ExactReference("full CI", -1.1, 3).state
        'lowest triplet'
        """
        plain = self.multiplicity <= len(_MULTIPLICITIES)
        name = (
            _MULTIPLICITIES[self.multiplicity - 1]
            if plain
            else f"state of multiplicity {self.multiplicity}"
        )
        return f"lowest {name}" + (" of the reference's symmetry" if self.symmetries else "")


def exact_method(hamiltonian: MolecularHamiltonian) -> str:
    """Return "full CI", or "CASCI(n, m)" for n electrons in m of the molecule's orbitals.

    Integrals without a frame, from files or of lattices, count as the whole problem.
    """
    h = hamiltonian
    if h.frame is None or (h.frame.n_core == 0 and h.norb == h.frame.coefficients.shape[1]):
        return "full CI"
    return f"CASCI({h.n_electrons}, {h.norb})"


def exact_reference(
    hamiltonian: MolecularHamiltonian,
    symmetries: Sequence[int] = (),
    *,
    with_lowest: bool = True,
    limit: int = LARGEST,
) -> ExactReference:
    """Return the exact energy of spin S = |n_alpha - n_beta|/2; cached.

    Args:
        hamiltonian: integrals and electrons.
        symmetries: parities that the circuit keeps, such as `diagonal_symmetries(hamiltonian)` of
            a tapered or point-group-conserving one; the energy is of the reference's sector.
        with_lowest: whether to find the lowest state of all spins and symmetries as well.
        limit: determinants above which full CI is refused.

    Raises:
        InputError: the space is too large, or full CI does not converge.
    """
    h = hamiltonian
    if n_determinants(h) > limit:
        raise InputError(
            f"full CI over {n_determinants(h):,} determinants is out of reach; choose a "
            f"smaller active space"
        )
    masks = tuple(sorted(int(mask) for mask in symmetries))
    document = ["spin-pure full CI", h.content_hash(), list(masks)]
    (energy,) = cached_numbers(
        document, 1, lambda: (float(spin_pure_states(h, 1, masks).energies[0]),)
    )
    assert energy is not None
    unpaired = abs(h.n_alpha - h.n_beta)
    lowest = lowest_energy(h, limit) if with_lowest else None
    return ExactReference(exact_method(h), energy, unpaired + 1, masks, lowest)


def lowest_energy(hamiltonian: MolecularHamiltonian, limit: int = LARGEST) -> float | None:
    """Lowest energy in Hartree of all spins with this number of electrons; cached.

    Each spin is found where n_alpha - n_beta = 2S, from the lowest up. None where the space of
    the lowest one is larger than `limit` determinants.
    """
    h = hamiltonian
    energies = []
    total = h.n_electrons
    for unpaired in range(total % 2, min(total, 2 * h.norb - total) + 1, 2):
        n_alpha, n_beta = (total + unpaired) // 2, (total - unpaired) // 2
        spin = replace(h, n_alpha=n_alpha, n_beta=n_beta)
        if n_determinants(spin) > limit:
            return None
        energies.append(exact_reference(spin, with_lowest=False, limit=limit).energy)
    return min(energies)
