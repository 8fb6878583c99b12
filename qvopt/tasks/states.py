"""The state at a point as amplitudes over determinants, from any simulator that can tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qvopt.backends.batch import Point
from qvopt.backends.protocol import SectorStateProgram, StateProgram
from qvopt.engine.assembly import Assembly
from qvopt_molecules.arrays import ComplexArray, FloatArray
from qvopt_molecules.determinants import compound_matrix, occupation_strings, occupied_orbitals
from qvopt_molecules.encodings import encoding_of
from qvopt_molecules.errors import InputError

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
    h = assembly.molecular
    if not program.exact:
        raise InputError(
            f"backend {assembly.experiment.backend.name} has no exact state; give a number of shots"
        )
    x = assembly.circuit.check_parameters(x)
    if isinstance(program, SectorStateProgram):
        psi = np.asarray(program.state(Point(x)), dtype=np.complex128)
        return [Component(h.n_alpha, h.n_beta, psi)]
    if not isinstance(program, StateProgram):
        raise InputError(f"backend {assembly.experiment.backend.name} gives no state vectors")
    (vector,) = program.states([Point(x)])
    return _split(np.asarray(vector), h.norb, assembly)


def _split(vector: ComplexArray, norb: int, assembly: Assembly) -> list[Component]:
    target = encoding_of(assembly.experiment.mapping, assembly.molecular)
    components = []
    h = assembly.molecular
    sectors = [(a, b) for a in range(norb + 1) for b in range(norb + 1)]
    if target.dropped:  # only the parities of the reference can be told from fewer qubits
        sectors = [(a, b) for a, b in sectors if (a, b) == (h.n_alpha, h.n_beta)]
    for n_alpha, n_beta in sectors:
        alpha, beta = occupation_strings(norb, n_alpha), occupation_strings(norb, n_beta)
        bits = (alpha[:, None] | (beta[None, :] << norb)).reshape(-1)
        kept, places = [], []
        for k, b in enumerate(bits.tolist()):
            encoded = target.bits(b)
            if all((encoded >> q & 1) == v for q, v in target.constants(h).items()):
                kept.append(k)
                places.append(target.squeezed(encoded))
        psi = np.zeros(len(bits), dtype=np.complex128)
        psi[kept] = vector[places]
        if float(np.vdot(psi, psi).real) > _NEGLIGIBLE:
            components.append(Component(n_alpha, n_beta, psi.reshape(len(alpha), len(beta))))
    return components


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
