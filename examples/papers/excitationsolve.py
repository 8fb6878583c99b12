"""ExcitationSolve (Jäger, Kaldenbach, Haas, Schultheis, arXiv:2409.05939): one sweep.

The paper: "Across all tested molecules in equilibrium geometry, ExcitationSolve reaches chemical
accuracy in a single parameter sweep in a fixed ansatz." Exact energies, UCCSD from Hartree-Fock.
Here: the same on the catalogue, and what L-BFGS and Adam need for it in energies, where a gradient
takes four energies a parameter by the shift rule. About a minute.

    python examples/papers/excitationsolve.py
"""

import argparse

from qvopt import make_experiment
from qvopt.runs.session import Session

CHEMICAL_ACCURACY = 1.594e-3  # Hartree, 1 kcal/mol, as in the paper

MOLECULES = ("h2", "h3+", "heh+", "lih", "beh2", "h2o", "nh3", "h4-chain")
OPTIMIZERS = {
    "excitation-solve": {},
    "l-bfgs": {},
    "adam": {"learning_rate": 0.02},
}


def price(optimizer: str, parameters: int) -> int:
    """Energies behind one exact evaluation on a device: a gradient is four a parameter."""
    gradient = 4 * parameters
    return {"excitation-solve": 1, "l-bfgs": 1 + gradient, "adam": gradient}[optimizer]


def until(molecule: str, optimizer: dict, target: float, max_steps: int) -> tuple[int, int, float]:
    """Steps and energies until the error is at most `target`, and the error then."""
    experiment = make_experiment(
        {"molecule": molecule, "optimizer": optimizer, "max_steps": max_steps}
    )
    with Session.begin(experiment, store=False) as session:
        fci = session.references["fci"]
        parameters = len(session.driver.x)
        step, error, energies = 0, float("inf"), 0
        for at in session:
            step, error = at.number, at.exact - fci
            spent = session.driver.ledger.spent
            asked = sum(c.evaluations for p, c in spent.items() if p != "monitor")
            energies = asked * price(optimizer["name"], parameters)
            if error <= target:
                break
    return step, energies, error


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("molecules", nargs="*", default=MOLECULES)
    for molecule in parser.parse_args().molecules:
        for name, options in OPTIMIZERS.items():
            step, energies, error = until(molecule, {"name": name, **options}, 0.0, 1)
            first = 1e3 * error
            step, energies, error = until(
                molecule, {"name": name, **options}, CHEMICAL_ACCURACY, 300
            )
            met = "reached" if error <= CHEMICAL_ACCURACY else "not reached"
            print(
                f"{molecule:<9} {name:<17} error after step 1 {first:9.4f} mHa; chemical accuracy "
                f"{met} after {step:>3} steps, {energies:>7,} energies"
            )


if __name__ == "__main__":
    main()
