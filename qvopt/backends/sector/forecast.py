"""What a sector needs of memory and time, said before the work starts."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import comb
from typing import TYPE_CHECKING, Any

import numpy as np

from qvopt_molecules.errors import InputError

from .blocks import unapply_blocks
from .factored import apply_gates
from .lanes import WIDTH
from .runs import BlockRun, GateRun, LineRun, PhaseRun
from .tiles import unapply_run

if TYPE_CHECKING:
    from .large import LargeEngine

_SHARE = 0.8  # of the machine's memory
_APPLYING = 0.7  # of the time of undoing a pair: no derivative is taken
_SAMPLES = 5  # of tiles
_STATES = 3  # ψ and Hψ, and one to hand out


@dataclass(frozen=True)
class SectorForecast:
    """Size of a large sector and the price of one energy with its gradient."""

    determinants: int
    gib: float
    seconds: float
    threads: int

    def __str__(self) -> str:
        """One line for people."""
        time_ = f"{self.seconds:.2g} s" if self.seconds < 100 else f"{self.seconds / 60:.0f} min"
        size = f"{self.gib:.2f} GiB" if self.gib >= 0.1 else f"{1024 * self.gib:.1f} MiB"
        cores = "1 core" if self.threads == 1 else f"{self.threads} cores"
        return f"{self.determinants:,} determinants, {size}, about {time_} per gradient on {cores}"


def sector_dimension(norb: int, n_alpha: int, n_beta: int) -> int:
    """Number of determinants."""
    return comb(norb, n_alpha) * comb(norb, n_beta)


def most_elements(norb: int, n_alpha: int, n_beta: int) -> int:
    """Upper bound on the nonzero elements of the Hamiltonian."""
    single = [n * (norb - n) for n in (n_alpha, n_beta)]
    double = [comb(n, 2) * comb(norb - n, 2) for n in (n_alpha, n_beta)]
    a_row = 1 + sum(single) + sum(double) + single[0] * single[1]
    return sector_dimension(norb, n_alpha, n_beta) * a_row


def bytes_needed(norb: int, n_alpha: int, n_beta: int, *, is_complex: bool = False) -> int:
    """Memory of a large sector: states, and tables over the strings of each spin."""
    states = _STATES * 8 * sector_dimension(norb, n_alpha, n_beta) * (2 if is_complex else 1)
    tables = 0
    for n in {n_alpha, n_beta}:
        single, double = n * (norb - n), comb(n, 2) * comb(norb - n, 2)
        # Links while they are sorted out, and the rows that are kept.
        tables += comb(norb, n) * (48 * single + 44 * double + 16 * comb(norb + 1, 2))
    return states + tables


def check_memory(norb: int, n_alpha: int, n_beta: int, *, is_complex: bool = False) -> None:
    """Raise InputError if the states would not fit in memory, saying how much they need."""
    need = bytes_needed(norb, n_alpha, n_beta, is_complex=is_complex)
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        total = 8 << 30
    if need > _SHARE * total:
        raise InputError(
            f"{sector_dimension(norb, n_alpha, n_beta):,} determinants would need "
            f"{need / 2**30:,.1f} GiB, and this machine has {total / 2**30:.1f} GiB; choose a "
            f"smaller active space, or a machine with more memory"
        )


def forecast(engine: LargeEngine) -> SectorForecast:
    """Time a piece of every part of a gradient on this machine, and scale it up."""
    shape = engine.tables.shape
    need = 8 * _STATES * engine.planes * engine.size + engine.hamiltonian.nbytes
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    seconds = _gates(engine) + engine.planes * _product(engine)
    threads = engine.workers.threads
    return SectorForecast(
        shape[0] * shape[1], need / 2**30, seconds / min(threads, cores or 1), threads
    )


def _gates(engine: LargeEngine) -> float:
    """Seconds of applying and undoing all gates on one core."""
    one_by_one = lines = blocks = 0.0
    of_lines: dict[bool, list[LineRun]] = {}
    of_blocks, singles = [], []
    for run in engine.runs:
        if isinstance(run, LineRun):
            of_lines.setdefault(run.by_rows, []).append(run)
        elif isinstance(run, BlockRun):
            if len(run.tiles(WIDTH // (2 * engine.planes)).places):
                of_blocks.append(run)
        elif isinstance(run, PhaseRun):
            one_by_one += 2e-9 * engine.planes * engine.size
        else:
            singles.append(run)
    for runs in of_lines.values():
        lines += _lines(engine, runs)
    if of_blocks:
        blocks = _blocks(engine, of_blocks)
    if singles:
        one_by_one += engine.planes * _singles(engine, singles)
    # Undoing carries two states, applying one.
    return 3.0 * one_by_one + 1.5 * lines + blocks


def _singles(engine: LargeEngine, runs: list[GateRun]) -> float:
    """Seconds of rotating one plane's pairs by gates that go one by one."""
    numbers = np.concatenate([run.gates for run in runs])
    numbers = numbers[engine.rotated[numbers] > 0]
    if not len(numbers):
        return 0.0
    pairs = engine.rotated[numbers]
    k = int(numbers[np.argsort(pairs)[len(pairs) // 2]])
    gate = engine.gates[[k]]
    z, shape = engine.room()[: engine.size], engine.tables.shape

    def once(gates: int) -> float:
        arguments = z, 1, shape, gate, _no_turns(1), *engine.strings
        return _best(lambda: apply_gates(*arguments, 0, gates))

    return max(once(1) - once(0), 0.0) * float(pairs.sum()) / float(engine.rotated[k])


def _lines(engine: LargeEngine, runs: list[LineRun]) -> float:
    """Seconds of undoing gates within lines, all of them rows or all columns."""
    z, planes, run = engine.room(), 2 * engine.planes, runs[0]
    some = run.ranges[: 1 + 2000 // max(1, int(np.diff(run.ranges[0])[0]))]
    pairs = float((some[:, 1] - some[:, 0]).sum())
    parts = np.zeros((1, len(some)))

    def once(gates: int, tiles: int = 1) -> float:
        return _best(
            lambda: unapply_run(
                z, planes, engine.tables.shape, run.by_rows, run.lines, some[:gates],
                run.diagonal[:gates], _no_turns(gates), *engine.strings, parts, 0, tiles,
            )
        )  # fmt: skip

    call, alone = once(0, 0), once(0)
    copying = max(alone - call, 0.0)
    rotating = max(once(len(some)) - alone, 0.0) / max(pairs, 1.0)
    seconds = call * len(runs)
    for run_ in runs:
        seconds += len(run_.lines) * planes / WIDTH * (copying + rotating * run_.rotated)
    return seconds


def _blocks(engine: LargeEngine, runs: list[BlockRun]) -> float:
    """Seconds of undoing mixed gates, and of applying them.

    What a pair takes depends on the size of its block; blocks of every size take part, the more
    of the work is done in them.
    """
    planes = 2 * engine.planes
    run = max(runs, key=lambda r: float(r.tiles(WIDTH // planes).rotated.sum()))
    tiles = run.tiles(WIDTH // planes)
    by_size = np.argsort(tiles.copied, kind="stable")
    work = np.cumsum(tiles.rotated[by_size])
    sampled = by_size[np.searchsorted(work, work[-1] * (np.arange(_SAMPLES) + 0.5) / _SAMPLES)]
    copying = rotating = 0.0
    call = _tile(engine, run, range(0), 0)
    for at in sampled.tolist():
        alone = _tile(engine, run, range(at, at + 1), 0)
        copying += max(alone - call, 0.0) / float(tiles.copied[at]) / _SAMPLES
        gates = max(_tile(engine, run, range(at, at + 1), len(run.gates)) - alone, 0.0)
        rotating += gates / float(tiles.rotated[at]) / _SAMPLES
    seconds = 2 * call * len(runs)
    for run_ in runs:
        back, forth = run_.tiles(WIDTH // planes), run_.tiles(WIDTH // engine.planes)
        seconds += copying * float(back.copied.sum() + forth.copied.sum())
        seconds += rotating * float(back.rotated.sum() + _APPLYING * forth.rotated.sum())
    return seconds


def _tile(engine: LargeEngine, run: BlockRun, which: range, gates: int) -> float:
    """Seconds of undoing so many gates in some tiles."""
    planes = 2 * engine.planes
    tiles = run.tiles(WIDTH // planes)
    parts = np.zeros((len(tiles.places), len(run.gates)))
    return _best(
        lambda: unapply_blocks(
            engine.room(), planes, engine.tables.shape, run.room, tiles.places,
            run.alpha.arrays(), run.beta.arrays(), run.excitations[:gates], _no_turns(gates),
            parts, which.start, which.stop,
        )
    )  # fmt: skip


def _no_turns(gates: int) -> Any:
    """(cos, sin) of no rotation."""
    return np.repeat([[1.0, 0.0]], gates, axis=0)


def _product(engine: LargeEngine) -> float:
    """Seconds of Hψ on one core."""
    h, z = engine.hamiltonian, engine.room()
    c, out = z[: engine.size], z[engine.size : 2 * engine.size]
    return sum(
        _best(lambda p=piece: p(c, out)) * n_pieces  # type: ignore[misc]
        for piece, n_pieces in h.pieces()
    )


def _best(work: Callable[[], object]) -> float:
    times = []
    for _ in range(3):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)
