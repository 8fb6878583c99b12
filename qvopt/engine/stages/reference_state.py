"""Reference-state mitigation: the error at a point whose energy is known is taken off.

A device's error depends little on the angles: the circuit at zero angles, which prepares the
Hartree-Fock determinant, runs through the same gates and suffers much the same. Its energy is known
classically, and so

    E(x) = E_measured(x) - (E_measured(x_ref) - E(x_ref)).

Where bonds are stretched the state is far from the determinant, and so is its error. A reference of
several determinants keeps the largest angles of the point that is measured, each a Givens rotation,
and sets the others to zero; its energy is simulated.

P. Lolur, M. Skogh, W. Dobrautz et al., J. Chem. Theory Comput. 19, 783 (2023),
doi:10.1021/acs.jctc.2c00807; of several determinants after H. Zou, E. Magnusson, H. Brunander,
W. Dobrautz, M. Rahm, arXiv:2505.08291 (2025), who prepare them by a circuit of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Literal

import numpy as np

from qvopt.backends.batch import Point
from qvopt.backends.protocol import Problem, Program
from qvopt.engine.rows import Row, RowResult
from qvopt.measurement.estimate import Estimate, combined_dof
from qvopt.measurement.plan import MeasurementPlan
from qvopt_circuits.basis_states import prepared_basis_state
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError
from qvopt_molecules.spins import product_energy

from .stage import Context, Request
from .training_circuits import exact_energy

PURPOSE: Final = "reference-state"
"""What the energies at the reference are charged as."""


@dataclass(frozen=True)
class ReferenceState:
    """Measures the reference once in every round that asks for energies, and takes its error off.

    `shots` are those of the reference; None takes as many as the round's largest energy. Gradients
    from shifted energies are as they are: an error that all of them have in common cancels.

    With `parameters` > 0 the reference has the angles of so many parameters, the largest of the
    round's first energy; 0 is the determinant.

    The variance is that of the shots. What the correction leaves is not in it: 95 % intervals of H2
    on five snapshots held the truth 77 to 95 times of 100 at 20,000 shots, and 1 to 70 times at
    400,000 (docs/mitigation.md).
    """

    shots: int | None = None
    parameters: int = 0
    level: Literal["estimates"] = "estimates"
    copies: int = 1

    def prepare(self, plan: MeasurementPlan) -> MeasurementPlan:
        """The plan as it is."""
        return plan

    def expand(self, request: Request, context: Context) -> Request:
        """Add one energy at the reference, if any other needs it.

        Raises InputError where the circuit prepares no determinant at zero angles, or no simulator
        knows the energy of the reference.
        """
        corrected = _corrected_rows(request)
        x = self._point(corrected, context.program)
        self._energy(x, context.program)
        if not corrected:
            return request
        shots = self.shots or max(row.shots for row in corrected)
        row = Row(
            Point(x),
            shots,
            1 + max(row.query for row in request.rows),
            "planned",
            shifted=False,
            purpose=PURPOSE,
        )
        if shots < context.min_shots(row):
            raise InputError(
                f"{shots} shots are too few for the energy of the reference state; give at least "
                f"{context.min_shots(row)}"
            )
        return replace(request, rows=[*request.rows, row])

    def reduce(
        self, request: Request, results: Sequence[RowResult], context: Context
    ) -> Sequence[RowResult]:
        """Return the energies without the error of the reference."""
        n = len(request.rows)
        if len(results) == n:  # gradients alone
            return results
        exact = self._energy(
            self._point(_corrected_rows(request), context.program), context.program
        )
        reference = results[n].value(context.plan)
        return [
            result
            if row.differentiates or not row.shots
            else RowResult(estimate=_corrected(result.value(context.plan), reference, exact))
            for row, result in zip(request.rows, results[:n], strict=True)
        ]

    def _point(self, corrected: Sequence[Row], program: Program) -> FloatArray:
        """The parameters of the reference."""
        x = np.zeros(program.problem.circuit.n_parameters)
        if corrected and self.parameters:
            at = corrected[0].point.x
            kept = np.argsort(-np.abs(at), kind="stable")[: self.parameters]
            x[kept] = at[kept]
        return x

    def _energy(self, x: FloatArray, program: Program) -> float:
        if not x.any():
            return reference_energy(program)
        return _simulated_energy(program.problem, tuple(x.tolist()))


@lru_cache(maxsize=16)
def _simulated_energy(problem: Problem, x: tuple[float, ...]) -> float:
    """Asked for when the round is prepared, and when its results are corrected."""
    return exact_energy(problem, np.array(x), "mitigation.reference.parameters")


def _corrected_rows(request: Request) -> list[Row]:
    return [row for row in request.rows if not row.differentiates and row.shots]


def reference_energy(program: Program) -> float:
    """The exact energy in Hartree of the determinant that the circuit prepares at zero angles.

    Raises InputError where it prepares none.
    """
    return _energy_at_zero(program.problem)


@lru_cache(maxsize=16)
def _energy_at_zero(problem: Problem) -> float:
    circuit, observable = problem.circuit, problem.observable
    outcome = prepared_basis_state(circuit, np.zeros(circuit.n_parameters))
    if outcome is None:
        raise InputError(
            "reference-state mitigation needs a circuit that prepares a determinant at zero "
            "angles, such as uccsd, and this one does not; leave mitigation.reference out"
        )
    return product_energy(observable, outcome)


def _corrected(energy: Estimate, reference: Estimate, exact: float) -> Estimate:
    """E - (R - exact); the error of R is in common with the round's other energies."""
    width = max(len(energy.shared), len(reference.shared))
    mine, theirs = (np.pad(e.shared, (0, width - len(e.shared))) for e in (energy, reference))
    own = energy.variance - float(np.square(energy.shared).sum())
    of_reference = max(reference.variance - float(np.square(reference.shared).sum()), 0.0)
    shared = (*(mine - theirs).tolist(), of_reference**0.5)
    variance = own + float(np.square(shared).sum())
    assumed = energy.assumed * energy.variance + reference.assumed * reference.variance
    return Estimate(
        energy.value - (reference.value - exact),
        variance,
        energy.shots,
        shared,
        combined_dof(variance, [(own, energy.dof), (of_reference, reference.dof)]),
        min(assumed / variance, 1.0) if variance > 0.0 else 0.0,
    )
