"""The bias with the least variance in a reference: locally biased classical shadows.

With β_q = softmax(u_q), -log β_q is convex in u_q, so every Σ_t w_t Π_q 1 / β_q(T_tq) with
positive weights is convex in u, and so is its logarithm. Where all weights are positive (the
diagonal moment) the minimum is thus the global one, with β_q(P) in proportion to the sum of the
terms that have P on qubit q. A reference state has negative weights too, and its minimum may be a
local one.
Reference: C. Hadfield et al., arXiv:2006.15788.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from qvopt_molecules.arrays import BoolArray, FloatArray
from qvopt_molecules.pauli import PauliSum

from .bias import LocalBias, letters_of
from .second_moment import SecondMoment, determinant_moment, diagonal_moment

_LEAST = 1e-4  # a letter that the observable needs keeps about this probability in other states


def locally_biased(observable: PauliSum, reference: int | None = None) -> LocalBias:
    """Return β that minimises the variance in the computational state |reference⟩.

    None: β that minimises the diagonal moment Σ_j c_j² Π_q 1 / β_q(P_jq), a convex problem.
    """
    part = observable.without_identity()
    needed = np.asarray(letters_of(part.x, part.z, part.n_qubits).any(axis=0))
    diagonal = minimal_bias(diagonal_moment(part), needed)
    if reference is None:
        return diagonal
    moment = determinant_moment(part, reference)
    # From the diagonal optimum and from the even bias, of which the better end is taken: so never
    # worse than uniform shadows in the reference.
    ends = [minimal_bias(moment, needed, start) for start in (None, diagonal)]
    return min(ends, key=moment)


def minimal_bias(
    moment: SecondMoment, needed: BoolArray, start: LocalBias | None = None
) -> LocalBias:
    """Minimise log of a second moment over the softmax parameters by L-BFGS.

    `needed`, shape (n_qubits, 3), marks letters of the observable. Others get probability 0, and
    a qubit without any the even bias. `start` None: even over the needed letters.
    """
    free = needed | ~needed.any(axis=1, keepdims=True)
    letters = moment.letters.reshape(len(moment.letters), free.size).astype(np.float64)

    def beta_of(u: FloatArray) -> FloatArray:
        shifted = np.where(free, u.reshape(free.shape), -np.inf)
        weights = np.exp(shifted - shifted.max(axis=1, keepdims=True))
        return np.asarray(weights / weights.sum(axis=1, keepdims=True))

    def cost(u: FloatArray) -> tuple[float, FloatArray]:
        beta = beta_of(u)
        logs = -np.log(np.where(free, beta, 1.0)).reshape(-1)
        terms = moment.weights * np.exp(letters @ logs)
        total = float(terms.sum())
        pulls = (terms @ letters).reshape(beta.shape)
        # ∂(-log β_P)/∂u_R = β_R - [P = R].
        slope = beta * pulls.sum(axis=1, keepdims=True) - pulls
        return float(np.log(total)), (slope / total).reshape(-1)

    first = np.zeros(free.shape)
    if start is not None:
        first = np.log(np.where(free, np.maximum(start.probabilities, _LEAST), 1.0))
    if len(letters) == 0:
        return LocalBias(beta_of(first.reshape(-1)))
    bound = -np.log(_LEAST) / 2
    first -= np.where(free, first, 0.0).sum(axis=1, keepdims=True) / free.sum(axis=1, keepdims=True)
    minimum = minimize(
        cost,
        np.clip(first, -bound, bound).reshape(-1),
        jac=True,
        method="L-BFGS-B",
        bounds=[(-bound, bound)] * free.size,
        options={"maxiter": 5000, "maxfun": 20000, "ftol": 1e-15, "gtol": 1e-10, "maxcor": 30},
    )
    return LocalBias(beta_of(np.asarray(minimum.x)))
