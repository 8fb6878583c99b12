"""Every shot that a simulator runs is in the ledger of its task, and under its budget."""

from __future__ import annotations

import pytest
from qiskit_aer import AerSimulator

from qvopt import excited_states, run, run_properties
from qvopt.backends.noisy import NoisySimulator
from qvopt.experiment.specification import make_experiment
from qvopt.runs.folder import RunFolder
from qvopt.runs.stored import stored_result
from qvopt.tasks.scan import Scan
from qvopt_molecules.errors import QvoptError

NOISY = {
    "molecule": "h2",
    "backend": {"name": "aer", "noise": {"two_qubit": 0.01, "readout": 0.03}},
    "measurement": {"shots": 600},
    "optimizer": "spsa",
    "max_steps": 2,
}
MITIGATED = NOISY | {
    "mitigation": {"readout": {"shots": 150, "every": 1}, "zne": {"scales": [1, 3]}},
}


class Meter:
    """Counts the shots that Aer runs and that density matrices are drawn from, whatever asked."""

    def __init__(self, monkeypatch):
        self.shots = 0
        simulate = AerSimulator.run

        def metered(simulator, circuits, *, shots, parameter_binds=None, **options):
            settings = len(next(iter(parameter_binds[0].values()))) if parameter_binds else 1
            number = len(circuits) if isinstance(circuits, list) else 1
            self.shots += number * settings * shots
            return simulate(simulator, circuits, shots=shots, parameter_binds=parameter_binds,
                            **options)  # fmt: skip

        monkeypatch.setattr(AerSimulator, "run", metered)
        draw = NoisySimulator.counts

        def metered_draw(simulator, *arguments, **keywords):
            drawn = draw(simulator, *arguments, **keywords)
            self.shots += sum(sum(counts.values()) for setting in drawn for counts in setting)
            return drawn

        monkeypatch.setattr(NoisySimulator, "counts", metered_draw)


@pytest.fixture
def meter(monkeypatch):
    return Meter(monkeypatch)


def total(costs):
    return sum(cost.shots for cost in costs.values())


def _run(data, folder):
    return total(run(make_experiment(data), out=folder).costs)


def _adapt(data, folder):
    """The first circuit has no gate to fold: readout correction alone."""
    if "mitigation" in data:
        data = data | {"mitigation": {"readout": data["mitigation"]["readout"]}}
    return _run(data | {"ansatz": {"name": "adapt", "max_operators": 1},
                        "measurement": {"shots": 4000}}, folder)  # fmt: skip


def _qng(data, folder):
    return _run(data | {"optimizer": "qng", "max_steps": 1}, folder)


def _scan(data, folder):
    work = Scan(make_experiment(data), "bond", [0.7, 0.8], folder=folder)
    list(work)
    return sum(total(stored_result(RunFolder(p)).costs) for p in (folder / "points").iterdir())


def _properties(data, folder):
    run(make_experiment(data), out=folder)
    run_properties(folder, shots=2000)
    return total(stored_result(RunFolder(folder)).costs)


def _vqd(data, folder):
    return excited_states(make_experiment(data), 2, out=folder).shots


def _ssvqe(data, folder):
    return excited_states(make_experiment(data), 2, method="ssvqe", out=folder).shots


TASKS = {
    "run": _run,
    "adapt": _adapt,
    "qng": _qng,
    "scan": _scan,
    "properties": _properties,
    "vqd": _vqd,
    "ssvqe": _ssvqe,
}


ALL = [pytest.param(t, marks=() if t == "run" else pytest.mark.slow) for t in TASKS]


@pytest.mark.parametrize("task", ALL)
@pytest.mark.parametrize(
    "base",
    [
        pytest.param(NOISY, id="plain", marks=pytest.mark.slow),
        pytest.param(MITIGATED, id="mitigated"),
    ],
)
def test_every_shot_is_in_the_ledger(task, base, meter, tmp_path):
    spent = TASKS[task](base, tmp_path / "r")
    assert meter.shots == spent > 0


@pytest.mark.parametrize("task", [p for p in ALL if p.values != ("scan",)])
def test_no_shot_is_above_the_budget(task, meter, tmp_path):
    cap = 5000 if task != "adapt" else 90_000
    try:
        spent = TASKS[task](MITIGATED | {"max_steps": 30, "budget": {"shots": cap}}, tmp_path / "r")
    except QvoptError as error:
        assert f"of {cap:,} are left" in str(error)  # noqa: PT017
    else:
        assert spent == meter.shots
    assert meter.shots <= cap


@pytest.mark.slow
def test_each_point_of_a_scan_is_under_the_budget(meter, tmp_path):
    data = MITIGATED | {"max_steps": 30, "budget": {"shots": 6000}}
    spent = _scan(data, tmp_path / "r")
    assert meter.shots == spent <= 2 * 6000
