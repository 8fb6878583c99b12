r"""The energy of a circuit to second order about its reference determinant, without any state.

Where the parameters are zero, a circuit of X gates and number-conserving gates prepares one
determinant |φ⟩. With U_k = exp(x A_k) of gate k (A_k = c (T_k - T_k†) / 2 for an excitation of
angle c x) each A_k |φ⟩ is one determinant with a factor, or nothing, and so is A_k A_l |φ⟩:

    ∂E/∂x_k = 2 Re ⟨φ|H A_k|φ⟩,
    ∂²E/∂x_k∂x_l = 2 Re [⟨φ|H A_k A_l|φ⟩ + ⟨A_k φ|H|A_l φ⟩],   gate k after gate l.

These are matrix elements between the determinant, its singles and its doubles (and of
determinants with their generalised excitations), by the Slater-Condon rules: for n gates n² of
them, whatever the number of electrons' configurations.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qvopt_molecules.arrays import ComplexArray, FloatArray, IntArray
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.slater_condon import matrix_elements

from .circuit import Circuit
from .gates import EXCITATIONS, FERMIONIC, PHASES, Gate
from .lowering.jordan_wigner_strings import excitation_sign

_MOST_QUBITS = 62  # a determinant is the bits of one integer


@dataclass(frozen=True, eq=False)
class ReferenceExpansion:
    """E(x) ≈ E₀ + gᵀx + ½ xᵀHx at x = 0, in Hartree.

    Attributes:
        energy: E₀, that of the reference determinant.
        gradient: g, shape (n,).
        hessian: H, shape (n, n).
        metric: S = Re ⟨∂_i ψ|∂_j ψ⟩, shape (n, n); the identity where each parameter is the
            amplitude of one excitation.
        reference: the determinant; bit q of the integer is qubit q.
        directions: for each parameter ∂|ψ⟩/∂x_i as {determinant: amplitude}.
    """

    energy: float
    gradient: FloatArray
    hessian: FloatArray
    metric: FloatArray
    reference: int
    directions: tuple[dict[int, complex], ...]


def reference_expansion(
    circuit: Circuit, hamiltonian: MolecularHamiltonian
) -> ReferenceExpansion | None:
    """Return the expansion about zero parameters.

    None where the circuit is not of the kind: X gates, then parametric gates that conserve the
    electrons of each spin and are the identity at x = 0, on at most 62 Jordan-Wigner qubits.
    """
    reference = _reference(circuit, hamiltonian)
    if reference is None:
        return None
    index, coefficient, _ = circuit.affine
    gates = [circuit.gates[position] for position in circuit.parametric]
    start: IntArray = np.array([reference], dtype=np.int64)
    first = [_differentiate(gate, start) for gate in gates]
    factors: ComplexArray = np.array([f[0] for f, _ in first], dtype=np.complex128) * coefficient
    images: IntArray = np.array([d[0] for _, d in first], dtype=np.int64)

    def elements(bras: IntArray, kets: IntArray) -> FloatArray:
        return matrix_elements(
            hamiltonian, _strings(bras, hamiltonian.norb), _strings(kets, hamiltonian.norb)
        )

    n, m = circuit.n_parameters, len(gates)
    gradient, hessian, metric = np.zeros(n), np.zeros((n, n)), np.zeros((n, n))
    acts = np.flatnonzero(factors)
    to_reference = elements(np.repeat(start, len(acts)), images[acts])
    np.add.at(gradient, index[acts], 2 * (factors[acts] * to_reference).real)
    # ⟨A_k φ|H|A_l φ⟩ for all pairs
    k, l = (side.reshape(-1) for side in np.meshgrid(acts, acts, indexing="ij"))
    products = factors[k].conj() * factors[l] * elements(images[k], images[l])
    np.add.at(hessian, (index[k], index[l]), 2 * products.real)
    same = images[k] == images[l]
    overlaps = (factors[k].conj() * factors[l]).real[same]
    np.add.at(metric, (index[k[same]], index[l[same]]), overlaps)
    # ⟨φ|H A_k A_l|φ⟩, k after l or k = l
    for later in range(m):
        earlier = acts[acts <= later]
        again, twice = _differentiate(gates[later], images[earlier])
        kept = np.flatnonzero(again)
        if not len(kept):
            continue
        earlier = earlier[kept]
        amplitude = again[kept] * coefficient[later] * factors[earlier]
        value = 2 * (amplitude * elements(np.repeat(start, len(kept)), twice[kept])).real
        np.add.at(hessian, (index[later], index[earlier]), value)
        other = earlier != later
        np.add.at(hessian, (index[earlier[other]], index[later]), value[other])
    directions: tuple[dict[int, complex], ...] = tuple({} for _ in range(n))
    for gate in acts.tolist():
        direction, image = directions[int(index[gate])], int(images[gate])
        direction[image] = direction.get(image, 0.0) + complex(factors[gate])
    energy = float(elements(start, start)[0])
    return ReferenceExpansion(energy, gradient, hessian, metric, reference, directions)


def _reference(circuit: Circuit, hamiltonian: MolecularHamiltonian) -> int | None:
    """The determinant at x = 0, or None where the circuit is not of the kind."""
    norb, determinant, parametric = hamiltonian.norb, 0, False
    if circuit.n_qubits != 2 * norb or circuit.n_qubits > _MOST_QUBITS:
        return None
    for gate in circuit.gates:
        if gate.name == "x" and not parametric:
            determinant ^= 1 << gate.qubits[0]
            continue
        parametric = True
        if gate.angle is None or gate.angle.index is None or gate.angle.offset:
            return None
        if not gate.conserves_number or not (gate.is_diagonal or _conserves_spin(gate, norb)):
            return None
    lower = determinant & ((1 << norb) - 1)
    electrons = lower.bit_count(), (determinant >> norb).bit_count()
    return determinant if electrons == (hamiltonian.n_alpha, hamiltonian.n_beta) else None


def _conserves_spin(gate: Gate, norb: int) -> bool:
    half = len(gate.qubits) // 2
    spins = [q >= norb for q in gate.qubits]
    return sum(spins[:half]) == sum(spins[half:])


def _differentiate(gate: Gate, determinants: IntArray) -> tuple[ComplexArray, IntArray]:
    """Return dU/dθ at θ = 0 on determinants: factors (0 where it vanishes) and images."""
    if gate.name not in EXCITATIONS:
        return _phase_derivative(gate, determinants), determinants
    half = len(gate.qubits) // 2
    down, up = (_mask(part) for part in (gate.qubits[:half], gate.qubits[half:]))
    sign, string = excitation_sign(gate.qubits) if gate.name in FERMIONIC else (1, ())
    inside = determinants & (down | up)
    factors = np.where(inside == down, 0.5, 0.0) - np.where(inside == up, 0.5, 0.0)
    odd = np.bitwise_count(determinants & _mask(string)) % 2
    factors = sign * factors * (1.0 - 2.0 * odd)
    return factors.astype(np.complex128), determinants ^ (down | up)


def _phase_derivative(gate: Gate, determinants: IntArray) -> ComplexArray:
    mask = _mask(gate.qubits)
    if gate.name in PHASES:
        return np.asarray(-1j * ((determinants & mask) == mask))
    odd = np.bitwise_count(determinants & mask) % 2  # rz, and Pauli rotations of Z alone
    return np.asarray(-0.5j * (1.0 - 2.0 * odd))


def _mask(qubits: tuple[int, ...]) -> int:
    return sum(1 << q for q in qubits)


def _strings(determinants: IntArray, norb: int) -> IntArray:
    """Alpha and beta strings, shape (n, 2)."""
    return np.stack([determinants & ((1 << norb) - 1), determinants >> norb], axis=1)
