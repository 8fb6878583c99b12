"""The molecular Hamiltonian over qubits.

With the symmetrised S_pq = Σ_σ (a†_pσ a_qσ + a†_qσ a_pσ) / 2,

    H = E_core + Σ_pq (h_pq - ½ Σ_r (pr|rq)) S_pq + ½ Σ_pqrs (pq|rs) S_pq S_rs,

and under Jordan-Wigner an S_pq has four strings, X…X and Y…Y of each spin (three for p = q). All
products are taken at once over bit masks. Strings are kept here as operators X^x Z^z, with
P(x, z) = i^{|x & z|} X^x Z^z and (X^x Z^z)(X^x' Z^z') = (-1)^{|z & x'|} X^{x^x'} Z^{z^z'}.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from qvopt_molecules.arrays import FloatArray, MaskArray

from .encodings import encoded_string, encoding_of
from .errors import InputError
from .hamiltonian import MolecularHamiltonian
from .pauli import PauliSum

_DROP = 1e-12


def qubit_hamiltonian(
    hamiltonian: MolecularHamiltonian, mapping: str = "jordan-wigner"
) -> PauliSum:
    """Return the Hamiltonian as a sum of Pauli strings, coefficients in Hartree.

    `mapping` is one of `qvopt_molecules.encodings.MAPPINGS`; "parity-reduced" replaces the two
    conserved qubits by their values in the sector of (n_alpha, n_beta), "jordan-wigner-tapered"
    one for each Z2 symmetry, in the Hartree-Fock determinant's sector. Coefficients below 1e-12
    are dropped; strings are ordered by (x, z). Raises InputError above 64 qubits.
    """
    n = hamiltonian.norb
    if 2 * n > 64:
        raise InputError(f"{2 * n} qubits are too many for a Pauli sum of at most 64")
    h, g = hamiltonian.one_body, hamiltonian.two_body
    one = h - 0.5 * np.einsum("prrq->pq", g)
    p, q, x, z, c = _symmetrised_strings(n)
    single = one[p, q] * c
    products = 0.5 * g[p[:, None], q[:, None], p[None, :], q[None, :]] * c[:, None] * c[None, :]
    products = products * _sign(z[:, None] & x[None, :])
    zero = np.zeros(1, dtype=np.uint64)
    all_x = np.concatenate([zero, x, (x[:, None] ^ x[None, :]).ravel()])
    all_z = np.concatenate([zero, z, (z[:, None] ^ z[None, :]).ravel()])
    weights = np.concatenate([[hamiltonian.core_energy], single, products.ravel()])
    jordan_wigner = collected(2 * n, all_x, all_z, weights)
    if mapping == "jordan-wigner":
        return jordan_wigner
    return encoded(jordan_wigner, hamiltonian, mapping)


def _symmetrised_strings(
    n: int,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], MaskArray, MaskArray, FloatArray]:
    """Strings (p, q, x, z, c) of Σ_{p<=q} w S_pq, w = 2 for p < q to stand for (q, p) too."""
    rows: list[tuple[int, int, int, int, float]] = []
    for p in range(n):
        rows.append((p, p, 0, 0, 1.0))
        for spin in (0, n):
            rows.append((p, p, 0, 1 << (p + spin), -0.5))
            for q in range(p + 1, n):
                a, b = p + spin, q + spin
                ends = (1 << a) | (1 << b)
                between = (1 << b) - (2 << a)
                # (X Z…Z X + Y Z…Z Y) / 2, where Y…Y = i² X^x Z^{z | ends} up to order: -1.
                rows.append((p, q, ends, between, 0.5))
                rows.append((p, q, ends, between | ends, -0.5))
    columns = list(zip(*rows, strict=True))
    return (
        np.array(columns[0]),
        np.array(columns[1]),
        np.array(columns[2], dtype=np.uint64),
        np.array(columns[3], dtype=np.uint64),
        np.array(columns[4], dtype=np.float64),
    )


def _sign(shared: MaskArray) -> FloatArray:
    return np.asarray(1.0 - 2.0 * (np.bitwise_count(shared) & 1), dtype=np.float64)


def collected(n_qubits: int, x: MaskArray, z: MaskArray, weights: FloatArray) -> PauliSum:
    """Add equal operators X^x Z^z up, and return their sum, which is Hermitian, as strings."""
    order = np.lexsort((z, x))
    x, z, weights = x[order], z[order], weights[order]
    first = np.ones(len(x), dtype=bool)
    first[1:] = (x[1:] != x[:-1]) | (z[1:] != z[:-1])
    totals = np.add.reduceat(weights, np.flatnonzero(first))
    x, z = x[first], z[first]
    # X^x Z^z = (-i)^{|x & z|} P; an odd power would be anti-Hermitian, and its sum vanishes.
    turns = np.bitwise_count(x & z)
    totals = totals * np.where(turns % 4 == 2, -1.0, 1.0)
    kept = (np.abs(totals) > _DROP) & (turns % 2 == 0)
    return PauliSum(n_qubits, x[kept], z[kept], totals[kept])


def encoded(observable: PauliSum, hamiltonian: MolecularHamiltonian, mapping: str) -> PauliSum:
    """Return a Jordan-Wigner operator over the qubits of another mapping."""
    target = encoding_of(mapping, hamiltonian)
    parities = target.constants(hamiltonian)
    xs, zs, cs = [], [], []
    strings = zip(observable.x.tolist(), observable.z.tolist(), strict=True)
    for (x, z), c in zip(strings, observable.coefficients.tolist(), strict=True):
        x, z, sign = encoded_string(x, z, target.rows)
        for qubit, parity in parities.items():
            if z >> qubit & 1 and parity:
                sign = -sign
        xs.append(target.squeezed(x))
        zs.append(target.squeezed(z))
        cs.append(sign * c)
    x_masks = np.array(xs, dtype=np.uint64)
    z_masks = np.array(zs, dtype=np.uint64)
    n_qubits = observable.n_qubits - len(target.dropped)
    # Back from P to X^x Z^z, so that strings made equal by the reduction add up.
    turns = np.bitwise_count(x_masks & z_masks)
    weights = np.array(cs) * np.where(turns % 4 == 2, -1.0, 1.0)
    return collected(n_qubits, x_masks, z_masks, weights)
