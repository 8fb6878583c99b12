"""Expectation values of many Pauli strings in one state, by Walsh-Hadamard transforms."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from qvopt_molecules.encodings import encoding_of
from qvopt_molecules.errors import InputError
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.states import sector_bits, spin_strings

FloatArray = npt.NDArray[np.float64]
MaskArray = npt.NDArray[np.uint64]
State = npt.NDArray[Any]
"""Real or complex amplitudes, shape (2**n_qubits,), basis state |n⟩ at index n."""

LARGEST_WIDTH = 16
"""Qubits up to which states are expanded to all their amplitudes."""


def full_state(
    psi: FloatArray, hamiltonian: MolecularHamiltonian, mapping: str = "jordan-wigner"
) -> FloatArray:
    """Return sector amplitudes ψ[alpha, beta] as amplitudes over the mapped qubits.

    Raises InputError above 16 qubits and for amplitudes of another sector.
    """
    target = encoding_of(mapping, hamiltonian)
    width = hamiltonian.n_qubits - len(target.dropped)
    check_width(width)
    alpha, beta = spin_strings(hamiltonian)
    if psi.shape != (len(alpha), len(beta)):
        raise InputError(
            f"amplitudes of shape {psi.shape} are not of the sector's {len(alpha)} x {len(beta)}"
        )
    full = np.zeros(1 << width)
    fixed = target.constants(hamiltonian)
    for occupations, amplitude in zip(sector_bits(hamiltonian).tolist(), psi.flat, strict=True):
        encoded = target.bits(occupations)
        if all(encoded >> q & 1 == value for q, value in fixed.items()):
            full[target.squeezed(encoded)] = amplitude
    return full


def check_width(n_qubits: int) -> None:
    """Raise InputError where a state would have too many amplitudes."""
    if n_qubits > LARGEST_WIDTH:
        raise InputError(
            f"exact shadows on {n_qubits} qubits are out of reach: at most {LARGEST_WIDTH} qubits; "
            f"choose a smaller active space"
        )


def checked_state(psi: State, n_qubits: int) -> State:
    """Return the state; raise InputError unless it has 2^n amplitudes and unit norm (to 1e-6)."""
    check_width(n_qubits)
    if psi.shape != (1 << n_qubits,):
        raise InputError(
            f"a state of {n_qubits} qubits has {1 << n_qubits} amplitudes, got shape {psi.shape}"
        )
    norm = float(np.linalg.norm(psi))
    if not abs(norm - 1.0) < 1e-6:
        raise InputError(f"a state needs unit norm, got {norm:.6g}")
    return np.asarray(psi / norm)


def expectations(x: MaskArray, z: MaskArray, psi: State) -> FloatArray:
    """⟨P(x_j, z_j)⟩ = Re i^{|x & z|} Σ_n (-1)^{|n & z|} ψ*(n ^ x) ψ(n).

    For each x one transform gives the sums for all z.
    """
    out = np.zeros(len(x))
    turns = np.bitwise_count(x & z) % 4
    places = np.arange(len(psi))
    order = np.argsort(x, kind="stable")
    starts = np.flatnonzero(np.diff(x[order], prepend=~x[order[:1]]))
    for same in np.split(order, starts[1:]):
        if len(same) == 0:
            continue
        product = psi[places ^ int(x[same[0]])].conj() * psi
        at, turn = z[same].astype(np.int64), turns[same]
        if np.any(product.real):
            sums = _walsh_hadamard(np.array(product.real))[at]
            out[same] = np.choose(turn, [sums, 0.0, -sums, 0.0])
        if np.iscomplexobj(product) and np.any(product.imag):
            sums = _walsh_hadamard(np.array(product.imag))[at]
            out[same] += np.choose(turn, [0.0, -sums, 0.0, sums])
    return out


def _walsh_hadamard(values: FloatArray) -> FloatArray:
    """Σ_n (-1)^{|n & z|} values[n] for all z."""
    stride = 1
    while stride < values.size:
        pairs = values.reshape(-1, 2, stride)
        upper, lower = pairs[:, 0] + pairs[:, 1], pairs[:, 0] - pairs[:, 1]
        values = np.stack([upper, lower], axis=1)
        stride *= 2
    return values.reshape(-1)
