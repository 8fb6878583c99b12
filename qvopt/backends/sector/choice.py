"""Which kernels are faster for a circuit and a Hamiltonian, by what they will take.

Forecasts count pairs, elements and copied amplitudes, at the nanoseconds that each takes roughly.
No clock is asked: the same problem is then computed in the same way, to the last byte, on every
machine and whatever else it does.
"""

from __future__ import annotations

from math import prod

from qvopt_molecules.hamiltonian import MolecularHamiltonian

from . import forecast
from .compilation import GateTables, PairTables, count_pairs, pair_tables
from .direct_product import DirectHamiltonian
from .hamiltonian_matrix import sparse_hamiltonian
from .large import LargeEngine
from .sparse import SparseHamiltonian
from .workers import Workers

MOST_PAIRS = 1 << 24
"""Pairs of determinants over all gates up to which they may be listed."""

MOST_ELEMENTS = 1 << 24
"""Bound on the elements of the Hamiltonian up to which it may be kept as a matrix."""

_CACHED = 1 << 14  # determinants whose states stay in the nearest caches
_PAIR = 2.5, 5.0  # nanoseconds of a pair in a gradient: states in the nearest caches, or not
_MOST_CACHED_ELEMENTS = 1 << 21
_ELEMENT = 0.55, 1.0  # nanoseconds of an element of the matrix: matrix in the cache, or not
_DIRECT = 2.0, 14.0, 2e4  # of the direct product: a unit of its work, a determinant, a call


def choose_gates(
    tables: GateTables,
    hamiltonian: MolecularHamiltonian,
    product: SparseHamiltonian | DirectHamiltonian,
    workers: Workers,
    earlier: tuple[GateTables, PairTables] | None = None,
) -> tuple[PairTables | None, LargeEngine | None]:
    """Return pairs of determinants for a circuit's gates, or the engine of large sectors.

    Pairs of gates that a circuit compiled `earlier` begins with are taken from it. Raises
    InputError if the states would not fit in memory.
    """
    h = hamiltonian
    determinants = prod(tables.shape)
    pairs = None
    if determinants <= _CACHED:
        pairs = pair_tables(tables, MOST_PAIRS, earlier)
        if pairs is not None:
            return pairs, None
    forecast.check_memory(h.norb, h.n_alpha, h.n_beta, is_complex=tables.is_complex)
    large = LargeEngine(tables, product, workers)
    # About half of the pairs are reached from the reference.
    if not tables.is_complex and 0.5 * _PAIR[1] * count_pairs(tables) < large.work:
        pairs = pair_tables(tables, MOST_PAIRS, earlier)
    if pairs is not None and _PAIR[1] * len(pairs.left) < large.work:
        return pairs, None
    return None, large


def choose_product(
    hamiltonian: MolecularHamiltonian, workers: Workers
) -> SparseHamiltonian | DirectHamiltonian:
    """Return the faster product with the Hamiltonian."""
    h = hamiltonian
    if forecast.most_elements(h.norb, h.n_alpha, h.n_beta) > MOST_ELEMENTS:
        return DirectHamiltonian(h, workers)
    sparse = SparseHamiltonian(sparse_hamiltonian(h))
    elements = sparse.matrix.values.size
    if elements * _ELEMENT[0] < _DIRECT[2]:
        return sparse
    direct = DirectHamiltonian(h, workers)
    unit, determinant, call = _DIRECT
    time = unit * direct.work + determinant * prod(direct.shape) + call
    is_cached = elements <= _MOST_CACHED_ELEMENTS
    return sparse if elements * _ELEMENT[0 if is_cached else 1] <= time else direct
