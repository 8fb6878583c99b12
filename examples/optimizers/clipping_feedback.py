"""6. Clipping feeds Adam: a tighter bound on the gradient makes Adam's steps longer.

Adam divides by √v, the size of the gradients that it has seen. Clip them, and v shrinks with them:
what an ordinary gradient moves grows as the bound falls, until the bound cuts ordinary gradients
too and the step saturates at the learning rate for all of them. The threshold is a second learning
rate.
Sources: arXiv:1412.6980; arXiv:1211.5063; X. Chen, Z. S. Wu, M. Hong, arXiv:2006.15429.
"""

import numpy as np
from common import figure, print_table, save

from qvopt.optimizers.clipping import clip
from qvopt.optimizers.combine import chain
from qvopt.optimizers.moments import scale_by_adam

STEPS, N = 4000, 16
THRESHOLDS = np.logspace(-1.5, 2, 15)
SIGNAL = 0.3


def gradients():
    """A constant signal in heavy-tailed noise (Student's t, 1.5 degrees of freedom)."""
    return SIGNAL + np.random.default_rng(0).standard_t(1.5, size=(STEPS, N))


def compute():
    """By threshold: √v, and the mean step along the signal, in learning rates."""
    g = gradients()
    root, step = [], []
    for bound in THRESHOLDS:
        rule = chain(clip(bound), scale_by_adam(0.9, 0.999))
        state, total = rule.init(np.zeros(N)), 0.0
        for t in range(STEPS):
            update, state = rule.update(g[t], state)
            if t >= STEPS // 2:
                total += update.mean() / (STEPS // 2)
        v = state[1].square / (1 - 0.999**STEPS)
        root.append(np.sqrt(v).mean())
        step.append(total)
    return {"threshold": THRESHOLDS, "root": np.array(root), "step": np.array(step)}


def draw(data):
    """Threshold to second moment, threshold to step."""
    fig, (left, right) = figure(2)
    left.loglog(data["threshold"], data["root"], "o-", ms=3)
    left.set(
        xlabel="clipping threshold (units of g)",
        ylabel=r"$\sqrt{v}$ (units of g)",
        title="what Adam divides by",
    )
    right.loglog(data["threshold"], data["step"], "o-", ms=3, color="#D55E00")
    right.set(
        xlabel="clipping threshold (units of g)",
        ylabel="mean step / learning rate",
        title="how far it moves",
    )
    return fig


def main():
    """Print and draw."""
    data = compute()
    print_table(
        [
            {"threshold": float(t), "sqrt(v)": float(r), "step / η": float(s)}
            for t, r, s in zip(data["threshold"], data["root"], data["step"], strict=True)
        ]
    )
    save(draw(data), __file__)


if __name__ == "__main__":
    main()
