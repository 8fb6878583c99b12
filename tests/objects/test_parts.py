"""Optimizers, ansätze and backends that are handed over as objects."""

import functools
import subprocess
import sys
from pathlib import Path

import cma
import numpy as np
import optax
import pennylane as qml
import pytest
import scipy.optimize
from qiskit import QuantumCircuit
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel, depolarizing_error
from qiskit_algorithms import optimizers as theirs

from qvopt import (
    Session,
    build_hamiltonian,
    compare,
    find_molecule,
    get_ansatz,
    get_optimizer,
    minimize,
    run,
)
from qvopt.backends.vector.program import VectorBackend
from qvopt.optimizers.protocol import Gradient, Iterate
from qvopt.optimizers.rules import adam
from qvopt_circuits.matrices import circuit_state
from qvopt_circuits.reading.from_pennylane import read_pennylane
from qvopt_molecules.errors import InputError

sys.path.insert(0, str(Path(__file__).parent))
import my_parts

H2 = build_hamiltonian(find_molecule("h2"))
FCI = run("h2").fci


def generator(rate):
    def start(x, rng):
        while True:
            (gradient,) = yield [Gradient(x)]
            x = x - rate * gradient.value
            yield Iterate(x)

    return start


class AskTell:
    """A shrinking random search."""

    def __init__(self):
        self.rng, self.width = np.random.default_rng(3), 0.3
        self.x, self.value = np.zeros(3), np.inf

    def ask(self):
        return [self.x + self.width * self.rng.normal(size=3) for _ in range(4)]

    def tell(self, points, values):
        best = int(np.argmin(values))
        if values[best] < self.value:
            self.x, self.value = points[best], values[best]
        self.width *= 0.97

    def best(self):
        return self.x


def coordinate_search(fun, x0, callback=None, **options):
    x, step = np.array(x0), 0.2
    while step > 1e-4:
        for k in range(len(x)):
            trials = [x + s * step * np.eye(len(x))[k] for s in (-1, 0, 1)]
            x = trials[int(np.argmin([fun(t) for t in trials]))]
        step /= 2
        if callback is not None:
            callback(x)
    return x


OPTIMIZERS = {
    "ours by name": lambda: get_optimizer("adam", learning_rate=0.1),
    "our rule": lambda: adam(learning_rate=0.1),
    "optax": lambda: optax.adam(0.1),
    "generator": lambda: generator(0.4),
    "imported": lambda: my_parts.plain_descent,
    "imported by name": lambda: "my_parts:plain_descent",
    "factory by name": lambda: {"name": "my_parts:descent_with", "rate": 0.4},
    "factory": lambda: {"name": my_parts.descent_with, "rate": 0.4},
    "ask/tell": AskTell,
    "minimizer": lambda: coordinate_search,
    "scipy": lambda: functools.partial(scipy.optimize.minimize, method="COBYLA"),
    "scipy BFGS": lambda: scipy.optimize.minimize,
    "qiskit COBYLA": lambda: theirs.COBYLA(),
    "qiskit SPSA": lambda: theirs.SPSA(maxiter=60),
    "qiskit L-BFGS": lambda: theirs.L_BFGS_B(),
}


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_an_optimizer_minimises_and_resumes(kind, tmp_path):
    make = OPTIMIZERS[kind]
    whole = run("h2", optimizer=make(), max_steps=200, seed=2)
    assert whole.energy == pytest.approx(FCI, abs=2e-3)
    run("h2", optimizer=make(), max_steps=2, seed=2, out=tmp_path / "run")
    thing = make()
    again = None if isinstance(thing, str | dict) else thing
    with Session.resume(tmp_path / "run", max_steps=200, optimizer=again) as session:
        for _ in session:
            pass
        assert session.result().energy == pytest.approx(whole.energy, abs=1e-12)


def test_an_attribute_that_is_no_method_is_let_be():
    strategy = cma.CMAEvolutionStrategy(np.zeros(3), 0.1, {"seed": 3, "verbose": -9})
    assert not callable(strategy.best)
    assert run("h2", optimizer=strategy, max_steps=60).energy == pytest.approx(FCI, abs=1e-6)


def test_our_optimizers_are_recorded_by_name(tmp_path):
    run("h2", optimizer=get_optimizer("adam", learning_rate=0.1), max_steps=1, out=tmp_path / "a")
    text = (tmp_path / "a" / "experiment.toml").read_text()
    assert 'name = "adam"' in text
    assert "learning_rate = 0.1" in text


@pytest.mark.slow
def test_another_process_says_what_to_hand_over(tmp_path):
    run("h2", optimizer=generator(0.4), max_steps=2, out=tmp_path / "run")
    command = [sys.executable, "-m", "qvopt", "resume", str(tmp_path / "run"), "--max-steps", "9"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert "hand it over again" in " ".join(done.stderr.split())
    with pytest.raises(InputError, match="other source"):
        Session.resume(tmp_path / "run", optimizer=generator(0.1))
    with pytest.raises(InputError, match="began with"):
        Session.resume(tmp_path / "run", optimizer="adam")


def test_what_is_imported_resumes_on_the_command_line(tmp_path):
    run("h2", optimizer=my_parts.plain_descent, max_steps=2, out=tmp_path / "run")
    command = [sys.executable, "-m", "qvopt", "resume", str(tmp_path / "run"), "--max-steps", "99"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parent)
    assert done.returncode == 0, done.stderr
    assert "converged" in done.stdout


@pytest.mark.parametrize("kind", ["optax", "generator", "scipy", "qiskit COBYLA", "imported"])
def test_minimize_takes_the_same(kind):
    found = minimize(lambda x: float(x @ x), [0.2, -0.3, 0.1], OPTIMIZERS[kind]())
    assert found.fun == pytest.approx(0.0, abs=1e-4)


def test_compare_takes_the_same_with_labels(tmp_path):
    entrants = [generator(0.2), {"name": optax.sgd(0.1), "label": "sgd"}, "adam",
                my_parts.plain_descent]  # fmt: skip
    settings = {"budget": 60_000, "seeds": 2, "max_steps": 3}
    found = compare(problems=["h2"], optimizers=entrants, out=tmp_path / "c", **settings)
    names = {"generator.start", "sgd", "adam", "plain_descent"}
    assert set(found.runs["optimizer"]) == names
    with pytest.raises(InputError, match="object of this process"):
        compare(problems=["h2"], optimizers=entrants, out=tmp_path / "d", workers=2, **settings)


@pytest.mark.slow
def test_workers_import_what_they_are_given(tmp_path):
    settings = {"budget": 60_000, "seeds": 2, "max_steps": 3, "problems": ["h2"],
                "optimizers": [my_parts.plain_descent]}  # fmt: skip
    one, two = (compare(out=tmp_path / str(n), workers=n, **settings) for n in (1, 2))
    np.testing.assert_array_equal(one.runs["error"], two.runs["error"])


def test_compare_takes_ansatze_and_backends(tmp_path):
    problems = [{"molecule": H2, "ansatz": my_parts.Mine(), "backend": VectorBackend(),
                 "label": "mine"}]  # fmt: skip
    settings = {"budget": 60_000, "seeds": 1, "max_steps": 2, "optimizers": ["adam"]}
    found = compare(problems=problems, out=tmp_path / "c", **settings)
    named = compare(
        problems=[{"molecule": "h2", "backend": "statevector", "label": "mine"}],
        out=tmp_path / "d", **settings,
    )  # fmt: skip
    np.testing.assert_allclose(found.runs["error"], named.runs["error"], atol=1e-7)
    with pytest.raises(InputError, match="make their backend by name"):
        compare(problems=[{"molecule": "h2", "backend": AerSimulator()}], **settings)


@pytest.mark.parametrize("thing", [3, ["adam"], optax.adam, theirs.SPSA, object()])
def test_refused_optimizers(thing):
    with pytest.raises(InputError, match=r"optimizer is|instance") as error:
        run("h2", optimizer=thing)
    assert "\n" not in str(error.value)


def qiskit_circuit():
    """UCCSD's double of H2, blocked: X on 0 and 2, then exp(θ(...)) by its strings."""
    from qvopt_circuits.lowering.qiskit_lowering import to_qiskit

    return to_qiskit(get_ansatz("uccsd").circuit(H2))


def pennylane_blocked(x):
    qml.BasisState(np.array([1, 0, 1, 0]), wires=range(4))
    qml.DoubleExcitation(x[0], wires=[0, 2, 1, 3])


def pennylane_first_example(x):
    """From "A brief overview of VQE" of PennyLane's demos."""
    qml.BasisState(np.array([1, 1, 0, 0]), wires=[0, 1, 2, 3])
    qml.DoubleExcitation(x, wires=[0, 1, 2, 3])


ANSATZE = {
    "our circuit": lambda: get_ansatz("uccsd").circuit(H2),
    "PennyLane": lambda: pennylane_blocked,
    "QNode": lambda: qml.QNode(pennylane_blocked, qml.device("default.qubit")),
    "object": my_parts.Mine,
    "by name": lambda: "my_parts:Mine",
}


@pytest.mark.parametrize("kind", ANSATZE)
def test_an_ansatz_reaches_full_ci_and_resumes(kind, tmp_path):
    make = ANSATZE[kind]
    assert run("h2", ansatz=make()).energy == pytest.approx(FCI, abs=1e-8)
    run("h2", ansatz=make(), max_steps=1, out=tmp_path / "run")
    again = make() if kind == "object" else None
    with Session.resume(tmp_path / "run", max_steps=50, ansatz=again) as session:
        for _ in session:
            pass
        assert session.result().energy == pytest.approx(FCI, abs=1e-8)


def test_a_qiskit_circuit():
    circuit = QuantumCircuit(4)
    circuit.x([0, 2])
    from qiskit.circuit import Parameter

    circuit.ry(Parameter("t"), 1)
    assert run("h2", ansatz=circuit, backend="statevector").energy <= H2.reference_energy() + 1e-9


def test_interleaved_spin_orbitals_are_refused_and_read():
    with pytest.raises(InputError, match="spin_order='interleaved'"):
        run("h2", ansatz=pennylane_first_example)
    read = read_pennylane(pennylane_first_example, np.zeros(()), spin_order="interleaved")
    assert run("h2", ansatz=read).energy == pytest.approx(FCI, abs=1e-8)


def test_pennylanes_first_example_unchanged():
    """The demo's Hamiltonian and circuit give its number, -1.136189 Ha at 0.7 Å (1.3228 bohr)."""
    symbols = ["H", "H"]
    places = np.array([[0.0, 0.0, -0.6614], [0.0, 0.0, 0.6614]])
    hamiltonian, _ = qml.qchem.molecular_hamiltonian(
        qml.qchem.Molecule(symbols, qml.numpy.array(places))
    )
    found = run(hamiltonian, ansatz=pennylane_first_example)
    assert found.energy == pytest.approx(-1.13618945, abs=1e-6)


@pytest.mark.parametrize("wires", [[0, 1, 2, 3], [0, 1, 4, 5], [1, 2, 3, 6], [0, 3, 5, 6]])
def test_qubit_excitations_are_renumbered_exactly(wires):
    """Held against the states of PennyLane over interleaved modes, reordered with their signs."""
    n, norb = 8, 4

    def function(x):
        for wire in (0, 1, 2, 3):
            qml.PauliX(wire)
        for k in range(n - 2):
            qml.SingleExcitation(x[k], wires=[k, k + 2])
        qml.DoubleExcitation(x[-1], wires=wires)

    x = np.random.default_rng(1).uniform(0.3, 1.0, n - 1)
    device = qml.device("default.qubit", wires=n)
    theirs_state = qml.QNode(lambda x: (function(x), qml.state())[1], device)(x)
    ours = circuit_state(read_pennylane(function, x, spin_order="interleaved").over(n).bind(x))
    expected = np.zeros(1 << n, dtype=complex)
    for index, amplitude in enumerate(theirs_state):
        occupied = [w for w in range(n) if index >> (n - 1 - w) & 1]
        places = [w // 2 + (w % 2) * norb for w in occupied]
        swaps = sum(a > b for k, a in enumerate(places) for b in places[k + 1 :])
        expected[sum(1 << p for p in places)] = (-1) ** swaps * amplitude
    phase = np.vdot(ours, expected)
    assert abs(phase) == pytest.approx(1.0, abs=1e-10)


@pytest.mark.parametrize("thing", [3.5, [1, 2], my_parts.Mine, np.zeros(3)])
def test_refused_ansatze(thing):
    with pytest.raises(InputError, match="an ansatz is") as error:
        run("h2", ansatz=thing)
    assert "\n" not in str(error.value)


def test_backends():
    by_name = run("h2", backend="lightning").energy
    assert run("h2", backend=qml.device("default.qubit")).energy == pytest.approx(by_name, abs=1e-9)
    assert run("h2", backend=qml.device("lightning.qubit")).energy == by_name
    assert run("h2", backend=VectorBackend()).energy == pytest.approx(by_name, abs=1e-9)
    with pytest.raises(InputError, match="a backend is"):
        run("h2", backend=3)


@pytest.mark.slow
def test_aer_with_a_noise_model_is_noisy():
    noise = NoiseModel()
    noise.add_all_qubit_quantum_error(depolarizing_error(0.05, 2), ["cx", "cz", "ecr"])
    settings = {"optimizer": "spsa", "shots": 2000, "max_steps": 1, "seed": 1}
    noisy = run("h2", backend=AerSimulator(noise_model=noise), **settings)
    clean = run("h2", backend=AerSimulator(), **settings)
    assert noisy.energy > clean.energy + 0.05
