"""Cluster amplitudes from MP2 and CCSD, by spin orbital."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qvopt_molecules.arrays import FloatArray

from .errors import InputError
from .hamiltonian import MolecularHamiltonian
from .references import mean_field_of


@dataclass(frozen=True, eq=False)
class Amplitudes:
    """T = Σ t_i^a a†_a a_i + Σ_{i<j, a<b} t_ij^ab a†_a a†_b a_j a_i over spin orbitals.

    Spin orbitals are numbered in blocks: alpha orbital p is p, beta orbital p is norb + p.
    Arrays are by spin over (occupied, virtual) spatial orbitals: t1 (alpha, beta); t2 same-spin
    blocks [i, j, a, b] antisymmetric, and the mixed block [i alpha, j beta, a alpha, b beta].
    """

    norb: int
    n_alpha: int
    n_beta: int
    t1: tuple[FloatArray, FloatArray]
    same: tuple[FloatArray, FloatArray]
    mixed: FloatArray

    def single(self, i: int, a: int) -> float:
        """t_i^a; 0 where the spins differ."""
        (si, i), (sa, a) = divmod(i, self.norb), divmod(a, self.norb)
        if si != sa:
            return 0.0
        return float(self.t1[si][i, a - self._electrons(si)])

    def double(self, i: int, j: int, a: int, b: int) -> float:
        """t_ij^ab, antisymmetric in i, j and in a, b; 0 where spin is not conserved."""
        (si, i), (sj, j) = divmod(i, self.norb), divmod(j, self.norb)
        (sa, a), (sb, b) = divmod(a, self.norb), divmod(b, self.norb)
        sign = 1.0
        if si > sj:
            si, sj, i, j, sign = sj, si, j, i, -sign
        if sa > sb:
            sa, sb, a, b, sign = sb, sa, b, a, -sign
        if (si, sj) != (sa, sb):
            return 0.0
        a, b = a - self._electrons(sa), b - self._electrons(sb)
        block = self.mixed if si != sj else self.same[si]
        return sign * float(block[i, j, a, b])

    def _electrons(self, spin: int) -> int:
        return self.n_beta if spin else self.n_alpha


def mp2_amplitudes(hamiltonian: MolecularHamiltonian) -> Amplitudes:
    """First-order amplitudes t_ij^ab = ⟨ij||ab⟩ / (ε_i + ε_j - ε_a - ε_b), and t_i^a from Fock.

    Orbital energies are the diagonal of each spin's Fock matrix. Raises InputError where a
    denominator vanishes.
    """
    h, g, n = hamiltonian.one_body, hamiltonian.two_body, hamiltonian.norb
    counts = (hamiltonian.n_alpha, hamiltonian.n_beta)
    coulomb = sum(np.einsum("pqii->pq", g[:, :, :k, :k]) for k in counts)
    focks = [h + coulomb - np.einsum("piiq->pq", g[:, :k, :k, :]) for k in counts]
    energies = [f.diagonal() for f in focks]

    def double(s: int, t: int) -> FloatArray:
        (k, l), (e, f) = (counts[s], counts[t]), (energies[s], energies[t])
        value = g[:k, k:, :l, l:].transpose(0, 2, 1, 3)
        if s == t:
            value = value - value.transpose(0, 1, 3, 2)
        gap = (
            e[:k, None, None, None]
            + f[None, :l, None, None]
            - e[None, None, k:, None]
            - f[None, None, None, l:]
        )
        return _ratio(value, gap)

    singles = [
        _ratio(f[:k, k:], e[:k, None] - e[None, k:])
        for f, e, k in zip(focks, energies, counts, strict=True)
    ]
    return Amplitudes(
        n, *counts, (singles[0], singles[1]), (double(0, 0), double(1, 1)), double(0, 1)
    )


def _ratio(value: FloatArray, gap: FloatArray) -> FloatArray:
    small = np.abs(value) < 1e-10
    if np.any(~small & (np.abs(gap) < 1e-6)):
        raise InputError(
            "MP2 amplitudes diverge: occupied and empty orbitals are degenerate; start from zeros"
        )
    return np.divide(value, gap, out=np.zeros(value.shape), where=~small)


def ccsd_amplitudes(hamiltonian: MolecularHamiltonian) -> Amplitudes:
    """Converged CCSD amplitudes by PySCF, restricted or (open shells) unrestricted.

    Raises InputError where CCSD does not converge.
    """
    from pyscf import cc, scf

    counts = (hamiltonian.n_alpha, hamiltonian.n_beta)
    if all(n in (0, hamiltonian.norb) for n in counts):
        return mp2_amplitudes(hamiltonian)  # nothing to excite: all blocks are empty
    mean_field = mean_field_of(hamiltonian)
    closed = hamiltonian.n_alpha == hamiltonian.n_beta
    solver = cc.CCSD(mean_field) if closed else cc.UCCSD(scf.addons.convert_to_uhf(mean_field))
    solver.conv_tol, solver.conv_tol_normt, solver.max_cycle = 1e-10, 1e-8, 300
    solver.kernel()
    if not solver.converged:
        raise InputError("CCSD does not converge for this Hamiltonian; start from zeros or MP2")
    if closed:
        same = solver.t2 - solver.t2.transpose(0, 1, 3, 2)
        return Amplitudes(
            hamiltonian.norb, *counts, (solver.t1, solver.t1), (same, same), solver.t2
        )
    return Amplitudes(
        hamiltonian.norb,
        *counts,
        (solver.t1[0], solver.t1[1]),
        (solver.t2[0], solver.t2[2]),
        solver.t2[1],
    )
