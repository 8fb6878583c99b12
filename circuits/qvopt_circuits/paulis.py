r"""Excitations as Pauli strings.

A string is the pair of masks (x, z) of `qvopt_molecules.pauli`; internally also the operator
X^x Z^z (Z first), so that P(x, z) = i^{|x & z|} X^x Z^z and
X^x Z^z · X^x' Z^z' = (-1)^{|z & x'|} X^{x ^ x'} Z^{z ^ z'}.
"""

from __future__ import annotations

from qvopt_molecules.errors import InputError
from qvopt_molecules.pauli import masks

from .gates import EXCITATIONS, FERMIONIC, PHASES, ROTATIONS, Gate


def generator_strings(gate: Gate) -> list[tuple[int, int, float]]:
    """Return (x, z, c) with Σ c P(x, z) = G of a gate exp(-iθG/2), Jordan-Wigner for excitations.

    The strings of one generator commute. Raises InputError for a gate without an angle.
    """
    if gate.name in EXCITATIONS:
        return excitation_strings(gate.qubits, fermionic=gate.name in FERMIONIC)
    if gate.name in PHASES:
        return phase_strings(gate.qubits)
    if gate.name not in ROTATIONS:
        raise InputError(f"gate {gate.name} has no generator")
    x, z = masks(gate.paulis or gate.name[1].upper())
    spread = [sum(1 << q for k, q in enumerate(gate.qubits) if m >> k & 1) for m in (x, z)]
    return [(spread[0], spread[1], 1.0)]


def excitation_strings(
    qubits: tuple[int, ...], *, fermionic: bool = True
) -> list[tuple[int, int, float]]:
    """Return (x, z, c) with Σ c P(x, z) = i (T - T†), Jordan-Wigner, for an excitation's qubits.

    Two strings for (i, a), eight for (i, j, a, b); they commute with each other. An excitation of
    plain qubits, not `fermionic`, has no Z outside its own qubits.
    """
    half = len(qubits) // 2
    words = [(q, 1) for q in qubits[half:]] + [(q, -1) for q in reversed(qubits[:half])]
    product = {(0, 0): 1.0}
    for q, sign in words:
        # a_q = Z_{<q} X (1 - Z) / 2 and a†_q = Z_{<q} X (1 + Z) / 2, Z_{<q} on other qubits.
        bit = 1 << q
        below = bit - 1 if fermionic else 0
        factor = {(bit, below): 0.5, (bit, below | bit): 0.5 * sign}
        product = _multiply(product, factor)
    out = []
    for (x, z), c in product.items():
        # i (A - A†) with A = c X^x Z^z and A† = ± A, minus where x and z share an odd number.
        shared = (x & z).bit_count()
        if shared % 2:
            # 2 i c X^x Z^z = 2 i c (-i)^{shared} P
            out.append((x, z, 2 * c * (1 if shared % 4 == 1 else -1)))
    return sorted(out)


def phase_strings(qubits: tuple[int, ...]) -> list[tuple[int, int, float]]:
    """Return (x, z, c) with Σ c P(x, z) = 2 n_p or 2 n_p n_q, but for its constant.

    >>> phase_strings((0, 2))
    [(0, 1, -0.5), (0, 4, -0.5), (0, 5, 0.5)]
    """
    bits = [1 << q for q in qubits]
    if len(bits) == 1:
        return [(0, bits[0], -1.0)]
    return [(0, bits[0], -0.5), (0, bits[1], -0.5), (0, bits[0] | bits[1], 0.5)]


def _multiply(
    a: dict[tuple[int, int], float], b: dict[tuple[int, int], float]
) -> dict[tuple[int, int], float]:
    out: dict[tuple[int, int], float] = {}
    for (x1, z1), c1 in a.items():
        for (x2, z2), c2 in b.items():
            sign = -1.0 if (z1 & x2).bit_count() % 2 else 1.0
            key = (x1 ^ x2, z1 ^ z2)
            out[key] = out.get(key, 0.0) + sign * c1 * c2
    return out
