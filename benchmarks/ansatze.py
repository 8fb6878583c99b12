"""Energies, parameters and gates of every ansatz: the table of docs/ansatze.md.

Each is optimised exactly from its own start point with L-BFGS, by default from seed 1, and from the
best of a few seeds where a random start needs them. Times are CPU seconds of one run, after a short
one that compiles its kernels. `--write` puts the table into the page.
"""

import one_core  # noqa: F401, I001  first: sets the number of threads
import argparse
import time

from published import renew
from qvopt import build_hamiltonian, find_molecule, run
from qvopt_circuits import get_ansatz, summary

CASES = [
    # molecule, ansatz, options, backend, seeds
    *(
        (molecule, name, options, "sector", seeds)
        for molecule in ("h4-chain", "lih", "h2o")
        for name, options, seeds in (
            ("uccsd", {}, 1),
            ("qeb", {}, 1),
            ("uccgsd", {"spin_complemented": True}, 1),
            ("k-upccgsd", {"k": 1}, 3),
            ("k-upccgsd", {"k": 2}, 3),
            ("tups", {"layers": 2}, 3),
            ("tups", {"layers": 4}, 3),
            ("fabric", {"layers": 4}, 3),
            ("adapt", {"pool": "fermionic", "tolerance": 0.02}, 1),
            ("adapt", {"pool": "fermionic"}, 1),
            ("adapt", {"pool": "qubit-excitation"}, 1),
            ("adapt", {"pool": "qubit-excitation", "per_step": 20, "disjoint": True}, 1),
        )
        if not (molecule == "h2o" and name == "uccgsd")
    ),
    ("h4-chain", "lucj", {"repetitions": 1}, "sector", 1),
    ("h4-chain", "lucj", {"repetitions": 2}, "sector", 1),
    ("h4-chain", "lucj", {"repetitions": 2, "connectivity": "all-to-all"}, "sector", 1),
    ("h2", "qcc", {}, "lightning", 1),
    ("h2", "hva", {"layers": 2}, "lightning", 1),
    ("h2", "real-amplitudes", {"spread": 0.2}, "lightning", 3),
    ("h2", "efficient-su2", {"spread": 0.2}, "lightning", 3),
    ("h2", "hardware-efficient", {"spread": 0.2}, "lightning", 3),
    ("h2", "number-preserving", {}, "lightning", 3),
]
HEAD = "| molecule | ansatz | options | error (mHa) | parameters | CNOTs | depth | time (s) |\n"


def row(molecule, name, options, backend, seeds):
    spec = {"name": name, **options}
    run(molecule, ansatz=spec, backend=backend, max_steps=2)
    began = time.process_time()
    results = [
        run(molecule, ansatz=spec, backend=backend, seed=1 + k, max_steps=20_000)
        for k in range(seeds)
    ]
    seconds = time.process_time() - began
    result = min(results, key=lambda r: r.energy)
    hamiltonian = build_hamiltonian(find_molecule(molecule))
    ansatz = get_ansatz(name, **options)
    circuit = (
        ansatz.grown(hamiltonian, result.operators)
        if name == "adapt"
        else ansatz.circuit(hamiltonian)
    )
    cost = summary(circuit)
    words = ", ".join(f"{k}={str(v).lower()}" for k, v in options.items() if k != "spread")
    return (
        f"| {molecule} | `{name}` | {words} | {1e3 * result.error:z.4f} | {cost['n_parameters']} | "
        f"{cost['cnots']:,} | {cost['depth']:,} | {seconds / seeds:.1f} |\n"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the table into docs/ansatze.md")
    arguments = parser.parse_args()
    table = HEAD + "|---|---|---|---:|---:|---:|---:|---:|\n"
    print(table, end="", flush=True)
    for case in CASES:
        line = row(*case)
        print(line, end="", flush=True)
        table += line
    if arguments.write:
        renew("ansatze.md", "ansatze", table, "python benchmarks/ansatze.py --write")


if __name__ == "__main__":
    main()
