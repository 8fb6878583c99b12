"""What two more kinds of mitigation could do for small molecules: neither is a stage of qvopt.

    python examples/noise_study/alternatives.py [--write]

Symmetry projection: exact density matrices on the snapshots, without errors of the readout and
without shots, projected exactly: the most that any measured projection can give. Probabilistic
error cancellation: the factor γ by which the inverse noise of all gates, twirled to Pauli errors as
the calibration gives it, raises the standard deviation. `--write` renews the tables of
docs/mitigation.md.
"""

import argparse
import sys
from functools import reduce
from pathlib import Path

import numpy as np
from molecules_table import DEVICES, MOLECULES, NAMES, SHOTS

from qvopt import make_experiment, run
from qvopt.backends.batch import Point
from qvopt.backends.measured import qubit_of_bit
from qvopt.backends.noisy import Channels
from qvopt.engine.assembly import assemble
from qvopt.optimizers.protocol import Energy
from qvopt_molecules.sign_symmetry import sign_symmetries

COMMAND = "python examples/noise_study/alternatives.py --write"
PAULIS = {
    (0, 0): np.eye(2),
    (1, 0): np.array([[0, 1], [1, 0]]),
    (0, 1): np.diag([1, -1]),
    (1, 1): np.array([[0, -1j], [1j, 0]]),
}
PROJECTED = ("h2", "heh+", "lih")
KINDS = ("nothing", "electron numbers", "point group too", "S² too")


def assembled(molecule, device):
    """The molecule on the snapshot, measured string by string: one group reads in Z alone."""
    data = {
        **MOLECULES[molecule],
        "backend": f"aer:{device}",
        "shots": SHOTS,
        "measurement": {"grouping": "qubit-wise"},
    }
    return assemble(make_experiment(data))


def z_circuit(assembly):
    """The lowered circuit of the group that reads in Z."""
    groups = assembly.program.problem.plan.groups
    z = next(k for k, g in enumerate(groups) if not set(g.basis.letters) & set("XY"))
    return assembly.program.circuits.group(z)


def density_matrix(assembly, x):
    """The state before it is read, on the problem's qubits, by Aer."""
    from qiskit.quantum_info import DensityMatrix, partial_trace

    program = assembly.program
    circuit, angles = z_circuit(assembly), program.circuits.angles(Point(np.asarray(x)))
    circuit = circuit.assign_parameters({p: angles[p.index] for p in circuit.parameters})
    simulator, circuit, _ = program.device.simulator_of(circuit)
    keep = list(qubit_of_bit(circuit))
    circuit = circuit.remove_final_measurements(inplace=False)
    circuit.save_density_matrix()
    state = DensityMatrix(simulator.run(circuit).result().data()["density_matrix"])
    state = partial_trace(state, [q for q in range(circuit.num_qubits) if q not in keep]).data
    n, left = len(keep), sorted(keep)
    order = [n - 1 - left.index(keep[n - 1 - k]) for k in range(n)]
    axes = order + [n + k for k in order]
    return state.reshape([2] * 2 * n).transpose(axes).reshape(2**n, 2**n)


def dense(observable):
    """A sum of Pauli strings as a matrix."""
    total = np.zeros((2**observable.n_qubits,) * 2, dtype=complex)
    for x, z, c in zip(observable.x, observable.z, observable.coefficients, strict=True):
        letters = [PAULIS[int(x) >> q & 1, int(z) >> q & 1] for q in range(observable.n_qubits)]
        total += c * reduce(np.kron, reversed(letters))
    return total


def spin_squared(norb):
    """S² as a matrix, in the Jordan-Wigner mapping."""
    n = 2 * norb
    lower = np.array([[0, 1], [0, 0]])

    def annihilator(q):
        one = [PAULIS[0, 1]] * q + [lower] + [np.eye(2)] * (n - q - 1)
        return reduce(np.kron, reversed(one))

    raising = sum(annihilator(p).T @ annihilator(norb + p) for p in range(norb))
    numbers = [annihilator(q).T @ annihilator(q) for q in range(n)]
    z = 0.5 * (sum(numbers[:norb]) - sum(numbers[norb:]))
    return raising.T @ raising + z @ (z + np.eye(2**n))


def projectors(hamiltonian, reference):
    """Onto nothing, the electron numbers, the reference's parities of the point group, and S²."""
    norb = hamiltonian.norb
    outcomes = np.arange(4**norb, dtype=np.uint64)
    alpha = np.bitwise_count(outcomes & np.uint64((1 << norb) - 1))
    beta = np.bitwise_count(outcomes >> np.uint64(norb))
    numbers = (alpha == hamiltonian.n_alpha) & (beta == hamiltonian.n_beta)
    parities = numbers.copy()
    for mask in sign_symmetries(hamiltonian):
        both = mask | mask << norb
        odd = np.bitwise_count(outcomes & np.uint64(both)) & 1
        parities &= odd == (reference & both).bit_count() % 2
    values, vectors = np.linalg.eigh(spin_squared(norb))
    s = 0.5 * abs(hamiltonian.n_alpha - hamiltonian.n_beta)
    pure = vectors[:, np.abs(values - s * (s + 1)) < 1e-6]
    group = np.diag(parities.astype(float))
    return [np.eye(4**norb), np.diag(numbers.astype(float)), group, pure @ pure.T @ group]


def projection_rows():
    """Errors in mHa of projected states, and with the reference's error taken off."""
    text = (
        "| molecule | device | "
        + " | ".join(KINDS)
        + " | kept | with the reference: numbers | point group too | S² too |\n"
        + "|---|---|"
        + "--:|" * (len(KINDS) + 4)
        + "\n"
    )
    for molecule in PROJECTED:
        optimum = run(make_experiment(MOLECULES[molecule]))
        for device in DEVICES:
            assembly = assembled(molecule, device)
            matrix = dense(assembly.program.problem.observable)
            states = [density_matrix(assembly, x) for x in (optimum.x, np.zeros(len(optimum.x)))]
            reference = int(np.argmax(np.real(np.diag(states[1]))))
            exact = np.real(matrix[reference, reference])

            def energy(state, p, matrix=matrix):
                kept = p @ state @ p.T
                return float(np.real(np.trace(matrix @ kept) / np.trace(kept)))

            made = projectors(assembly.hamiltonian.orbitals(), reference)
            plain = [1e3 * (energy(states[0], p) - optimum.energy) for p in made]
            off = [
                1e3 * (energy(states[0], p) - energy(states[1], p) + exact - optimum.energy)
                for p in made[1:]
            ]
            kept = float(np.real(np.trace(made[-1] @ states[0] @ made[-1].T)))
            cells = [f"{e:+.0f}" for e in plain] + [f"{100 * kept:.0f} %"]
            cells += [f"{e:+.1f}" for e in off]
            name = device.removeprefix("fake_")
            text += f"| {NAMES[molecule]} | {name} | " + " | ".join(cells) + " |\n"
            print(text.splitlines()[-1], flush=True)
    return text


def gamma_of(error):
    """Σ|q| of the inverse of a channel's Pauli part, from its transfer matrix."""
    diagonal = np.diag(error)
    n = round(np.log(len(diagonal)) / np.log(4))
    # Signs by which the Pauli errors I, X, Y, Z change the strings I, X, Y, Z.
    one = np.array([[1, 1, 1, 1], [1, 1, -1, -1], [1, -1, 1, -1], [1, -1, -1, 1]])
    signs = reduce(np.kron, [one] * n)
    return float(np.abs(signs @ (1.0 / diagonal) / 4**n).sum())


def cancellation_rows():
    """γ of the whole circuit, and what it makes of one energy."""
    text = (
        "| device | gates with noise | γ | shots, times | σ of one energy raw | cancelled (mHa) |\n"
        "|---|--:|--:|--:|--:|--:|\n"
    )
    optimum = run("h2")
    for device in DEVICES:
        assembly = assembled("h2", device)
        channels = Channels(assembly.program.device.noise_model())
        circuit = z_circuit(assembly)
        gamma, gates = 1.0, 0
        for step in circuit.data:
            name = step.operation.name
            if name in ("measure", "barrier"):
                continue
            error = channels.error(name, tuple(circuit.find_bit(q).index for q in step.qubits))
            if error is not None:
                gamma *= gamma_of(error)
                gates += 1
        (answer,) = assembly.evaluator.answer([Energy(optimum.x)], 0)
        sigma = 1e3 * float(np.sqrt(answer.variance))
        text += (
            f"| {device.removeprefix('fake_')} | {gates} | {gamma:.2f} | {gamma**2:.1f} | "
            f"{sigma:.0f} | {gamma * sigma:.0f} |\n"
        )
        print(text.splitlines()[-1], flush=True)
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="renew the tables of the page")
    arguments = parser.parse_args()
    tables = {"cancellation": cancellation_rows(), "projection": projection_rows()}
    if arguments.write:
        sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
        from published import renew

        for name, table in tables.items():
            renew("mitigation.md", name, table, COMMAND)


if __name__ == "__main__":
    main()
