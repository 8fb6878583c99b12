"""Runs that a task keeps in folders of their own: begun once, resumed, or found ended."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from qvopt.backends.protocol import Backend
from qvopt.experiment.specification import Experiment
from qvopt.runs.folder import RunFolder
from qvopt.runs.result import Result
from qvopt.runs.session import Session
from qvopt.runs.stored import ended_result
from qvopt_molecules.hamiltonian import MolecularHamiltonian


@dataclass(frozen=True, eq=False)
class EndedRun:
    """A run that has ended: its experiment, its frozen Hamiltonian and its result."""

    experiment: Experiment
    hamiltonian: MolecularHamiltonian
    result: Result


def cleared(path: Path | None) -> bool:
    """Whether nothing has begun there; what a process left that was killed before is removed."""
    if path is None:
        return True
    if RunFolder.begun(path):
        return False
    if path.exists():
        shutil.rmtree(path)
    return True


def ended_run(path: Path | None, begin: Callable[[], Session], backend: Backend | None) -> EndedRun:
    """Return the run of a folder at its end.

    Args:
        path: the run folder; None keeps none.
        begin: begins the run in that folder.
        backend: in place of the experiment's, for a run that is resumed.
    """
    if cleared(path):
        session = begin()
    else:
        assert path is not None
        done = ended_result(path)
        if done is not None:
            folder = RunFolder(path)
            return EndedRun(folder.begun_experiment(), folder.hamiltonian().orbitals(), done)
        session = Session.resume(path, backend=backend)
    with session:
        for _ in session:
            pass
        result = session.result()
    return EndedRun(session.experiment, session.assembly.molecular, result)
