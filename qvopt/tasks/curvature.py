"""The lowest curvature at a stationary point, from a few products with the Hessian."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from qvopt_molecules.arrays import FloatArray


def lowest_curvature(
    product: Callable[[FloatArray], FloatArray],
    scale: FloatArray,
    axes: FloatArray,
    rng: np.random.Generator,
    *,
    unstable: float = -0.1,
    tolerance: float = 0.02,
    least: int = 6,
    most: int = 30,
) -> tuple[float, FloatArray]:
    r"""Return (θ, v): the lowest eigenvalue θ of S = D V^T H V D by Lanczos, and v = V D u of it.

    With V the eigenvectors of an estimate of the symmetric H and D = |Λ|^(-1/2) of its eigenvalues,
    S has the signs of H (Sylvester) and most of its eigenvalues at ±1: few products tell. It ends
    as soon as θ is below `unstable` for certain, for v is then a direction of negative curvature,
    v^T H v < 0.

    Args:
        product: H v.
        scale: the diagonal of D, shape (n,).
        axes: V, shape (n, n).
        rng: the start vector, which must not have a symmetry of H.
        unstable: θ that is negative beyond doubt.
        tolerance: norm of the residual to stop at.
        least, most: products; fewer could miss a direction that the start vector has little of.
    """
    u = rng.standard_normal(len(scale))
    basis = [u / np.linalg.norm(u)]
    images: list[FloatArray] = []
    while True:
        images.append(scale * (axes.T @ product(axes @ (scale * basis[-1]))))
        q, w = np.array(basis), np.array(images)
        projected = q @ w.T
        values, vectors = np.linalg.eigh((projected + projected.T) / 2)
        lowest, weights = float(values[0]), vectors[:, 0]
        residual = weights @ w - lowest * (weights @ q)
        settled = float(np.linalg.norm(residual)) < tolerance and len(basis) >= least
        done = settled or lowest < unstable
        if done or len(basis) == min(most, len(scale)):
            return lowest, np.asarray(axes @ (scale * (weights @ q)))
        fresh = images[-1]
        for _ in range(2):  # twice is enough
            fresh = fresh - (q @ fresh) @ q
        basis.append(fresh / max(float(np.linalg.norm(fresh)), 1e-300))
