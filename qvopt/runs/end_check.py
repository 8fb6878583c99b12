"""Checks of the state that a run ends in: its electron numbers and spin, and its energy's bound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from qvopt.engine.evaluator import Evaluator
from qvopt.engine.states import state_components
from qvopt.measurement.estimate import Estimate
from qvopt.optimizers.protocol import Scalar
from qvopt.optimizers.statistics import significantly_above
from qvopt.runs.state_numbers import StateNumbers
from qvopt.runs.wording import difference_text
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.exact_reference import ExactReference
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.number_operators import number_operators
from qvopt_molecules.pauli import PauliSum
from qvopt_molecules.spins import Hamiltonian
from qvopt_molecules.total_spin import spin_squared

TOLERANCE: Final = 1e-6
"""Hartree by which a noiseless energy may lie below the exact one."""

_SIGMAS: Final = 5.0  # standard errors by which a measured one has to
_MOST_QUBITS: Final = 24
_LARGEST: Final = 20_000_000  # amplitudes of a sector
_OFF: Final = 1e-3  # by which ⟨N⟩, ⟨S_z⟩ and ⟨S²⟩ are called other ones
_MEASURED_OFF: Final = 0.25  # the same where noise may have flipped bits
_LOWER: Final = 1e-4  # Hartree between Hartree-Fock and the exact energy, to speak of


@dataclass(frozen=True, eq=False)
class EndCheck:
    """What the end of a run is held against.

    Attributes:
        hamiltonian: what was minimised.
        mapping: of its orbitals to the circuit's qubits.
        exact: the exact energy of the sector in Hartree, if known.
        reference: of which state it is, if it was computed here.
        mean_field: energy of the reference determinant in Hartree, if known.
        unit: of the energies, for messages.
    """

    hamiltonian: Hamiltonian
    mapping: str
    exact: float | None
    reference: ExactReference | None = None
    mean_field: float | None = None
    unit: str = "Ha"

    def operators(self, evaluator: Evaluator) -> Mapping[str, PauliSum]:
        """Return N and S_z, to read off outcomes; nothing where a simulator tells the state."""
        h = self.hamiltonian
        if not isinstance(h, MolecularHamiltonian) or h.n_qubits > 64 or self._tells(evaluator):
            return {}
        return number_operators(h, self.mapping)

    def _tells(self, evaluator: Evaluator) -> bool:
        """Whether the program may give its state, and the circuit is small enough."""
        return evaluator.program.exact and evaluator.circuit.n_qubits <= _MOST_QUBITS

    def numbers(
        self, evaluator: Evaluator, x: FloatArray, readings: Mapping[str, Estimate]
    ) -> StateNumbers | None:
        """Return the numbers of the state at x, from its amplitudes or from its outcomes.

        Args:
            evaluator: of the run.
            x: parameters.
            readings: N and S_z as the outcomes of the last energy have shown them, if they did.

        Returns:
            None where no simulator here tells the state, and no outcomes do.
        """
        h, program = self.hamiltonian, evaluator.program
        if not isinstance(h, MolecularHamiltonian) or not np.all(np.isfinite(x)):
            return None
        if readings.keys() >= {"electrons", "s_z"}:
            electrons, s_z = readings["electrons"], readings["s_z"]
            return StateNumbers(electrons.value, s_z.value, None, electrons.stderr, s_z.stderr)
        if not self._tells(evaluator):
            return None
        parts = state_components(program, h, self.mapping, x)
        if parts is None or any(part.psi.size > _LARGEST for part in parts):
            return None
        weights = [float(np.vdot(part.psi, part.psi).real) for part in parts]
        pairs = list(zip(weights, parts, strict=True))
        return StateNumbers(
            sum(w * (p.n_alpha + p.n_beta) for w, p in pairs),
            sum(w * (p.n_alpha - p.n_beta) / 2 for w, p in pairs),
            sum(spin_squared(p.psi, h.norb, p.n_alpha, p.n_beta) for p in parts),
        )

    def fault(
        self, energy: Scalar | None, noiseless: float | None, numbers: StateNumbers | None
    ) -> str | None:
        """Return why an energy cannot be that of its sector; None where it can.

        Args:
            energy: as measured.
            noiseless: the same without noise, if known, which then decides.
            numbers: of the state, if known.
        """
        if self.exact is None:
            return None
        if noiseless is not None:
            energy = Scalar(noiseless)
        if energy is None:
            return None
        below = self.exact - energy.value
        exact = Scalar(self.exact)
        if below < TOLERANCE or (
            energy.variance > 0 and not significantly_above(exact, energy, _SIGMAS)
        ):
            return None
        what = "exact energy of its sector" if self.reference is None else self.reference.state
        line = f"{difference_text(below, self.unit)} below the {what}"
        reasons = [] if numbers is None else self._differences(numbers)
        if reasons:
            return f"{line}: the state has {' and '.join(reasons)}"
        if energy.variance > 0 and noiseless is None:
            return f"{line}: the estimate is biased, as by noise or its mitigation"
        return f"{line}: the circuit leaves its sector, or the reference is of another problem"

    def remark(self, noiseless: float | None) -> str:
        """Return what to know of an exact run that ends at the Hartree-Fock energy; "" if nothing.

        Args:
            noiseless: the energy at the end in Hartree, if known.
        """
        if noiseless is None or self.exact is None or self.mean_field is None:
            return ""
        if abs(noiseless - self.mean_field) > TOLERANCE or self.mean_field - self.exact < _LOWER:
            return ""
        above = difference_text(self.mean_field - self.exact, self.unit)
        return (
            f"at the reference determinant, {above} above the exact energy: a stationary point of "
            f"this circuit; another start may go lower"
        )

    def _differences(self, numbers: StateNumbers) -> list[str]:
        h = self.hamiltonian
        assert isinstance(h, MolecularHamiltonian)
        spin = abs(h.n_alpha - h.n_beta) / 2
        targets = {
            "⟨N⟩": (numbers.electrons, float(h.n_electrons)),
            "⟨S_z⟩": (numbers.s_z, (h.n_alpha - h.n_beta) / 2),
            "⟨S²⟩": (numbers.s2, spin * (spin + 1)),
        }
        least = _OFF
        if numbers.measured:
            errors = (numbers.electrons_error or 0.0, numbers.s_z_error or 0.0)
            least = max(_MEASURED_OFF, *(_SIGMAS * error for error in errors))
        return [
            f"{name} = {value:.3f}, not {target:g}"
            for name, (value, target) in targets.items()
            if value is not None and abs(value - target) > least
        ]
