"""Orbitals other than canonical ones, and active spaces chosen from their occupations.

- MP2 and UHF natural orbitals: eigenvectors of the correlated (or spin-summed) one-particle density
  matrix. P. Pulay, T. Hamilton, J. Chem. Phys. 88, 4926 (1988) for UHF's.
- Localised orbitals: Foster-Boys, Pipek-Mezey, Edmiston-Ruedenberg, by PySCF, within the doubly
  occupied, the singly occupied and the empty active orbitals, so that the determinant stays.
- AVAS: orbitals that overlap with chosen atomic ones. E. Sayfutyarova et al., J. Chem. Theory
  Comput. 13, 4063 (2017), arXiv:1701.07862.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from qvopt_molecules.arrays import FloatArray

from .errors import InputError, unknown_name
from .mean_field import without_symmetry
from .molecule import ActiveSpace
from .self_consistency import SelfConsistency
from .unrestricted import unrestricted_densities

LOCALISED: Final = ("boys", "pipek-mezey", "edmiston-ruedenberg")
ORBITALS: Final = ("canonical", "mp2-natural", "uhf-natural", *LOCALISED)
SELECTIONS: Final = ("mp2", "uhf", "avas")
_NATURAL = {"mp2": "mp2-natural", "uhf": "uhf-natural"}
_ROUNDING: Final = 1e-3  # by which occupations may be outside 0 to 2
_THRESHOLD = {"mp2": 0.02, "uhf": 0.02, "avas": 0.2}


def natural_orbitals(mean_field: Any, kind: str) -> tuple[FloatArray, FloatArray]:
    """Return natural orbitals (columns) and their occupations, from 2 down to 0.

    `kind` is "mp2-natural" or "uhf-natural". Raises InputError where the method does not converge,
    and where perturbation theory gives occupations outside 0 to 2.
    """
    orbitals = np.asarray(mean_field.mo_coeff)
    overlap = mean_field.get_ovlp()
    if kind == "mp2-natural":
        density = _mp2_density(mean_field)
    else:
        plain = SelfConsistency(without_symmetry(mean_field.mol), "the molecule")
        alpha, beta = unrestricted_densities(plain, mean_field)
        left = orbitals.T @ overlap
        density = left @ (alpha + beta) @ left.T
    density = _within_irreps((density + density.T) / 2, mean_field)
    # Among equal occupations, the mean field's energies decide, and keep core and valence apart.
    tilt = 1e-7 * np.diag(mean_field.mo_energy)
    occupations, vectors = np.linalg.eigh(density - tilt)
    order = np.argsort(-occupations, kind="stable")
    turned = vectors[:, order]
    occupations = np.einsum("pk,pq,qk->k", turned, density, turned)
    return orbitals @ turned, _checked(occupations, kind)


def _within_irreps(density: FloatArray, mean_field: Any) -> FloatArray:
    """Drop rounding that mixes irreducible representations and would rotate equal ones."""
    mol = mean_field.mol
    if not mol.symmetry:
        return density
    from pyscf import symm

    labels = symm.label_orb_symm(mol, mol.irrep_id, mol.symm_orb, mean_field.mo_coeff)
    labels = np.asarray(labels)
    allowed = np.where(labels[:, None] == labels[None, :], density, 0.0)
    return allowed if np.abs(density - allowed).max() < 1e-5 else density


def _mp2_density(mean_field: Any) -> FloatArray:
    from pyscf import mp, scf

    if mean_field.mol.spin == 0:
        solver = mp.MP2(mean_field)
        solver.kernel()
        return np.asarray(solver.make_rdm1())
    solver = mp.UMP2(scf.addons.convert_to_uhf(mean_field))
    solver.kernel()
    return np.asarray(sum(solver.make_rdm1()))


def _checked(occupations: FloatArray, kind: str) -> FloatArray:
    """Refuse occupations that no state has; rounding is cut off."""
    lowest, highest = float(occupations.min()), float(occupations.max())
    if lowest < -_ROUNDING or highest > 2 + _ROUNDING:
        raise InputError(
            f"{kind} occupations reach {highest:.2f} and {lowest:.2f}, outside 0 to 2: "
            f"perturbation theory breaks down here; use uhf-natural orbitals (selection = 'uhf') "
            f"or canonical ones"
        )
    return np.clip(occupations, 0.0, 2.0)


def select_active(
    space: ActiveSpace, mean_field: Any, kind: str
) -> tuple[FloatArray, int, int, str]:
    """Choose an active space: (orbitals, number of frozen ones, of active ones, kind of orbitals).

    Orbitals are ordered frozen, active, empty. Raises InputError where nothing is left to choose.
    """
    selection = str(space.selection)
    if selection not in SELECTIONS:
        raise unknown_name("selection of an active space", selection, SELECTIONS)
    if space.orbitals is not None or space.frozen_core is not None or space.electrons is not None:
        raise InputError(
            f"selection = '{selection}' chooses electrons and orbitals itself; give at most "
            f"n_orbitals or threshold beside it"
        )
    threshold = _THRESHOLD[selection] if space.threshold is None else space.threshold
    if not 0 < threshold < 1:
        raise InputError(f"active_space.threshold must be between 0 and 1, got {threshold!r}")
    if selection == "avas":
        if space.n_orbitals is not None:
            raise InputError("selection = 'avas' takes labels and threshold, not n_orbitals")
        if kind != "canonical":
            raise InputError(f"selection = 'avas' makes its own orbitals; leave out '{kind}'")
        return (*_avas(mean_field, space.labels or (), threshold), "avas")
    if space.labels is not None:
        raise InputError("active_space.labels belong to selection = 'avas'")
    own = _NATURAL[selection]
    if kind not in ("canonical", own, *LOCALISED):
        raise InputError(f"selection = '{selection}' goes with {own} orbitals, got '{kind}'")
    orbitals, occupations = natural_orbitals(mean_field, own)
    core, active = _by_occupation(occupations, threshold, space.n_orbitals)
    return orbitals, core, active, kind if kind in LOCALISED else own


def _by_occupation(
    occupations: FloatArray, threshold: float, wanted: int | None
) -> tuple[int, int]:
    """Frozen and active counts: occupations from 2 - threshold down to threshold are active."""
    distance = np.minimum(occupations, 2.0 - occupations)
    if wanted is None:
        chosen = np.flatnonzero(distance > threshold)
        if len(chosen) == 0:
            raise InputError(
                f"no natural orbital has an occupation between {threshold:g} and "
                f"{2 - threshold:g} (the nearest to 1 has {occupations[np.argmax(distance)]:.4f}); "
                f"lower active_space.threshold, or give n_orbitals"
            )
    elif not 1 <= wanted <= len(occupations):
        raise InputError(f"n_orbitals must be from 1 to {len(occupations)}, got {wanted}")
    else:
        chosen = np.sort(np.argsort(-distance, kind="stable")[:wanted])
    # Sorted by occupation, those nearest to one electron are neighbours.
    return int(chosen[0]), int(chosen[-1] - chosen[0] + 1)


def _avas(mean_field: Any, labels: Sequence[str], threshold: float) -> tuple[FloatArray, int, int]:
    from pyscf.mcscf import avas

    if not labels:
        raise InputError(
            "selection = 'avas' needs labels of atomic orbitals, such as ['N 2p'] or ['H 1s']"
        )
    n_alpha, n_beta = mean_field.mol.nelec
    try:
        minimal = without_symmetry(mean_field.mol, basis="minao", ecp={})
    except RuntimeError:
        raise InputError(
            "selection = 'avas' needs a minimal basis (minao), which lacks an element of the "
            "molecule; use selection = 'mp2' or 'uhf'"
        ) from None
    for label in labels:
        if len(minimal.search_ao_label(label)) == 0:
            known = sorted({" ".join(text.split()[1:])[:5].strip() for text in minimal.ao_labels()})
            raise unknown_name("atomic orbital of the molecule's minimal basis,", label, known)
    n_active, n_electrons, orbitals = avas.avas(
        mean_field, list(labels), threshold=threshold, verbose=0
    )
    core = round((n_alpha + n_beta - n_electrons) / 2)
    if n_active == 0 or n_electrons == 0:
        raise InputError(f"AVAS finds no active orbital for {', '.join(labels)}; lower threshold")
    return np.asarray(orbitals), core, int(n_active)


def localise(
    mol: Any, orbitals: FloatArray, blocks: Sequence[range], kind: str, fock: FloatArray
) -> FloatArray:
    """Localise each block of columns, and sort it by the orbitals' mean-field energy."""
    from pyscf import lo

    makers: dict[str, Callable[..., Any]] = {
        "boys": lo.Boys,
        "pipek-mezey": lo.PipekMezey,
        "edmiston-ruedenberg": lo.EdmistonRuedenberg,
    }
    out = np.array(orbitals)
    plain = without_symmetry(mol)  # or no rotation would mix irreps
    for block in blocks:
        columns = list(block)
        if len(columns) < 2:
            continue
        local = _most_local(lambda start: makers[kind](plain, start), out[:, columns])
        energies = np.einsum("mp,mn,np->p", local, fock, local)
        out[:, columns] = local[:, np.argsort(np.round(energies, 8), kind="stable")]
    return out


def _most_local(make: Callable[[FloatArray], Any], orbitals: FloatArray) -> FloatArray:
    """The best of some starts: symmetric orbitals are a saddle that a search would stay on."""
    rng = np.random.default_rng(0)
    best, lowest = orbitals, np.inf
    for _ in range(4):
        turn, _ = np.linalg.qr(rng.standard_normal((orbitals.shape[1],) * 2))
        solver = make(orbitals @ turn)
        solver.verbose, solver.conv_tol, solver.init_guess = 0, 1e-12, None
        at_start = float(solver.cost_function(np.eye(len(turn))))
        local = np.asarray(solver.kernel())
        spread = float(solver.cost_function(np.eye(len(turn))))
        # Which way a measure is to go differs between them, and between versions of PySCF.
        spread = spread if spread < at_start else -spread
        if spread < lowest - 1e-9:
            best, lowest = local, spread
    return best
