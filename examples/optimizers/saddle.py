"""9. A saddle point: who leaves it, and what shot noise does for those who do not.

f = (x² - y²)/2 + y⁴/4, started at (1, 0.000001), almost on the ridge. The slope along y is tiny,
and plain descent crawls; momentum adds slopes up, and adaptive rules divide them by their own size.
Noise of the gradient pushes every rule off the ridge at once.
Source: C. Jin et al., "How to escape saddle points efficiently", arXiv:1703.00887.
"""

import numpy as np
from common import figure, follow, print_table, save

from qvopt.optimizers.adaptive import scale_by_rms
from qvopt.optimizers.combine import chain, scale
from qvopt.optimizers.gradient_trace import trace
from qvopt.optimizers.moments import scale_by_adam

STEPS, RATE, START = 400, 0.05, np.array([1.0, 1e-6])
SEEDS = 20
RULES = {
    "gradient descent": scale(-RATE),
    "momentum": chain(trace(0.9), scale(-RATE)),
    "RMSProp": chain(scale_by_rms(0.9, 1e-8), scale(-RATE)),
    "Adam": chain(scale_by_adam(0.9, 0.999, 1e-8), scale(-RATE)),
}


def slope(x):
    """∇f."""
    return np.array([x[0], -x[1] + x[1] ** 3])


def escape(path):
    """First step at which |y| > 1/2."""
    away = np.flatnonzero(np.abs(path[:, 1]) > 0.5)
    return int(away[0]) if len(away) else STEPS


def compute(noise=0.05):
    """By rule: the exact path, its escape, and the escapes under noise (SEEDS,)."""
    out = {}
    for name, rule in RULES.items():
        exact = follow(rule, lambda x, t: slope(x), START, STEPS)
        noisy = []
        for seed in range(SEEDS):
            rng = np.random.default_rng(seed)
            noisy.append(
                escape(
                    follow(
                        rule, lambda x, t, r=rng: slope(x) + noise * r.normal(size=2), START, STEPS
                    )
                )
            )
        out[name] = {"path": exact, "exact": escape(exact), "noisy": np.array(noisy)}
    return out


def draw(data):
    """|y| against steps, and the escapes under noise."""
    fig, (left, right) = figure(2)
    for name, d in data.items():
        left.semilogy(np.abs(d["path"][:, 1]), label=name)
    left.axhline(0.5, color="k", lw=0.8, ls=":")
    left.set(xlabel="step", ylabel="|y|", title="exact gradients", ylim=(5e-7, 3))
    left.legend(loc="lower right")
    right.boxplot([d["noisy"] for d in data.values()], tick_labels=list(data), widths=0.5)
    right.set(ylabel="steps to |y| > 1/2", title=f"noisy gradients, {SEEDS} seeds")
    right.tick_params(axis="x", labelsize=8)
    return fig


def main():
    """Print and draw."""
    data = compute()
    print_table(
        [
            {"rule": n, "escape, exact": d["exact"],
             "escape, noisy (median)": float(np.median(d["noisy"]))}
            for n, d in data.items()
        ]
    )  # fmt: skip
    save(draw(data), __file__)


if __name__ == "__main__":
    main()
