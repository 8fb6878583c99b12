"""5. Lost plasticity: H2 is pulled apart in the middle of a run.

Task A is H2 at its equilibrium, task B the same parameters at 2 Å, where the double excitation must
grow several times. Through all of A shot noise has filled Adagrad's sum of squares, so on B it
hardly moves; Adam and RMSProp have forgotten. A fresh Adagrad shows that B itself is not the
difficulty.
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

BONDS, SHOTS, CHEMICAL = (0.74, 2.0), 500, 1.6e-3
RULES = {
    "Adagrad": chain(scale_by_adagrad(), scale(-0.02)),
    "RMSProp": chain(scale_by_rms(), scale(-0.002)),
    "Adam": chain(scale_by_adam(), scale(-0.005)),
}


def task(bond, seed):
    """The evaluator at a bond length, and its ground-state energy."""
    molecule = {"name": "h2", "set": {"bond": bond}}
    a = assemble(make_experiment({"molecule": molecule, "shots": SHOTS, "seed": seed}))
    from qvopt_molecules.references import fci_energy

    return a.evaluator, fci_energy(a.hamiltonian)


def run(rule, tasks, steps, x):
    """Energy errors along the tasks, one state of the rule all through."""
    state, errors = rule.init(x), []
    for number, ((evaluator, fci), count) in enumerate(zip(tasks, steps, strict=True)):
        for t in range(count):
            errors.append(evaluator.exact_energy(x) - fci)
            (g,) = evaluator.answer([Gradient(x)], number, t)
            update, state = rule.update(g.value, state, x)
            x = x + update
    return np.array(errors), x


def compute(steps=(3000, 800), seed=0):
    """Errors in Hartree by rule, over both tasks; fresh Adagrad has the second only."""
    tasks = [task(bond, seed) for bond in BONDS]
    start = np.zeros(3)
    out = {name: run(rule, tasks, steps, start)[0] for name, rule in RULES.items()}
    x = run(RULES["Adagrad"], tasks[:1], steps[:1], start)[1]
    fresh = run(RULES["Adagrad"], tasks[1:], steps[1:], x)[0]
    out["Adagrad, fresh on B"] = np.concatenate([np.full(steps[0], np.nan), fresh])
    return {"errors": out, "turn": steps[0]}


def steps_to_chemical_accuracy(errors, turn):
    """Steps of task B until 1.6 mHa; None if never."""
    there = np.flatnonzero(errors[turn:] < CHEMICAL)
    return int(there[0]) if len(there) else None


def draw(data):
    """Errors against steps."""
    fig, ax = figure(1, (6.5, 3.8))
    for k, (name, errors) in enumerate(data["errors"].items()):
        dashed = "fresh" in name
        ax.semilogy(1e3 * errors, "--" if dashed else "-", label=name, color=COLOURS[0] if dashed
                    else COLOURS[k], lw=1.2)  # fmt: skip
    ax.axhline(1.6, color="k", lw=0.8, ls=":")
    ax.axvline(data["turn"], color="k", lw=0.8)
    ax.set(xlabel="step", ylabel="error (mHa)", ylim=(1e-3, 1e3),
           title=f"H2: {BONDS[0]} Å, then {BONDS[1]} Å")  # fmt: skip
    ax.legend(loc="upper center", ncols=2, fontsize=8)
    return fig


def main():
    """Print and draw."""
    data = compute()
    print_table(
        [
            {"rule": n, "error at the end (mHa)": float(1e3 * e[-1]),
             "steps to 1.6 mHa on B": steps_to_chemical_accuracy(e, data["turn"]) or "never"}
            for n, e in data["errors"].items()
        ]
    )  # fmt: skip
    save(draw(data), __file__)


if __name__ == "__main__":
    main()
