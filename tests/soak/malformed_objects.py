"""Calls in Python with objects of the wrong kind, shape or number."""

import datetime
import decimal
import fractions
import functools
from pathlib import Path

import numpy as np
from grammar import ANSATZE, BACKENDS, GROUPINGS, MAPPINGS, NUMBERS, OPTIMIZERS, WORDS, Attempt


def _recursive():
    value = []
    value.append(value)
    return value


class Odd:
    """An object of no use, whose text has lines."""

    def __repr__(self):
        return "an\nodd\nobject" * 40


class AskOnly:
    """An optimizer that cannot be told."""

    def ask(self):
        return [np.zeros(3)]


class AskTell:
    """An optimizer that asks for odd points."""

    def __init__(self, points):
        self.points = points

    def ask(self):
        return self.points

    def tell(self, points, values):
        pass


class Circuitless:
    """An ansatz whose circuit is something else."""

    name = "circuitless"

    def circuit(self, hamiltonian):
        return 5

    def start(self, hamiltonian, rng):
        return [1.0]


def _yields(*rounds):
    def optimizer(x, rng):
        yield from rounds

    return optimizer


def _raises(x, rng):
    raise KeyError("two\nlines")
    yield


# Made at every use: generators and objects change.
VALUES = (
    lambda: None, lambda: True, lambda: -1, lambda: 0, lambda: 1, lambda: 2.5, lambda: float("nan"),
    lambda: float("inf"), lambda: 10**400, lambda: -(10**30), lambda: 1e308, lambda: 5e-324,
    lambda: 1 + 2j, lambda: "", lambda: "x", lambda: "two\nlines", lambda: "a" * 5000,
    lambda: b"bytes", list, dict, lambda: (), lambda: set(), lambda: object(), Odd,
    lambda: Odd, lambda: len, lambda: int, lambda: np.zeros(0), lambda: np.zeros((2, 2)),
    lambda: np.zeros((2, 3)), lambda: np.array(5.0), lambda: np.array([1 + 1j]),
    lambda: np.array([None, "x"], dtype=object), lambda: np.full((2, 2), np.nan),
    lambda: np.float32(1.5), lambda: np.int64(3), lambda: np.bool_(True), lambda: np.str_("adam"),
    lambda: decimal.Decimal("1.5"), lambda: fractions.Fraction(1, 3), lambda: range(3),
    lambda: iter([1, 2]), lambda: (x for x in "ab"), lambda: Path("h2"), lambda: Path("."),
    lambda: datetime.date(2020, 1, 1), lambda: {1: 2}, lambda: {None: None}, lambda: {"name": None},
    lambda: {"name": "adam"}, lambda: {"name": ["adam"]}, lambda: {"a": {"b": {"c": {}}}},
    _recursive, lambda: [[1, 2], [3]], lambda: ["a", "b"], lambda: [1.0, float("nan")],
    lambda: [0.1] * 10**5, lambda: np.ones(3) * 1e308, lambda: {"XX": 1.0}, lambda: {"XX": "y"},
    lambda: {"XX": 1j}, lambda: {"X": 1, "XX": 1}, lambda: {(0, 1): 2.0}, lambda: {(0, 1): "x"},
    lambda: {(0, 1, 2): 1.0}, lambda: memoryview(b"ab"), lambda: NotImplemented, lambda: ...,
    lambda: slice(1), lambda: Exception("x"), lambda: type("T", (), {}),
)  # fmt: skip


@functools.cache
def _libraries():
    """Objects of other libraries that are no problem, circuit, optimizer or device of use."""
    import networkx as nx
    import pennylane as qml
    from openfermion import FermionOperator, QubitOperator
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter
    from qiskit.quantum_info import SparsePauliOp
    from qiskit_aer import AerSimulator

    measured = QuantumCircuit(2, 2)
    measured.rx(Parameter("a"), 0)
    measured.measure(0, 0)
    measured.x(1)
    wide = QuantumCircuit(5)
    wide.rx(Parameter("a"), 0)
    plain = QuantumCircuit(2)
    plain.h(0)
    reset = QuantumCircuit(4)
    reset.reset(0)
    reset.ry(Parameter("b"), 1)
    lone = nx.Graph()
    lone.add_node("a")
    odd = nx.Graph()
    odd.add_edge("a", "b", weight="heavy")
    multi = nx.MultiGraph([(0, 1), (0, 1)])
    directed = nx.DiGraph([(0, 1), (1, 0)])
    loops = nx.Graph([(0, 0)])
    nan = nx.Graph()
    nan.add_edge(0, 1, weight=float("nan"))
    return (
        SparsePauliOp.from_list([("XX", 1j)]), SparsePauliOp.from_list([("XX", np.nan)]),
        SparsePauliOp.from_list([("II", 1.0)]), SparsePauliOp.from_list([("Z" * 40, 1.0)]),
        SparsePauliOp.from_list([("X", 1e308), ("Z", 1e308)]), SparsePauliOp.from_list([("", 1)]),
        QubitOperator("X0 Y1", 1j), QubitOperator(), QubitOperator("Z100"),
        FermionOperator("0^ 1"), FermionOperator("0^ 0", float("inf")), FermionOperator(),
        measured, wide, plain, reset, QuantumCircuit(0), QuantumCircuit(1, 1),
        lone, odd, multi, directed, loops, nan, nx.Graph(), nx.path_graph(30),
        qml.PauliX(0) @ qml.PauliY(1), qml.s_prod(1j, qml.PauliZ(0)), qml.PauliZ("a"),
        qml.Hadamard(0), qml.Projector([0, 1], wires=[0, 1]), qml.device("default.qubit", wires=1),
        qml.device("default.mixed", wires=2), lambda x: qml.RX(x[0], "odd wire"),
        lambda x: qml.RX(x[7], 0), lambda: None, lambda x: None, lambda a, b, c: 1,
        AerSimulator(method="stabilizer"), AerSimulator(n_qubits=1),
        AskOnly(), AskTell([]), AskTell([np.zeros(9)]), AskTell("ab"), AskTell([[np.nan] * 3]),
        AskTell(None), Circuitless(), _raises, _yields(5), _yields([]), _yields([5]), _yields(None),
        _yields([np.zeros(3)], "x"), "qvopt:nothing", "nomodule:x", "os:getcwd", "os:",
        ":", "a:b:c",
    )  # fmt: skip


def _names(*names):
    return tuple((lambda name=name: name) for name in names)


SETTINGS = {
    "ansatz": _names(*ANSATZE), "optimizer": _names(*OPTIMIZERS), "backend": _names(*BACKENDS),
    "shots": _names(1, 10, 100, "100 shots"), "seed": _names(1), "max_steps": _names(0, 1, 2),
    "basis": _names("sto-3g"), "charge": _names(0, 1), "spin": _names(0, 1),
    "orbitals": _names("canonical", "boys"), "active_space": _names("2,2", (2, 2)),
    "frozen_core": _names(0, 1), "set": _names({"bond": 0.8}), "mapping": _names(*MAPPINGS),
    "grouping": _names(*GROUPINGS), "allocation": _names("uniform", "weighted"),
    "learning_rate": _names(0.1), "budget": _names("1e4 shots", 1000, {"shots": 100}),
    "measurement": _names({"shots": 10}), "mitigation": _names({"readout": {"shots": 10}}),
    "constraints": _names({"s2": 1.0}), "stopping": _names({"plateau": 5}),
    "monitor": _names("exact", "measured", "none"), "start": _names([0.0, 0.0, 0.0], "zeros"),
}  # fmt: skip
PROBLEMS = ("h2", "h2", "h2", {"XX": 0.5, "ZI": 1.0}, "heisenberg", {"name": "h2"})


def _value(g, name=None):
    """A value for an argument: of the right kind now and then."""
    if name in SETTINGS and g.chance(0.3):
        return g.one(SETTINGS[name])()
    if g.chance(0.25):
        return _libraries()[int(g.rng.integers(len(_libraries())))]
    if g.chance(0.15):
        return g.one((*NUMBERS, *WORDS))
    return g.one(VALUES)()


def _settings(g, most=4):
    values = {}
    for _ in range(int(g.rng.integers(0, most))):
        name = g.one(tuple(SETTINGS)) if g.chance(0.97) else g.one(("nope", "Shots", "molecule"))
        values[name] = _value(g, name)
        if name in ("ansatz", "optimizer", "backend") and g.chance(0.3):
            inner = g.one(("name", "learning_rate", "layers", "noise", "threads", "x"))
            values[name] = {"name": g.one(SETTINGS[name])(), inner: _value(g)}
    values.setdefault("max_steps", 1)
    return values


def _problem(g, odd):
    return _value(g) if g.chance(odd) else g.one(PROBLEMS)


def _shown(name, *parts):
    try:
        return [name, *(f"{part!r:.300}" for part in parts)]
    except Exception:
        return [name]


def _call(name, function, *arguments, **keywords):
    return Attempt("objects", _shown(name, arguments, keywords),
                   call=lambda: function(*arguments, **keywords))  # fmt: skip


def run_objects(g):
    """`run` with odd objects."""
    from qvopt import run

    keywords = _settings(g)
    if g.chance(0.05):
        keywords["out"] = _value(g)
    if g.chance(0.05):
        keywords["callback"] = g.one((5, "x", [], {}, True, Path("x")))
    return _call("run", run, _problem(g, 0.4), **keywords)


def task_objects(g):
    """The other functions with odd arguments."""
    import qvopt

    keywords = _settings(g, 2)
    problem = _problem(g, 0.2)
    match int(g.rng.integers(14)):
        case 0:
            values = _value(g) if g.chance(0.7) else "0.7:0.8:2"
            parameter = _value(g) if g.chance(0.5) else "bond"
            return _call("scan", qvopt.scan, problem, parameter, values, **keywords)
        case 1:
            more = {g.one(("states", "method", "beta", "out", "progress")): _value(g)}
            if callable(more.get("progress")):
                more["progress"] = True  # what a caller's function raises is its caller's
            return _call("excited_states", qvopt.excited_states, problem, **more, **keywords)
        case 2:
            more = {"max_geometries": 1, g.one(("tolerance", "max_geometries", "out")): _value(g)}
            return _call("relax", qvopt.relax, problem, **more, **keywords)
        case 3:
            more = {"max_rounds": 1, g.one(("tolerance", "max_rounds", "out")): _value(g)}
            return _call("optimize_orbitals", qvopt.optimize_orbitals, problem, **more, **keywords)
        case 4 | 5:
            more = {"problems": ["h2"], "optimizers": ["adam"], "budget": 300, "seeds": 1,
                    "shots": 100, "workers": 1, "out": "c"}  # fmt: skip
            for _ in range(int(g.rng.integers(1, 3))):
                name = g.one(("problems", "optimizers", "shots", "budget", "seeds", "first_seed",
                              "targets", "max_steps", "tuning", "title", "out", "workers",
                              "cluster", "max_gb"))  # fmt: skip
                more[name] = [_value(g)] if g.chance(0.4) else _value(g)
            return _call("compare", qvopt.compare, **more)
        case 6:
            return _call("load", qvopt.load, _value(g))
        case 7:
            return _call("run_properties", qvopt.run_properties, _value(g))
        case 8:
            return _call("diagonalize", qvopt.diagonalize, _value(g))
        case 9:
            name = g.one(("ising", "maxcut", "qubo"))
            arguments = [_value(g)] + ([_value(g)] if name == "ising" else [])
            return _call(name, getattr(qvopt, name), *arguments)
        case 10:
            data = _value(g) if g.chance(0.4) else {"molecule": problem, **keywords}
            return _call("make_experiment", qvopt.make_experiment, data)
        case 11:
            name, key = g.one(OPTIMIZERS), g.one(("learning_rate", "x", "population", "schedule"))
            return _call("get_optimizer", qvopt.get_optimizer, name, **{key: _value(g)})
        case 12:
            optimizer = g.one(OPTIMIZERS) if g.chance(0.5) else _value(g)
            optimizer = "adam" if optimizer is _raises else optimizer  # its errors are its caller's
            start = [0.1, 0.2] if g.chance(0.5) else _value(g)
            keywords = {"max_steps": 2} if g.chance(0.8) else {"max_steps": _value(g)}
            return _call("minimize", qvopt.minimize, lambda x: float(np.cos(x).sum()), start,
                         optimizer, **keywords)  # fmt: skip
        case _:
            function = g.one(("find_molecule", "get_ansatz", "from_pennylane", "from_qiskit",
                              "build_hamiltonian"))  # fmt: skip
            more = [_value(g)] if function == "from_pennylane" else []
            return _call(function, getattr(qvopt, function), _value(g), *more)


KINDS = (run_objects, run_objects, task_objects)
