r"""Properties of a prepared state: density matrices, occupations, spin, dipole, overlap.

Exact from a simulator's amplitudes, or measured (`qvopt.measurement.density`), every number with
the standard error that its own shots give. From γ and Γ,

    ⟨N⟩ = Σ_p γ_pp,   ⟨S²⟩ = ¾ Σ_p γ_pp - ¼ Σ_pr Γ_pprr - ½ Σ_pq Γ_pqqp,
    μ = μ_core + Σ_pq μ_pq γ_pq,   E = E_core + Σ h_pq γ_pq + ½ Σ (pq|rs) Γ_pqrs,

T. Helgaker, P. Jørgensen, J. Olsen, Molecular Electronic-Structure Theory (2000), chapter 2.
Natural occupations are eigenvalues of γ; measured, their errors are of first order, and noise
pushes near-equal ones apart.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from qvopt.engine.assembly import Assembly
from qvopt.engine.states import Component, components
from qvopt.measurement.estimate import Estimate
from qvopt.records.events import PROPERTIES
from qvopt.records.ledger import Costs
from qvopt.tasks.measured_density import DensityMeasurement
from qvopt.tasks.properties_result import Properties
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.dipole import DEBYE, dipole_operator
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.references import n_determinants
from qvopt_molecules.states import LARGEST_SECTOR, fci_ground_space


def density_matrices(parts: list[Component], norb: int) -> tuple[FloatArray, FloatArray]:
    """Return γ_pq = Re⟨E_pq⟩ and Γ_pqrs = Re⟨E_pq E_rs⟩ - δ_qr γ_ps, by PySCF.

    `parts` is a state by its electron numbers.
    """
    from pyscf.fci import direct_spin1

    one, two = np.zeros((norb, norb)), np.zeros((norb,) * 4)
    for part in parts:
        for psi in part.real_parts:
            a, b = direct_spin1.make_rdm12(psi, norb, (part.n_alpha, part.n_beta))
            one += a
            two += b
    return one, two


def exact_properties(assembly: Assembly, x: FloatArray) -> Properties:
    """Return the properties of the state at x from the simulator's amplitudes.

    Raises InputError where the backend has none.
    """
    h = assembly.molecular
    parts = components(assembly, x)
    one, two = density_matrices(parts, h.norb)

    def of(constant: float, a: FloatArray | None = None, b: FloatArray | None = None) -> Estimate:
        value = constant
        value += 0.0 if a is None else float(np.sum(a * one))
        return Estimate(value + (0.0 if b is None else float(np.sum(b * two))))

    zeros = np.zeros_like(one), np.zeros_like(two)
    return _collect(h, of, (one, two), zeros, _overlap(h, parts))


def measured_properties(
    assembly: Assembly, x: FloatArray, shots: int, *, seed: int | None = None
) -> Properties:
    """Measure the properties of the state at x with `shots` shots in total.

    Every number is of the same shots, mitigated as the experiment says. The overlap with full CI,
    which no such measurement tells, comes from the simulator's amplitudes, if there are any. Raises
    InputError for what `DensityMeasurement` refuses.
    """
    return properties_of(DensityMeasurement(assembly, x, shots, seed=seed), assembly, x)[0]


def properties_of(
    measurement: DensityMeasurement, assembly: Assembly, x: FloatArray
) -> tuple[Properties, Costs]:
    """Run the measurement at x; return the properties, and what was spent."""
    h = assembly.molecular
    measured, costs = measurement.run()
    matrices = measured.one, measured.two
    errors = measured.one_errors(), measured.two_errors()
    overlap = _overlap(h, components(assembly, x)) if assembly.program.exact else None
    spent = costs[PROPERTIES]
    properties = _collect(
        h, measured.estimate, matrices, errors, overlap, spent.shots, spent.circuits
    )
    return properties, costs


def _collect(
    h: MolecularHamiltonian,
    of: Any,
    matrices: tuple[FloatArray, FloatArray],
    errors: tuple[FloatArray, FloatArray],
    overlap: float | None,
    shots: int = 0,
    circuits: int = 0,
) -> Properties:
    """All properties from `of`(constant, one, two), linear functionals of the matrices."""
    n, one = h.norb, matrices[0]
    unit = np.eye(n)
    spin = -0.25 * np.einsum("pq,rs->pqrs", unit, unit)
    spin -= 0.5 * np.einsum("ps,qr->pqrs", unit, unit)
    dipole: tuple[Estimate, Estimate, Estimate] | None = None
    norm: Estimate | None = None
    if h.frame is not None:
        constant, integrals = dipole_operator(h)
        constant, integrals = DEBYE * constant, DEBYE * integrals
        x, y, z = (of(float(c), m) for c, m in zip(constant, integrals, strict=True))
        dipole = (x, y, z)
        vector = np.array([e.value for e in dipole])
        length = float(np.linalg.norm(vector))
        direction = vector / length if length > 1e-9 else np.zeros(3)
        along = of(float(direction @ constant), np.einsum("x,xpq->pq", direction, integrals))
        norm = Estimate(length, along.variance, along.shots)
    _, vectors = np.linalg.eigh((one + one.T) / 2)
    natural = [of(0.0, np.outer(v, v)) for v in vectors.T[::-1]]
    return Properties(
        energy=of(h.core_energy, h.one_body, 0.5 * h.two_body),
        electrons=of(0.0, unit),
        spin_squared=of(0.0, 0.75 * unit, spin),
        dipole=dipole,
        dipole_norm=norm,
        occupations=tuple(natural),
        one=one,
        two=matrices[1],
        one_errors=errors[0],
        two_errors=errors[1],
        overlap=overlap,
        shots=shots,
        circuits=circuits,
    )


def _overlap(h: MolecularHamiltonian, parts: list[Component]) -> float | None:
    if n_determinants(h) > LARGEST_SECTOR:
        return None
    own = [p for p in parts if (p.n_alpha, p.n_beta) == (h.n_alpha, h.n_beta)]
    return float(
        sum(abs(np.vdot(target, p.psi)) ** 2 for target in fci_ground_space(h) for p in own)
    )
