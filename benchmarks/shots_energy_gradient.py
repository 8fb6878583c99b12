"""Shot-noisy energy and full parameter-shift gradient beside PennyLane, at equal total shots.

    python benchmarks/shots_energy_gradient.py [--molecules lih h2o] [--shots 20000]

One core, one process. Every energy, shifted ones included, takes the same total number of shots in
both. PennyLane runs lightning.qubit with `split_non_commuting(shot_dist="weighted")`, which spreads
that total over its groups. A full PennyLane gradient takes minutes, so that a few partial
derivatives are timed and scaled to all; which is printed. Standard errors are the spread of
repeated energies.
"""

from __future__ import annotations

import one_core  # isort: skip

import argparse
import time

import numpy as np

from qvopt.backends.lightning import pennylane_operator
from qvopt.backends.protocol import Point, Problem
from qvopt.backends.sector import SectorBackend
from qvopt.evaluation import Evaluator
from qvopt.measurement.allocation import allocate, with_allocation
from qvopt.measurement.basis_rotation import basis_rotation_plan
from qvopt.measurement.fluid import fluid_plan
from qvopt.measurement.qubit_wise import qubit_wise_plan
from qvopt.measurement.statistics import combine_moments
from qvopt.optimizers.protocol import Energy, Gradient
from qvopt_circuits import UCCSD, to_pennylane
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.mappings import qubit_hamiltonian

REPEATS = 20


def ours(circuit, observable, hamiltonian, plan, shots, x):
    """(energy ms, gradient ms, exact energy, standard error) of one plan."""
    plan = with_allocation(plan, "variance", hamiltonian=hamiltonian)
    program = SectorBackend().compile(Problem(circuit, observable, hamiltonian, plan))
    evaluator = Evaluator(program, circuit, plan, shots, seed=1)
    energy_ms = one_core.median_ms(lambda: evaluator.answer([Energy(x)], 1))
    gradient_ms = one_core.median_ms(lambda: evaluator.answer([Gradient(x)], 1))
    rows = np.tile(allocate(plan.weights, shots), (REPEATS, 1))
    sampled = program.sample([Point(x)] * REPEATS, rows, np.random.SeedSequence(2))
    error = np.std([combine_moments(plan, m).value for m in sampled], ddof=1)
    return energy_ms, gradient_ms, float(program.energies([Point(x)])[0]), float(error)


def pennylane(circuit, observable, shots, x, partials):
    """(energy ms, gradient ms scaled to all gates, mean energy, standard error, shots' rule)."""
    import pennylane as qml

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
            sampled(Point(x))
            break
        except IndexError:  # "weighted" gives some group no shot at all, and fails on it
            continue
    times, values = [], []
    for _ in range(REPEATS):
        start = time.perf_counter()
        values.append(float(sampled(Point(x))))
        times.append(time.perf_counter() - start)
    start = time.perf_counter()
    for k in range(partials):
        for shift in (0.5, -0.5, 1.5, -1.5):
            sampled(Point(x, ((k, shift * np.pi),)))
    each = (time.perf_counter() - start) / partials
    scaled = 1e3 * each * len(circuit.parametric)
    spread = float(np.std(values, ddof=1))
    return 1e3 * float(np.median(times)), scaled, float(np.mean(values)), spread, rule


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--molecules", nargs="+", default=["h2", "lih", "h2o"])
    parser.add_argument("--shots", type=int, default=20_000)
    parser.add_argument("--partials", type=int, default=2)
    options = parser.parse_args()
    print(f"{options.shots:,} shots for every energy, in total; x ratio to the first row")
    print(
        f"{'molecule':9}{'engine':28}{'groups':>7}{'energy ms':>11}{'':>9}{'gradient ms':>13}"
        f"{'':>9}{'error mHa':>11}{'gradient shots':>16}"
    )
    for name in options.molecules:
        hamiltonian = build_hamiltonian(find_molecule(name))
        observable = qubit_hamiltonian(hamiltonian)
        circuit = UCCSD().circuit(hamiltonian)
        x = np.full(circuit.n_parameters, 0.01)
        rotations, pauli = basis_rotation_plan(hamiltonian), qubit_wise_plan(observable)
        rows = [
            ("qvopt fluid basis rotations", len(rotations.groups),
             ours(circuit, observable, hamiltonian, fluid_plan(hamiltonian), options.shots, x)),
            ("qvopt basis rotations", len(rotations.groups),
             ours(circuit, observable, hamiltonian, rotations, options.shots, x)),
        ]  # fmt: skip
        if circuit.n_parameters < 10:
            result = ours(circuit, observable, hamiltonian, pauli, options.shots, x)
            rows.append(("qvopt qubit-wise", len(pauli.groups), result))
        result = pennylane(circuit, observable, options.shots, x, options.partials)
        rows.append((f"PennyLane ({result[4]} shots)", 0, result[:4]))
        first = rows[0][2]
        total = 4 * len(circuit.parametric) * options.shots
        for label, groups, (energy, gradient, _, error) in rows:
            print(
                f"{name:9}{label:28}{groups or '-':>7}{energy:>11.3f}{energy / first[0]:>8.0f}x"
                f"{gradient:>13.1f}{gradient / first[1]:>8.0f}x{1e3 * error:>11.2f}{total:>16,}",
                flush=True,
            )
        print(
            f"{name:9}PennyLane's gradient: {options.partials} of {len(circuit.parametric)} "
            f"partial derivatives timed, scaled to all"
        )


if __name__ == "__main__":
    main()
