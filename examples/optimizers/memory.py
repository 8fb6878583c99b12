"""7. Second moments by group: Adafactor's and blockwise memory and quality against Adam's.

Adam keeps two numbers a parameter. Adafactor keeps its second moments for the orbital pairs that an
excitation empties and fills, a row and a column in place of their product; blockwise Adam keeps one
for each kind of excitation. Here on UCCSD for N2 (20 qubits, 609 amplitudes), with exact gradients.
Sources: arXiv:1804.04235, arXiv:1905.09899, arXiv:2406.16793.
"""

import numpy as np
from common import figure, follow, print_table, save

from qvopt.engine.assembly import assemble
from qvopt.experiment.specification import make_experiment
from qvopt.optimizers.clipping import clip_by_rms
from qvopt.optimizers.combine import chain, scale
from qvopt.optimizers.gradient_trace import trace
from qvopt.optimizers.grouped import scale_by_blocks, scale_by_factored_rms
from qvopt.optimizers.moments import scale_by_adam

RATES = (0.00075, 0.0015, 0.003, 0.006, 0.012)


def numbers(state):
    """How many floating-point numbers a state holds, nested as it is."""
    if isinstance(state, np.ndarray):
        return state.size
    return sum(numbers(part) for part in state) if isinstance(state, tuple) else 0


def rules(groups, rate):
    """The rules by name."""
    factored = chain(scale_by_factored_rms(groups["row"], groups["column"]), clip_by_rms(1.0))
    return {
        "Adam": chain(scale_by_adam(), scale(-rate)),
        "Adafactor": chain(factored, scale(-rate)),
        "Adafactor + momentum": chain(factored, scale(0.1), trace(0.9), scale(-rate)),
        "blockwise, by layer": chain(scale_by_blocks(groups["layer"]), scale(-rate)),
        "blockwise, by class": chain(scale_by_blocks(groups["class"]), scale(-rate)),
    }


def compute(molecule="n2", steps=400):
    """By rule: energies above the lowest one found (Hartree), numbers kept, parameters."""
    a = assemble(make_experiment({"molecule": molecule}))
    out, groups = {}, a.evaluator.landscape.groups
    for name in rules(groups, 1.0):
        for rate in RATES:
            rule = rules(groups, rate)[name]
            path = follow(rule, lambda x, t: a.program.gradient(x)[1], a.start, steps)
            energies = np.array([a.evaluator.exact_energy(x) for x in path])
            if name not in out or energies[-1] < out[name]["energies"][-1]:
                out[name] = {"energies": energies, "numbers": numbers(rule.init(a.start)),
                             "rate": rate}  # fmt: skip
    return {"n": a.circuit.n_parameters, "fci": fci(a), "rules": out}


def fci(a):
    """Full CI energy of the same integrals: from the catalogue, or computed."""
    from qvopt.engine.assembly import resolve_molecule
    from qvopt_molecules.references import fci_energy

    known = resolve_molecule(a.experiment.molecule).references.get("fci")
    return known if known is not None else fci_energy(a.hamiltonian)


def draw(data):
    """Errors against steps, and memory."""
    fig, (left, right) = figure(2, (10, 3.8))
    for name, d in data["rules"].items():
        left.semilogy(1e3 * (d["energies"] - data["fci"]), label=name)
    left.set(xlabel="step", ylabel="error (mHa)", title=f"UCCSD, {data['n']} amplitudes")
    left.legend(fontsize=8)
    names = list(data["rules"])
    sizes = [data["rules"][n]["numbers"] / data["n"] for n in names]
    right.barh(names[::-1], sizes[::-1], color="#0072B2", height=0.55)
    right.set(xlabel="numbers kept for each parameter", title="memory")
    right.grid(axis="y", visible=False)
    return fig


def main():
    """Print and draw."""
    data = compute()
    print_table(
        [
            {"rule": n, "numbers kept": d["numbers"], "per parameter": d["numbers"] / data["n"],
             "rate": d["rate"],
             "error (mHa)": float(1e3 * (d["energies"][-1] - data["fci"]))}
            for n, d in data["rules"].items()
        ]
    )  # fmt: skip
    save(draw(data), __file__)


if __name__ == "__main__":
    main()
