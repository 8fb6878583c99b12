"""4. A hundred large gradients, then small ones: who takes full steps again?

Adagrad's sum never forgets the large ones. RMSProp's mean does, in 1/(1 - ρ) steps for every factor
of e in v, and then gives the small gradients steps of the full learning rate. So does Adam's, with
β₂ = 0.999 thousands of steps later.
Sources: JMLR 12, 2121 (2011); Coursera lecture 6.5 (2012).
"""

import numpy as np
from common import figure, follow, print_table, save

from qvopt.optimizers.adaptive import scale_by_adagrad, scale_by_rms
from qvopt.optimizers.moments import scale_by_adam

LARGE, SMALL, TURN, STEPS = 10.0, 0.1, 100, 10_000
RULES = {
    "Adagrad": scale_by_adagrad(0.0),
    "RMSProp, ρ = 0.9": scale_by_rms(0.9, 0.0),
    "RMSProp, ρ = 0.99": scale_by_rms(0.99, 0.0),
    "Adam": scale_by_adam(0.9, 0.999, 0.0),
}


def compute():
    """|step| / η by rule, shape (STEPS,)."""
    out = {}
    for name, rule in RULES.items():
        path = follow(
            rule, lambda x, t: np.array([LARGE if t < TURN else SMALL]), np.zeros(1), STEPS
        )
        out[name] = np.abs(np.diff(path[:, 0]))
    return out


def recovered(steps):
    """Steps after the turn until they are half of the learning rate for good; None if not seen."""
    # The last short one: momentum still carries the large gradients at first.
    last = int(np.flatnonzero(steps[TURN:] < 0.5)[-1])
    return last + 1 if TURN + last + 1 < len(steps) else None


def draw(data):
    """Step lengths about the turn."""
    fig, ax = figure(1, (5.5, 3.8))
    for name, steps in data.items():
        ax.loglog(np.arange(1, STEPS + 1), steps, label=name)
    ax.axvline(TURN, color="k", lw=0.8, ls=":")
    ax.annotate("gradients fall 100-fold", (TURN * 1.1, 8), fontsize=8)
    ax.set(xlabel="step", ylabel="|step| / learning rate", title="after large gradients")
    ax.set_ylim(2e-5, 20)
    ax.legend(loc="lower left")
    return fig


def main():
    """Print and draw."""
    data = compute()
    print_table(
        [
            {"rule": n, "first step after": float(s[TURN]), "last step": float(s[-1]),
             "steps to recover": recovered(s) or f"> {STEPS - TURN}"}
            for n, s in data.items()
        ]
    )  # fmt: skip
    save(draw(data), __file__)


if __name__ == "__main__":
    main()
