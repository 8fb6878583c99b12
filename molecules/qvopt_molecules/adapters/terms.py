"""A sum of Pauli strings from terms of other libraries, checked, with a product state to start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np

from qvopt_molecules.errors import InputError
from qvopt_molecules.pauli import PauliSum
from qvopt_molecules.spins import SpinHamiltonian, product_energy

_HERMITIAN: Final = 1e-9
_DROP: Final = 1e-14
_SEARCHED: Final = 12
MOST_QUBITS: Final = 63


def spin_hamiltonian(
    terms: Iterable[tuple[Mapping[int, str], Any]],
    n_qubits: int = 0,
    *,
    label: str = "operator",
) -> SpinHamiltonian:
    """Return Σ_k c_k P_k as a problem.

    Args:
        terms: for each string its letters by qubit, and its coefficient. Equal strings add up.
        n_qubits: width; at least the highest qubit of the terms.
        label: a short name for tables.

    The product state is the lowest one (above 12 qubits the lowest that flips of one and two
    qubits find); for a diagonal operator, whose lowest product state is the answer, all qubits
    are 0.

    Raises InputError where the operator is empty, not Hermitian, not finite or too wide.
    """
    sums: dict[tuple[int, int], complex] = {}
    widest = 0
    for letters, coefficient in terms:
        x = z = 0
        for qubit, letter in letters.items():
            if letter not in "IXYZ" or len(letter) != 1:
                raise InputError(f"a Pauli string has the letters I, X, Y and Z, got '{letter}'")
            if not 0 <= qubit < MOST_QUBITS:
                raise InputError(
                    f"an operator has at most {MOST_QUBITS} qubits, got one on {qubit}"
                )
            x |= (letter in "XY") << qubit
            z |= (letter in "ZY") << qubit
            widest = max(widest, qubit + 1)
        try:
            sums[x, z] = sums.get((x, z), 0.0) + complex(coefficient)
        except (TypeError, ValueError):
            raise InputError(
                f"the coefficients of {label} must be numbers, got {str(coefficient)[:40]}; give "
                f"its parameters values first"
            ) from None
    width = max(n_qubits, widest)
    if width == 0 or not sums:
        raise InputError(f"{label} has no Pauli strings; it needs at least one qubit and one term")
    if width > MOST_QUBITS:
        raise InputError(f"an operator has at most {MOST_QUBITS} qubits, got {width}")
    values = np.array(list(sums.values()))
    if not np.isfinite(values).all():
        raise InputError(f"the coefficients of {label} contain NaN or infinity")
    scale = max(1.0, float(np.abs(values).max()))
    if np.abs(values.imag).max() > _HERMITIAN * scale:
        raise InputError(
            f"{label} is not Hermitian: its coefficients have imaginary parts, so that it has no "
            f"lowest energy"
        )
    kept = sorted((x, z, c.real) for (x, z), c in sums.items() if abs(c.real) > _DROP * scale)
    observable = PauliSum(
        width,
        np.array([x for x, _, _ in kept], dtype=np.uint64),
        np.array([z for _, z, _ in kept], dtype=np.uint64),
        np.array([c for _, _, c in kept], dtype=np.float64),
    )
    return SpinHamiltonian(observable, lowest_product(observable), label)


def lowest_product(observable: PauliSum) -> int:
    """Return the product state of |0⟩ and |1⟩ to start from, bit q set where qubit q is 1."""
    if not observable.x.any():
        return 0
    n = observable.n_qubits
    if n <= _SEARCHED:
        flat = observable.x == 0
        states = np.arange(1 << n, dtype=np.uint64)
        energies = np.zeros(1 << n)
        for z, c in zip(observable.z[flat], observable.coefficients[flat], strict=True):
            energies += c * (1.0 - 2.0 * (np.bitwise_count(states & z) & 1))
        # Of equal ones the first: rounding must not choose between them.
        return int(np.flatnonzero(energies <= energies.min() + 1e-9)[0])
    flips = [1 << p for p in range(n)] + [(1 << p) | (1 << q) for p in range(n) for q in range(p)]
    bits = 0
    while True:
        flipped = [product_energy(observable, bits ^ flip) for flip in flips]
        best = int(np.argmin(flipped))
        if flipped[best] > product_energy(observable, bits) - 1e-9:
            return bits
        bits ^= flips[best]
