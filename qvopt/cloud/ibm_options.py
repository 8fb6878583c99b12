"""IBM's Sampler: its options from an experiment, jobs in its form, and counts from its results."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

from qvopt.backends.batch import Counts
from qvopt_molecules.errors import missing_extra, unknown_name

from .provider import JobResult, JobSpec, ProviderError

MODES = ("job", "batch", "session")
_SEQUENCES = ("XX", "XpXm", "XY4")


@dataclass(frozen=True)
class IBMOptions:
    """Error suppression that IBM does while a job runs.

    `dynamical_decoupling` names a sequence of pulses on idle qubits; `twirling` averages over
    random Pauli frames of two-qubit gates and measurements, at no more shots.
    `max_execution_time` is a cap in QPU seconds that IBM keeps for every job. With `resilience`, 0
    to 2, energies are expectation values of IBM's estimator at that level (see `resilience`); None
    takes samples.
    """

    dynamical_decoupling: str | None = None
    twirling: bool = False
    max_execution_time: int | None = None
    resilience: int | None = None

    def __post_init__(self) -> None:
        if self.dynamical_decoupling not in (None, *_SEQUENCES):
            raise unknown_name(
                "sequence of dynamical decoupling", str(self.dynamical_decoupling), _SEQUENCES
            )


def need_ibm() -> None:
    """Raise InputError, with the command to install it, where the client is not installed."""
    try:
        importlib.import_module("qiskit_ibm_runtime.executor_sampler")
    except ImportError:
        raise missing_extra("IBM Quantum needs qiskit-ibm-runtime 0.51 or later", "ibm") from None


def make_sampler(mode: Any, options: IBMOptions, *, seed: int | None = None) -> Any:
    """Return the client-side Sampler on a backend, batch or session."""
    from qiskit_ibm_runtime.executor_sampler import (  # type: ignore[import-untyped,unused-ignore]
        Sampler,
    )

    sampler = Sampler(mode=mode)
    suppress_errors(sampler, options, seed)
    return sampler


def suppress_errors(primitive: Any, options: IBMOptions, seed: int | None) -> None:
    """Set what the sampler and the estimator have in common."""
    if options.dynamical_decoupling is not None:
        primitive.options.dynamical_decoupling.enable = True
        primitive.options.dynamical_decoupling.sequence_type = options.dynamical_decoupling
    if options.twirling:
        primitive.options.twirling.enable_gates = True
        primitive.options.twirling.enable_measure = True
    if options.max_execution_time is not None:
        primitive.options.max_execution_time = options.max_execution_time
    if seed is not None:
        primitive.options.simulator.seed_simulator = seed % 2**31


def pubs_of(spec: JobSpec) -> list[Any]:
    """The job's circuits and rows as the client's pubs.

    A circuit without parameters is a pub for each row: the client would run it once for all.
    """
    pubs: list[Any] = []
    for pub in spec.pubs:
        fixed = pub.values.shape[1] == 0
        pubs += [(pub.circuit,)] * pub.n_rows if fixed else [(pub.circuit, pub.values)]
    return pubs


def _bits_of(part: Any) -> Any:
    """The BitArray of a pub's result."""
    return part.data["meas"] if "meas" in part.data else next(iter(part.data.values()))


def dealt_counts(raw: Any, n_rows: int) -> tuple[Counts, ...]:
    """Return the counts of rows that one circuit without parameters ran for, shot after shot."""
    bits = _bits_of(next(iter(raw)))
    shots = bits.num_shots // n_rows
    return tuple(
        bits.slice_shots(range(k * shots, (k + 1) * shots)).get_int_counts() for k in range(n_rows)
    )


def result_of(raw: Any, spec: JobSpec) -> JobResult:
    """Return the counts of a primitive's result; the caller checks that they are complete.

    Raises ProviderError where it has another form than `pubs_of` asks for.
    """
    pubs: list[tuple[Counts, ...]] = []
    try:
        parts = list(raw)
        for pub in spec.pubs:
            fixed = pub.values.shape[1] == 0
            results = [parts.pop(0) for _ in range(pub.n_rows if fixed else 1)]
            rows: list[Counts] = []
            for part in results:
                bits = _bits_of(part)
                shapes = ((), (1,)) if fixed else ((pub.n_rows,),)
                if bits.num_bits != pub.n_bits or bits.shape not in shapes:
                    raise ProviderError(f"a result of {bits.shape} points and {bits.num_bits} bits")
                if bits.shape == ():
                    rows.append(bits.get_int_counts())
                else:
                    rows += [bits.get_int_counts(k) for k in range(bits.shape[0])]
            pubs.append(tuple(rows))
        if parts:
            raise ProviderError(f"{len(parts)} results too many")
    except (AttributeError, KeyError, TypeError, ValueError, StopIteration, IndexError) as error:
        raise ProviderError(
            f"a result that is not one of samples ({type(error).__name__})"
        ) from None
    return JobResult(tuple(pubs))
