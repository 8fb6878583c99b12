"""Checks that full-vector backends share."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from qvopt.measurement.plan import MeasurementPlan
from qvopt_molecules.errors import BackendError, InputError

from .protocol import Problem

_SHARE = 0.8


def check_memory(n_qubits: int, n_vectors: int, backend: str) -> None:
    """Raise InputError unless `n_vectors` state vectors fit in memory."""
    need = 16.0 * n_vectors * 2.0**n_qubits
    try:
        total = float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (ValueError, OSError):
        total = float(8 << 30)
    if need > _SHARE * total:
        raise InputError(
            f"a full-vector simulation of {n_qubits} qubits on {backend} would need "
            f"{need / 2**30:,.0f} GiB, and this machine has {total / 2**30:,.0f} GiB; choose a "
            f"smaller active space, or the sector backend for a number-conserving ansatz"
        )


def check_widths(problem: Problem) -> None:
    """Raise InputError unless circuit, observable and plan are over the same qubits."""
    n = problem.circuit.n_qubits
    if problem.observable is not None and problem.observable.n_qubits != n:
        raise InputError(
            f"the circuit has {n} qubits, the observable {problem.observable.n_qubits}"
        )
    if problem.plan is not None and problem.plan.n_qubits != n:
        raise InputError(f"the circuit has {n} qubits, the plan {problem.plan.n_qubits}")


def need_plan(problem: Problem) -> MeasurementPlan:
    """Return the plan, or raise InputError."""
    if problem.plan is None:
        raise InputError("sampling needs a measurement plan")
    return problem.plan


def finite(values: Any, backend: str) -> Any:
    """Return values, or raise BackendError if one is NaN or infinite."""
    if not np.all(np.isfinite(values)):
        raise BackendError(f"{backend} returned a number that is not finite")
    return values
