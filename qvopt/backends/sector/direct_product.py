"""The Hamiltonian of a large sector: string tables from which the product is made directly."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from qvopt_molecules.arrays import FloatArray, IntArray
from qvopt_molecules.determinants import occupied_orbitals
from qvopt_molecules.hamiltonian import MolecularHamiltonian

from .hamiltonian_matrix import DROP, SpinTables, spin_tables
from .lane_blocks import ROWS
from .lanes import WIDTH
from .sigma import CHUNK, dot_parts, on_columns, on_rows
from .tables import excitation_pairs
from .workers import Workers

_BLOCK = 1 << 14  # elements of a partial scalar product
_TIMED = 4  # tiles of a piece that is timed


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
        for piece, n_pieces, work in zip(
            self._kernels(), self._tiles(), self._works(), strict=True
        ):
            kernel, tables = piece
            self._workers.run(kernel, n_pieces, psi, out, self.shape, *tables, work=work)
        return dot(psi, out, self._workers)

    def _kernels(self) -> tuple[tuple[Callable[..., Any], tuple[Any, ...]], ...]:
        """The two parts of the product in their order: the second adds to what the first wrote."""
        return (on_columns, self._alpha), (on_rows, (*self._beta, *self._both))

    def _tiles(self) -> tuple[int, int]:
        """Tiles of eight columns, and of eight rows."""
        n_rows, n_columns = self.shape
        return -(-n_columns // WIDTH), -(-n_rows // WIDTH)

    @property
    def work(self) -> float:
        """Nanoseconds of a product on one thread, roughly; the same on every machine."""
        return sum(self._works())

    def _works(self) -> tuple[float, float]:
        """Nanoseconds of both parts: multiplications of lanes, in sparse rows and in blocks."""
        by_columns, by_rows = self._tiles()
        links, integrals = self._both[1].shape[1], self._both[5]
        blocks = self._both[8]
        n_blocks = max(1, len(self._both[9]))
        dense = links * len(integrals) / n_blocks + len(blocks)
        additions = len(self._both[11]) / self.shape[1]
        a_row = len(self._beta[2]) / self.shape[1] + 0.4 * dense + additions
        return (
            by_columns * len(self._alpha[2]),
            by_rows * self.shape[1] * a_row,
        )

    @property
    def nbytes(self) -> int:
        """Memory of the tables."""
        tables = [*self._alpha, *self._both, *(self._beta if self._beta is not self._alpha else ())]
        return sum(np.asarray(t).nbytes for t in tables)

    def pieces(self) -> list[tuple[Callable[[FloatArray, FloatArray], object], float]]:
        """A piece of each part of the product, to be timed, and how many such pieces it has."""
        pieces: list[tuple[Callable[[FloatArray, FloatArray], object], float]] = []
        for (kernel, tables), n_tiles in zip(self._kernels(), self._tiles(), strict=True):
            some = min(n_tiles, _TIMED)

            def piece(
                c: FloatArray, s: FloatArray, kernel: Any = kernel, tables: Any = tables,
                some: int = some,
            ) -> None:  # fmt: skip
                kernel(c, s, self.shape, *tables, 0, some)

            pieces.append((piece, n_tiles / some))
        return pieces


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
    """The arguments of `on_rows` after the matrix over beta strings."""
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
    occupied = occupied_orbitals(alpha.strings, norb).reshape(len(alpha.strings), -1)
    has_mean = np.array(
        [bool(np.any(np.abs(on_pairs[:, block == b]) > DROP)) for b in range(n_blocks)], dtype=bool
    )
    # Rows with like numbers of links in every block go together.
    order = np.lexsort(np.diff(link_block, axis=1).T) if n_blocks else np.arange(len(occupied))
    return (
        order, occupied, link_to, link_pair, link_sign, link_block,
        np.ascontiguousarray(integrals), on_pairs[occupied].sum(axis=1),
        np.ascontiguousarray(on_strings), _groups(block_first), has_mean,
        *_entries(beta.strings, p, q),
    )  # fmt: skip


def _groups(block_first: IntArray) -> IntArray:
    """Cut blocks of orbital pairs evenly into groups: rows (block, first pair, number of pairs)."""
    groups = []
    for b, (first, last) in enumerate(pairwise(block_first.tolist())):
        parts = -(-(last - first) // ROWS)
        ends = [first + (last - first) * k // parts for k in range(parts + 1)]
        groups += [(b, start, end - start) for start, end in pairwise(ends)]
    return np.array(groups, dtype=np.int64).reshape(-1, 3)


def _entries(
    strings: IntArray, p: IntArray, q: IntArray
) -> tuple[IntArray, npt.NDArray[np.uint32], npt.NDArray[np.uint32], FloatArray]:
    """Where E_rs takes each beta string K, by chunks of K and then by pairs: see `on_rows`."""
    n_chunks = -(-len(strings) // CHUNK)
    sources, targets, signs, keys = [], [], [], []
    for rs, (r, s) in enumerate(zip(p.tolist(), q.tolist(), strict=True)):
        left, right, sign = excitation_pairs(strings, (s,), (r,))
        source, target = np.concatenate([left, right]), np.concatenate([right, left])
        sources.append(source % CHUNK)
        targets.append(target)
        signs.append(np.concatenate([sign, sign]))
        keys.append(source // CHUNK * len(p) + rs)
    none = np.zeros(0, dtype=np.int64)
    key = np.concatenate([none, *keys])
    at = np.argsort(key, kind="stable")
    first = np.searchsorted(key[at], np.arange(n_chunks * len(p) + 1)).astype(np.int64)
    ends = np.zeros((n_chunks, len(p) + 1), dtype=np.int64)
    for chunk in range(n_chunks):
        ends[chunk] = first[chunk * len(p) : (chunk + 1) * len(p) + 1]
    return (
        ends,
        np.concatenate([none, *sources])[at].astype(np.uint32),
        np.concatenate([none, *targets])[at].astype(np.uint32),
        np.concatenate([np.zeros(0), *signs])[at],
    )
