"""Queries, answers and costs as plain JSON values.

Answers are kept to the last bit: a resumed run goes on from them. Points only say whether a
replayed query is the one that was asked, so that long ones are rounded, with a checksum of all
their bits.
"""

from __future__ import annotations

import base64
import math
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from qvopt.backends.batch import CalibrationCounts
from qvopt.backends.cost import Cost
from qvopt.measurement.allocation import Scatter
from qvopt.optimizers.protocol import (
    Answer,
    Energy,
    Fidelity,
    Gradient,
    Matrix,
    Metric,
    PoolGradient,
    Query,
    Scalar,
    Vector,
)
from qvopt.records.ledger import Costs
from qvopt_molecules.arrays import FloatArray, all_finite
from qvopt_molecules.errors import InputError

_READABLE = 32  # larger arrays are written as base64: a tenth of the time, half the size


def encode_array(array: FloatArray) -> Any:
    """Write an array as nested lists, or as base64 of little-endian float64.

    The latter where it is large, or holds infinities (of components that were left out), which
    JSON has no word for. Many zeros, as in the slopes of a pool of which symmetry forbids half, are
    compressed.
    """
    array = np.asarray(array, dtype=np.float64)
    if array.size <= _READABLE and all_finite(array):
        return array.tolist()
    raw = np.ascontiguousarray(array, dtype="<f8").tobytes()
    kind = "f8"
    if 4 * np.count_nonzero(array) < 3 * array.size:
        kind, raw = "f8z", zlib.compress(raw, 1)
    return {"shape": list(array.shape), kind: base64.b64encode(raw).decode("ascii")}


def encode_point(x: FloatArray) -> Any:
    """Write parameters as a list, or many as float32 with the CRC-32 of their float64 bytes.

    The optimizer asks for the same point when it is replayed: half of the digits say that it is the
    same to 1e-6, and the checksum that it is the same to the last bit.
    """
    x = np.asarray(x, dtype=np.float64)
    if x.size <= _READABLE and all_finite(x):
        return x.tolist()
    with np.errstate(over="ignore"):
        raw = x.astype("<f4").tobytes()
    text = base64.b64encode(raw).decode("ascii")
    return {"shape": list(x.shape), "f4": text, "crc": _checksum(x)}


def _checksum(x: FloatArray) -> int:
    return zlib.crc32(np.ascontiguousarray(x, dtype="<f8").tobytes())


def is_point(x: FloatArray, recorded: Any) -> bool:
    """Whether parameters are, to the last bit, those that were written."""
    if isinstance(recorded, dict) and "crc" in recorded:
        return [list(x.shape), _checksum(x)] == [recorded["shape"], recorded["crc"]]
    return np.array_equal(x, decode_array(recorded))


def decode_array(value: Any) -> FloatArray:
    """Read what `encode_array` wrote, or `encode_point` as far as it was kept."""
    if isinstance(value, dict):
        kind = next((kind for kind in ("f8z", "f4") if kind in value), "f8")
        raw = base64.b64decode(value[kind], validate=True)
        if kind == "f8z":
            try:
                raw = zlib.decompress(raw)
            except zlib.error as error:
                raise ValueError(str(error)) from None
        return np.frombuffer(raw, dtype=f"<{kind[:2]}").reshape(value["shape"]).astype(np.float64)
    return np.array(value, dtype=np.float64)


def encode_query(query: Query) -> dict[str, Any]:
    """Write a query."""
    return _encoded(query, {"x": encode_point(query.x)})


def _encoded(query: Query, point: dict[str, Any]) -> dict[str, Any]:
    settings = _settings_of(query)
    out: dict[str, Any] = {"kind": settings.pop("kind"), "purpose": settings.pop("purpose")}
    out |= point
    if isinstance(query, Fidelity):
        out["y"] = encode_point(query.y)
    return out | settings


def _settings_of(query: Query) -> dict[str, Any]:
    """All of a query but its points."""
    out: dict[str, Any] = {"kind": type(query).__name__.lower(), "purpose": query.purpose}
    if isinstance(query, Metric):
        out["metric"] = query.kind
    if isinstance(query, Energy | Gradient) and query.spread != "planned":
        out["spread"] = query.spread
    shots = query.shots
    if shots is None or isinstance(shots, int):
        out["shots"] = shots
    else:
        out["shots"] = [int(s) for s in shots]
    return out


def encode_queries(queries: Iterable[Query]) -> list[dict[str, Any]]:
    """Write the queries of a round; one at the point of an earlier one names its place."""
    out: list[dict[str, Any]] = []
    points: dict[bytes, int] = {}
    for place, query in enumerate(queries):
        first = points.setdefault(np.asarray(query.x, dtype=np.float64).tobytes(), place)
        if first == place:
            out.append(encode_query(query))
        else:
            out.append(_encoded(query, {}) | {"at": first})
    return out


def queries_with_points(queries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Read what `encode_queries` wrote, or journals of earlier versions: each has its point."""
    out: list[dict[str, Any]] = []
    for query in queries:
        read = dict(query)
        if "at" in read:
            read["x"] = out[read.pop("at")]["x"]
        out.append(read)
    return out


def encode_answer(answer: Answer) -> dict[str, Any]:
    """Write an answer."""
    if isinstance(answer, Scalar):
        scalar: dict[str, Any] = {"value": answer.value, "variance": answer.variance}
        scalar["shots"] = answer.shots
        return scalar if math.isinf(answer.dof) else {**scalar, "dof": answer.dof}
    out = {"value": encode_array(answer.value), "shots": answer.shots}
    if np.count_nonzero(answer.variance):
        out["variance"] = encode_array(answer.variance)
    if answer.dof is not None:
        out["dof"] = encode_array(answer.dof)
    return out


def decode_answer(query: Query, value: Mapping[str, Any]) -> Answer:
    """Read the answer to `query`; journals of 0.1 have no degrees of freedom of vectors."""
    shots = int(value["shots"])
    if isinstance(query, Energy | Fidelity):
        dof = float(value.get("dof", math.inf))
        return Scalar(float(value["value"]), float(value["variance"]), shots, dof)
    array = decode_array(value["value"])
    variance = decode_array(value["variance"]) if "variance" in value else np.zeros_like(array)
    degrees = decode_array(value["dof"]) if "dof" in value else None
    kind = Vector if isinstance(query, Gradient | PoolGradient) else Matrix
    return kind(array, variance, shots, degrees)


def match_query(query: Query, recorded: Mapping[str, Any], where: str) -> float:
    """Check that a replayed query is the recorded one; return the largest difference in x.

    Where the point was rounded and is not the same to the last bit, that is an upper bound. Raises
    InputError where the structure differs or parameters differ by more than 1e-6: the run is then
    not the one that wrote the journal.
    """
    fresh = _settings_of(query)
    fresh["x"] = np.asarray(query.x, dtype=np.float64)
    if isinstance(query, Fidelity):
        fresh["y"] = np.asarray(query.y, dtype=np.float64)
    drift = 0.0
    for key in ("x", "y"):
        if (key in fresh) != (key in recorded):
            raise InputError(f"{where}: the replayed query does not match the journal")
        if key in fresh:
            a = np.asarray(fresh.pop(key))
            if is_point(a, recorded[key]):
                continue
            b = decode_array(recorded[key])
            if a.shape != b.shape or not np.allclose(a, b, rtol=1e-6, atol=1e-6):
                raise InputError(
                    f"{where}: the replayed parameters differ from the journal's by more than "
                    f"1e-6; resume with the versions of qvopt and its libraries that wrote it "
                    f"(see environment.json)"
                )
            rounded = "f4" in recorded[key]
            unknown = np.spacing(np.abs(b).astype(np.float32)) / 2 if rounded else 0.0
            drift = max(drift, float(np.max(np.abs(a - b) + unknown, initial=0.0)))
    for key, value in fresh.items():
        if recorded.get(key) != value:
            raise InputError(
                f"{where}: the replayed query asks for {key} = {value!r}, the journal has "
                f"{recorded.get(key)!r}; resume with the version of qvopt that wrote it"
            )
    return drift


def encode_costs(costs: Costs) -> dict[str, list[float]]:
    """Write costs as {purpose: [evaluations, circuits, shots]}.

    Work at a vendor has jobs, QPU seconds and money after these.
    """
    out: dict[str, list[float]] = {}
    for purpose, c in costs.items():
        out[purpose] = [c.evaluations, c.circuits, c.shots]
        if c.jobs or c.qpu_seconds or c.money:
            out[purpose] += [c.jobs, c.qpu_seconds, c.money]
    return out


def decode_costs(value: Mapping[str, Sequence[float]]) -> Costs:
    """Read what `encode_costs` wrote."""
    return {
        p: Cost(*(int(n) for n in c[:4]), *(float(v) for v in c[4:6])) for p, c in value.items()
    }


def encode_scatter(scatters: Sequence[Scatter | None]) -> list[Any]:
    """Write the scatter of energies and of shifted energies."""
    return [
        None if s is None else [encode_array(s.squares), encode_array(s.freedoms)] for s in scatters
    ]


def decode_scatter(value: Any) -> list[Scatter | None] | None:
    """Read what `encode_scatter` wrote; None where nothing was."""
    if value is None:
        return None
    return [None if s is None else Scatter(decode_array(s[0]), decode_array(s[1])) for s in value]


def encode_calibrations(calibrations: Sequence[CalibrationCounts]) -> list[Any]:
    """Write the counts of calibrations of the readout."""
    return [
        {
            "qubits": list(c.qubits),
            "zeros": [list(pair) for pair in sorted(c.zeros.items())],
            "ones": [list(pair) for pair in sorted(c.ones.items())],
        }
        for c in calibrations
    ]


def decode_calibrations(value: Sequence[Mapping[str, Any]]) -> list[CalibrationCounts]:
    """Read what `encode_calibrations` wrote."""
    return [CalibrationCounts(tuple(c["qubits"]), dict(c["zeros"]), dict(c["ones"])) for c in value]
