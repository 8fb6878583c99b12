"""Abelian point groups of geometries that are symmetric up to the rounding of their coordinates.

A geometry has a group where symmetric positions exist from which no atom is further away than
`TOLERANCE`; the atoms are then moved there, so that the integrals that the group forbids vanish
exactly. The energy changes in second order only: what is removed is not totally symmetric. The
groups are D2h and its subgroups, whose operations are diagonal matrices of ±1 in the group's axes.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from qvopt_molecules.arrays import FloatArray

from .elements import nuclear_charge
from .errors import InputError
from .molecule import Atom

Signs = tuple[int, int, int]

TOLERANCE: Final = 2e-5
"""Ångström by which an atom may be off: coordinates rounded to five decimals are within 9e-6."""

_LOOSE: Final = 2e-3  # Ångström; for the search of axes, which are refined afterwards
_MOST_DIRECTIONS: Final = 4000
_E: Final = (1, 1, 1)

# Operations in PySCF's conventions: the twofold axis of C2 and C2v is z, the mirror of Cs is xy.
OPERATIONS: Final[dict[str, tuple[Signs, ...]]] = {
    "D2h": tuple((x, y, z) for x in (1, -1) for y in (1, -1) for z in (1, -1)),
    "D2": (_E, (-1, -1, 1), (-1, 1, -1), (1, -1, -1)),
    "C2v": (_E, (-1, -1, 1), (-1, 1, 1), (1, -1, 1)),
    "C2h": (_E, (-1, -1, 1), (1, 1, -1), (-1, -1, -1)),
    "C2": (_E, (-1, -1, 1)),
    "Cs": (_E, (1, 1, -1)),
    "Ci": (_E, (-1, -1, -1)),
}


@dataclass(frozen=True, eq=False)
class PointGroup:
    """An abelian point group and where it stands.

    Attributes:
        name: "D2h", "D2", "C2v", "C2h", "C2", "Cs" or "Ci".
        origin: a point that every operation leaves, in Ångström.
        axes: the group's x, y and z as rows, right-handed.
    """

    name: str
    origin: FloatArray
    axes: FloatArray

    @property
    def order(self) -> int:
        """Number of operations."""
        return len(OPERATIONS[self.name])

    def subgroups(self) -> Iterator[PointGroup]:
        """Yield the group, then its proper subgroups in every setting, from large to small."""
        own = set(OPERATIONS[self.name])
        for name in sorted(OPERATIONS, key=lambda n: -len(OPERATIONS[n])):
            settings = set()
            for turn in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
                # The subgroup's axis k is the group's axis turn[k].
                turned = frozenset(_turned(signs, turn) for signs in OPERATIONS[name])
                if turned <= own and turned not in settings:
                    settings.add(turned)
                    yield replace(self, name=name, axes=self.axes[list(turn)])


def symmetric_geometry(atoms: tuple[Atom, ...]) -> tuple[tuple[Atom, ...], PointGroup | None]:
    """Return the atoms on exactly symmetric positions, and their largest abelian point group.

    The atoms come back as they are, with None, where there is no symmetry within `TOLERANCE`.
    """
    positions = np.array([a.position for a in atoms])
    charges = np.array([nuclear_charge(a.symbol) for a in atoms])
    best: tuple[PointGroup, FloatArray] | None = None
    for group in itertools.chain(_by_pyscf(atoms), _by_search(positions, charges)):
        if best is not None and group.order <= best[0].order:
            continue
        fitted = _fitted(group, positions, charges)
        if fitted is not None:
            best = fitted
            if best[0].order == 8:
                break
    if best is None:
        return atoms, None
    group, ideal = best
    if np.abs(ideal - positions).max() < 1e-12:
        return atoms, group
    moved = [Atom(a.symbol, (float(x), float(y), float(z))) for a, (x, y, z) in
             zip(atoms, ideal, strict=True)]  # fmt: skip
    return tuple(moved), group


def symmetric_displacements(atoms: tuple[Atom, ...], group: PointGroup | None) -> FloatArray:
    """Return orthonormal displacements that every operation leaves, shape (k, atoms, 3).

    The atoms are on symmetric positions; without a group all displacements come back.
    """
    n = len(atoms)
    if group is None:
        return np.eye(3 * n).reshape(-1, n, 3)
    positions = np.array([a.position for a in atoms])
    charges = np.array([nuclear_charge(a.symbol) for a in atoms])
    local = (positions - group.origin) @ group.axes.T
    operations = OPERATIONS[group.name]
    projector = np.zeros((3 * n, 3 * n))
    for signs in operations:
        turn = group.axes.T @ np.diag(np.array(signs, dtype=float)) @ group.axes
        images = _permutation(local * np.array(signs, dtype=float), local, charges)
        if images is None:
            raise InputError(f"the atoms are not on symmetric positions of {group.name}")
        exchange = np.zeros((n, n))
        exchange[images, np.arange(n)] = 1.0
        projector += np.kron(exchange, turn) / len(operations)
    values, vectors = np.linalg.eigh((projector + projector.T) / 2)
    return np.asarray(vectors[:, values > 0.5].T.reshape(-1, n, 3))


def other_settings(atoms: tuple[Atom, ...], group: PointGroup) -> Iterator[PointGroup]:
    """Yield other abelian groups of the same order, as a square has one along its diagonals.

    The atoms are on symmetric positions.
    """
    positions = np.array([a.position for a in atoms])
    charges = np.array([nuclear_charge(a.symbol) for a in atoms])
    seen = [group]
    for other in _by_search(positions, charges):
        if other.order != group.order or any(_same_setting(other, g) for g in seen):
            continue
        fitted = _fitted(other, positions, charges)
        if fitted is not None and np.abs(fitted[1] - positions).max() < 1e-9:
            seen.append(other)
            yield fitted[0]


def _same_setting(a: PointGroup, b: PointGroup) -> bool:
    if a.name != b.name:
        return False
    cosines = np.abs(a.axes @ b.axes.T)
    same_lines = bool(np.abs(np.sort(cosines, axis=1) - [0, 0, 1]).max() < 1e-3)
    return same_lines and (a.name in ("D2h", "D2", "Ci") or bool(cosines[2, 2] > 0.999))


def _turned(signs: Signs, turn: tuple[int, int, int]) -> Signs:
    out = [1, 1, 1]
    for k, axis in enumerate(turn):
        out[axis] = signs[k]
    return (out[0], out[1], out[2])


def _by_pyscf(atoms: tuple[Atom, ...]) -> Iterator[PointGroup]:
    """PySCF's group, which is taken first: its axes are those that other programs know."""
    from pyscf import symm

    try:
        group, origin, axes = symm.detect_symm([(a.symbol, np.array(a.position)) for a in atoms])
        group = {"Dooh": "D2h", "Coov": "C2v", "SO3": "D2h"}.get(group, group)
        if group != "C1":
            group, axes = symm.as_subgroup(group, axes)
    except (RuntimeError, ValueError, IndexError, AssertionError):  # of nearly symmetric atoms
        return
    if group in OPERATIONS:
        yield PointGroup(str(group), np.asarray(origin), np.asarray(axes))


def _by_search(positions: FloatArray, charges: npt.NDArray[np.int64]) -> Iterator[PointGroup]:
    """Groups from directions that symmetric atoms single out: axes, mirrors and an inversion."""
    origin = (charges @ positions) / charges.sum()
    centred = positions - origin
    even: list[FloatArray] = []  # twofold axes
    mirrors: list[FloatArray] = []
    for direction in _directions(centred, charges):
        outer = 2.0 * np.outer(direction, direction)
        if _permutation(centred @ (outer - np.eye(3)), centred, charges) is not None:
            even.append(direction)
        if _permutation(centred @ (np.eye(3) - outer), centred, charges) is not None:
            mirrors.append(direction)
    inversion = _permutation(-centred, centred, charges) is not None

    def sets(name: str, axes: FloatArray) -> PointGroup:
        return PointGroup(name, origin, axes)

    for x, z in itertools.permutations(even, 2):
        if abs(x @ z) < 0.01:
            yield sets("D2h" if inversion else "D2", _frame(x, z))
    for x, y in itertools.permutations(mirrors, 2):
        if abs(x @ y) < 0.01:
            yield sets("C2v", _frame(x, np.cross(x, y)))
    for z in even:
        yield sets("C2h" if inversion else "C2", _frame(_beside(z), z))
    for z in mirrors:
        yield sets("Cs", _frame(_beside(z), z))
    if inversion:
        yield sets("Ci", np.eye(3))


def _directions(centred: FloatArray, charges: npt.NDArray[np.int64]) -> list[FloatArray]:
    """Distinct candidates for twofold axes and normals of mirrors.

    An operation exchanges like atoms a and b, so that its axis is along a + b, its mirror's normal
    along a - b; or it leaves all atoms on a line or in a plane, which the principal axes give.
    """
    vectors = [*np.eye(3), *np.linalg.svd(centred)[2], *centred]
    lengths = np.linalg.norm(centred, axis=1)
    for i, j in itertools.combinations(range(len(centred)), 2):
        if charges[i] == charges[j] and abs(lengths[i] - lengths[j]) < _LOOSE:
            vectors += [centred[i] + centred[j], centred[i] - centred[j]]
    distinct = np.zeros((0, 3))
    for vector in vectors[:_MOST_DIRECTIONS]:
        length = np.linalg.norm(vector)
        if length > 0.01 and not np.any(np.abs(distinct @ vector) > length * (1 - 1e-7)):
            distinct = np.vstack([distinct, vector / length])
    return list(distinct)


def _permutation(
    images: FloatArray, positions: FloatArray, charges: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64] | None:
    """Which atom every image falls on; None unless each falls on its like."""
    distances = np.linalg.norm(images[:, None] - positions[None], axis=2)
    nearest = distances.argmin(axis=1)
    scale = 1.0 + np.linalg.norm(positions, axis=1)
    fits = distances[np.arange(len(images)), nearest] < _LOOSE * scale
    if not fits.all() or len(set(nearest.tolist())) < len(images):
        return None
    return nearest if np.array_equal(charges[nearest], charges) else None


def _fitted(
    group: PointGroup, positions: FloatArray, charges: npt.NDArray[np.int64]
) -> tuple[PointGroup, FloatArray] | None:
    """Refine the axes, and average over the group; None where an atom would move too far."""
    signs = [np.array(s, dtype=float) for s in OPERATIONS[group.name]]
    axes = np.array(group.axes, dtype=float)
    origin = (charges @ positions) / charges.sum()
    for _ in range(6):
        local = (positions - origin) @ axes.T
        total = np.zeros_like(local)
        for s in signs:
            images = _permutation(local * s, local, charges)
            if images is None:
                return None
            total += local[images] * s
        ideal = total / len(signs)
        if np.abs(ideal - local).max() < 1e-13:
            break
        # The rotation that brings the ideal positions nearest to the given ones (Kabsch).
        u, _, vt = np.linalg.svd(local.T @ ideal)
        turn = u @ np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))]) @ vt
        axes = turn.T @ axes
    local = (positions - origin) @ axes.T
    # The last average, in the refined axes.
    parts = []
    for s in signs:
        images = _permutation(local * s, local, charges)
        if images is None:
            return None
        parts.append(local[images] * s)
    ideal_positions = np.mean(parts, axis=0) @ axes + origin
    if np.linalg.norm(ideal_positions - positions, axis=1).max() > TOLERANCE:
        return None
    return PointGroup(group.name, origin, axes), np.asarray(ideal_positions)


def _frame(x: FloatArray, z: npt.NDArray[Any]) -> FloatArray:
    z = z / np.linalg.norm(z)
    x = x - (x @ z) * z
    x = x / np.linalg.norm(x)
    return np.array([x, np.cross(z, x), z])


def _beside(z: FloatArray) -> FloatArray:
    return np.asarray(np.eye(3)[np.argmin(np.abs(z))])


def set_point_group(mol: Any, group: PointGroup) -> None:
    """Give a PySCF Mole without symmetry the group's symmetry-adapted orbitals."""
    from pyscf import symm
    from pyscf.data.nist import BOHR

    mol.symmetry = mol.topgroup = mol.groupname = group.name
    mol._symm_orig, mol._symm_axes = group.origin / BOHR, group.axes
    mol.symm_orb, mol.irrep_id = symm.symm_adapted_basis(
        mol, group.name, mol._symm_orig, mol._symm_axes
    )
    mol.irrep_name = [symm.irrep_id2name(group.name, i) for i in mol.irrep_id]
