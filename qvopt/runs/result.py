"""What a run found, as one document: for people, for scripts and for JSON."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from qvopt.backends.cost import Cost
from qvopt.records.end_events import Average, FinalRecord
from qvopt.records.events import StepRecord, step_records
from qvopt.records.journal import Event
from qvopt.records.ledger import Costs
from qvopt.runs.bit_strings import BitStrings
from qvopt.runs.state_numbers import StateNumbers
from qvopt.runs.steps import Step
from qvopt_circuits.circuit import Circuit
from qvopt_molecules.arrays import FloatArray

KCAL_PER_MOL = 627.5094740631
"""One Hartree in kcal/mol (CODATA 2018)."""

HARTREE_IN_EV = 27.211386245988
"""One Hartree in electronvolt (CODATA 2018)."""

EXIT_CODES = {
    "converged": 0,
    "stopped": 0,
    "max-steps": 0,
    "budget": 3,
    "diverged": 1,
    "below-exact": 1,
    "interrupted": 130,
}


@dataclass(frozen=True)
class Trace:
    """The steps of a run as columns; unknown values are NaN. Energies in Hartree."""

    step: npt.NDArray[np.int64]
    energy: FloatArray
    stderr: FloatArray
    exact: FloatArray
    gradient_norm: FloatArray
    shots: npt.NDArray[np.int64]
    evaluations: npt.NDArray[np.int64]

    @classmethod
    def from_events(cls, events: list[Event]) -> Trace:
        """Collect the step events of a journal, the last record of each step."""
        return cls.of_records(step_records(events))

    @classmethod
    def of_steps(cls, steps: Sequence[Step]) -> Trace:
        """Collect the steps that a run yielded."""
        return cls.of_records(
            [
                StepRecord(
                    s.number,
                    None if s.energy is None else s.energy.value,
                    None if s.energy is None else s.energy.variance,
                    s.exact, s.gradient_norm, s.shots, s.evaluations, s.note,
                )
                for s in steps
            ]
        )  # fmt: skip

    @classmethod
    def of_records(cls, rows: Sequence[StepRecord]) -> Trace:
        """Collect the records of a journal."""

        def column(values: Iterable[float | None]) -> FloatArray:
            return np.array([math.nan if v is None else v for v in values], dtype=float)

        return cls(
            step=np.array([r.step for r in rows], dtype=np.int64),
            energy=column(r.energy for r in rows),
            stderr=np.sqrt(column(r.variance for r in rows)),
            exact=column(r.exact for r in rows),
            gradient_norm=column(r.gradient_norm for r in rows),
            shots=np.array([r.shots for r in rows], dtype=np.int64),
            evaluations=np.array([r.evaluations for r in rows], dtype=np.int64),
        )

    def __len__(self) -> int:
        return len(self.step)

    def frame(self) -> Any:
        """The steps as a pandas DataFrame, one row a step."""
        import pandas as pd

        return pd.DataFrame({f.name: getattr(self, f.name) for f in fields(self)})


@dataclass(frozen=True, repr=False)
class Result:
    """The end of a run.

    Attributes:
        status: how the run ended, as `qvopt.runs.steps.Status` says.
        energy: energy in Hartree at the last point, from fresh shots if there are any; never the
            luckiest value seen. None where it is not available.
        stderr: its standard error in Hartree; 0 for an exact one.
        exact: the noiseless energy at the last point, where a simulator can tell.
        hf, fci: Hartree-Fock and exact energies of the same Hamiltonian, if known; `problem` tells
            of which state the exact one is, and whether it is full CI or within an active space.
        x: the last parameters.
        n_steps, evaluations, circuits, shots, seconds: what it took.
        costs: the same by purpose.
        run: the run folder, if there is one.
        average: the mean of the last quarter of the iterates (at most 100) and a fresh energy
            there; for runs with shots.
        drift: largest difference between a replayed and a journaled parameter.
        operators: labels of the operators that an adaptive ansatz has chosen, in order.
        problem: what was run; see `qvopt.runs.problem_description`.
        numbers: ⟨N⟩, ⟨S_z⟩ and ⟨S²⟩ of the last state, where a simulator tells it; else ⟨N⟩ and
            ⟨S_z⟩ as the outcomes of its energy show them, uncorrected.
        final: how the energy at the last point was measured; None of exact ones.
        trace: the trajectory, which `steps` gives.
        circuit: the circuit, with its parameters, where it is at hand.
        bits: approximation ratio and best bit string of a diagonal cost.
        mitigation: the stages that the energies passed, in words; empty without any, None of exact
            energies.
    """

    status: str
    energy: float | None
    stderr: float | None
    exact: float | None
    hf: float
    fci: float | None
    x: FloatArray
    n_steps: int
    seconds: float
    costs: Costs = field(default_factory=dict)
    run: str | None = None
    message: str = ""
    drift: float = 0.0
    names: dict[str, Any] = field(default_factory=dict)
    average: Average | None = None
    operators: list[str] = field(default_factory=list)
    problem: Mapping[str, Any] = field(default_factory=dict)
    numbers: StateNumbers | None = None
    final: FinalRecord | None = None
    trace: Trace | None = field(default=None, repr=False)
    circuit: Circuit | None = field(default=None, repr=False)
    bits: BitStrings | None = None
    mitigation: Sequence[str] | None = None

    @property
    def steps(self) -> Trace:
        """The trajectory as columns; `steps.frame()` is a pandas DataFrame."""
        return Trace.of_records([]) if self.trace is None else self.trace

    def plot(self, ax: Any = None) -> Any:
        """Draw the energy against steps, or shots, into matplotlib Axes; return them."""
        from qvopt.runs.picture import axes_or_new, plot_energy

        return plot_energy(self, axes_or_new(ax))

    def _repr_html_(self) -> str:
        from qvopt.runs.html import result_html

        return result_html(self)

    def __repr__(self) -> str:
        from qvopt.runs.rows import result_rows

        rows = [row for row in result_rows(self) if row[0]]
        width = max(len(name) for name, _, _ in rows)
        return "\n".join(f"{name:<{width}}  {value} {unit}".rstrip() for name, value, unit in rows)

    @property
    def _total(self) -> Cost:
        return sum(self.costs.values(), Cost())

    @property
    def shots(self) -> int:
        """Shots spent, everything charged."""
        return self._total.shots

    @property
    def evaluations(self) -> int:
        """Energies at distinct circuit settings; an exact gradient counts once."""
        return self._total.evaluations

    @property
    def circuits(self) -> int:
        """Circuits run: settings times groups."""
        return self._total.circuits

    @property
    def error(self) -> float | None:
        """Energy above the exact one in Hartree: of the noiseless energy where that is known."""
        energy = self.exact if self.exact is not None else self.energy
        return None if energy is None or self.fci is None else energy - self.fci

    @property
    def error_stderr(self) -> float:
        """Standard error of `error`: 0 where the noiseless energy is known."""
        return 0.0 if self.exact is not None else self.stderr or 0.0

    @property
    def correlation(self) -> float | None:
        """Share of the correlation energy, exact less Hartree-Fock, that was recovered."""
        if self.error is None or self.fci is None or abs(self.hf - self.fci) < 1e-10:
            return None
        return 1 - self.error / (self.hf - self.fci)

    @property
    def exit_code(self) -> int:
        """What the command line exits with."""
        return EXIT_CODES[self.status]

    def _average_document(self) -> dict[str, Any] | None:
        if self.average is None:
            return None
        exact = self.average.exact
        return {
            "energy": self.average.energy.value,
            "stderr": math.sqrt(self.average.energy.variance),
            "exact": exact,
            "error": None if exact is None or self.fci is None else exact - self.fci,
            "parameters": self.average.x.tolist(),
        }

    def document(self) -> dict[str, Any]:
        """The result as plain JSON values."""
        return {
            **self.names,
            "status": self.status,
            "energy": self.energy,
            "stderr": self.stderr,
            "exact": self.exact,
            "hf": self.hf,
            "fci": self.fci,
            "exact_reference": self.problem.get("exact"),
            "error": self.error,
            "final": None if self.final is None else self.final.document(),
            **({} if self.mitigation is None else {"mitigation": list(self.mitigation)}),
            "state": None if self.numbers is None else self.numbers.document(),
            "average": self._average_document(),
            "correlation": self.correlation,
            "steps": self.n_steps,
            "evaluations": self.evaluations,
            "circuits": self.circuits,
            "shots": self.shots,
            "seconds": self.seconds,
            "costs": {purpose: asdict(cost) for purpose, cost in self.costs.items()},
            "parameters": self.x.tolist(),
            **({"operators": self.operators} if self.operators else {}),
            **({} if self.bits is None else {"bit_strings": self.bits.document()}),
            "message": self.message,
            "problem": {k: v for k, v in self.problem.items() if k != "exact"},
            "drift": self.drift,
            "run": self.run,
        }
