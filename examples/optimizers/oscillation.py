"""3. A gradient that alternates, g_t = (-1)^t v: whose steps fade?

Adagrad's G grows by v² a step, so its step is η/√t for ever: on an oscillation that is a virtue.
RMSProp forgets, and goes on stepping by η. Adam's momentum averages the signs away down to
(1 - β₁)/(1 + β₁) of η, and stays there.
Sources: JMLR 12, 2121 (2011); Coursera lecture 6.5 (2012); arXiv:1412.6980.
"""

import numpy as np
from common import figure, follow, print_table, save

from qvopt.optimizers.adaptive import scale_by_adagrad, scale_by_rms
from qvopt.optimizers.moments import scale_by_adam

STEPS = 3000
RULES = {
    "Adagrad": scale_by_adagrad(0.0),
    "RMSProp": scale_by_rms(0.9, 0.0),
    "Adam": scale_by_adam(0.9, 0.999, 0.0),
}


def compute():
    """|step| / η by rule, shape (STEPS,)."""
    v = np.array([3.0])
    out = {}
    for name, rule in RULES.items():
        path = follow(rule, lambda x, t: v if t % 2 == 0 else -v, np.zeros(1), STEPS)
        out[name] = np.abs(np.diff(path[:, 0]))
    return out


def slope(steps):
    """Exponent of the decay over the second half."""
    t = np.arange(1, STEPS + 1)[STEPS // 2 :]
    return float(np.polyfit(np.log(t), np.log(steps[STEPS // 2 :]), 1)[0])


def draw(data):
    """Step lengths on two logarithmic axes."""
    fig, ax = figure(1, (5.5, 3.8))
    t = np.arange(1, STEPS + 1)
    for name, steps in data.items():
        ax.loglog(t, steps, label=name)
    ax.loglog(t, t**-0.5, "k:", lw=1, label=r"$1/\sqrt{t}$")
    ax.set(xlabel="step t", ylabel="|step| / learning rate", title=r"$g_t = (-1)^t v$")
    ax.legend()
    return fig


def main():
    """Print and draw."""
    data = compute()
    print_table(
        [
            {"rule": name, "last step / η": float(s[-1]), "decay exponent": slope(s)}
            for name, s in data.items()
        ]
    )
    save(draw(data), __file__)


if __name__ == "__main__":
    main()
