"""Expectation values of many Pauli strings in one state, by Walsh-Hadamard transforms."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from qvopt_molecules.arrays import FloatArray, IntArray, MaskArray
from qvopt_molecules.encodings import encoding_of
from qvopt_molecules.errors import InputError
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.states import sector_bits, spin_strings

StateVector = npt.NDArray[Any]
"""Real or complex amplitudes, shape (2**n_qubits,), basis state |n⟩ at index n."""

LARGEST_WIDTH = 20
"""Qubits up to which states are expanded to all their amplitudes."""

_CHUNK = 1 << 22


def full_state(
    psi: FloatArray, hamiltonian: MolecularHamiltonian, mapping: str = "jordan-wigner"
) -> FloatArray:
    """Return sector amplitudes ψ[alpha, beta] as amplitudes over the mapped qubits.

    Raises InputError above 20 qubits and for amplitudes of another sector.
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


def checked_state(psi: StateVector, n_qubits: int) -> StateVector:
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


def expectations(x: MaskArray, z: MaskArray, psi: StateVector) -> FloatArray:
    """⟨P(x_j, z_j)⟩ = Re i^{|x & z|} Σ_n (-1)^{|n & z|} ψ*(n ^ x) ψ(n).

    For each x one transform gives the sums for all z; where few n have both amplitudes, as in a
    sector of fixed electron numbers, they are summed one by one.
    """
    out = np.zeros(len(x))
    turns = np.bitwise_count(x & z) % 4
    support = np.flatnonzero(psi)
    transform = len(psi) * (len(psi).bit_length() - 1)
    order = np.argsort(x, kind="stable")
    starts = np.flatnonzero(np.diff(x[order], prepend=~x[order[:1]]))
    for same in np.split(order, starts[1:]):
        if len(same) == 0:
            continue
        pairs = psi[support ^ int(x[same[0]])].conj() * psi[support]
        kept = np.flatnonzero(pairs)
        where, pairs = support[kept], pairs[kept]
        few = len(where) * len(same) < transform
        turn = turns[same]
        for part, signs in ((pairs.real, (1, 0, -1, 0)), (pairs.imag, (0, -1, 0, 1))):
            if np.any(part):
                sums = _sums(where, part, z[same]) if few else _all_sums(where, part, z[same], psi)
                out[same] += np.array(signs)[turn] * sums
    return out


def _sums(where: IntArray, values: FloatArray, z: MaskArray) -> FloatArray:
    """Σ_n (-1)^{|n & z|} values(n), n by n."""
    out = np.empty(len(z))
    at = where.astype(np.uint64)
    step = max(1, _CHUNK // max(len(at), 1))
    for start in range(0, len(z), step):
        odd = np.bitwise_count(at & z[start : start + step, None]) & 1
        out[start : start + step] = values.sum() - 2.0 * (odd @ values)
    return out


def _all_sums(where: IntArray, values: FloatArray, z: MaskArray, psi: StateVector) -> FloatArray:
    full = np.zeros(len(psi))
    full[where] = values
    return _walsh_hadamard(full)[z.astype(np.int64)]


def _walsh_hadamard(values: FloatArray) -> FloatArray:
    """Σ_n (-1)^{|n & z|} values[n] for all z."""
    stride = 1
    while stride < values.size:
        pairs = values.reshape(-1, 2, stride)
        upper, lower = pairs[:, 0] + pairs[:, 1], pairs[:, 0] - pairs[:, 1]
        values = np.stack([upper, lower], axis=1)
        stride *= 2
    return values.reshape(-1)
