"""Penalties of an experiment: which ones its circuit needs, and what is minimised with them."""

from __future__ import annotations

from typing import Final

from qvopt.experiment.constraints import ConstraintsSpec
from qvopt.experiment.specification import Experiment
from qvopt_circuits.ansatz import Ansatz, ConservingAnsatz
from qvopt_circuits.conserved import is_number_conserving
from qvopt_circuits.given import GivenCircuit
from qvopt_molecules.errors import InputError
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.penalties import PenaltyWeights
from qvopt_molecules.spins import Hamiltonian

DEFAULT_WEIGHTS: Final = PenaltyWeights(electrons=1.0, s_z=1.0, s2=0.5)
"""Hartree, where a circuit does not conserve electron numbers."""

_CONSERVED: Final = {"electrons": "the number of electrons", "s_z": "S_z"}


def conserves_numbers(ansatz: Ansatz, hamiltonian: MolecularHamiltonian, mapping: str) -> bool:
    """Whether the ansatz declares, or its gates show, that it conserves electrons of each spin."""
    if isinstance(ansatz, ConservingAnsatz):
        return ansatz.conserves_numbers
    if isinstance(ansatz, GivenCircuit) and mapping != "jordan-wigner":
        return False
    return is_number_conserving(ansatz.circuit(hamiltonian))


def with_constraints(
    experiment: Experiment,
    ansatz: Ansatz,
    hamiltonian: Hamiltonian,
    defaults: PenaltyWeights = DEFAULT_WEIGHTS,
) -> Experiment:
    """Return the experiment with its weights filled in; nothing where none is needed.

    Args:
        experiment: its `constraints` may leave weights open.
        ansatz, hamiltonian: what they are needed for.
        defaults: of open weights, where the ansatz does not conserve electron numbers.

    Raises InputError for a weight that would have no effect.
    """
    given = experiment.constraints
    named = {k: v for k, v in given.model_dump().items() if v is not None}
    if hamiltonian.electrons is None:
        if named:
            raise InputError(
                f"constraints.{next(iter(named))} has no effect on spins without electrons; leave "
                f"it out"
            )
        return experiment
    if not conserves_numbers(ansatz, hamiltonian.orbitals(), experiment.mapping):
        weights = {
            name: getattr(defaults, name) if value is None else value
            for name, value in given.model_dump().items()
        }
        return experiment.model_copy(update={"constraints": ConstraintsSpec(**weights)})
    for name, value in named.items():
        if name in _CONSERVED or not value:
            what = f"conserves {_CONSERVED[name]}" if name in _CONSERVED else "has no penalty"
            raise InputError(
                f"constraints.{name} = {value:g} has no effect: ansatz {ansatz.name} {what}; leave "
                f"it out"
            )
    return experiment


def penalty_weights(experiment: Experiment) -> PenaltyWeights:
    """Return the weights that an experiment gives; those it leaves open are 0."""
    given = experiment.constraints
    return PenaltyWeights(given.electrons or 0.0, given.s_z or 0.0, given.s2 or 0.0)
