"""5. Lost plasticity: H2 is pulled apart in the middle of a run.

Task A is H2 at its equilibrium, task B the same parameters at 2 Å, where the double excitation must
grow several times. Every rule has the rate that was best on A. On B it goes on with the state that
A has left, or, its control, from the same parameters with a fresh state: the ratio of the steps
that both take to half of B's first error is what the state has cost. Adagrad's sum of squares is
full of A's shot noise; Adam and RMSProp have forgotten it.
Sources: JMLR 12, 2121 (2011); S. Dohare et al., "Loss of plasticity", Nature 632, 768 (2024).
"""

import numpy as np
from common import COLOURS, figure, print_table, save

from qvopt.engine.assembly import assemble
from qvopt.experiment.specification import make_experiment
from qvopt.optimizers.adaptive import scale_by_adagrad, scale_by_rms
from qvopt.optimizers.combine import chain, scale
from qvopt.optimizers.moments import scale_by_adam
from qvopt.optimizers.protocol import Gradient
from qvopt_molecules.references import fci_energy

BONDS, SHOTS = (0.74, 2.0), 500
RATES = 0.001 * 2.0 ** np.arange(8)
RULES = {
    "Adagrad": scale_by_adagrad,
    "RMSProp": scale_by_rms,
    "Adam": scale_by_adam,
}


def task(bond, seed):
    """The evaluator at a bond length, and its ground-state energy."""
    molecule = {"name": "h2", "set": {"bond": bond}}
    a = assemble(make_experiment({"molecule": molecule, "shots": SHOTS, "seed": seed}))
    return a.evaluator, fci_energy(a.hamiltonian)


def follow_task(rule, task, steps, x, state, number):
    """Errors in Hartree along one task, and the parameters and the state that it leaves."""
    (evaluator, fci), errors = task, []
    for t in range(steps):
        errors.append(evaluator.exact_energy(x) - fci)
        (g,) = evaluator.answer([Gradient(x)], number, t)
        update, state = rule.update(g.value, state, x)
        x = x + update
    return np.array(errors), x, state


def rule_of(name, rate):
    """A rule at a rate."""
    return chain(RULES[name](), scale(-float(rate)))


def tuned_rate(name, steps, seed=1000):
    """The rate with the least mean error over the second half of A, on a seed of its own."""
    a, x = task(BONDS[0], seed), np.zeros(3)
    ends = []
    for rate in RATES:
        rule = rule_of(name, rate)
        errors, _, _ = follow_task(rule, a, steps, x, rule.init(x), 0)
        ends.append(np.mean(errors[steps // 2 :]))
    return float(RATES[int(np.argmin(ends))])


def steps_to_half(errors):
    """Steps until half of the first error; all of them if never."""
    there = np.flatnonzero(errors < errors[0] / 2)
    return int(there[0]) if len(there) else len(errors)


def compute(steps=(2000, 800), seeds=6, tuning=300):
    """By rule: its rate, errors along A then B, those of B with a fresh state, and the ratios."""
    out = {}
    for name in RULES:
        rate = tuned_rate(name, tuning)
        rule, rows = rule_of(name, rate), []
        for seed in range(seeds):
            a, b = (task(bond, seed) for bond in BONDS)
            start = np.zeros(3)
            first, x, state = follow_task(rule, a, steps[0], start, rule.init(start), 0)
            kept = follow_task(rule, b, steps[1], x, state, 1)[0]
            fresh = follow_task(rule, b, steps[1], x, rule.init(x), 1)[0]
            rows.append((first, kept, fresh))
        first, kept, fresh = map(np.array, zip(*rows, strict=True))
        ratio = np.array([steps_to_half(k) / max(steps_to_half(f), 1)
                          for k, f in zip(kept, fresh, strict=True)])  # fmt: skip
        out[name] = {"rate": rate, "A": first, "kept": kept, "fresh": fresh, "ratio": ratio}
    return out


def interval(ratios):
    """Mean of log ratios with a 95 % interval (Student's t over seeds), as ratios."""
    from scipy import stats

    logs = np.log(ratios)
    half = stats.t.ppf(0.975, len(logs) - 1) * logs.std(ddof=1) / np.sqrt(len(logs))
    return tuple(float(np.exp(v)) for v in (logs.mean() - half, logs.mean(), logs.mean() + half))


def draw(data):
    """Median errors on B, with the state of A and with a fresh one."""
    fig, axes = figure(len(data), (11, 3.6))
    for ax, (name, d), colour in zip(axes, data.items(), COLOURS, strict=False):
        ax.semilogy(1e3 * np.median(d["kept"], axis=0), color=colour, label="state of A")
        ax.semilogy(1e3 * np.median(d["fresh"], axis=0), "--", color=colour, label="fresh state")
        low, mean, high = interval(d["ratio"])
        ax.set(xlabel="step of B", title=f"{name}: {mean:.1f} ({low:.1f} to {high:.1f}) times")
        ax.legend(fontsize=8)
    axes[0].set_ylabel("error (mHa)")
    return fig


def main():
    """Print and draw."""
    data = compute()
    rows = []
    for name, d in data.items():
        low, mean, high = interval(d["ratio"])
        rows.append({"rule": name, "rate": d["rate"],
                     "error after A (mHa)": float(1e3 * np.median(d["A"][:, -1])),
                     "steps kept/fresh": mean, "from": low, "to": high})  # fmt: skip
    print_table(rows)
    save(draw(data), __file__)


if __name__ == "__main__":
    main()
