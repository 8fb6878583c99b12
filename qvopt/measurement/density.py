r"""One- and two-particle density matrices from occupations in rotated orbitals.

For a unitary U of the orbitals (the same for both spins), one setting reads N_k = Σ_pq U_pk U*_qk
E_pq for all k at once, and so all products N_k N_l. With S_pq = (E_pq + E_qp)/2 and
T_pq = i (E_pq - E_qp)/2, N_k is linear in S and T, and N_k N_l in their products. Enough settings
determine them, and a least-squares inversion is linear in the outcomes: every observable that is
linear in the density matrices comes with the variance of its own estimate, covariances within a
setting included.

Settings are U = D R with R a Haar-random rotation and D phases 1 or i of the orbitals, each taken
with D and with D*: the mean of the two is free of T and of S·T products, which vanish for real
states and are no part of what real integrals see.

    γ_pq = Re⟨E_pq⟩,   Γ_pqrs = Re⟨E_pq E_rs⟩ - δ_qr γ_ps
         = ⟨S_pq S_rs⟩ ∓ ⟨T_pq T_rs⟩ - ½ (δ_qr γ_ps + δ_ps γ_rq),   ⟨…⟩ symmetrised.

Related: A. Zhao, N. Rubin, A. Miyake, PRL 127, 110504 (2021), arXiv:2010.16094; G. H. Low,
arXiv:2208.08964.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qvopt.measurement.basis_change import basis_change_circuit
from qvopt.measurement.density_outcomes import DensityOutcomes
from qvopt.measurement.estimate import Estimate
from qvopt.measurement.plan import (
    CircuitBasis,
    Diagonal,
    MeasurementGroup,
    MeasurementPlan,
    OrbitalBasis,
)
from qvopt_circuits.circuit import Circuit
from qvopt_circuits.gates import Gate
from qvopt_molecules.arrays import FloatArray, IntArray
from qvopt_molecules.errors import InputError

LARGEST = 10
"""Orbitals of the largest two-particle density matrix that is measured."""

_SURPLUS = 1.5  # equations to unknowns


@dataclass(frozen=True, eq=False)
class Setting:
    """Measure N_k of b†_k = Σ_p i^{turns_p} R_pk a†_p for both spins; turns are 0, 1 or -1."""

    rotation: FloatArray
    turns: IntArray

    def circuit(self) -> Circuit:
        """The basis change, after which qubit k reads n_k alpha and qubit norb + k n_k beta."""
        n = len(self.rotation)
        # An S gate turns a†_p into i a†_p; the orbital i a†_p is turned back by S†.
        name = {1: "sdg", -1: "s"}
        phases = [
            Gate(name[t], (q,)) for p, t in enumerate(self.turns.tolist()) if t for q in (p, n + p)
        ]
        none = Diagonal(np.zeros(0, dtype=np.uint64), np.zeros(0))
        rotation = basis_change_circuit(MeasurementGroup(OrbitalBasis(self.rotation), none), 2 * n)
        return Circuit(2 * n, tuple(phases), 0).then(rotation)


def density_settings(norb: int, seed: int = 0) -> list[Setting]:
    """Return settings, in pairs of D and D*, that determine both density matrices.

    They depend on `norb` and `seed` alone. Raises InputError above `LARGEST` orbitals.
    """
    if norb > LARGEST:
        raise InputError(
            f"measured density matrices are made for at most {LARGEST} orbitals, and there are "
            f"{norb}; choose a smaller active space"
        )
    unknowns = len(_pairs(_symmetric(norb))) + len(_pairs(_antisymmetric(norb)))
    number = int(np.ceil(_SURPLUS * unknowns / (norb * (norb + 1) / 2))) + 1
    rng = np.random.default_rng(np.random.SeedSequence([seed, norb]))
    settings = []
    for _ in range(number):
        rotation, upper = np.linalg.qr(rng.standard_normal((norb, norb)))
        rotation = rotation * np.sign(np.diag(upper))  # Haar
        if np.linalg.det(rotation) < 0:
            rotation[:, 0] *= -1
        turns = rng.integers(0, 2, norb)
        settings += [Setting(rotation, turns), Setting(rotation, -turns)]
    return settings


def density_plan(norb: int) -> MeasurementPlan:
    """Return the settings of both density matrices as a plan: a group each, equal weights."""
    nothing = Diagonal(np.zeros(0, dtype=np.uint64), np.zeros(0))
    groups = tuple(
        MeasurementGroup(CircuitBasis(setting.circuit().gates), nothing)
        for setting in density_settings(norb)
    )
    weights = np.full(len(groups), 1.0 / len(groups))
    return MeasurementPlan("density-matrices", 2 * norb, 0.0, groups, weights)


class MeasuredDensity:
    """Density matrices estimated from the outcomes of `density_settings`."""

    def __init__(
        self, norb: int, settings: Sequence[Setting], outcomes: Sequence[DensityOutcomes]
    ) -> None:
        if any(o.shots < 2 for o in outcomes):
            raise InputError(
                f"each of the {len(settings)} settings of the density matrices needs two shots"
            )
        self.norb = norb
        self._outcomes = outcomes
        self._first, self._second = _inverses(norb, settings)
        half = [0.5 * (a.mean + b.mean) for a, b in zip(outcomes[::2], outcomes[1::2], strict=True)]
        means = np.array(half)
        self._s = self._first @ means[:, :norb].reshape(-1)
        self._products = self._second @ means[:, norb:].reshape(-1)
        self.one = self._one_matrix(self._s)
        self.two = self._two_matrix(self._s, self._products)

    @property
    def shots(self) -> int:
        """Shots in total."""
        return sum(o.shots for o in self._outcomes)

    def estimate(
        self, constant: float, one: FloatArray | None = None, two: FloatArray | None = None
    ) -> Estimate:
        """Return constant + Σ one_pq γ_pq + Σ two_pqrs Γ_pqrs with its variance."""
        n = self.norb
        value = constant
        weights_s: FloatArray = np.zeros(len(self._s))
        weights_p: FloatArray = np.zeros(len(self._products))
        if one is not None:
            value += float(np.sum(one * self.one))
            weights_s += self._pull_one(one)
        if two is not None:
            value += float(np.sum(two * self.two))
            back_one, weights_p = self._pull_two(two)
            weights_s += back_one
        a = (weights_s @ self._first).reshape(-1, n)
        b = (weights_p @ self._second).reshape(len(a), -1)
        variance = 0.0
        shared = np.zeros(len(self._outcomes[0].shared))
        for k, w in enumerate(np.concatenate([a, b], axis=1)):
            for outcome in self._outcomes[2 * k : 2 * k + 2]:
                variance += 0.25 * float(w @ outcome.covariance @ w) / outcome.shots
                if len(shared):
                    shared += 0.5 * outcome.shared @ w
        variance = max(variance, 0.0) + float(shared @ shared)
        return Estimate(value, variance, self.shots, tuple(shared.tolist()))

    def one_errors(self) -> FloatArray:
        """Standard errors of γ, (norb, norb)."""
        n = self.norb
        out = np.zeros((n, n))
        for p in range(n):
            for q in range(p, n):
                unit = np.zeros((n, n))
                unit[p, q] = 1.0
                out[p, q] = out[q, p] = self.estimate(0.0, unit).stderr
        return out

    def two_errors(self) -> FloatArray:
        """Standard errors of Γ, (norb, norb, norb, norb)."""
        n = self.norb
        out = np.zeros((n,) * 4)
        for p, q, r, s in np.ndindex(n, n, n, n):
            if (r, s) < (p, q) or q < p:
                continue  # Γ_pqrs = Γ_rspq = Γ_qpsr
            unit = np.zeros((n,) * 4)
            unit[p, q, r, s] = 1.0
            error = self.estimate(0.0, None, unit).stderr
            for place in ((p, q, r, s), (r, s, p, q), (q, p, s, r), (s, r, q, p)):
                out[place] = error
        return out

    def _one_matrix(self, s: FloatArray) -> FloatArray:
        out = np.zeros((self.norb, self.norb))
        for (p, q), value in zip(_symmetric(self.norb), s, strict=True):
            out[p, q] = out[q, p] = value
        return out

    def _two_matrix(self, s: FloatArray, products: FloatArray) -> FloatArray:
        n = self.norb
        two = np.zeros((n,) * 4)
        for (kind, (p, q), (r, t)), value in zip(_unknowns(n), products, strict=True):
            for place, sign in _places(kind, p, q, r, t):
                two[place] += sign * value
        one, delta = self._one_matrix(s), np.eye(n)
        two -= 0.5 * np.einsum("qr,ps->pqrs", delta, one)
        two -= 0.5 * np.einsum("ps,rq->pqrs", delta, one)
        return two

    def _pull_one(self, one: FloatArray) -> FloatArray:
        pairs = _symmetric(self.norb)
        return np.array([one[p, q] + (one[q, p] if p != q else 0.0) for p, q in pairs])

    def _pull_two(self, two: FloatArray) -> tuple[FloatArray, FloatArray]:
        n = self.norb
        products = np.array(
            [
                sum(sign * two[place] for place, sign in _places(kind, p, q, r, t))
                for kind, (p, q), (r, t) in _unknowns(n)
            ]
        )
        back = -0.5 * np.einsum("pqqs->ps", two) - 0.5 * np.einsum("pqrp->rq", two)
        return self._pull_one(back), products


def _symmetric(n: int) -> list[tuple[int, int]]:
    return [(p, q) for p in range(n) for q in range(p, n)]


def _antisymmetric(n: int) -> list[tuple[int, int]]:
    return [(p, q) for p in range(n) for q in range(p + 1, n)]


def _pairs(items: Sequence[tuple[int, int]]) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    return [(a, b) for k, a in enumerate(items) for b in items[k:]]


def _unknowns(n: int) -> list[tuple[str, tuple[int, int], tuple[int, int]]]:
    """The products: ("s", pq, rs) for ⟨S_pq S_rs⟩, then ("t", pq, rs) for ⟨T_pq T_rs⟩."""
    s = [("s", a, b) for a, b in _pairs(_symmetric(n))]
    return s + [("t", a, b) for a, b in _pairs(_antisymmetric(n))]


def _places(
    kind: str, p: int, q: int, r: int, t: int
) -> list[tuple[tuple[int, int, int, int], float]]:
    """Elements of ½⟨{E_pq, E_rs}⟩ that a product enters, with its sign, each once."""
    signs: dict[tuple[int, int, int, int], float] = {}
    for a, b, first in ((p, q, 1.0), (q, p, -1.0)):
        for c, d, second in ((r, t, 1.0), (t, r, -1.0)):
            # E_pq = S - iT and E_qp = S + iT for p < q: -TT where both run the same way.
            sign = 1.0 if kind == "s" else -first * second
            signs[a, b, c, d] = signs[c, d, a, b] = sign
    return list(signs.items())


def _inverses(norb: int, settings: Sequence[Setting]) -> tuple[FloatArray, FloatArray]:
    """Least-squares inverses from mean outcomes of the pairs to ⟨S⟩ and to the products."""
    sp, sq = np.array(_symmetric(norb)).T
    kl = np.triu_indices(norb)
    first, second = [], []
    for setting in settings[::2]:
        r, turns = setting.rotation, setting.turns
        u = r * (1j ** (turns % 4))[:, None]
        # N_k = Σ_{p≤q} S_pq cs + Σ_{p<q} T_pq ct, from Σ U_pk U*_qk E_pq.
        full = np.einsum("pk,qk->kpq", u, u.conj())
        cs = full.real[:, sp, sq] * np.where(sp == sq, 1.0, 2.0)
        upper = sp < sq
        ct = 2.0 * full.imag[:, sp[upper], sq[upper]]
        first.append(cs)
        rows = [_products(c, *kl) for c in (cs, ct)]
        second.append(np.concatenate(rows, axis=1))
    inverses = [np.asarray(np.linalg.pinv(np.concatenate(m))) for m in (first, second)]
    return inverses[0], inverses[1]


def _products(c: FloatArray, k: IntArray, l: IntArray) -> FloatArray:
    """Coefficients of symmetrised products A_i A_j, i ≤ j, in N_k N_l."""
    i, j = np.triu_indices(c.shape[1])
    rows = c[k][:, i] * c[l][:, j] + c[k][:, j] * c[l][:, i]
    return np.asarray(rows * np.where(i == j, 0.5, 1.0))
