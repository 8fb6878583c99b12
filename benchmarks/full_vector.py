"""Full-vector circuits beside other simulators: energy with gradient, and shot-noisy energies.

All run the same circuit over the same Hamiltonian at the same parameters, in one run on one core;
compile times are apart. PennyLane and qulacs differentiate by their adjoint methods, JAX by
reverse mode through a compiled simulator of its own kind; Aer has no gradient: its row is Aer's
state, and our way back from it. A peer that is not installed is named and left out. Ratios are
times over ours.

The roofline is what memory takes that must be moved: every operation reads and writes a state once
forwards and two states once backwards, and the table of the Hamiltonian is read once.
"""

from __future__ import annotations

import one_core  # isort: skip

import argparse

import numpy as np

from qvopt.backends.batch import Point
from qvopt.backends.catalogue import get_backend
from qvopt.backends.protocol import Problem
from qvopt.measurement.allocation import allocate
from qvopt.measurement.basis_rotation import basis_rotation_plan
from qvopt.measurement.fully_commuting import fully_commuting_plan
from qvopt.measurement.qubit_wise import qubit_wise_plan
from qvopt_circuits import UCCSD, EfficientSU2, HardwareEfficient, RealAmplitudes
from qvopt_circuits.lowering.elementary import decompose
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.mappings import qubit_hamiltonian

CIRCUITS = {
    "hardware-efficient": HardwareEfficient(),
    "efficient-su2": EfficientSU2(),
    "real-amplitudes": RealAmplitudes(),
    "uccsd": UCCSD(),
}


def by_backend(name, problem, x):
    """One of our own backends."""
    program = get_backend(name).compile(problem)
    return lambda: program.gradient(x)


def qulacs(problem, x):
    """Backpropagation of a parametric circuit of qulacs."""
    from qulacs import Observable, ParametricQuantumCircuit

    circuit, n = decompose(problem.circuit), problem.circuit.n_qubits
    observable = Observable(n)
    for label, c in problem.observable:
        text = " ".join(f"{letter} {q}" for q, letter in enumerate(label) if letter != "I")
        observable.add_operator(c, text)
    fixed = {"x": "X", "y": "Y", "z": "Z", "h": "H", "s": "S", "sdg": "Sdag", "t": "T",
             "tdg": "Tdag", "cx": "CNOT", "cz": "CZ", "swap": "SWAP"}  # fmt: skip
    turned = {"rx": "RX", "ry": "RY", "rz": "RZ"}
    peer = ParametricQuantumCircuit(n)
    index, scale = [], []
    for gate in circuit.gates:
        if gate.angle is None:
            getattr(peer, f"add_{fixed[gate.name]}_gate")(*gate.qubits)
            continue
        # qulacs turns by exp(+iθP/2).
        angle = -gate.angle(x)
        if gate.angle.index is None:
            getattr(peer, f"add_{turned[gate.name]}_gate")(*gate.qubits, angle)
            continue
        getattr(peer, f"add_parametric_{turned[gate.name]}_gate")(*gate.qubits, angle)
        index.append(gate.angle.index)
        scale.append(-gate.angle.coefficient)

    def gradient():
        from qulacs import QuantumState

        out = np.zeros(len(x))
        np.add.at(out, index, np.array(scale) * peer.backprop(observable))
        state = QuantumState(n)
        peer.update_quantum_state(state)
        return observable.get_expectation_value(state), out

    return gradient


def jax(problem, x):
    """A compiled state-vector simulator in JAX, differentiated in reverse mode."""
    import jax
    import jax.numpy as jnp
    from jax.experimental import sparse

    jax.config.update("jax_enable_x64", True)
    circuit, n = decompose(problem.circuit), problem.circuit.n_qubits
    if len(circuit.gates) > 400:
        raise ImportError("a circuit of this length takes minutes to compile")
    matrix = sparse.BCSR.from_scipy_sparse(problem.observable.to_sparse().real)
    root = 2**-0.5
    fixed = {"x": [[0, 1], [1, 0]], "z": [[1, 0], [0, -1]], "h": [[root, root], [root, -root]],
             "s": [[1, 0], [0, 1j]], "sdg": [[1, 0], [0, -1j]]}  # fmt: skip

    def one(state, u, q):
        return jnp.moveaxis(jnp.tensordot(u, state, axes=(1, n - 1 - q)), 0, n - 1 - q)

    def energy(values, matrix):
        state = jnp.zeros((2,) * n, dtype=complex).at[(0,) * n].set(1.0)
        for gate in circuit.gates:
            if gate.name in ("cx", "cz"):
                a, b = (n - 1 - q for q in gate.qubits)
                control = [slice(None)] * n
                control[a] = 1
                part = state[tuple(control)]
                b -= b > a
                if gate.name == "cx":
                    part = jnp.flip(part, b)
                else:
                    part = part * jnp.array([1.0, -1.0]).reshape(
                        [-1 if k == b else 1 for k in range(n - 1)]
                    )
                state = state.at[tuple(control)].set(part)
            elif gate.angle is None:
                state = one(state, jnp.array(fixed[gate.name], dtype=complex), gate.qubits[0])
            else:
                a = gate.angle
                theta = a.offset + (0.0 if a.index is None else a.coefficient * values[a.index])
                c, s = jnp.cos(theta / 2), jnp.sin(theta / 2)
                u = {"rx": [[c, -1j * s], [-1j * s, c]], "ry": [[c, -s], [s, c]],
                     "rz": [[c - 1j * s, 0], [0, c + 1j * s]]}[gate.name]  # fmt: skip
                state = one(state, jnp.array(u), gate.qubits[0])
        flat = state.reshape(-1)
        planes = jnp.stack([flat.real, flat.imag], axis=1)
        return jnp.sum(planes * (matrix @ planes))

    compiled = jax.jit(jax.value_and_grad(energy))
    return lambda: [np.asarray(part) for part in compiled(x, matrix)]


def gradients(name, label, problem, x):
    """Print a row for each simulator."""
    base = None
    for peer, build in {
        "qvopt statevector": lambda: by_backend("statevector", problem, x),
        "PennyLane lightning": lambda: by_backend("lightning", problem, x),
        "qulacs backprop": lambda: qulacs(problem, x),
        "JAX": lambda: jax(problem, x),
        "Aer state, our sweep": lambda: by_backend("aer", problem, x),
    }.items():
        try:
            work = build()
            energy, gradient = work()
        except ImportError as error:
            print(f"{name:6}{label:20}{peer:24}left out: {error}")
            continue
        if base is None:
            expected = energy, gradient
        assert abs(float(energy) - expected[0]) < 1e-8, peer
        assert np.abs(gradient - expected[1]).max() < 1e-8, peer
        ms = one_core.median_ms(work)
        base = base or ms
        print(f"{name:6}{label:20}{peer:24}{ms:>10.3f}{ms / base:>9.1f}x", flush=True)


def roofline(name, label, problem):
    """Print what the bytes that must be moved take at the speed of a copy in memory."""
    program = get_backend("statevector").compile(problem)
    x = np.zeros(problem.circuit.n_parameters)
    program.gradient(x)
    real = 1 if program._is_real else 2
    vector = 8 * real << problem.circuit.n_qubits
    moved = 6 * vector * len(program._compiled.operations.kinds) + program._observable.n_bytes
    source = np.ones(vector // 8)
    target = np.empty_like(source)
    ms = one_core.median_ms(lambda: np.copyto(target, source), seconds=0.2)
    print(f"{name:6}{label:20}{'roofline (copies)':24}{ms * moved / (2 * vector):>10.3f}")


def samples(name, hamiltonian, observable, shots):
    """Print a row for each grouping: one shot-noisy energy of the hardware-efficient circuit."""
    circuit = CIRCUITS["hardware-efficient"].circuit(hamiltonian)
    x = np.random.default_rng(0).normal(size=circuit.n_parameters) * 0.1
    plans = [qubit_wise_plan(observable), fully_commuting_plan(observable)]
    for plan in (*plans, basis_rotation_plan(hamiltonian)):
        split = allocate(plan.weights, shots)[None]
        base = None
        for backend in ("statevector", "lightning", "aer"):
            program = get_backend(backend).compile(Problem(circuit, observable, hamiltonian, plan))
            seed = np.random.SeedSequence(1)
            ms = one_core.median_ms(
                lambda p=program, s=split, k=seed: p.sample([Point(x)], s, k), seconds=0.5
            )
            base = base or ms
            print(f"{name:6}{plan.name:20}{backend:24}{ms:>10.3f}{ms / base:>9.1f}x", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--molecules", nargs="+", default=["lih", "h2o"])
    parser.add_argument("--circuits", nargs="+", default=["hardware-efficient", "uccsd"],
                        choices=CIRCUITS)  # fmt: skip
    parser.add_argument("--shots", type=int, default=2000)
    arguments = parser.parse_args()
    print(f"{'':6}{'circuit or groups':20}{'simulator':24}{'ms':>10}{'ratio':>10}")
    for name in arguments.molecules:
        hamiltonian = build_hamiltonian(find_molecule(name))
        observable = qubit_hamiltonian(hamiltonian)
        for label in arguments.circuits:
            circuit = CIRCUITS[label].circuit(hamiltonian)
            problem = Problem(circuit, observable, hamiltonian)
            x = np.random.default_rng(0).normal(size=circuit.n_parameters) * 0.1
            gradients(name, label, problem, x)
            roofline(name, label, problem)
        samples(name, hamiltonian, observable, arguments.shots)


if __name__ == "__main__":
    main()
