"""1. A canyon: one global rate against a rate for each parameter, and what a rotation does to it.

f(x) = ½ yᵀ D y with y = A x. D has curvatures from 1 to 10; the canyon is in the coordinates: A
stretches them up to 31-fold, so that ∇²f = AᵀDA reaches from 1 to 10⁴. One rate must suit the
steepest direction, and the flat ones crawl. Adagrad divides each gradient by its own history;
rotate the canyon, and no diagonal scaling can tell steep from flat. The natural gradient is told
how coordinates change the state, the metric AᵀA, and nothing of D: in every system of coordinates
it is descent on y. Where the canyon is in f itself (A = 1, D from 1 to 10⁴) it is of no use, and
L-BFGS, which learns curvature, still is.
Sources: Duchi, Hazan, Singer, JMLR 12, 2121 (2011); Amari, Neural Comput. 10, 251 (1998).
"""

import numpy as np
from common import figure, follow, print_table, save

from qvopt import minimize
from qvopt.optimizers.adaptive import scale_by_adagrad
from qvopt.optimizers.combine import chain, scale
from qvopt.optimizers.natural_gradient import precondition_by_metric

N, STEPS = 8, 200
CURVATURES = np.logspace(0, 4, N)
INNER = np.logspace(0, 1, N)
RATES = np.logspace(-5, 1, 49)
CANYONS = ("along the axes", "rotated", "in f itself")


def canyon(name, seed=0):
    """The Hessian, the metric and the start.

    A rule that knows of no axes takes the same path in the first two.
    """
    turn = np.eye(N)
    if name == "rotated":
        turn = np.linalg.qr(np.random.default_rng(seed).normal(size=(N, N)))[0]
    metric = np.eye(N) if name == "in f itself" else turn @ np.diag(CURVATURES / INNER) @ turn.T
    x0 = np.random.default_rng(1).uniform(0.5, 2.0, size=N)
    return turn @ np.diag(CURVATURES) @ turn.T, metric, turn @ x0


def best_path(make, hessian, x0, **extra):
    """The path of the rate with the lowest end: every rule gets its own best."""
    best = None
    for rate in RATES:
        with np.errstate(all="ignore"):
            path = follow(chain(make, scale(-rate)), lambda x, t: hessian @ x, x0, STEPS, **extra)
            values = 0.5 * np.einsum("ti,ij,tj->t", path, hessian, path)
        if np.all(np.isfinite(values)) and (best is None or values[-1] < best[-1]):
            best = values
    return best


def compute(seed=0):
    """f along each rule's best path, by canyon and rule."""
    out = {}
    for name in CANYONS:
        hessian, metric, x0 = canyon(name, seed)
        values = [0.5 * x0 @ hessian @ x0]
        minimize(
            lambda x, h=hessian: 0.5 * float(x @ h @ x), x0, "l-bfgs", max_steps=STEPS,
            jac=lambda x, h=hessian: h @ x, tolerance=1e-7,
            callback=lambda x, h=hessian, v=values: v.append(0.5 * float(x @ h @ x)),
        )  # fmt: skip
        natural = precondition_by_metric("full", damping=1e-12, max_norm=None)
        out[name] = {
            "one rate": best_path(scale(1.0), hessian, x0),
            "Adagrad": best_path(scale_by_adagrad(0.0), hessian, x0),
            "natural gradient": best_path(natural, hessian, x0, metric=metric),
            "L-BFGS": np.array(values),
        }
    return out


def draw(data):
    """One panel for each canyon."""
    fig, axes = figure(3, (12, 3.8))
    for ax, (name, curves) in zip(axes, data.items(), strict=True):
        for rule, values in curves.items():
            ax.semilogy(np.maximum(values, 1e-16), label=rule)
        ax.set(title=f"canyon {name}", xlabel="step", ylim=(1e-12, 1e7))
    axes[0].set_ylabel("f(x)")
    axes[0].legend(loc="center right")
    return fig


def main():
    """Print and draw."""
    data = compute()
    print_table(
        [
            {"canyon": name, **{rule: float(v[-1]) for rule, v in curves.items()}}
            for name, curves in data.items()
        ]
    )
    save(draw(data), __file__)


if __name__ == "__main__":
    main()
