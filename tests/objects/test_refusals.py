"""Wrong inputs of every argument are refused in one line of the user's words, or taken."""

import datetime
import re
from pathlib import Path

import networkx as nx
import numpy as np
import openfermion
import pennylane as qml
import pytest
import rustworkx
from qiskit.quantum_info import SparsePauliOp

from qvopt import (
    Session,
    build_hamiltonian,
    compare,
    diagonalize,
    excited_states,
    find_molecule,
    from_pennylane,
    from_qiskit,
    get_ansatz,
    get_optimizer,
    ising,
    load,
    make_experiment,
    maxcut,
    minimize,
    optimize_orbitals,
    qubo,
    relax,
    run,
    run_properties,
    scan,
)
from qvopt.experiment.settings import Settings
from qvopt_molecules.errors import QvoptError


class Something:
    """No problem, optimizer, ansatz or number."""


WRONG = [
    None, 3, -1, 0, 2.5, float("nan"), float("inf"), True, "", " ", "xyz", "../..", "\0", "a\nb",
    b"bytes", [], [1, 2], ["a"], (), (1, 2, 3), {}, {"a": 1}, {"name": 3}, {"name": ""}, {1: 2},
    set(), object(), Something, Something(), np.zeros(0), np.zeros((2, 2)), np.array("x"),
    complex(1, 2), datetime.date(2020, 1, 1), Path("/nonexistent"), Ellipsis, 10**30, "1e", "é",
    "x" * 5000, range(3), np.int64(3), np.float64(0.5), nx.Graph(), rustworkx.PyGraph(),
    SparsePauliOp(["I"]), openfermion.QubitOperator(), qml.PauliX(0), open, lambda: 1,
]  # fmt: skip


def refused_or_taken(call):
    """Whether the call returns, or raises one of our errors, in one short line."""
    try:
        call()
    except QvoptError as error:
        text = str(error)
        assert "\n" not in text
        assert len(text) <= 300
        assert not re.search(r"pydantic|validation error| at 0x|Traceback", text), text


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


OFTEN = ("optimizer", "shots", "active_space", "set", "budget")


@pytest.mark.parametrize(
    "name",
    [
        n if n in OFTEN else pytest.param(n, marks=pytest.mark.slow)
        for n in Settings.__annotations__
    ],
)
def test_settings_of_a_run(name):
    sampled = {"grouping", "allocation", "measurement", "mitigation", "stopping", "budget"}
    base = {"shots": 100, "optimizer": "spsa"} if name in sampled else {}
    for value in WRONG:
        refused_or_taken(lambda v=value: run("h2", **{"max_steps": 0, **base, name: v}))


def bowl(x):
    return float(x @ x)


CALLS = {
    "run": lambda v: run(v, max_steps=0),
    "run out": lambda v: run("h2", max_steps=0, out=v),
    "scan": lambda v: scan(v, "bond", [0.7], max_steps=0),
    "scan parameter": lambda v: scan("h2", v, [0.7], max_steps=0),
    "scan values": lambda v: scan("h2", "bond", v, max_steps=0),
    "excited": lambda v: excited_states(v, 1, max_steps=0),
    "excited states": lambda v: excited_states("h2", v, max_steps=0),
    "excited method": lambda v: excited_states("h2", 2, method=v, max_steps=0),
    "excited beta": lambda v: excited_states("h2", 2, beta=v, max_steps=0),
    "relax": lambda v: relax(v, max_steps=0, max_geometries=1),
    "relax tolerance": lambda v: relax("h2", tolerance=v, max_steps=0, max_geometries=1),
    "relax geometries": lambda v: relax("h2", max_geometries=v, tolerance=0.9, max_steps=0),
    "orbitals": lambda v: optimize_orbitals(v, active_space=(2, 2), max_steps=0, max_rounds=1),
    "load": load,
    "properties": run_properties,
    "diagonalize": diagonalize,
    "resume": Session.resume,
    "experiment": make_experiment,
    "molecule": find_molecule,
    "molecule's settings": lambda v: find_molecule("h2", v),
    "hamiltonian": build_hamiltonian,
    "maxcut": maxcut,
    "qubo": qubo,
    "qubo constant": lambda v: qubo({(0, 1): 1.0}, v),
    "ising": ising,
    "ising fields": lambda v: ising({(0, 1): 1.0}, v),
    "from_qiskit": from_qiskit,
    "ansatz": get_ansatz,
    "optimizer": get_optimizer,
    "minimize x0": lambda v: minimize(bowl, v, max_steps=1),
    "minimize optimizer": lambda v: minimize(bowl, [1, 2], v, max_steps=1),
    "minimize seed": lambda v: minimize(bowl, [1, 2], "spsa", seed=v, max_steps=1),
    "minimize steps": lambda v: minimize(bowl, [1, 2], max_steps=v),
    "minimize value": lambda v: minimize(lambda x: v, [1, 2], max_steps=1),
}


RARELY = ("relax", "relax tolerance", "orbitals", "excited", "excited beta", "scan", "run out")


@pytest.mark.parametrize(
    "name", [n if n not in RARELY else pytest.param(n, marks=pytest.mark.slow) for n in CALLS]
)
def test_arguments(name):
    for value in WRONG:
        refused_or_taken(lambda v=value: CALLS[name](v))


@pytest.mark.parametrize("thing", [w for w in WRONG if not callable(w)])
def test_what_must_be_a_function(thing):
    with pytest.raises(QvoptError, match="function"):
        minimize(thing, [1, 2])
    with pytest.raises(QvoptError, match="function"):
        from_pennylane(thing, [0.1])


COMPARED = ["problems", "optimizers", "shots", "budget", "seeds", "first_seed", "targets",
            "max_steps", "tuning", "title", "out", "scheduler", "cluster", "max_gb", "workers",
            "ansatz", "backend", "active_space", "set", "basis", "specification"]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", COMPARED)
def test_settings_of_a_comparison(name, tmp_path):
    base = {"problems": ["h2"], "optimizers": ["spsa"], "budget": 400, "shots": 100, "seeds": 1,
            "max_steps": 1}  # fmt: skip
    for k, value in enumerate(WRONG):
        if name in ("workers", "seeds") and isinstance(value, int) and value > 0:
            continue  # takes a while
        settings = {**base, "out": tmp_path / str(k), name: value}
        refused_or_taken(lambda s=settings: compare(**s))
        if name in ("problems", "optimizers"):
            settings = {**base, "out": tmp_path / f"{k}-listed", name: [value]}
            refused_or_taken(lambda s=settings: compare(**s))
