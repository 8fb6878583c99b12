"""4. A hundred large gradients, then small ones: who takes full steps again?

Adagrad's sum never forgets the large ones. RMSProp's mean does, in 1/(1 - ρ) steps for every factor
of e in v, and then gives the small gradients steps of the full learning rate.
Sources: JMLR 12, 2121 (2011); Coursera lecture 6.5 (2012).
"""

import numpy as np
from common import figure, follow, print_table, save

from qvopt.optimizers.adam import scale_by_adam
from qvopt.optimizers.adaptive import scale_by_adagrad, scale_by_rms

LARGE, SMALL, TURN, STEPS = 10.0, 0.1, 100, 2000
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
    """Steps after the turn until they reach half of the learning rate; None if never."""
    late = np.flatnonzero(steps[TURN:] >= 0.5)
    # Momentum still carries the large gradients at first.
    after = late[late > 20]
    return int(after[0]) if len(after) else None


def draw(data):
    """Step lengths about the turn."""
    fig, ax = figure(1, (5.5, 3.8))
    for name, steps in data.items():
        ax.semilogy(np.arange(1, STEPS + 1), steps, label=name)
    ax.axvline(TURN, color="k", lw=0.8, ls=":")
    ax.annotate("gradients fall\n100-fold", (TURN, 2e-4), (TURN + 60, 1e-4), fontsize=8)
    ax.set(xlabel="step", ylabel="|step| / learning rate", title="after large gradients")
    ax.set_ylim(1e-5, 20)
    ax.legend(loc="lower right")
    return fig


def main():
    """Print and draw."""
    data = compute()
    print_table(
        [
            {"rule": n, "first step after": float(s[TURN]), "last step": float(s[-1]),
             "steps to recover": recovered(s) or "never"}
            for n, s in data.items()
        ]
    )  # fmt: skip
    save(draw(data), __file__)


if __name__ == "__main__":
    main()
