"""What virtual distillation could do for H2 on snapshots of enough qubits: it is no stage of qvopt.

    python examples/noise_study/distillation.py [--write]

Two copies of a state ρ give Tr(Pρ²)/Tr(ρ²) for every Pauli string P, in which errors that take the
state elsewhere count by the square of their probability (W. J. Huggins and others, Phys. Rev. X 11,
041036 (2021); B. Koczor, Phys. Rev. X 11, 031057 (2021)). Both are the real part of a product over
pairs of qubits, read from the same two gates on each pair, but not in one basis for all strings: a
circuit a string. "Exact" is that of the density matrix of one copy; "as built" has the noise of
both copies and of the gates on the pairs, on the device's coupling map. No errors of the readout,
no shots. `--write` renews the table of docs/mitigation.md.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from alternatives import assembled, dense, density_matrix
from molecules_table import MOLECULES

from qvopt import make_experiment, run
from qvopt.backends.aer import to_qiskit
from qvopt.backends.batch import Point
from qvopt.backends.compiled_size import CompiledSize

COMMAND = "python examples/noise_study/distillation.py --write"
DEVICES = ("fake_guadalupe", "fake_hanoi", "fake_sherbrooke")
SEEDS = 6
"""Seeds of the transpiler; the circuit of the fewest two-qubit gates is taken."""

HEADING = (
    "| device | two-qubit gates of one copy | of two copies and the pairs | raw | exact | as built "
    "| reference alone | exact, with it | as built, with it | signal Tr ρ² |\n"
    "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n"
)


def doubled(copy, x_mask, z_mask):
    """Two copies of a circuit, in the basis of a string, and the gates on the pairs."""
    from qiskit import QuantumCircuit

    n = copy.num_qubits
    circuit = QuantumCircuit(2 * n, 2 * n)
    for first in (0, n):
        circuit.compose(copy, range(first, first + n), inplace=True)
        for q in range(n):
            if x_mask >> q & 1:
                if z_mask >> q & 1:
                    circuit.sdg(first + q)
                circuit.h(first + q)
    for q in range(n):
        if (x_mask | z_mask) >> q & 1:
            circuit.sdg(q)
        circuit.cx(q, n + q)
        circuit.ch(n + q, q)
    circuit.measure(range(2 * n), range(2 * n))
    return circuit


def product_of(mask, n):
    """The value of each outcome: Re Π (d + iy) over the pairs of the string, Π s over others."""
    outcomes = np.arange(4**n)
    values = np.ones(4**n, dtype=complex)
    for q in range(n):
        a, odd = outcomes >> q & 1, outcomes >> (n + q) & 1
        if mask >> q & 1:
            values *= np.where(odd, 1j, 1.0) * (1 - 2 * a)
        else:
            values *= np.where(odd & a, -1, 1)
    return values.real


def two_qubit_gates(circuit):
    """How many gates act on two qubits."""
    return CompiledSize.of([circuit]).two_qubit_gates[0]


def copy_at(program, x):
    """The circuit of one copy, without free parameters."""
    angles = program.circuits.angles(Point(np.asarray(x)))
    copy = to_qiskit(program.circuits.free)
    return copy.assign_parameters({p: angles[p.index] for p in copy.parameters})


def distribution(device, circuit):
    """Probabilities of the outcomes of the best of several transpiled circuits, and its gates."""
    lowered = [device.lower([circuit], level=3, seed=s, layout=None)[0] for s in range(SEEDS)]
    best = min(lowered, key=two_qubit_gates)
    simulator, circuit, _ = device.simulator_of(best)
    bit_of = {circuit.find_bit(s.qubits[0]).index: circuit.find_bit(s.clbits[0]).index
              for s in circuit.data if s.operation.name == "measure"}  # fmt: skip
    order = sorted(bit_of, key=bit_of.get)
    circuit = circuit.remove_final_measurements(inplace=False)
    circuit.save_probabilities(order)
    simulator.set_options(method="density_matrix")
    return np.array(simulator.run(circuit).result().data()["probabilities"]), two_qubit_gates(best)


def distilled(program, x):
    """The energy of two copies as built, and the two-qubit gates of one of its circuits."""
    observable = program.problem.observable
    copy = copy_at(program, x)
    n, found, gates = copy.num_qubits, {}, []
    for mask in [(0, 0), *zip(observable.x.tolist(), observable.z.tolist(), strict=True)]:
        if mask not in found:
            probabilities, count = distribution(program.device, doubled(copy, *mask))
            found[mask] = float(probabilities @ product_of(mask[0] | mask[1], n))
            gates.append(count)
    terms = zip(observable.x.tolist(), observable.z.tolist(), observable.coefficients, strict=True)
    energy = sum(c * found[x, z] for x, z, c in terms) / found[0, 0]
    return float(np.real(energy)), gates[0]


def rows():
    """Errors in mHa on every device."""
    text, optimum = HEADING, run(make_experiment(MOLECULES["h2"]))
    points = optimum.x, np.zeros(len(optimum.x))
    for device in DEVICES:
        assembly = assembled("h2", device)
        program = assembly.program
        matrix = dense(program.problem.observable)
        states = [density_matrix(assembly, x) for x in points]
        single = two_qubit_gates(program.circuits.group(0))

        def energy(state, matrix=matrix):
            return float(np.real(np.trace(matrix @ state) / np.trace(state)))

        raw = [energy(state) for state in states]
        exact = [energy(state @ state) for state in states]
        built, gates = zip(*(distilled(program, x) for x in points), strict=True)
        at_reference = float(np.real(matrix[reference(states), reference(states)]))
        cells = [f"{1e3 * (e[0] - optimum.energy):+.1f}" for e in (raw, exact, built)]
        cells += [
            f"{1e3 * (e[0] - e[1] + at_reference - optimum.energy):+.1f}"
            for e in (raw, exact, built)
        ]
        signal = float(np.real(np.trace(states[0] @ states[0])))
        text += (
            f"| {device.removeprefix('fake_')} | {single} | {gates[0]} | "
            + " | ".join(cells)
            + f" | {signal:.2f} |\n"
        )
        print(text.splitlines()[-1], flush=True)
    return text


def reference(states):
    """The determinant at zero angles."""
    return int(np.argmax(np.real(np.diag(states[1]))))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="renew the table of the page")
    arguments = parser.parse_args()
    table = rows()
    if arguments.write:
        sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
        from published import renew

        renew("mitigation.md", "distillation", table, COMMAND)


if __name__ == "__main__":
    main()
