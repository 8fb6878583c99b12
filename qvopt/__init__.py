"""qvopt: variational quantum eigensolver experiments, with every shot counted.

    >>> from qvopt import run
    >>> run("h2").energy  # doctest: +SKIP
    -1.1373060357533995

Names are imported when first used, so that `import qvopt` stays light.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qvopt import optimizers, transforms
    from qvopt.comparison.compare import compare
    from qvopt.experiment.specification import Experiment, make_experiment
    from qvopt.optimizers.minimize import minimize
    from qvopt.optimizers.registry import get_optimizer
    from qvopt.runs.result import Result
    from qvopt.runs.running import resume, run
    from qvopt.runs.session import Session
    from qvopt.tasks.diagonalization import diagonalize
    from qvopt.tasks.excited.states import excited_states
    from qvopt.tasks.forecasting import forecast
    from qvopt.tasks.loading import load
    from qvopt.tasks.orbital_optimization import optimize_orbitals
    from qvopt.tasks.relax import relax
    from qvopt.tasks.run_properties import run_properties
    from qvopt.tasks.scan import scan
    from qvopt_circuits.catalogue import get_ansatz
    from qvopt_circuits.reading.from_pennylane import read_pennylane as from_pennylane
    from qvopt_circuits.reading.from_qiskit import read_qiskit as from_qiskit
    from qvopt_molecules.adapters.costs import ising, maxcut, qubo
    from qvopt_molecules.catalogue import find_molecule
    from qvopt_molecules.integrals import build_hamiltonian

__all__ = [
    "Experiment",
    "Result",
    "Session",
    "build_hamiltonian",
    "compare",
    "diagonalize",
    "excited_states",
    "find_molecule",
    "forecast",
    "from_pennylane",
    "from_qiskit",
    "get_ansatz",
    "get_optimizer",
    "ising",
    "load",
    "make_experiment",
    "maxcut",
    "minimize",
    "optimize_orbitals",
    "optimizers",
    "qubo",
    "relax",
    "resume",
    "run",
    "run_properties",
    "scan",
    "transforms",
]

_HOMES = {
    "Experiment": "qvopt.experiment.specification",
    "Result": "qvopt.runs.result",
    "Session": "qvopt.runs.session",
    "build_hamiltonian": "qvopt_molecules.integrals",
    "compare": "qvopt.comparison.compare",
    "diagonalize": "qvopt.tasks.diagonalization",
    "excited_states": "qvopt.tasks.excited.states",
    "find_molecule": "qvopt_molecules.catalogue",
    "forecast": "qvopt.tasks.forecasting",
    "from_pennylane": "qvopt_circuits",
    "from_qiskit": "qvopt_circuits",
    "get_ansatz": "qvopt_circuits.catalogue",
    "get_optimizer": "qvopt.optimizers.registry",
    "ising": "qvopt_molecules.adapters.costs",
    "load": "qvopt.tasks.loading",
    "make_experiment": "qvopt.experiment.specification",
    "maxcut": "qvopt_molecules.adapters.costs",
    "minimize": "qvopt.optimizers.minimize",
    "optimize_orbitals": "qvopt.tasks.orbital_optimization",
    "qubo": "qvopt_molecules.adapters.costs",
    "relax": "qvopt.tasks.relax",
    "resume": "qvopt.runs.running",
    "run": "qvopt.runs.running",
    "run_properties": "qvopt.tasks.run_properties",
    "scan": "qvopt.tasks.scan",
}


_MODULES = ("optimizers", "transforms")


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"qvopt.{name}")
    if name == "__version__":
        from importlib.metadata import version  # slow, and signals are not handled yet

        return version("qvopt")
    if name not in _HOMES:
        # With name and object Python suggests the nearest one.
        here = importlib.import_module("qvopt")
        raise AttributeError(f"module 'qvopt' has no attribute '{name}'", name=name, obj=here)
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
