"""2. Rare features: the regret of Adagrad and of plain descent in online convex optimization.

At each round a few features are on, the common ones often and the rare ones seldom; the learner
pays |w·z - y| and sees one subgradient. A rate that has decayed for the common features has decayed
for the rare ones too, unless every coordinate keeps its own count. Where all features are equally
common, the control, there is nothing to count, and Adagrad gains nothing on η/√t.
Source: Duchi, Hazan, Singer, JMLR 12, 2121 (2011), section 1.3.
"""

import numpy as np
from common import figure, print_table, save

from qvopt.optimizers.adaptive import scale_by_adagrad
from qvopt.optimizers.combine import chain, scale
from qvopt.optimizers.schedules import inverse_time, scale_by_schedule

N, ROUNDS, SEEDS = 40, 4000, 5
CHANCES = {
    "rare and frequent": np.logspace(0, -2.5, N) / 1.5,
    "equally common": np.full(N, float(np.mean(np.logspace(0, -2.5, N) / 1.5))),
}
RATES = np.logspace(-2, 1, 19)


def stream_of(seed, features="rare and frequent"):
    """Features (rounds, n) and targets of a true w with entries ±1."""
    rng = np.random.default_rng(seed)
    z = (rng.random((ROUNDS, N)) < CHANCES[features]) * 1.0
    w = rng.choice((-1.0, 1.0), size=N)
    return z, z @ w


def losses(transform, z, y):
    """|w·z - y| of each round, met before the update, shape (streams, rounds).

    The rules act on each component alone, so all streams go side by side.
    """
    w = np.zeros((len(z), N))
    state, out = transform.init(w), np.empty((len(z), ROUNDS))
    for t in range(ROUNDS):
        error = np.sum(w * z[:, t], axis=1) - y[:, t]
        out[:, t] = np.abs(error)
        update, state = transform.update(np.sign(error)[:, None] * z[:, t], state, w)
        w = w + update
    return out


def compute():
    """By features and rule: the rate with the least mean regret, and its regret (seeds, rounds).

    The best fixed w pays nothing here, so the regret is the loss itself, summed up.
    """
    rules = {
        "descent, η/√t": lambda rate: scale_by_schedule(inverse_time(1, 0.5), -rate),
        "descent, η": lambda rate: scale(-rate),
        "Adagrad": lambda rate: chain(scale_by_adagrad(1e-12), scale(-rate)),
    }
    out = {}
    for features in CHANCES:
        streams = [stream_of(seed, features) for seed in range(SEEDS)]
        z, y = map(np.array, zip(*streams, strict=True))
        out[features] = {}
        for name, rule in rules.items():
            runs = [np.cumsum(losses(rule(rate), z, y), axis=1) for rate in RATES]
            best = int(np.argmin([run[:, -1].mean() for run in runs]))
            out[features][name] = {"rate": float(RATES[best]), "regret": runs[best]}
    return out


def draw(data):
    """Mean regret, every seed faint; a panel for each kind of features."""
    fig, axes = figure(2)
    t = np.arange(1, ROUNDS + 1)
    for ax, (features, rules) in zip(axes, data.items(), strict=True):
        for name, d in rules.items():
            regret = d["regret"]
            (line,) = ax.loglog(t, regret.mean(axis=0), label=name)
            ax.loglog(t, regret.T, color=line.get_color(), alpha=0.2, lw=0.8)
        ax.set(xlabel="round", xlim=(10, None), ylim=(5, None), title=features)
    axes[0].set(ylabel="regret (sum of losses)")
    axes[0].legend()
    return fig


def main():
    """Print and draw."""
    data = compute()
    print_table(
        [
            {"features": features, "rule": name, "best rate η": d["rate"],
             "regret": float(d["regret"][:, -1].mean()),
             "spread": float(d["regret"][:, -1].std())}
            for features, rules in data.items()
            for name, d in rules.items()
        ]
    )  # fmt: skip
    save(draw(data), __file__)


if __name__ == "__main__":
    main()
