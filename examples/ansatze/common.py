"""What the scripts share: run an ansatz, and print what it took."""

from qvopt import build_hamiltonian, find_molecule, run
from qvopt_circuits import summary
from qvopt_circuits.catalogue import get_ansatz


def show(molecule, name, backend="sector", **options):
    """Optimise exactly, print energy, error, parameters and CNOTs, and return the result."""
    result = run(molecule, ansatz={"name": name, **options}, backend=backend, seed=1)
    ansatz = get_ansatz(name, **options)
    hamiltonian = build_hamiltonian(find_molecule(molecule))
    if name == "adapt":
        circuit = ansatz.grown(hamiltonian, result.operators)
    else:
        circuit = ansatz.circuit(hamiltonian)
    cost = summary(circuit)
    given = ", ".join(f"{key}={value}" for key, value in options.items())
    print(
        f"{molecule:10} {name:18} {result.energy:14.8f} Ha   {1e3 * result.error:8.4f} mHa above "
        f"full CI   {cost['n_parameters']:4d} parameters   {cost['cnots']:6d} CNOTs   {given}"
    )
    return result
