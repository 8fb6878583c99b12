"""Fixed angles of QAOA for MaxCut on regular graphs, and the ratios that they guarantee.

python benchmarks/qaoa_fixed_angles.py [DEGREES [LAYERS]]

On a graph of degree d whose cycles are longer than 2p + 1 the neighbourhood of every edge is one
tree, so that the expected share of cut edges is one function of the angles:

    c = (1 - ⟨Z_u Z_v⟩)/2,   by the iteration over 2^(2p+1) paths of J. Basso, E. Farhi, K. Marwaha,
    B. Villalonga, L. Zhou, arXiv:2110.14206 (section 4), sums over pairs by Walsh-Hadamard.

The best angles on it are good on every graph of that degree (J. Wurtz, D. Lykov, arXiv:2107.00677,
whose ratios for degree 3 are 0.6924, 0.7559, 0.7924, 0.8169, 0.8364). The script optimises them,
each number of layers from the interpolated angles of one less, and prints the table that
`qvopt_circuits.fixed_angles` holds. It checks itself at one layer against the closed form.
"""

from __future__ import annotations

import sys

import numpy as np
from scipy.optimize import minimize


def cut_share(gammas: np.ndarray, betas: np.ndarray, degree: int) -> float:
    """Return the expected share of cut edges on the tree of a degree, angles both positive."""
    p = len(gammas)
    n = 2 * p + 1
    phases = np.concatenate([gammas, [0.0], -gammas[::-1]])
    mixing = np.concatenate([betas, -betas[::-1]])
    spins = 1 - 2 * ((np.arange(1 << n)[:, None] >> np.arange(n)[::-1]) & 1)
    weights = np.full(1 << n, 0.5, dtype=complex)
    for k, beta in enumerate(mixing):
        same = spins[:, k] == spins[:, k + 1]
        weights *= np.where(same, np.cos(beta), 1j * np.sin(beta))
    angle = spins @ phases / 2
    branch = np.ones(1 << n, dtype=complex)
    for _ in range(p):
        branch = _convolved(weights * branch, np.cos(angle)) ** (degree - 1)
    ends = weights * branch * spins[:, p]
    correlation = np.sum(ends * _convolved(ends, np.exp(-1j * angle)))
    return float(0.5 * (1 - correlation.real))


def _convolved(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Σ_y a(y) b(x ⊕ y)."""
    return _hadamard(_hadamard(a) * _hadamard(b)) / len(a)


def _hadamard(values: np.ndarray) -> np.ndarray:
    out, half = np.array(values, dtype=complex), 1
    while half < len(values):
        pairs = out.reshape(-1, 2, half)
        out = np.stack([pairs[:, 0] + pairs[:, 1], pairs[:, 0] - pairs[:, 1]], 1).reshape(-1)
        half *= 2
    return out


def best_angles(start: np.ndarray, degree: int) -> tuple[np.ndarray, float]:
    """Return the angles (γ, then β) that cut most, from a start, and the share that they cut."""
    p = len(start) // 2
    found = minimize(lambda x: -cut_share(x[:p], x[p:], degree), start, tol=1e-10)
    return found.x, -float(found.fun)


def interpolated(x: np.ndarray) -> np.ndarray:
    """Return a start of one layer more (L. Zhou et al., arXiv:1812.01041)."""
    p = len(x) // 2
    share = np.linspace(0, 1, p + 1)
    places = np.linspace(0, 1, p) if p > 1 else np.zeros(1)
    return np.concatenate([np.interp(share, places, x[:p]), np.interp(share, places, x[p:])])


def table(degree: int, layers: int) -> list[tuple[np.ndarray, np.ndarray, float]]:
    """Return γ, β and the share of cut edges for 1 to `layers` layers."""
    x = np.array([np.arctan(1 / np.sqrt(degree - 1)), np.pi / 8])
    rows = []
    for p in range(1, layers + 1):
        x, share = best_angles(x, degree)
        if p == 1:
            assert abs(x[0] - np.arctan(1 / np.sqrt(degree - 1))) < 1e-5
        rows.append((x[:p], x[p:], share))
        x = interpolated(x)
    return rows


def main() -> None:
    """Print the table."""
    degrees = range(2, 1 + int(sys.argv[1]) if len(sys.argv) > 1 else 9)
    layers = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    for degree in degrees:
        print(f"    {degree}: (")
        for gammas, betas, share in table(degree, layers):
            angles = tuple(tuple(round(float(v), 4) for v in x) for x in (gammas, betas))
            print(f"        {angles},  # {share:.4f}", flush=True)
        print("    ),")


if __name__ == "__main__":
    main()
