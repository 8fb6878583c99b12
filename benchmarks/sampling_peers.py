"""Shot-noisy energies by PennyLane, Qiskit Aer and QURI Parts, each in its usual way.

Every function returns (energy(point), label): energies of a circuit at a `Point`, from a total
number of shots and with qubit-wise commuting groups. A peer that is not there raises ImportError.
"""

from __future__ import annotations

import numpy as np

from qvopt_circuits import to_pennylane, to_qiskit
from qvopt_circuits.lowering.elementary import decompose


def pennylane(circuit, observable, shots):
    """lightning.qubit with `split_non_commuting`, shots by weight where it takes them."""
    import pennylane as qml

    from qvopt.backends.batch import Point
    from qvopt.backends.lightning import pennylane_operator

    operator = pennylane_operator(observable)
    device = qml.device("lightning.qubit", wires=circuit.n_qubits)

    @qml.qnode(device)
    def energy(point):
        for operation in to_pennylane(circuit.bind(point.x, point.shifts)):
            qml.apply(operation)
        return qml.expval(operator)

    for rule in ("weighted", "uniform"):
        split = qml.transforms.split_non_commuting(energy, shot_dist=rule)
        sampled = qml.set_shots(split, shots)
        try:
            sampled(Point(np.zeros(circuit.n_parameters)))
            break
        except IndexError:  # "weighted" gives some group no shot at all, and fails on it
            continue
    return (lambda point: float(sampled(point))), f"PennyLane ({rule} shots)"


def qiskit_aer(circuit, observable, shots):
    """Aer's SamplerV2, one circuit for each group of `group_commuting`, shots by Σ|c|."""
    from qiskit import transpile
    from qiskit.quantum_info import SparsePauliOp
    from qiskit_aer import AerSimulator
    from qiskit_aer.primitives import SamplerV2

    from qvopt.measurement.allocation import allocate

    n = circuit.n_qubits
    terms = [(label[::-1], c) for label, c in observable]
    part = [(label, c) for label, c in terms if set(label) != {"I"}]
    constant = sum(c for label, c in terms if set(label) == {"I"})
    groups = SparsePauliOp.from_list(part).group_commuting(qubit_wise=True)
    split = allocate(np.array([np.abs(g.coeffs).sum() for g in groups]), shots)
    sampler = SamplerV2()  # with a seed it repeats the same noise at every call
    tails = []
    for group in groups:
        letters = ["I"] * n
        for label in group.paulis.to_labels():
            for q, letter in enumerate(reversed(label)):
                letters[q] = letter if letter != "I" else letters[q]
        masks = [sum(1 << q for q, x in enumerate(reversed(s)) if x != "I")
                 for s in group.paulis.to_labels()]  # fmt: skip
        tails.append((letters, np.array(masks, dtype=np.uint64), group.coeffs.real))
    simulator = AerSimulator()

    def energy(point):
        base = transpile(to_qiskit(circuit.bind(point.x, point.shifts)), simulator,
                         optimization_level=0)  # fmt: skip
        pubs = []
        for (letters, _, _), count in zip(tails, split.tolist(), strict=True):
            measured = base.copy()
            for q, letter in enumerate(letters):
                if letter == "Y":
                    measured.sdg(q)
                if letter in "XY":
                    measured.h(q)
            measured.measure_all()
            pubs.append((measured, None, count))
        total = constant
        for (_, masks, c), result in zip(tails, sampler.run(pubs).result(), strict=True):
            counts = result.data.meas.get_int_counts()
            bits = np.array(list(counts), dtype=np.uint64)
            times = np.array(list(counts.values()), dtype=float)
            signs = 1.0 - 2.0 * (np.bitwise_count(bits & masks[:, None]) & 1)
            total += float(c @ (signs @ times)) / times.sum()
        return total

    return energy, f"Qiskit Aer SamplerV2 ({len(groups)} groups)"


def quri_parts(circuit, observable, shots):
    """QURI Parts on Qulacs: its sampling estimator and groups, shots alike for all groups.

    With its proportional allocator some groups of LiH get no shot, and the energies come out more
    than a Hartree too high.
    """
    from quri_parts.circuit import QuantumCircuit
    from quri_parts.core.estimator.sampling import create_sampling_estimator
    from quri_parts.core.measurement import bitwise_commuting_pauli_measurement
    from quri_parts.core.operator import Operator, PauliLabel
    from quri_parts.core.sampling.shots_allocator import create_equipartition_shots_allocator
    from quri_parts.core.state import quantum_state
    from quri_parts.qulacs.sampler import create_qulacs_vector_concurrent_sampler

    operator = Operator()
    for label, c in observable:
        letters = {q: "XYZ".index(x) + 1 for q, x in enumerate(label) if x != "I"}
        operator.add_term(PauliLabel.from_index_and_pauli_list(*zip(*letters.items(), strict=True))
                          if letters else PauliLabel(), c)  # fmt: skip
    estimator = create_sampling_estimator(
        shots, create_qulacs_vector_concurrent_sampler(), bitwise_commuting_pauli_measurement,
        create_equipartition_shots_allocator(),
    )  # fmt: skip
    names = {"x": "X", "y": "Y", "z": "Z", "h": "H", "s": "S", "sdg": "Sdag", "t": "T",
             "tdg": "Tdag", "cx": "CNOT", "cz": "CZ", "swap": "SWAP", "rx": "RX", "ry": "RY",
             "rz": "RZ"}  # fmt: skip

    def energy(point):
        out = QuantumCircuit(circuit.n_qubits)
        for gate in decompose(circuit.bind(point.x, point.shifts)).gates:
            angle = [] if gate.angle is None else [gate.angle.offset]
            getattr(out, f"add_{names[gate.name]}_gate")(*gate.qubits, *angle)
        return float(estimator(operator, quantum_state(circuit.n_qubits, circuit=out)).value.real)

    return energy, "QURI Parts, Qulacs (uniform shots)"


PEERS = (pennylane, qiskit_aer, quri_parts)
