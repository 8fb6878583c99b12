"""Packs settings × groups into jobs: one number of shots a job, within the device's limits."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qvopt.backends.batch import Batch, Counts
from qvopt.measurement.estimate import Moments
from qvopt_molecules.errors import InputError

from .provider import JobResult, JobSpec, Limits, ProviderError, Pub

_MAX_REPEATS = 8
"""Rows for each setting, on average, that are taken into one job before levels become jobs."""

_MAX_ROWS, _MIN_ROW_SHOTS = 2048, 10
"""So many rows of so many shots are one job, however few settings there are: a calibration's."""


@dataclass(frozen=True)
class JobCell:
    """`shots` of the circuit `name` at `angles`, whose counts go to `place`."""

    place: tuple[Any, ...]
    circuit: tuple[Any, ...]
    angles: tuple[float, ...]
    shots: int


@dataclass(frozen=True, eq=False)
class Packed:
    """A job, and the places that its rows belong to, by pub."""

    spec: JobSpec
    places: tuple[tuple[tuple[Any, ...], ...], ...]


def pack(
    cells: Sequence[JobCell],
    circuit_of: Callable[[tuple[Any, ...]], Any],
    limits: Limits,
    seed: np.random.SeedSequence,
    observable_of: Callable[[tuple[Any, ...]], tuple[tuple[int, float], ...] | None] = lambda _: (
        None
    ),
) -> list[Packed]:
    """Return the jobs that run all cells, every shot of them.

    A cell may be run in several rows whose counts are added: where the shots of all cells have a
    large common divisor, that is the one level of shots, and there is one job. Otherwise each
    level is a job. Raises InputError for levels below the fewest that the device takes.
    """
    jobs: list[Packed] = []
    words = [int(w) for w in seed.generate_state(2, np.uint64)]
    for level, rows in _levels(cells, limits):
        if level < limits.min_shots:
            raise InputError(
                f"the device takes no fewer than {limits.min_shots} shots of a circuit, and "
                f"{level} would be sent; give more shots, or leave repeats = 0 out"
            )
        for part in _parts(rows, level, limits):
            if len(part) > 1 and len(part) * level < limits.min_executions:
                raise InputError(
                    f"the device takes no job of several circuits with fewer than "
                    f"{limits.min_executions:,} shots in all, and {len(part) * level:,} would be "
                    f"sent; give more shots"
                )
            spec_seed = np.random.SeedSequence([*words, len(jobs)]).generate_state(1, np.uint64)
            jobs.append(_job(part, level, circuit_of, int(spec_seed[0]) >> 2, observable_of))
    return jobs


def _levels(cells: Sequence[JobCell], limits: Limits) -> list[tuple[int, list[JobCell]]]:
    max_shots = limits.shots
    measured = [c for c in cells if c.shots > 0]
    if not measured:
        return []
    common = math.gcd(*(c.shots for c in measured))
    if max_shots is not None:
        common = _divisor_up_to(common, max_shots)
    repeats = sum(c.shots // common for c in measured)
    few = repeats <= _MAX_REPEATS * len(measured)
    fits = common >= limits.min_shots
    if fits and (few or (common >= _MIN_ROW_SHOTS and repeats <= _MAX_ROWS)):
        return [(common, [c for c in measured for _ in range(c.shots // common)])]
    levels: dict[int, list[JobCell]] = {}
    for cell in measured:
        pieces = 1 if max_shots is None else -(-cell.shots // max_shots)
        low, more = divmod(cell.shots, pieces)
        for k in range(pieces):
            levels.setdefault(low + (k < more), []).append(cell)
    return sorted(levels.items(), reverse=True)


def _divisor_up_to(n: int, limit: int) -> int:
    return next(n // k for k in range(1, n + 1) if n % k == 0 and n // k <= limit)


def _parts(rows: list[JobCell], level: int, limits: Limits) -> list[list[JobCell]]:
    """Cut rows where a job would pass a limit; rows of one circuit stay together."""
    rows = sorted(rows, key=lambda c: tuple(map(str, c.circuit)))
    max_rows = limits.circuits or len(rows)
    if limits.executions is not None:
        max_rows = min(max_rows, max(1, limits.executions // level))
    if limits.min_executions > 1 and len(rows) > max_rows:
        max_rows = -(-len(rows) // -(-len(rows) // max_rows))  # of one size: no small remainder
    parts: list[list[JobCell]] = []
    values = 0
    for cell in rows:
        values += len(cell.angles)
        full = parts and (
            len(parts[-1]) >= max_rows or (limits.values is not None and values > limits.values)
        )
        if not parts or full:
            parts.append([])
            values = len(cell.angles)
        parts[-1].append(cell)
    return parts


def _job(
    rows: list[JobCell],
    level: int,
    circuit_of: Callable[[tuple[Any, ...]], Any],
    seed: int,
    observable_of: Callable[[tuple[Any, ...]], tuple[tuple[int, float], ...] | None],
) -> Packed:
    names = list(dict.fromkeys(c.circuit for c in rows))
    pubs, places = [], []
    for name in names:
        circuit = circuit_of(name)
        cells = [c for c in rows if c.circuit == name]
        # A parameter that lowering found to be without effect has no column.
        columns = [p.index for p in circuit.parameters]
        angles = np.array([c.angles for c in cells], dtype=np.float64).reshape(len(cells), -1)
        pubs.append(Pub(circuit, angles[:, columns], observable_of(name)))
        places.append(tuple(c.place for c in cells))
    return Packed(JobSpec(tuple(pubs), level, seed), tuple(places))


def gather(jobs: Sequence[Packed], results: Sequence[JobResult]) -> dict[tuple[Any, ...], Counts]:
    """Return the counts of each place, its rows added."""
    added: dict[tuple[Any, ...], Counter[int]] = {}
    for job, result in zip(jobs, results, strict=True):
        for places, rows in zip(job.places, result.counts, strict=True):
            for place, counts in zip(places, rows, strict=True):
                added.setdefault(place, Counter()).update(counts)
    return {place: dict(sorted(counts.items())) for place, counts in added.items()}


def gather_values(
    jobs: Sequence[Packed], results: Sequence[JobResult]
) -> dict[tuple[Any, ...], Moments]:
    """Return the moments of each place from an estimator's values, its rows merged."""
    merged: dict[tuple[Any, ...], Moments] = {}
    for job, result in zip(jobs, results, strict=True):
        if result.values is None or result.variances is None:
            raise ProviderError("an estimator's result without its values or variances")
        n = job.spec.shots
        for places, values, variances in zip(
            job.places, result.values, result.variances, strict=True
        ):
            rows = zip(places, values.tolist(), variances.tolist(), strict=True)
            for place, value, variance in rows:
                of_row = Moments(n, value, variance * n * (n - 1))
                merged[place] = merged[place] + of_row if place in merged else of_row
    return merged


def block_of(shots: int, n_groups: int, repeats: int) -> int:
    """Shots of a row, so that an energy of `shots` is spread over about repeats × groups rows.

    With repeats 1 every group gets one row. A divisor of `shots` is taken where a fitting one is.
    """
    wanted = max(1, n_groups * repeats)
    fitting = [k for k in range(n_groups, 2 * wanted + 1) if shots % k == 0 and shots // k >= 2]
    if repeats == 1:
        fitting = [k for k in fitting if k == n_groups]
    rows = min(fitting, key=lambda k: abs(k - wanted)) if fitting else wanted
    return max(2, shots // rows)


def round_of(jobs: Sequence[Packed], batch: Batch, seed: np.random.SeedSequence) -> tuple[int, ...]:
    """Return the key of the round's jobs.

    Outside a driver they go by the seed and by what is run, so that other draws and other points
    are other jobs.
    """
    key = tuple(int(k) for k in seed.spawn_key)
    if key:
        return (*key, int(batch.streams[0]))
    payloads = [int(job.spec.fingerprint[:12], 16) for job in jobs]
    return (*(int(w) for w in seed.generate_state(4)), *payloads)
