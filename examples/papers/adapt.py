"""ADAPT-VQE (Grimsley, Economou, Barnes, Mayhall, arXiv:1812.11173): energies as it grows.

The authors' implementation (github.com/mayhallgroup/adapt-vqe) keeps the output of a run with it:
four hydrogen atoms in a line, 1.5 Å apart, STO-3G, the pool of singlet generalised singles and
doubles. Here: the same molecule with our pools, energies after each operator side by side. Their
operators are singlets, sums of up to six excitations under one exponential; ours are single
excitations, with their spin-flipped images as a product. Seconds.

    python examples/papers/adapt.py
    python examples/papers/adapt.py --write    # the table of docs/papers.md
"""

import argparse

from pages import renew, this_command

from qvopt import make_experiment
from qvopt.runs.session import Session

MOLECULE = "H 0 0 0; H 0 0 1.5; H 0 0 3.0; H 0 0 4.5"
CHEMICAL_ACCURACY = 1.6e-3  # Hartree
PUBLISHED = (  # Hartree, after 0, 1, … operators, and full CI; file test/out
    -1.82913741235697,
    -1.866373582940,
    -1.936450246231,
    -1.968220472686,
    -1.985755447108,
    -1.988840549502,
    -1.994700519785,
)
PUBLISHED_FCI = -1.99615033
PUBLISHED_SD = -1.99471290  # converged, singlet singles and doubles; file test/test_h4.py
POOLS = ("fermionic", "fermionic-sd", "qubit-excitation")


def energies(pool: str, most: int = 30) -> tuple[list[float], float]:
    """Exact energies after 0, 1, … operators, and full CI."""
    ansatz = {"name": "adapt", "pool": pool, "max_operators": most}
    experiment = make_experiment({"molecule": MOLECULE, "ansatz": ansatz})
    with Session.begin(experiment, store=False) as session:
        found = [step.exact for step in session]
        return found, session.references["fci"]


def operators_to(target: float, found: list[float], fci: float) -> int | None:
    """Operators until the error is at most `target`."""
    return next((k for k, e in enumerate(found) if e - fci <= target), None)


def table(runs: dict[str, tuple[list[float], float]]) -> str:
    """Errors in mHa after some numbers of operators, and where each pool ends."""
    fci = runs["fermionic"][1]
    pools = " | ".join(f"`{pool}`" for pool in POOLS)
    lines = [f"| operators | published, singlet generalised | {pools} |",
             "|--:|--:|" + "--:|" * len(POOLS)]  # fmt: skip
    for k in (*range(8), 10):
        row = [PUBLISHED[k : k + 1], *(energies[k : k + 1] for energies, _ in runs.values())]
        cells = [f"{1e3 * (e[0] - fci):.4f}" if e else "" for e in row]
        lines.append(f"| {k} | " + " | ".join(cells) + " |")
    ends = [f"{1e3 * (e[-1] - fci):.4f} ({len(e) - 1})" for e, _ in runs.values()]
    ends = [f"{1e3 * (PUBLISHED_SD - fci):.4f} (SD)", *ends]
    return "\n".join([*lines, "| converged | " + " | ".join(ends) + " |"]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="renew docs/papers.md")
    arguments = parser.parse_args()
    runs = {pool: energies(pool) for pool in POOLS}
    fci = runs["fermionic"][1]
    print(f"full CI: published {PUBLISHED_FCI:.8f}, here {fci:.8f} Ha; errors in mHa")
    print("operators   published  " + "  ".join(f"{pool:>16}" for pool in POOLS))
    for k in range(max(len(found) for found, _ in runs.values())):
        row = [PUBLISHED[k : k + 1], *(found[k : k + 1] for found, _ in runs.values())]
        cells = [f"{1e3 * (e[0] - fci):.4f}" if e else "-" for e in row]
        print(f"{k:>9}  {cells[0]:>10}  " + "  ".join(f"{cell:>16}" for cell in cells[1:]))
    print(f"published, singlet SD, converged: {1e3 * (PUBLISHED_SD - fci):.4f}")
    if arguments.write:
        renew("papers.md", "adapt", table(runs), this_command())


if __name__ == "__main__":
    main()
