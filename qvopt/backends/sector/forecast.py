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

from .lanes import WIDTH
from .tiles import unapply_run

if TYPE_CHECKING:
    from .large import LargeEngine
    from .runs import Run

_SHARE = 0.8  # of the machine's memory
_STATES = 3  # ψ and Hψ, and one to hand out


@dataclass(frozen=True)
class Forecast:
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


def forecast(engine: LargeEngine) -> Forecast:
    """Time a piece of every part of a gradient on this machine, and scale it up."""
    shape = engine.tables.shape
    need = 8 * _STATES * engine.planes * engine.size + engine.hamiltonian.nbytes
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    seconds = _gates(engine) + engine.planes * _product(engine)
    threads = engine.workers.threads
    return Forecast(shape[0] * shape[1], need / 2**30, seconds / min(threads, cores or 1), threads)


def _gates(engine: LargeEngine) -> float:
    """Seconds of applying and undoing all gates on one core."""
    z, planes, shape = engine.room(), 2 * engine.planes, engine.tables.shape
    angles = np.zeros((1, 2))
    angles[:, 0] = 1.0
    work: dict[tuple[bool, bool, bool], list[float]] = {}
    samples: dict[tuple[bool, bool, bool], Run] = {}
    for run in engine.runs:
        if run.tiled:
            assert run.ranges is not None
            assert run.q_lines is not None
            paired = len(run.q_lines) > 0
            tiles = run.n_lines * planes / WIDTH
            rotated = float((run.ranges[:, 1] - run.ranges[:, 0]).sum())
            kind = (True, run.by_rows, paired)
            samples.setdefault(kind, run)
        else:
            kind, tiles = (False, False, False), 1.0
            rotated = float(sum(engine.amplitudes_of(int(k)) for k in run.gates))
        total = work.setdefault(kind, [0.0, 0.0])
        total[0] += tiles
        total[1] += tiles * rotated
    seconds = 0.0
    for kind, (tiles, rotated) in work.items():
        if not kind[0]:
            seconds += 1.5 * 4e-9 * planes / 2 * rotated  # the memory's pace, roughly
            continue
        run = samples[kind]
        assert run.ranges is not None
        some = run.ranges[: 1 + 2000 // max(1, int(np.diff(run.ranges[0])[0]))]
        pairs = float((some[:, 1] - some[:, 0]).sum())
        parts = np.zeros((2, len(some)))
        turns = np.repeat(angles, len(some), axis=0)

        def once(ranges: Any, turns: Any, parts: Any, run: Any = run) -> float:
            return _best(
                lambda: unapply_run(
                    z, planes, shape, run.by_rows, run.p_lines, run.q_lines, run.q_signs,
                    ranges, turns, *engine.strings, parts, 0, 1,
                )
            )  # fmt: skip

        copying = once(some[:0], turns[:0], parts[:, :0])
        rotating = max(once(some, turns, parts) - copying, 0.0) / max(pairs, 1.0)
        seconds += 1.5 * (copying * tiles + rotating * rotated)
    return seconds


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
