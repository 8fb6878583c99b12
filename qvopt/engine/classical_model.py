"""What is known of a circuit's energy before anything is measured, by classical means that scale.

Everything comes from matrix elements between the reference determinant, its singles and doubles,
and from the signs that the integrals leave free: n² elements for n gates, no state vector and no
sector. It holds for circuits of number-conserving gates whose parameters at zero prepare one
determinant.
"""

from __future__ import annotations

import numpy as np

from qvopt.optimizers.protocol import ClassicalModel
from qvopt_circuits.circuit import Circuit
from qvopt_circuits.newton_start import rational_step
from qvopt_circuits.reference_expansion import ReferenceExpansion, reference_expansion
from qvopt_molecules.arrays import BoolArray, FloatArray
from qvopt_molecules.errors import InputError
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.sign_symmetry import sign_symmetries

_SAME = 1e-7
"""Numbers of one size, in relative terms: integrals are converged to about 1e-9."""


def classical_model(circuit: Circuit, hamiltonian: MolecularHamiltonian) -> ClassicalModel | None:
    """Return gradient and Hessian at zero parameters, symmetries and starts.

    None for a circuit that does not expand about a determinant (hardware-efficient ones, other
    encodings than Jordan-Wigner), and where the expansion says nothing: g = 0 at a stationary
    reference that the Hessian would not leave either.
    """
    expansion = reference_expansion(circuit, hamiltonian)
    if expansion is None or not np.any(np.abs(expansion.gradient) > 1e-10):
        return None
    starts = {"newton": rational_step(expansion)}
    mp2 = perturbative_amplitudes(expansion, hamiltonian)
    if mp2 is not None:
        starts["mp2"] = mp2
    return ClassicalModel(
        expansion.gradient,
        expansion.hessian,
        expansion.metric,
        vanishing_parameters(circuit, hamiltonian),
        spin_partners(expansion, hamiltonian),
        starts,
    )


def vanishing_parameters(circuit: Circuit, hamiltonian: MolecularHamiltonian) -> BoolArray:
    """Return which parameters a sign symmetry of the orbitals keeps stationary at zero.

    A sign change S of orbitals with S H S = H takes the excitation A to ±A. E is then even in all
    parameters of the sign -, together: their derivatives vanish where they are all zero.
    """
    norb = hamiltonian.norb
    index, _, _ = circuit.affine
    orbitals = []
    for position in circuit.parametric:
        mask = 0
        gate = circuit.gates[position]
        for qubit in gate.qubits if not gate.is_diagonal else ():
            mask ^= 1 << (qubit % norb)
        orbitals.append(mask)
    vanishing = np.zeros(circuit.n_parameters, dtype=np.bool_)
    for symmetry in sign_symmetries(hamiltonian):
        odd = np.ones(circuit.n_parameters, dtype=np.bool_)
        for i, mask in zip(index.tolist(), orbitals, strict=True):
            odd[i] &= (mask & symmetry).bit_count() % 2 == 1
        vanishing |= odd
    turned = np.zeros(circuit.n_parameters, dtype=np.bool_)
    turned[index] = True
    return vanishing | ~turned  # a parameter of no gate does nothing


def spin_partners(
    expansion: ReferenceExpansion, hamiltonian: MolecularHamiltonian
) -> tuple[tuple[int, int, float], ...]:
    """Return (i, j, s): exchanging alpha and beta takes ∂|ψ⟩/∂x_i to s ∂|ψ⟩/∂x_j.

    For closed shells the minimum keeps that symmetry, x_i = s x_j, but for the order of the gates.
    Repetitions of the same operator are paired in their order.
    """
    norb = hamiltonian.norb
    if hamiltonian.n_alpha != hamiltonian.n_beta:
        return ()
    if _flipped(expansion.reference, norb) != expansion.reference:
        return ()
    by_determinants: dict[frozenset[int], list[int]] = {}
    for i, direction in enumerate(expansion.directions):
        if direction:
            by_determinants.setdefault(frozenset(direction), []).append(i)
    pairs = []
    for determinants, members in by_determinants.items():
        image = frozenset(_flipped(d, norb) for d in determinants)
        others = by_determinants.get(image, [])
        if image == determinants or len(others) != len(members):
            continue
        for i, j in zip(members, others, strict=True):
            sign = _sign(expansion.directions[i], expansion.directions[j], norb)
            if i < j and sign is not None:
                pairs.append((i, j, sign))
    return tuple(pairs)


def _sign(a: dict[int, complex], b: dict[int, complex], norb: int) -> float | None:
    """s with flip(a) = s b, if there is one.

    The exchange of all operators costs one sign that every determinant of the sector shares.
    """
    ratios = np.array([value / b[_flipped(d, norb)] for d, value in a.items()])
    for sign in (1.0, -1.0):
        if np.allclose(ratios, sign, rtol=_SAME, atol=_SAME):
            return sign
    return None


def _flipped(determinant: int, norb: int) -> int:
    return (determinant >> norb) | ((determinant & ((1 << norb) - 1)) << norb)


def perturbative_amplitudes(
    expansion: ReferenceExpansion, hamiltonian: MolecularHamiltonian
) -> FloatArray | None:
    """Return the parameters whose first-order state is nearest to that of MP2.

    Σ_i x_i ∂|ψ⟩/∂x_i ≈ Σ_D |D⟩⟨D|H|φ⟩ / (E₀ - E_D), in least squares, with differences of orbital
    energies as denominators. None where they vanish, and for references other than Hartree-Fock.
    """
    from qvopt_molecules.amplitudes import mp2_amplitudes

    norb = hamiltonian.norb
    lowest = ((1 << hamiltonian.n_alpha) - 1) | (((1 << hamiltonian.n_beta) - 1) << norb)
    if expansion.reference != lowest:
        return None
    try:
        amplitudes = mp2_amplitudes(hamiltonian)
    except InputError:
        return None
    determinants = sorted({d for direction in expansion.directions for d in direction})
    row = {d: k for k, d in enumerate(determinants)}
    directions = np.zeros((len(determinants), len(expansion.directions)))
    for i, direction in enumerate(expansion.directions):
        for d, value in direction.items():
            directions[row[d], i] = value.real
    state = np.zeros(len(determinants))
    for d, k in row.items():
        emptied = _bits(lowest & ~d)
        filled = _bits(d & ~lowest)
        if len(emptied) == 1:
            state[k] = amplitudes.single(*emptied, *filled)
        elif len(emptied) == 2:
            state[k] = amplitudes.double(*emptied, *filled)
        state[k] *= _operator_sign(lowest, emptied, filled)
    return np.asarray(np.linalg.lstsq(directions, state, rcond=1e-8)[0])


def _bits(mask: int) -> tuple[int, ...]:
    return tuple(q for q in range(mask.bit_length()) if mask >> q & 1)


def _operator_sign(determinant: int, emptied: tuple[int, ...], filled: tuple[int, ...]) -> float:
    """Sign of a†_a a†_b a_j a_i on a determinant, i < j and a < b: what the string counts."""
    sign = 1.0
    for q in (*emptied, *reversed(filled)):
        if (determinant & ((1 << q) - 1)).bit_count() % 2:
            sign = -sign
        determinant ^= 1 << q
    return sign
