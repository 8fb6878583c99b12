"""The state at a point as amplitudes over determinants, from any simulator that can tell."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qvopt.backends.batch import Point
from qvopt.backends.protocol import Program, SectorStateProgram, StateProgram
from qvopt.engine.assembly import Assembly
from qvopt_molecules.arrays import ComplexArray, FloatArray
from qvopt_molecules.determinants import compound_matrix, occupation_strings, occupied_orbitals
from qvopt_molecules.encodings import encoding_of
from qvopt_molecules.errors import InputError
from qvopt_molecules.hamiltonian import MolecularHamiltonian

_NEGLIGIBLE = 1e-12


@dataclass(frozen=True, eq=False)
class Component:
    """The part of a state with n_alpha and n_beta electrons: ψ[alpha string, beta string].

    Strings ascend as integers. The squares of all components add up to one.
    """

    n_alpha: int
    n_beta: int
    psi: ComplexArray

    @property
    def real_parts(self) -> list[FloatArray]:
        """Real and imaginary amplitudes: what real operators see is the sum over both."""
        parts = [np.ascontiguousarray(self.psi.real), np.ascontiguousarray(self.psi.imag)]
        return [p for p in parts if float(np.vdot(p, p)) > _NEGLIGIBLE**2]


def components(assembly: Assembly, x: FloatArray) -> list[Component]:
    """Return the state at x by its electron numbers.

    Raises InputError where the backend has no exact state.
    """
    program = assembly.program
    name = assembly.experiment.backend.name
    if not program.exact:
        raise InputError(f"backend {name} has no exact state; give a number of shots")
    x = assembly.circuit.check_parameters(x)
    parts = state_components(program, assembly.molecular, assembly.experiment.mapping, x)
    if parts is None:
        raise InputError(f"backend {name} gives no state vectors")
    return parts


def state_components(
    program: Program, hamiltonian: MolecularHamiltonian, mapping: str, x: FloatArray
) -> list[Component] | None:
    """Return the state at x by its electron numbers; None where the program gives no state."""
    h = hamiltonian
    if isinstance(program, SectorStateProgram):
        psi = np.asarray(program.state(Point(x)), dtype=np.complex128)
        return [Component(h.n_alpha, h.n_beta, psi)]
    if not isinstance(program, StateProgram):
        return None
    (vector,) = program.states([Point(x)])
    return _split(np.asarray(vector), h, mapping)


def _split(vector: ComplexArray, h: MolecularHamiltonian, mapping: str) -> list[Component]:
    """Sort amplitudes by electron numbers; qubits that the mapping drops are constants."""
    target, norb = encoding_of(mapping, h), h.norb
    constants = target.constants(h)
    kept_qubits = [q for q in range(2 * norb) if q not in target.dropped]
    parts = []
    for n_alpha, n_beta in itertools.product(range(norb + 1), repeat=2):
        alpha, beta = occupation_strings(norb, n_alpha), occupation_strings(norb, n_beta)
        bits = (alpha[:, None] | (beta[None, :] << norb)).reshape(-1)
        qubits = [np.bitwise_count(bits & row) & 1 for row in target.rows]
        kept = np.ones(len(bits), dtype=bool)
        for q, value in constants.items():
            kept &= qubits[q] == value
        places = np.zeros(len(bits), dtype=np.int64)
        for k, q in enumerate(kept_qubits):
            places |= qubits[q].astype(np.int64) << k
        psi = np.where(kept, vector[places], 0.0)
        if float(np.vdot(psi, psi).real) > _NEGLIGIBLE:
            parts.append(Component(n_alpha, n_beta, psi.reshape(len(alpha), len(beta))))
    return parts


def turned(component: Component, rotation: FloatArray, turns: Any) -> FloatArray:
    """Probabilities of occupations in orbitals b†_k = Σ_p i^{turns_p} R_pk a†_p, (alpha, beta)."""
    norb = len(rotation)
    amplitudes: ComplexArray = component.psi
    sides = []
    for n in (component.n_alpha, component.n_beta):
        strings = occupation_strings(norb, n)
        total = (((strings[:, None] >> np.arange(norb)) & 1) * np.asarray(turns)).sum(axis=1)
        phase = (-1j) ** (total % 4)
        sides.append((phase, compound_matrix(rotation, occupied_orbitals(strings, norb))))
    (phase_a, left), (phase_b, right) = sides
    amplitudes = left.T @ (phase_a[:, None] * amplitudes * phase_b[None, :]) @ right
    return np.asarray(np.abs(amplitudes) ** 2)


def numbers_of(parts: Sequence[Component], norb: int) -> FloatArray:
    """Occupations N_k of every determinant of all components, in their order, (outcomes, norb)."""
    rows = []
    for part in parts:
        alpha, beta = (
            ((occupation_strings(norb, n)[:, None] >> np.arange(norb)) & 1).astype(np.float64)
            for n in (part.n_alpha, part.n_beta)
        )
        rows.append((alpha[:, None, :] + beta[None, :, :]).reshape(-1, norb))
    return np.concatenate(rows)
