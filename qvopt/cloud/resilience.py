"""IBM's resilience levels: expectation values by the client-side Estimator, errors mitigated.

Level 0 mitigates nothing; 1 undoes readout errors by twirled readout error extinction (TREX,
E. van den Berg, Z. Minev and K. Temme, arXiv:2012.09738); 2 also extrapolates to zero noise from
three lengths of the circuit. The client adds the variances of an observable's terms as if they were
independent, which they are not: they are read from the same shots. `covariances` corrects that.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from qvopt_molecules.errors import InputError

from .covariances import covariance_ratios
from .ibm_options import IBMOptions, suppress_errors
from .provider import JobResult, JobSpec, ProviderError, Pub

LEVELS = (0, 1, 2)
CALIBRATION = 2048
"""Least shots that TREX learns the readout from, once a job."""

_RANDOMIZATIONS, _FEW = 32, 8
NOISE_FACTORS = (1, 3, 5)
"""Of level 2, in lengths of the circuit's two-qubit layers."""


def check_level(level: object) -> None:
    """Raise InputError unless it is None or one of the levels."""
    if level is not None and (isinstance(level, bool) or level not in LEVELS):
        raise InputError(f"resilience must be 0, 1 or 2, got {level!r}")


def circuit_factor(options: IBMOptions) -> int:
    """How many circuits are run for one that is asked for: the noise factors of level 2."""
    return len(NOISE_FACTORS) if options.resilience == 2 else 1


def randomizations(shots: int, options: IBMOptions) -> tuple[int, int]:
    """Random frames that a row's shots are spread over, and shots of each.

    A divisor of `shots` is taken where one from 8 to 32 is; otherwise a few shots are added. The
    client's own choice, 64 shots a frame, would leave too few frames to average over.

    >>> randomizations(1000, IBMOptions(resilience=1))
    (25, 40)
    >>> randomizations(997, IBMOptions(resilience=1))
    (32, 32)
    """
    if not options.resilience and not options.twirling:
        return 1, shots
    max_frames = min(_RANDOMIZATIONS, shots)
    best = next(k for k in range(max_frames, 0, -1) if shots % k == 0)
    frames = best if best >= min(_FEW, max_frames) else max_frames
    return frames, -(-shots // frames)


def taken(spec: JobSpec, options: IBMOptions) -> int:
    """Shots that a job of observables really takes, the calibration of the readout included."""
    frames, per_frame = randomizations(spec.shots, options)
    shots = spec.n_circuits * circuit_factor(options) * frames * per_frame
    return shots + _calibration_frames(per_frame) * per_frame if options.resilience else shots


def _calibration_frames(per_frame: int) -> int:
    return max(_RANDOMIZATIONS, -(-CALIBRATION // per_frame))


def make_estimator(mode: Any, options: IBMOptions, shots: int, *, seed: int | None = None) -> Any:
    """Return the client-side Estimator on a backend, batch or session, at `shots` a row."""
    from qiskit_ibm_runtime.executor_estimator import (  # type: ignore[import-untyped,unused-ignore]
        Estimator,
    )

    estimator = Estimator(mode=mode)
    estimator.options.resilience_level = options.resilience or 0
    estimator.options.default_shots = shots
    frames, per_frame = randomizations(shots, options)
    estimator.options.twirling.num_randomizations = frames
    estimator.options.twirling.shots_per_randomization = per_frame
    learning = estimator.options.resilience.measure_noise_learning
    learning.num_randomizations = _calibration_frames(per_frame)
    if options.resilience == 2:
        estimator.options.resilience.zne.noise_factors = NOISE_FACTORS
    suppress_errors(estimator, options, seed)
    return estimator


def estimator_pubs(pubs: tuple[Pub, ...]) -> list[Any]:
    """Circuits, observables and rows as the client's pubs."""
    return [(pub.circuit, observable_of(pub), pub.values) for pub in pubs]


def observable_of(pub: Pub) -> Any:
    """The observable of a pub as Qiskit's SparsePauliOp on all qubits of the circuit."""
    from qiskit.quantum_info import SparsePauliOp

    terms = []
    for mask, coefficient in pub.observable or ():
        qubits = bits_of(mask)
        terms.append(("Z" * len(qubits), qubits, coefficient))
    return SparsePauliOp.from_sparse_list(terms, num_qubits=pub.circuit.num_qubits)


def bits_of(mask: int) -> list[int]:
    """Places of the ones in a mask."""
    return [q for q in range(mask.bit_length()) if mask >> q & 1]


def results_of(job: Any, spec: JobSpec, options: IBMOptions) -> JobResult:
    """Return values and variances of an estimator's job.

    Raises ProviderError where it has another form.
    """
    from qiskit.primitives import PrimitiveJob
    from qiskit_ibm_runtime.decoders.executor.decoder import ExecutorResultDecoder
    from qiskit_ibm_runtime.decoders.executor_estimator.decoder import ClientSideEstimatorDecoder

    # What was read, before the client turns it into values.
    local = isinstance(job, PrimitiveJob)
    read = PrimitiveJob.result(job) if local else job.result(decoder=ExecutorResultDecoder)
    result = values_of(ClientSideEstimatorDecoder.decode(read), spec, options)
    ratios = covariance_ratios(read, spec, circuit_factor(options))
    variances = [v * r for v, r in zip(result.variances or (), ratios, strict=True)]
    return replace(result, variances=tuple(variances))


def values_of(raw: Any, spec: JobSpec, options: IBMOptions) -> JobResult:
    """Return values and variances as the client has them.

    Raises ProviderError where it has another form.
    """
    values, variances = [], []
    try:
        for pub, part in zip(spec.pubs, raw, strict=True):
            means = np.array(part.data.evs, dtype=np.float64)
            errors = np.array(part.data.stds, dtype=np.float64)
            if means.shape == () and pub.n_rows == 1:
                means, errors = means.reshape(1), errors.reshape(1)  # a circuit without parameters
            _replace_failed_fits(means, errors, part.data)
            if means.shape != (pub.n_rows,) or errors.shape != means.shape:
                raise ProviderError(f"a result of {means.shape} values for {pub.n_rows} points")
            values.append(means)
            variances.append(errors**2)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ProviderError(
            f"a result that is not one of an estimator ({type(error).__name__})"
        ) from None
    return JobResult((), tuple(values), tuple(variances), taken(spec, options))


def _replace_failed_fits(values: Any, errors: Any, data: Any) -> None:
    """Put finite errors where a fit of the extrapolation gave none, and a value where it failed.

    The client says inf there. The error is that of the polynomial through all noise factors, and
    the distance from a straight line through them, which is the value where there is none.
    """
    failed = ~(np.isfinite(values) & np.isfinite(errors))
    if not failed.any() or not hasattr(data, "evs_noise_factors"):
        return
    factors = np.array(NOISE_FACTORS, dtype=np.float64)
    powers = np.vander(factors, increasing=True)
    through = np.linalg.inv(powers)[0]
    straight = np.linalg.pinv(powers[:, :2])[0]
    n = len(factors)
    amplified = np.asarray(data.evs_noise_factors, dtype=np.float64).reshape(-1, n)[failed.ravel()]
    spread = np.asarray(data.stds_noise_factors, dtype=np.float64).reshape(-1, n)[failed.ravel()]
    line = amplified @ straight
    values[failed] = np.where(np.isfinite(values[failed]), values[failed], line)
    errors[failed] = np.sqrt((spread * through) ** 2 @ np.ones(n) + (values[failed] - line) ** 2)
