"""Orbital-optimised VQE beside PySCF's CASSCF, both from the same canonical orbitals.

Columns: energy at the start orbitals (CASCI), CASSCF from there, the lowest CASSCF from there and
from four starts turned off them at random (0.1), and our oo-VQE of UCCSD with its VQE runs and
saddle points; all in Hartree, and the CPU seconds behind the line. CASSCF is held to singlets.
`--write` puts the table into docs/chemistry.md.
"""

import argparse
import time

import numpy as np
from published import renew, this_command
from pyscf import mcscf, scf
from scipy.linalg import expm

from qvopt import build_hamiltonian, find_molecule, optimize_orbitals
from qvopt_molecules.molecule import ActiveSpace

CASES = [
    (name, count)
    for name in ("lih", "beh2", "h2o", "n2")
    for count in (2, 4, 6)
    if (name, count) != ("lih", 6)  # it has four electrons
]

HEAD = (
    "| molecule | active space | CASCI | CASSCF | lowest CASSCF | oo-VQE | runs | saddles |\n"
    "|---|---|---:|---:|---:|---:|---:|---:|\n"
)


def casscf(h, mean_field, count, turn):
    solver = mcscf.CASSCF(mean_field, count, count)
    solver.verbose, solver.conv_tol, solver.max_cycle_macro = 0, 1e-9, 200
    solver.fix_spin_(ss=0)
    return solver.kernel(h.frame.coefficients @ expm(turn - turn.T))[0]


def row(name, count, basis="6-31g", orbitals="canonical"):
    """One line of the table, and the seconds that oo-VQE took."""
    options = {"basis": basis, "orbitals": orbitals}
    space = ActiveSpace(count, count)
    h = build_hamiltonian(find_molecule(name, active_space=space, **options))
    mean_field = scf.RHF(h.frame.mole()).run(conv_tol=1e-12, verbose=0)
    rng = np.random.default_rng(0)
    total = h.frame.coefficients.shape[1]
    turns = [0.1 * rng.standard_normal((total, total)) for _ in range(4)]
    start = casscf(h, mean_field, count, 0.0 * turns[0])
    lowest = min(start, *(casscf(h, mean_field, count, turn) for turn in turns))
    began = time.process_time()
    active = {"electrons": count, "n_orbitals": count}
    result = optimize_orbitals({"name": name, **options, "active_space": active})
    seconds = time.process_time() - began
    reference = mcscf.CASCI(mean_field, count, count)
    reference.verbose = 0
    reference.fix_spin_(ss=0)
    first = reference.kernel(h.frame.coefficients)[0]
    mark = "" if result.converged else " (not converged)"
    line = (
        f"| {name} | ({count}, {count}) | {first:.6f} | {start:.6f} | {lowest:.6f} | "
        f"{result.energy:.6f}{mark} | {result.runs} | {result.saddles} |\n"
    )
    return line, seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--basis", default="6-31g")
    parser.add_argument("--orbitals", default="canonical", help="canonical or mp2-natural")
    parser.add_argument("--write", action="store_true", help="write the table into chemistry.md")
    arguments = parser.parse_args()
    if arguments.write and (arguments.basis, arguments.orbitals) != ("6-31g", "canonical"):
        parser.error("the table of docs/chemistry.md is of canonical orbitals in 6-31G")
    table = HEAD
    print(HEAD, end="", flush=True)
    for name, count in CASES:
        line, seconds = row(name, count, arguments.basis, arguments.orbitals)
        print(f"{line[:-1]}  {seconds:.0f} s", flush=True)
        table += line
    if arguments.write:
        renew("chemistry.md", "orbital-optimisation", table, this_command())


if __name__ == "__main__":
    main()
