"""Results of jobs: checked against what was asked, and kept as files before they are used."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from qvopt_molecules.atomic_files import write_file
from qvopt_molecules.errors import InputError

from .provider import JobResult, JobSpec, ProviderError


def check_result(result: JobResult, spec: JobSpec) -> None:
    """Raise ProviderError unless there are counts of every shot of every row not missing."""
    if spec.estimates:
        _check_values(result, spec)
        return
    if len(result.counts) != len(spec.pubs):
        raise ProviderError(f"results of {len(result.counts)} of {len(spec.pubs)} circuits")
    for number, (pub, rows) in enumerate(zip(spec.pubs, result.counts, strict=True)):
        if len(rows) != pub.n_rows:
            raise ProviderError(f"circuit {number}: {len(rows)} results of {pub.n_rows} points")
        for row, counts in enumerate(rows):
            if (number, row) in result.missing:
                continue
            for outcome, times in counts.items():
                if not _whole(outcome) or not 0 <= outcome < 2**pub.n_bits:
                    raise ProviderError(f"circuit {number}: an outcome that has not its bits")
                if not _whole(times) or times < 0:
                    raise ProviderError(f"circuit {number}: a count that is not a whole number")
            if sum(counts.values()) != spec.shots:
                raise ProviderError(
                    f"circuit {number}: {sum(counts.values())} shots came back of {spec.shots}"
                )


def _whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _check_values(result: JobResult, spec: JobSpec) -> None:
    for part in (result.values, result.variances):
        if part is None or len(part) != len(spec.pubs):
            raise ProviderError("an estimator's result without its values or variances")
        for pub, rows in zip(spec.pubs, part, strict=True):
            if np.shape(rows) != (pub.n_rows,) or not np.all(np.isfinite(rows)):
                raise ProviderError("an estimator's result that is not finite numbers")


def store(result: JobResult, path: Path) -> str:
    """Write a result so that it is wholly on the disk or not there; return its SHA-256."""
    data = json.dumps(_encode(result), allow_nan=False, separators=(",", ":")).encode()
    path.parent.mkdir(exist_ok=True)
    write_file(path, data, durable=True)
    return hashlib.sha256(data).hexdigest()


def load(path: Path, sha256: str) -> JobResult:
    """Read what `store` wrote; raises InputError where it is not that."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read the stored result {path}: {error.strerror}") from None
    if hashlib.sha256(data).hexdigest() != sha256:
        raise InputError(f"{path} is not the result that the journal records; restore it")
    return _decode(json.loads(data))


def _encode(result: JobResult) -> dict[str, Any]:
    rows = [[sorted((int(o), int(n)) for o, n in r.items()) for r in pub] for pub in result.counts]
    out: dict[str, Any] = {"counts": rows, "shots": result.shots}
    if result.missing:
        out["missing"] = [list(row) for row in result.missing]
    if result.values is not None and result.variances is not None:
        out["values"] = [np.asarray(v).tolist() for v in result.values]
        out["variances"] = [np.asarray(v).tolist() for v in result.variances]
    return out


def _decode(document: dict[str, Any]) -> JobResult:
    counts = tuple(tuple(dict(map(tuple, row)) for row in pub) for pub in document["counts"])
    parts = [document.get(k) for k in ("values", "variances")]
    values, variances = (None if p is None else tuple(np.array(v) for v in p) for p in parts)
    missing = tuple((int(pub), int(row)) for pub, row in document.get("missing", ()))
    return JobResult(counts, values, variances, document["shots"], missing=missing)
