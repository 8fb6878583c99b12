"""Second moments shared by groups of parameters: Adafactor's factored ones, and blockwise ones."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from qvopt_molecules.arrays import FloatArray, IntArray
from qvopt_molecules.errors import InputError, unknown_name

from .adaptive import running_mean
from .protocol import Landscape, Partition, Transform
from .validation import decay as check_decay
from .validation import not_negative, positive


class FactoredState(NamedTuple):
    """t, and running means of g² over the rows and over the columns."""

    step: int
    row: FloatArray
    column: FloatArray


class BlockState(NamedTuple):
    """t, the running mean of the gradient, and that of g² over each block."""

    step: int
    mean: FloatArray
    square: FloatArray


def group_of(landscape: Landscape, name: str) -> Partition:
    """Return a partition of the parameters by its name.

    Raises InputError with the known names.
    """
    if name not in landscape.groups:
        if not landscape.groups:
            raise InputError(f"no grouping of the parameters is known, and '{name}' is asked for")
        raise unknown_name("grouping of parameters", name, tuple(landscape.groups))
    return landscape.groups[name]


def numbers(partition: Partition, n: int) -> IntArray:
    """Return for each parameter the number of its group.

    Raises InputError unless each parameter from 0 to n - 1 is in exactly one group.
    """
    if sorted(i for group in partition for i in group) != list(range(n)):
        raise InputError(f"the groups must hold each of the {n} parameters exactly once")
    out = np.zeros(n, dtype=np.int64)
    for number, group in enumerate(partition):
        out[list(group)] = number
    return out


def scale_by_factored_rms(
    rows: Partition, columns: Partition, decay_power: float = 0.8, epsilon: float = 1e-30
) -> Transform:
    """v_i ≈ R_r C_c / mean(R), R and C running means of g² + ε over rows and columns;  u = g / √v.

    The means forget with β_t = 1 - t^(-decay_power). Parameter i lies in row r and column c. Rows
    and columns that no parameter links are matrices of their own (single and double excitations,
    say), with their own mean(R); a row may lack columns, and mean(R) weighs each row by its
    number of parameters. Memory: rows + columns numbers instead of n.
    Reference: N. Shazeer, M. Stern, arXiv:1804.04235.
    """
    positive("decay_power", decay_power)
    not_negative("epsilon", epsilon)
    n = sum(len(group) for group in rows)
    r, c = numbers(rows, n), numbers(columns, n)
    sizes_r, sizes_c = np.bincount(r).astype(np.float64), np.bincount(c).astype(np.float64)
    matrix = _matrices(r, c)
    sizes_m = np.bincount(matrix, sizes_r)

    def init(x: FloatArray, /) -> FactoredState:
        if len(x) != n:
            raise InputError(f"the groups hold {n} parameters, x has {len(x)}")
        return FactoredState(0, np.zeros(len(sizes_r)), np.zeros(len(sizes_c)))

    def update(
        updates: FloatArray, state: Any, x: FloatArray | None = None, /, **extra: Any
    ) -> tuple[FloatArray, FactoredState]:
        step = state.step + 1
        decay = 1.0 - step**-decay_power
        squared = updates * updates + epsilon
        row = running_mean(state.row, np.bincount(r, squared) / sizes_r, decay)
        column = running_mean(state.column, np.bincount(c, squared) / sizes_c, decay)
        whole = (np.bincount(matrix, row * sizes_r) / sizes_m)[matrix]
        # The roots are of R and C, not of their n products.
        row_root = np.sqrt(np.divide(row, whole, out=np.zeros_like(row), where=whole > 0.0))
        denominator = row_root[r]
        denominator *= np.sqrt(column)[c]
        scaled = np.divide(
            updates, denominator, out=np.zeros_like(updates), where=denominator > 0.0
        )
        return scaled, FactoredState(step, row, column)

    return Transform(init, update)


def scale_by_size(smallest: float = 1e-3, warm: int = 10_000) -> Transform:
    """u = max(ε₂, RMS(x)) · min(1, √(warm / t)) · g: steps relative to the size of the parameters.

    With a learning rate of 0.01 and `warm` 10⁴ these are Adafactor's relative steps
    α_t = max(ε₂, RMS(x)) ρ_t, ρ_t = min(10⁻², 1/√t), ε₂ = `smallest`.
    Reference: N. Shazeer, M. Stern, arXiv:1804.04235, section 8.
    """
    positive("smallest", smallest)

    def init(x: FloatArray, /) -> int:
        return 0

    def update(
        updates: FloatArray, state: Any, x: FloatArray | None = None, /, **extra: Any
    ) -> tuple[FloatArray, int]:
        if x is None:
            raise InputError("relative steps need the parameters")
        step = int(state) + 1
        size = max(smallest, float(np.sqrt(np.mean(x * x))) if x.size else 0.0)
        return updates * (size * min(1.0, (warm / step) ** 0.5)), step

    return Transform(init, update)


def _matrices(rows: IntArray, columns: IntArray) -> IntArray:
    """Return for each row the number of the matrix that it belongs to."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n_rows = int(rows.max(initial=-1)) + 1
    nodes = n_rows + int(columns.max(initial=-1)) + 1
    links = coo_array((np.ones(len(rows)), (rows, n_rows + columns)), shape=(nodes, nodes))
    return np.asarray(connected_components(links, directed=False)[1][:n_rows], dtype=np.int64)


def scale_by_blocks(
    blocks: Partition, b1: float = 0.9, b2: float = 0.999, epsilon: float = 1e-8
) -> Transform:
    """v_b <- β₂ v_b + (1 - β₂) mean_{i in b} g_i²;  u_i = m̂_i / (√v̂_b + ε): Adam, a rate a block.

    The mean over a block has a smaller variance than each g_i², so noise distorts the rates less;
    inside a block the update keeps the gradient's direction.
    References: S. Zheng, J. Kwok, arXiv:1905.09899; Y. Zhang et al., arXiv:2406.16793.
    """
    check_decay("b1", b1)
    check_decay("b2", b2)
    not_negative("epsilon", epsilon)
    n = sum(len(group) for group in blocks)
    b = numbers(blocks, n)
    sizes = np.bincount(b).astype(np.float64)

    def init(x: FloatArray, /) -> BlockState:
        if len(x) != n:
            raise InputError(f"the groups hold {n} parameters, x has {len(x)}")
        return BlockState(0, np.zeros_like(x), np.zeros(len(sizes)))

    def update(
        updates: FloatArray, state: Any, x: FloatArray | None = None, /, **extra: Any
    ) -> tuple[FloatArray, BlockState]:
        step = state.step + 1
        mean = running_mean(state.mean, updates, b1)
        square = running_mean(state.square, np.bincount(b, updates * updates) / sizes, b2)
        root = (np.sqrt(square / (1 - b2**step)) + epsilon)[b]
        scaled = np.divide(mean, root, out=np.zeros_like(mean), where=root > 0.0)
        scaled /= 1 - b1**step
        return scaled, BlockState(step, mean, square)

    return Transform(init, update)
