r"""Orbital-optimised VQE: the lowest energy over circuit parameters and orbitals.

    E(x, κ) = ⟨ψ(x)| e^{κ̂} H e^{-κ̂} |ψ(x)⟩,   κ between frozen, active and empty orbitals.

BFGS on min_x E(x, κ): a VQE run at each set of orbitals, which starts where the last one ended and
whose density matrices give the gradient g_pq = 2 (F_qp - F_pq) of the generalised Fock matrix

    F_iq = 2 (F^I + F^A)_iq,   F_tq = Σ_u γ_tu F^I_uq + Σ_uvw Γ_tuvw (qu|vw),   F_aq = 0

(i frozen, t active, a empty). At a full CI active state this is CASSCF. I. O. Sokolov et al.,
arXiv:1911.10864; W. Mizukami et al., arXiv:1910.11526; T. Helgaker et al., Molecular
Electronic-Structure Theory (2000), chapter 12.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from qvopt.assembly import grown, molecular_hamiltonian
from qvopt.experiment import Experiment, make_experiment
from qvopt.result import Result
from qvopt.session import Session
from qvopt.tasks.properties import density_matrices
from qvopt.tasks.states import components
from qvopt_molecules.errors import InputError
from qvopt_molecules.frame import OrbitalFrame
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.integrals import hamiltonian_in_frame

FloatArray = npt.NDArray[np.float64]

_LONGEST = 0.3  # radians of one rotation in a step


@dataclass(frozen=True)
class OptimisedOrbitals:
    """The end of an orbital optimisation.

    `energies` are those of the VQE runs in Hartree, one at each set of orbitals that was tried;
    `hamiltonian` is over the best ones and `gradient` the largest orbital gradient there, in
    Hartree.
    """

    converged: bool
    energies: tuple[float, ...]
    gradient: float
    hamiltonian: MolecularHamiltonian
    result: Result

    @property
    def energy(self) -> float:
        """Energy at the last orbitals in Hartree."""
        return float(self.result.energy if self.result.exact is None else self.result.exact)  # type: ignore[arg-type]

    def document(self) -> dict[str, Any]:
        """The optimisation as plain JSON values."""
        return {
            "converged": self.converged,
            "energy": self.energy,
            "first_energy": self.energies[0],
            "energies": list(self.energies),
            "largest_orbital_gradient": self.gradient,
            "parameters": self.result.x.tolist(),
        }


def optimise_orbitals(
    molecule: str | Mapping[str, Any] | Experiment,
    *,
    tolerance: float = 1e-5,
    max_rounds: int = 100,
    progress: Callable[[int, float, float], None] | None = None,
    **settings: Any,
) -> OptimisedOrbitals:
    """Run orbital-optimised VQE.

        optimise_orbitals({"name": "lih", "active_space": {"electrons": 2, "n_orbitals": 2}}).energy

    Args:
        molecule: as for `run`, with an active space.
        tolerance: largest orbital gradient in Hartree to stop at.
        max_rounds: most VQE runs.
        progress: is told round, energy and gradient.
        settings: the keys of `Experiment`; exact energies only.

    Raises InputError where there is nothing to rotate, for shots, and for integrals without a
    molecule.
    """
    experiment = (
        molecule
        if isinstance(molecule, Experiment)
        else make_experiment({"molecule": molecule, **settings})
    )
    if experiment.measurement.shots is not None:
        raise InputError("orbitals are optimised on exact density matrices; leave shots out")
    if not 0 < tolerance < 1:
        raise InputError(f"tolerance must be between 0 and 1 Hartree, got {tolerance}")
    if max_rounds < 1:
        raise InputError(f"max_rounds must be positive, got {max_rounds}")
    h = molecular_hamiltonian(experiment.molecule)
    if h.frame is None:
        raise InputError("orbital optimisation needs a molecule, not bare integrals")
    pairs = rotations(h)
    if len(pairs[0]) == 0:
        raise InputError("every orbital is active: there is nothing to rotate; give --active-space")
    search = _Search(experiment, pairs, progress)
    here = search.at(h)
    inverse = np.diag(1.0 / _curvatures(here, pairs))
    while search.largest(here) >= tolerance and len(search.energies) < max_rounds:
        step = -inverse @ here.slope
        if step @ here.slope >= 0:  # not downhill: begin anew
            inverse = np.diag(1.0 / _curvatures(here, pairs))
            step = -inverse @ here.slope
        step *= min(1.0, _LONGEST / float(np.abs(step).max()))
        scale = 1.0
        while True:
            there = search.at(_turned(here.hamiltonian, scale * step, pairs))
            gain = here.energy - there.energy
            enough = gain >= -1e-4 * scale * float(step @ here.slope) - 1e-9
            if enough or len(search.energies) >= max_rounds or scale < 1e-3:
                break
            scale *= 0.4
        if not enough:
            break
        moved, change = scale * step, there.slope - here.slope
        curvature = float(moved @ change)
        if curvature > 1e-12:
            left = np.eye(len(moved)) - np.outer(moved, change) / curvature
            inverse = left @ inverse @ left.T + np.outer(moved, moved) / curvature
        here = there
    gradient = search.largest(here)
    return OptimisedOrbitals(
        gradient < tolerance, tuple(search.energies), gradient, here.hamiltonian, here.result
    )


@dataclass(frozen=True, eq=False)
class _Place:
    """One set of orbitals, the VQE there, and the gradient along the rotations."""

    hamiltonian: MolecularHamiltonian
    result: Result
    energy: float
    one: FloatArray
    slope: FloatArray


class _Search:
    """Runs VQEs, each from where the last one ended."""

    def __init__(
        self,
        experiment: Experiment,
        pairs: Any,
        progress: Callable[[int, float, float], None] | None,
    ) -> None:
        self._experiment, self._pairs, self._progress = experiment, pairs, progress
        self.energies: list[float] = []

    def at(self, h: MolecularHamiltonian) -> _Place:
        with Session.begin(self._experiment, store=False, hamiltonian=h) as session:
            for _ in session:
                pass
            result = session.result()
        one, two = density_matrices(
            components(grown(session.assembly, result.operators), result.x), h.norb
        )
        energy = float(result.energy if result.exact is None else result.exact)  # type: ignore[arg-type]
        self.energies.append(energy)
        if not result.operators:  # an adaptive circuit grows anew from its reference
            start = tuple(result.x.tolist())
            self._experiment = self._experiment.model_copy(update={"start": start})
        assert h.frame is not None
        slope = orbital_gradient(h, h.frame, one, two)[self._pairs]
        place = _Place(h, result, energy, one, slope)
        if self._progress is not None:
            self._progress(len(self.energies), energy, self.largest(place))
        return place

    def largest(self, place: _Place) -> float:
        return float(np.abs(place.slope).max())


def _curvatures(place: _Place, pairs: Any) -> FloatArray:
    """Diagonal estimates 2 (n_p - n_q) (f_qq - f_pp) of the Hessian, kept positive."""
    from pyscf import scf

    h = place.hamiltonian
    frame = h.frame
    assert frame is not None
    mol, core, active = frame.mole(), frame.core(), frame.active(h.norb)
    density = 2.0 * core @ core.T + active @ place.one @ active.T
    fock = scf.hf.get_hcore(mol) + scf.hf.get_veff(mol, density)
    f = np.einsum("mp,mn,np->p", frame.coefficients, fock, frame.coefficients)
    n = np.zeros(len(f))
    n[: frame.n_core] = 2.0
    n[frame.n_core : frame.n_core + h.norb] = place.one.diagonal()
    p, q = pairs
    return np.asarray(np.maximum(2.0 * (n[p] - n[q]) * (f[q] - f[p]), 0.3))


def _turned(h: MolecularHamiltonian, kappa: FloatArray, pairs: Any) -> MolecularHamiltonian:
    """The Hamiltonian over C exp(κ)."""
    from scipy.linalg import expm

    frame = h.frame
    assert frame is not None
    total = frame.coefficients.shape[1]
    generator = np.zeros((total, total))
    generator[pairs] = kappa
    generator -= generator.T
    there = replace(frame, coefficients=frame.coefficients @ expm(generator))
    return hamiltonian_in_frame(there, h.norb, h.n_alpha, h.n_beta, label=h.label)


def rotations(h: MolecularHamiltonian) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return index pairs (p, q), p < q, of orbitals in different sets, over all orbitals."""
    assert h.frame is not None
    total = h.frame.coefficients.shape[1]
    kind = np.full(total, 2)
    kind[: h.frame.n_core + h.norb] = 1
    kind[: h.frame.n_core] = 0
    p, q = np.triu_indices(total, 1)
    kept = kind[p] != kind[q]
    return p[kept], q[kept]


def orbital_energy(
    h: MolecularHamiltonian, frame: OrbitalFrame, one: FloatArray, two: FloatArray
) -> float:
    """Energy in Hartree over the orbitals of a frame, at fixed density matrices."""
    there = hamiltonian_in_frame(frame, h.norb, h.n_alpha, h.n_beta)
    return float(
        there.core_energy + np.sum(there.one_body * one) + 0.5 * np.sum(there.two_body * two)
    )


def orbital_gradient(
    h: MolecularHamiltonian, frame: OrbitalFrame, one: FloatArray, two: FloatArray
) -> FloatArray:
    """Return ∂E/∂κ_pq at κ = 0 for C exp(κ), antisymmetric over all orbitals, in Hartree."""
    from pyscf import ao2mo, scf

    mol, c, n_core, n = frame.mole(), frame.coefficients, frame.n_core, h.norb
    core, active = frame.core(), frame.active(n)
    bare = scf.hf.get_hcore(mol)
    densities = np.array([2.0 * core @ core.T, active @ one @ active.T])
    j, k = scf.hf.get_jk(mol, densities)
    inactive = c.T @ (bare + j[0] - 0.5 * k[0]) @ c
    mean = c.T @ (j[1] - 0.5 * k[1]) @ c
    total = c.shape[1]
    mixed = ao2mo.general(mol, (c, active, active, active), compact=False)
    mixed = mixed.reshape(total, n, n, n)
    fock = np.zeros((total, total))
    fock[:n_core] = 2.0 * (inactive + mean)[:n_core]
    rows = slice(n_core, n_core + n)
    fock[rows] = one @ inactive[rows] + np.einsum("tuvw,quvw->tq", two, mixed)
    return np.asarray(2.0 * (fock.T - fock))
