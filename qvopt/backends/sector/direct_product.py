"""The Hamiltonian of a large sector: string tables from which the product is made directly."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from qvopt_molecules.arrays import FloatArray, IntArray
from qvopt_molecules.determinants import occupied_orbitals
from qvopt_molecules.hamiltonian import MolecularHamiltonian

from .hamiltonian_matrix import DROP, SpinTables, spin_tables
from .lanes import WIDTH
from .sigma import both_spins, dot_parts, one_spin
from .tables import excitation_pairs
from .workers import Workers

_BLOCK = 1 << 14  # elements of a partial scalar product


class DirectHamiltonian:
    """H over (alpha string, beta string), beta fastest, without E_core.

    Its tables grow with the strings of one spin; the matrix is never made. See `sigma`.
    """

    def __init__(self, hamiltonian: MolecularHamiltonian, workers: Workers) -> None:
        h, g = hamiltonian.one_body, np.ascontiguousarray(hamiltonian.two_body)
        alpha = spin_tables(h, g, hamiltonian.n_alpha)
        same = hamiltonian.n_beta == hamiltonian.n_alpha
        beta = alpha if same else spin_tables(h, g, hamiltonian.n_beta)
        self.shape = (len(alpha.strings), len(beta.strings))
        self._workers = workers
        self._alpha = _one_spin_matrix(alpha)
        self._beta = self._alpha if same else _one_spin_matrix(beta)
        self._both = _pair_tables(g, alpha, beta)

    def multiply(self, psi: FloatArray, out: FloatArray) -> float:
        """out <- H psi, both flat; return ⟨psi|H|psi⟩."""
        n_rows, n_columns = self.shape
        by_rows = -(-n_rows // WIDTH)
        by_columns = -(-n_columns // WIDTH)
        run = self._workers.run
        beta, alpha, work = self._beta, self._alpha, self._works()
        run(one_spin, by_rows, psi, out, self.shape, True, False, *beta, work=work[0])
        run(one_spin, by_columns, psi, out, self.shape, False, True, *alpha, work=work[1])
        run(both_spins, n_rows, psi, out, self.shape, *self._both, work=work[2])
        return dot(psi, out, self._workers)

    @property
    def work(self) -> float:
        """Nanoseconds of a product on one thread, roughly; the same on every machine."""
        return sum(self._works())

    def _works(self) -> tuple[float, float, float]:
        """Nanoseconds of its three parts: a vector's fused multiplications, six in two."""
        by_rows, by_columns = (-(-n // WIDTH) for n in self.shape)
        links, pairs = self._both[1], self._both[5]
        return (
            1.0 * by_rows * len(self._beta[2]),
            1.0 * by_columns * len(self._alpha[2]),
            float(links.size * len(pairs) * self.shape[1] / WIDTH / 3),
        )

    @property
    def nbytes(self) -> int:
        """Memory of the tables."""
        tables = [*self._alpha, *self._both, *(self._beta if self._beta is not self._alpha else ())]
        return sum(np.asarray(t).nbytes for t in tables)

    def pieces(self) -> list[tuple[Callable[[FloatArray, FloatArray], None], int]]:
        """A piece of each part of the product, to be timed, and how many such pieces it has."""
        n_rows, n_columns = self.shape
        by_rows, by_columns = -(-n_rows // WIDTH), -(-n_columns // WIDTH)
        return [
            (lambda c, s: one_spin(c, s, self.shape, True, False, *self._beta, 0, 1), by_rows),
            (lambda c, s: one_spin(c, s, self.shape, False, True, *self._alpha, 0, 1), by_columns),
            (lambda c, s: both_spins(c, s, self.shape, *self._both, 0, 1), n_rows),
        ]


def dot(x: FloatArray, y: FloatArray, workers: Workers) -> float:
    """x · y, summed in an order that only the length fixes."""
    parts = np.zeros(-(-len(x) // _BLOCK))
    workers.run(dot_parts, len(parts), x, y, parts, _BLOCK, work=len(x) / 4)
    return float(parts.sum())


def _one_spin_matrix(t: SpinTables) -> tuple[IntArray, npt.NDArray[np.uint32], FloatArray]:
    """Compressed rows of what one spin's electrons do among themselves."""
    n = len(t.strings)
    own = np.arange(n)[:, None]
    columns = np.concatenate([own, t.singles[:, :, 0], t.doubles], axis=1)
    values = np.concatenate([t.diagonal[:, None], t.single_values, t.double_values], axis=1)
    kept = np.abs(values) > DROP
    starts = np.concatenate([[0], np.cumsum(kept.sum(axis=1))]).astype(np.int64)
    return starts, columns[kept].astype(np.uint32), values[kept]


def _pair_tables(g: FloatArray, alpha: SpinTables, beta: SpinTables) -> tuple[Any, ...]:
    """The arguments of `both_spins` after the shape."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    norb = len(g)
    pairs = np.array(list(combinations(range(norb), 2)), dtype=np.int64).reshape(-1, 2)
    q, p = pairs.T
    joined = np.abs(g[p[:, None], q[:, None], p[None, :], q[None, :]]) > DROP
    n_blocks, block = connected_components(csr_array(joined), directed=False) if len(p) else (0, [])
    order = np.argsort(block, kind="stable")
    p, q, block = p[order], q[order], np.asarray(block, dtype=np.int64)[order]
    number = np.zeros((norb, norb), dtype=np.int64)
    number[p, q] = number[q, p] = np.arange(len(p))
    integrals = g[p[:, None], q[:, None], p[None, :], q[None, :]]
    every = np.arange(norb)
    on_pairs = g[every[:, None], every[:, None], p[None, :], q[None, :]]
    # Σ_{r in K} (pq|rr) for pairs, then for p p.
    coulomb = np.einsum("pqrr->pqr", g)
    density = np.concatenate([coulomb[p, q], coulomb[every, every]])
    on_strings = density[:, beta.occupied].sum(axis=2)

    link_pair = number[alpha.singles[:, :, 1], alpha.singles[:, :, 2]]
    by_pair = np.argsort(link_pair, axis=1, kind="stable")
    link_pair = np.take_along_axis(link_pair, by_pair, axis=1)
    link_to = np.take_along_axis(alpha.singles[:, :, 0], by_pair, axis=1)
    link_sign = np.take_along_axis(alpha.single_signs, by_pair, axis=1)
    block_first = np.searchsorted(block, np.arange(n_blocks + 1))
    link_block = (link_pair[:, :, None] < block_first[None, None, :]).sum(axis=1)

    tables = [
        excitation_pairs(beta.strings, (int(s),), (int(r),)) for r, s in zip(p, q, strict=True)
    ]
    pair_first = np.concatenate([[0], np.cumsum([len(t[0]) for t in tables])]).astype(np.int64)
    none = np.zeros(0, dtype=np.int64)
    left = np.concatenate([none, *(t[0] for t in tables)]).astype(np.uint32)
    right = np.concatenate([none, *(t[1] for t in tables)]).astype(np.uint32)
    sign = np.concatenate([np.zeros(0), *(t[2] for t in tables)])
    occupied = occupied_orbitals(alpha.strings, norb).reshape(len(alpha.strings), -1)
    return (
        occupied, link_to, link_pair, link_sign, link_block, np.ascontiguousarray(integrals),
        np.ascontiguousarray(on_pairs), np.ascontiguousarray(on_strings), block_first,
        pair_first, left, right, sign,
    )  # fmt: skip
