"""How many shots a molecule's energy takes, by grouping: the table of `qvopt measurements`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from qvopt.backends.batch import Point
from qvopt.backends.sector.program import SectorProgram
from qvopt.backends.sector.sampling import deviations_in_states
from qvopt.engine.assembly import assemble
from qvopt.experiment.specification import Experiment
from qvopt.measurement.allocation import with_allocation
from qvopt.measurement.basis_change import basis_change_circuit
from qvopt.measurement.catalogue import GROUPINGS, build_plan
from qvopt.measurement.plan import MeasurementPlan
from qvopt.measurement.shadows.bias import uniform_bias
from qvopt.measurement.shadows.expectations import LARGEST_WIDTH, full_state
from qvopt.measurement.shadows.locally_biased import locally_biased
from qvopt.measurement.shadows.variance import shadow_variances
from qvopt.measurement.shared import MOST_SHARED_TERMS
from qvopt.measurement.variance import reference_bits
from qvopt.optimizers.registry import get_optimizer
from qvopt.runs.driver import Driver
from qvopt_circuits.description import depth
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.mappings import qubit_hamiltonian
from qvopt_molecules.pauli import PauliSum
from qvopt_molecules.states import fci_state, hartree_fock_state

MILLIHARTREE: Final = 1e-3
CHEMICAL_ACCURACY: Final = 1.6e-3


@dataclass(frozen=True)
class GroupingRow:
    """One grouping in one state.

    Attributes:
        grouping, state: what is measured how, in which state.
        groups: circuits of one energy; 0 where every shot draws its own.
        depth: layers of the deepest basis change (Givens rotations, or Clifford gates).
        variance: (Σ_g sd_g)² in Hartree²: variance × shots at the allocation that is best there.
        planned: the same at the allocation that runs use, Σ_g sd_g² / w_g.
    """

    grouping: str
    state: str
    groups: int
    depth: int
    variance: float
    planned: float

    def shots(self, error: float) -> int:
        """Shots of one energy for a standard error in Hartree, at the allocation of runs."""
        return int(np.ceil(self.planned / error**2))

    def document(self) -> dict[str, Any]:
        """The row as plain data."""
        return {
            "grouping": self.grouping,
            "state": self.state,
            "groups": self.groups,
            "depth": self.depth,
            "variance": self.variance,
            "planned": self.planned,
            "shots_1_mHa_best": int(np.ceil(self.variance / MILLIHARTREE**2)),
            "shots_1_mHa": self.shots(MILLIHARTREE),
            "shots_chemical": self.shots(CHEMICAL_ACCURACY),
        }


def measurement_table(experiment: Experiment) -> list[GroupingRow]:
    """Compare the groupings on a molecule, under Hartree-Fock, the ansatz optimum and full CI.

    Energies are Jordan-Wigner ones, states exact. Raises InputError for an experiment that is not
    simulated by the sector engine.
    """
    assembly = assemble(experiment.model_copy(update={"measurement": _exact(experiment)}))
    if not isinstance(assembly.program, SectorProgram) or experiment.mapping != "jordan-wigner":
        raise InputError(
            "the table needs the sector backend, a number-conserving ansatz and Jordan-Wigner"
        )
    h = assembly.molecular
    states = {
        "hf": hartree_fock_state(h),
        "ansatz": _optimum(assembly.program, assembly),
        "fci": fci_state(h),
    }
    observable = qubit_hamiltonian(h)
    plans = [build_plan(name, h, observable, experiment.mapping) for name in _able(observable)]
    rows = []
    for plain in plans:
        plan = with_allocation(plain, experiment.measurement.allocation, hamiltonian=h)
        depth = _depth(plan)
        deviations = deviations_in_states(plan, h, list(states.values()))
        for name, sd in zip(states, deviations, strict=True):
            best, planned = float(sd.sum()) ** 2, float(np.sum(sd**2 / plan.weights))
            rows.append(GroupingRow(plan.name, name, len(plan.groups), depth, best, planned))
    if observable.n_qubits <= LARGEST_WIDTH:
        rows = [*_shadow_rows(observable, h, states), *rows]
    return rows


def _shadow_rows(
    observable: PauliSum, h: MolecularHamiltonian, states: Mapping[str, FloatArray]
) -> Iterator[GroupingRow]:
    """Classical shadows draw a basis for every shot: no groups, and no allocation to choose."""
    biases = {
        "shadow": uniform_bias(observable.n_qubits),
        "locally-biased-shadow": locally_biased(observable, reference_bits(h, "jordan-wigner")),
    }
    by_state = {
        state: shadow_variances(observable, list(biases.values()), full_state(psi, h))
        for state, psi in states.items()
    }
    for k, name in enumerate(biases):
        for state, variances in by_state.items():
            yield GroupingRow(name, state, 0, 1, variances[k], variances[k])


def _able(observable: PauliSum) -> list[str]:
    """strs that are made for this size, the best last."""
    large = len(observable) > MOST_SHARED_TERMS
    return [g for g in reversed(tuple(GROUPINGS)) if not (large and g.endswith("-shared"))]


def _exact(experiment: Experiment) -> Any:
    return experiment.measurement.model_copy(update={"shots": None})


def _optimum(program: SectorProgram, assembly: Any) -> FloatArray:
    """The state of the ansatz at its energy minimum, by L-BFGS from its own start."""
    driver = Driver(assembly.evaluator, get_optimizer("l-bfgs"), assembly.start, 0, 500)
    for _ in driver:
        pass
    return program.state(Point(driver.x))


def _depth(plan: MeasurementPlan) -> int:
    return max(depth(basis_change_circuit(g, plan.n_qubits)) for g in plan.groups)
