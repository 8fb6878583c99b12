"""Objects of the wrong kind get one line, an InputError: what a fuzzer found, kept.

`tests/soak` looks for more.
"""

from fractions import Fraction
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from qiskit.quantum_info import SparsePauliOp

import qvopt
from qvopt_molecules.errors import InputError


def _recursive():
    value = []
    value.append(value)
    return value


def _yields(*rounds):
    def optimizer(x, rng):
        yield from rounds

    return optimizer


def _square(x):
    return float(x @ x)


NOT_A_PATH = "must be text or a path"
CALLS = {
    "a folder that is a number": (lambda: qvopt.load(float("nan")), NOT_A_PATH),
    "a run that is a list": (lambda: qvopt.diagonalize([1]), NOT_A_PATH),
    "a run that is a fraction": (lambda: qvopt.run_properties(Fraction(1, 3)), NOT_A_PATH),
    "an output folder": (lambda: qvopt.run("h2", out=slice(1)), NOT_A_PATH),
    "a name too long": (lambda: qvopt.run("h2", out="a" * 5000), "File name too long"),
    "a callback": (lambda: qvopt.run("h2", callback=["a"]), "callback of run must be a function"),
    "a callback of no argument": (
        lambda: qvopt.run("h2", callback=lambda: None), "callback of run must be a function of 1"
    ),
    "progress of no argument": (
        lambda: qvopt.excited_states("h2", progress=lambda: None), "a function of 2 arguments"
    ),
    "angles beyond float64": (lambda: qvopt.run("h2", start=[1e308] * 3), "radians up to 1e6"),
    "two problems": (lambda: qvopt.run("h2", molecule="h2"), "given twice"),
    "a molecule twice": (
        lambda: qvopt.optimize_orbitals("lih", molecule="lih"), "given twice"
    ),
    "no problem": (lambda: qvopt.run(), "missing a required argument: 'problem'"),
    "a space of one": (lambda: qvopt.run("h2", active_space=True), "an active space is"),
    "a complex space": (
        lambda: qvopt.run("h2", active_space=np.array([2 + 0j, 2 + 0j])), "an active space is",
    ),
    "shots beyond float64": (lambda: qvopt.run("h2", shots=10**400), "shots must be"),
    "complex start": (lambda: qvopt.run("h2", start=np.array([1 + 1j])), "real numbers"),
    "a table in itself": (lambda: qvopt.run("h2", start=_recursive()), "nested too deeply|start"),
    "a name of no text": (lambda: qvopt.run("heisenberg", set={None: 1}), "None"),
    "a round of a number": (lambda: qvopt.run("h2", optimizer=_yields(5)), "yields rounds"),
    "a query of a number": (lambda: qvopt.run("h2", optimizer=_yields([5])), "yields rounds"),
    "an experiment": (lambda: qvopt.make_experiment(len), "an experiment is a table"),
    "states": (lambda: qvopt.excited_states("h2", "x"), "states of excited_states must be"),
    "a method": (lambda: qvopt.excited_states("h2", method={}), "method of excited_states must be"),
    "a tolerance": (lambda: qvopt.relax("h2", tolerance="x"), "tolerance of relax must be"),
    "rounds": (lambda: qvopt.optimize_orbitals("lih", max_rounds={}), "max_rounds of optimize"),
    "values of a scan": (lambda: qvopt.scan("h2", "bond", ["XX"]), "values of scan must be"),
    "no values of a scan": (lambda: qvopt.scan("h2", "bond", object()), "values of scan must be"),
    "a parameter": (lambda: qvopt.scan("h2", np.zeros(2), "1:2:2"), "parameter of scan must be"),
    "gigabytes": (lambda: qvopt.compare(max_gb=type), "max_gb of compare must be a number"),
    "a graph": (lambda: qvopt.maxcut(Path("x")), "a graph is of networkx or rustworkx"),
    "an edge": (lambda: qvopt.maxcut([5]), "an edge is"),
    "a node beyond": (lambda: qvopt.maxcut([(0, float("inf"))]), "nodes are numbered"),
    "fields": (lambda: qvopt.ising([[0, 1], [0, 0]], ["x"]), "fields of an Ising model"),
    "complex couplings": (lambda: qvopt.qubo(np.eye(2) * 1j), "a square matrix of real numbers"),
    "entries of three": (lambda: qvopt.qubo({(0, 1, 2): 1}), "is a square matrix or"),
    "a molecule": (lambda: qvopt.build_hamiltonian(np.zeros(3)), "molecule of build_hamiltonian"),
    "a Qiskit circuit": (lambda: qvopt.from_qiskit(True), "takes a QuantumCircuit"),
    "a quantum function": (lambda: qvopt.from_pennylane(5, [1.0]), "takes a function or a QNode"),
    "its start": (lambda: qvopt.from_pennylane(_square, [nx]), "start must be real numbers"),
    "one that fails": (lambda: qvopt.from_pennylane(lambda: 1, [1.0]), "function fails"),
    "a point": (lambda: qvopt.minimize(_square, [nx]), "x0 must be real numbers"),
    "a point of nan": (lambda: qvopt.minimize(_square, [np.nan]), "x0 must be finite"),
    "steps": (lambda: qvopt.minimize(_square, [1.0], max_steps=nx), "max_steps of minimize"),
    "an optimizer's round": (lambda: qvopt.minimize(_square, [1.0], _yields(5)), "yields rounds"),
    "an optimizer's name": (lambda: qvopt.get_optimizer(5), "name of get_optimizer must be text"),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_a_wrong_object_gets_one_line(name):
    call, message = CALLS[name]
    with pytest.raises(InputError, match=message) as caught:
        call()
    text = str(caught.value)
    assert len(text) <= 300
    assert text.isprintable()


WIDE = SparsePauliOp(["Z" * 40])


class Panics:
    """What a library in Rust does where a shape overflows: it raises no Exception."""

    def __array__(self, dtype=None, copy=None):
        raise type("PanicException", (BaseException,), {})("overflow")


@pytest.mark.parametrize("wrong", [WIDE, Panics(), [Panics()]])
@pytest.mark.parametrize(
    "call",
    [
        lambda x: qvopt.qubo(x),
        lambda x: qvopt.ising(x),
        lambda x: qvopt.ising({(0, 1): 1.0}, x),
        lambda x: qvopt.scan("h2", "bond", x),
        lambda x: qvopt.run("h2", start=x),
        lambda x: qvopt.minimize(lambda at: float(at @ at), x),
    ],
)
def test_no_matrix_is_made_of_what_is_no_list_of_numbers(call, wrong):
    with pytest.raises(InputError):
        call(wrong)
