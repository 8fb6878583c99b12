"""The Hamiltonian in the basis of determinants, as a sparse matrix.

Slater-Condon rules over string tables: with links I -> J of one spin (singles with their orbital
pair, doubles with their value), a row (I_a, I_b) couples to itself, to singles and doubles of one
spin, and to pairs of singles. Symmetry-forbidden elements vanish and are dropped.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from weakref import WeakKeyDictionary

import numpy as np
from numba import njit

from qvopt_molecules.arrays import FloatArray, IntArray
from qvopt_molecules.determinants import occupation_strings, occupied_orbitals
from qvopt_molecules.hamiltonian import MolecularHamiltonian

from .sparse import SlicedMatrix, sliced
from .tables import excitation_pairs

DROP = 1e-13
"""Elements smaller than this, in Hartree, are rounding of zeros."""


@dataclass(frozen=True, eq=False)
class SpinTables:
    """Strings of one spin and their links.

    singles: for string I and link l the columns (J, p, q), a†_p a_q |I⟩ = single_signs |J⟩.
    doubles: (J,) with their matrix elements; diagonal: the energy of the string alone.
    """

    strings: IntArray
    occupied: IntArray
    singles: IntArray
    single_signs: FloatArray
    single_values: FloatArray
    doubles: IntArray
    double_values: FloatArray
    diagonal: FloatArray


def spin_tables(h: FloatArray, g: FloatArray, n_electrons: int) -> SpinTables:
    """Build the links of one spin from integrals h_pq and (pq|rs)."""
    norb = len(h)
    strings = occupation_strings(norb, n_electrons)
    occupied = occupied_orbitals(strings, norb)
    n = len(strings)
    n_single = n_electrons * (norb - n_electrons)
    singles = np.zeros((n, n_single, 3), dtype=np.int64)
    signs = np.zeros((n, n_single))
    single_values = np.zeros((n, n_single))
    filled = np.zeros(n, dtype=np.int64)
    antisymmetric = g - g.transpose(0, 3, 2, 1)
    # (pq|rr) - (pr|rq) summed over the occupied r; r = q and r = p vanish by antisymmetry.
    mean_field = np.einsum("pqrr->pqr", antisymmetric)
    for p in range(norb):
        for q in range(norb):
            if p == q:
                continue
            source, target, sign = excitation_pairs(strings, (q,), (p,))
            slot = filled[source]
            singles[source, slot, 0] = target
            singles[source, slot, 1] = p
            singles[source, slot, 2] = q
            signs[source, slot] = sign
            potential = h[p, q] + mean_field[p, q][occupied[source]].sum(axis=1)
            single_values[source, slot] = sign * potential
            filled[source] += 1
    n_pairs = n_electrons * (n_electrons - 1) // 2
    n_empty = norb - n_electrons
    n_double = n_pairs * (n_empty * (n_empty - 1) // 2)
    doubles = np.zeros((n, n_double), dtype=np.int64)
    double_values = np.zeros((n, n_double))
    filled[:] = 0
    for q1, q2 in combinations(range(norb), 2):
        for p1, p2 in combinations(range(norb), 2):
            if {p1, p2} & {q1, q2}:
                continue
            source, target, sign = excitation_pairs(strings, (q1, q2), (p1, p2))
            slot = filled[source]
            doubles[source, slot] = target
            double_values[source, slot] = sign * (g[p1, q1, p2, q2] - g[p1, q2, p2, q1])
            filled[source] += 1
    pair = np.einsum("pprr->pr", g) - np.einsum("prrp->pr", g)
    diagonal = h.diagonal()[occupied].sum(axis=1)
    diagonal = diagonal + 0.5 * pair[occupied[:, :, None], occupied[:, None, :]].sum(axis=(1, 2))
    return SpinTables(
        strings, occupied, singles, signs, single_values, doubles, double_values, diagonal
    )


@njit(cache=True)
def _fill(  # type: ignore[no-untyped-def]
    g, coulomb, occ_a, s_a, sg_a, sv_a, d_a, dv_a, diag_a,
    occ_b, s_b, sg_b, sv_b, d_b, dv_b, diag_b, drop, counting, indptr, indices, data,
):  # fmt: skip
    """Count the elements of every row, or fill them in."""
    n_b = len(diag_b)
    for a in range(len(diag_a)):
        for b in range(n_b):
            row = a * n_b + b
            at = 0 if counting else indptr[row]
            value = diag_a[a] + diag_b[b]
            for p in occ_a[a]:
                for r in occ_b[b]:
                    value += coulomb[p, p, r]
            if not counting:
                indices[at] = row
                data[at] = value
            at += 1
            for l in range(s_a.shape[1]):
                value = sv_a[a, l]
                for r in occ_b[b]:
                    value += sg_a[a, l] * coulomb[s_a[a, l, 1], s_a[a, l, 2], r]
                if abs(value) > drop:
                    if not counting:
                        indices[at] = s_a[a, l, 0] * n_b + b
                        data[at] = value
                    at += 1
            for l in range(s_b.shape[1]):
                value = sv_b[b, l]
                for r in occ_a[a]:
                    value += sg_b[b, l] * coulomb[s_b[b, l, 1], s_b[b, l, 2], r]
                if abs(value) > drop:
                    if not counting:
                        indices[at] = a * n_b + s_b[b, l, 0]
                        data[at] = value
                    at += 1
            for l in range(d_a.shape[1]):
                if abs(dv_a[a, l]) > drop:
                    if not counting:
                        indices[at] = d_a[a, l] * n_b + b
                        data[at] = dv_a[a, l]
                    at += 1
            for l in range(d_b.shape[1]):
                if abs(dv_b[b, l]) > drop:
                    if not counting:
                        indices[at] = a * n_b + d_b[b, l]
                        data[at] = dv_b[b, l]
                    at += 1
            for l in range(s_a.shape[1]):
                p, q = s_a[a, l, 1], s_a[a, l, 2]
                for m in range(s_b.shape[1]):
                    value = g[p, q, s_b[b, m, 1], s_b[b, m, 2]]
                    if abs(value) > drop:
                        if not counting:
                            indices[at] = s_a[a, l, 0] * n_b + s_b[b, m, 0]
                            data[at] = value * sg_a[a, l] * sg_b[b, m]
                        at += 1
            if counting:
                indptr[row + 1] = at


def sparse_hamiltonian(hamiltonian: MolecularHamiltonian) -> SlicedMatrix:
    """Return the Hamiltonian over (alpha string, beta string), beta fastest, without E_core.

    It is built once for a Hamiltonian object and kept as long as that: a circuit that grows is
    compiled again and again.
    """
    if hamiltonian not in _KNOWN:
        _KNOWN[hamiltonian] = _build(hamiltonian)
    return _KNOWN[hamiltonian]


_KNOWN: WeakKeyDictionary[MolecularHamiltonian, SlicedMatrix] = WeakKeyDictionary()


def _build(hamiltonian: MolecularHamiltonian) -> SlicedMatrix:
    h, g = hamiltonian.one_body, np.ascontiguousarray(hamiltonian.two_body)
    alpha = spin_tables(h, g, hamiltonian.n_alpha)
    beta = (
        alpha
        if hamiltonian.n_beta == hamiltonian.n_alpha
        else spin_tables(h, g, hamiltonian.n_beta)
    )
    n = len(alpha.strings) * len(beta.strings)
    coulomb = np.ascontiguousarray(np.einsum("pqrr->pqr", g))
    indptr = np.zeros(n + 1, dtype=np.int64)
    arguments = [g, coulomb]
    for t in (alpha, beta):
        arguments += [t.occupied, t.singles, t.single_signs, t.single_values, t.doubles,
                      t.double_values, t.diagonal]  # fmt: skip
    no_indices, no_data = np.zeros(0, dtype=np.uint32), np.zeros(0)
    _fill(*arguments, DROP, True, indptr, no_indices, no_data)
    np.cumsum(indptr, out=indptr)
    indices, data = np.zeros(indptr[-1], dtype=np.uint32), np.zeros(indptr[-1])
    _fill(*arguments, DROP, False, indptr, indices, data)
    return sliced(indptr, indices, data)
