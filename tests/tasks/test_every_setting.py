"""Every setting of an experiment, in every task: it takes effect, or is refused in one line.

A setting takes effect where the journals, the ledger or the answer differ from those without it.
The table below must have an entry for every leaf of the experiment's models, so that a new setting
cannot be forgotten.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import typing
from pathlib import Path

import pytest
from pydantic import BaseModel

from qvopt import compare, excited_states, optimize_orbitals, relax, run, run_properties
from qvopt.experiment.specification import Experiment, NamedSpec, make_experiment
from qvopt.tasks.scan import Scan
from qvopt_molecules.errors import InputError, QvoptError

EXACT = {"max_steps": 2}
SHOTS = {"max_steps": 2, "measurement": {"shots": 240}}
SPSA = SHOTS | {"optimizer": "spsa"}
QNG = SHOTS | {"optimizer": "qng", "max_steps": 1, "backend": "lightning"}
CERTIFIED = {"max_steps": 12, "optimizer": "kalman-newton", "measurement": {"shots": 300}}
FLAT = {
    "max_steps": 40,
    "optimizer": {"name": "adam", "learning_rate": 0.1},
    "measurement": {"shots": 20},
    "start": [-0.112, 0.0, 0.0],
    "monitor": "measured",
}
NOISY = {
    "max_steps": 1,
    "optimizer": "spsa",
    "measurement": {"shots": 400},
    "backend": {"name": "aer", "noise": {"one_qubit": 0.01, "two_qubit": 0.01, "readout": 0.04}},
}
CORRECTED = NOISY | {
    "mitigation": {"readout": {"shots": 300}}, "max_steps": 3, "measurement": {"shots": 4000},
}  # fmt: skip
EXTRAPOLATED = NOISY | {"mitigation": {"zne": {"scales": [1, 3]}}}
REGRESSED = NOISY | {"mitigation": {"cdr": {"circuits": 4}}}
FOUR = {"molecule": {"name": "h4-chain"}, "max_steps": 1}

FREE = {"backend": "lightning", "ansatz": "real-amplitudes", "max_steps": 2}

Base = dict[str, typing.Any]
SETTINGS: dict[str, list[tuple[Base, typing.Any]]] = {
    "molecule.name": [(EXACT, "H 0 0 0; H 0 0 0.9")],
    "molecule.set": [(EXACT, {"bond": 0.8}), (EXACT, {"bnd": 0.8})],
    "molecule.basis": [(EXACT, "6-31g")],
    "molecule.charge": [(EXACT, -2), (EXACT, 1)],
    "molecule.spin": [(EXACT, 2)],
    "molecule.orbitals": [(FOUR, "boys")],
    "molecule.symmetry": [(FOUR | {"ansatz": {"name": "uccsd", "point_group": True}}, False)],
    "molecule.unit": [(EXACT, "J")],
    "molecule.label": [(EXACT, "mine")],
    "molecule.content": [(EXACT, "0" * 64)],
    "molecule.definition": [(EXACT, {"geometry": "H 0 0 0; H 0 0 0.9"}), (EXACT, {"basis": "H"})],
    "molecule.occupied": [(EXACT, [1])],
    "molecule.active_space.electrons": [(FOUR, 2)],
    "molecule.active_space.n_orbitals": [
        (FOUR | {"molecule": {"name": "h4-chain", "active_space": {"electrons": 2,
                                                                   "n_orbitals": 2}}}, 3)],
    "molecule.active_space.orbitals": [
        (FOUR | {"molecule": {"name": "h4-chain", "active_space": {"electrons": 2,
                                                                   "orbitals": [1, 2]}}}, [0, 3])],
    "molecule.active_space.frozen_core": [(FOUR, 1)],
    "molecule.active_space.selection": [(FOUR, "mp2")],
    "molecule.active_space.threshold": [
        (FOUR | {"molecule": {"name": "h4-chain", "active_space": {
            "selection": "mp2", "threshold": 0.01}}}, 0.05)],
    "molecule.active_space.labels": [
        (FOUR | {"molecule": {"name": "h4-chain", "active_space": {
            "selection": "avas", "labels": ["H 1s"]}}}, ["H 2s"])],
    "ansatz.name": [(EXACT, "uccgsd"), (EXACT, "hardware-efficient")],
    "ansatz.*": [(EXACT, {"layers": 2, "name": "hardware-efficient"}), (EXACT, {"nonsense": 1}),
                 (EXACT, {"name": "uccsd", "repetitions": 2})],
    "optimizer.name": [(EXACT, "adam")],
    "optimizer.*": [(EXACT | {"optimizer": "adam"}, {"name": "adam", "learning_rate": 0.3}),
                    (EXACT, {"name": "adam", "nonsense": 1})],
    "backend.name": [(SHOTS, "lightning"), (EXACT, "nowhere")],
    "backend.*": [(NOISY, {"name": "aer", "noise": {"two_qubit": 0.1}}),
                  (EXACT, {"name": "aer", "nonsense": 1})],
    "mapping": [(EXACT | {"backend": "lightning", "ansatz": "hardware-efficient"}, "parity"),
                (SHOTS | {"backend": "lightning"}, "parity"),
                (EXACT, "bravyi-kitaev")],
    "measurement.shots": [(EXACT, 500), (SHOTS, 500)],
    "measurement.grouping": [(SHOTS | {"backend": "lightning"}, "qubit-wise")],
    "measurement.allocation": [(SHOTS, "weighted"), (SHOTS, "uniform"), (SHOTS, "measured")],
    "measurement.gradient.name": [(SHOTS, "subset"), (SHOTS, "directional")],
    "measurement.gradient.*": [
        (SHOTS | {"measurement": {"shots": 240, "gradient": "directional"}},
         {"name": "directional", "directions": 2}),
        (SHOTS, {"name": "parameter-shift", "nonsense": 1})],
    "measurement.gradient_allocation": [(SHOTS | {"optimizer": "adam"}, "measured")],
    "measurement.metric": [(QNG, "fidelities")],
    "measurement.postselect": [(NOISY, True)],
    "measurement.final_shots": [(SHOTS, 500)],
    "measurement.final_precision": [(SHOTS, 0.005)],
    "measurement.final_share": [
        (SHOTS | {"measurement": {"shots": 240, "final_precision": 0.001}}, 0.3)],
    "mitigation.auto": [(NOISY | {"mapping": "parity-reduced"}, True), (CORRECTED, True)],
    "mitigation.readout.method": [(CORRECTED, "m3")],
    "mitigation.readout.shots": [(NOISY, 200), (CORRECTED, 400)],
    "mitigation.readout.every": [(CORRECTED, 1)],
    "mitigation.zne.scales": [(NOISY, [1, 3]), (EXTRAPOLATED, [1, 5])],
    "mitigation.zne.fit": [(EXTRAPOLATED, "exponential"),
                           (EXTRAPOLATED | {"mitigation": {"zne": {"scales": [1, 3, 5]}}},
                            "richardson")],
    "mitigation.reference.shots": [(NOISY, 300),
                                   (NOISY | {"mitigation": {"reference": {"shots": 200}}}, 300)],
    "mitigation.reference.parameters": [
        (NOISY | {"mitigation": {"reference": {"shots": 200}}}, 2)],
    "mitigation.cdr.circuits": [(NOISY, 4), (REGRESSED, 3)],
    "mitigation.cdr.shots": [(REGRESSED, 600)],
    "mitigation.zne.folding": [(EXTRAPOLATED, "all")],
    "constraints.electrons": [(FREE, 0.0), (EXACT, 1.0)],
    "constraints.s_z": [(FREE, 0.0), (FREE | {"measurement": {"shots": 500}}, 0.2)],
    "constraints.s2": [(FREE, 0.2), (EXACT | {"backend": "lightning"}, 1.0)],
    "seed": [(SHOTS, 5), (EXACT | {"optimizer": "spsa"}, 5)],
    "max_steps": [(EXACT, 1), (SHOTS, 1)],
    "monitor": [(EXACT, "none"), (SHOTS, "measured"), (NOISY, "none"), (NOISY, "exact")],
    "budget.shots": [(SHOTS, 300)],
    "budget.circuits": [(SHOTS, 5)],
    "budget.evaluations": [(EXACT, 1), (SHOTS, 3)],
    "budget.jobs": [(EXACT, 1), (SHOTS, 1)],
    "budget.qpu_seconds": [(EXACT, 1.0), (SHOTS, 1.0)],
    "budget.money": [(EXACT, 1.0), (SHOTS, 1.0)],
    "budget.currency": [(EXACT, "EUR"), (SHOTS, "EUR")],
    "stopping.confidence": [(CERTIFIED | {"stopping": {"expected_error": 2e-3}}, 0.9999)],
    "stopping.expected_error": [(CERTIFIED, 2e-3)],
    "stopping.gradient": [(FLAT, 1)],
    "stopping.plateau": [(FLAT, 4)],
    "start": [(EXACT, [0.1, 0.1, 0.1]), (SHOTS, [0.1, 0.1, 0.1])],
}  # fmt: skip

WITHOUT_EFFECT_WHERE_EXACT = ("seed", "max_steps", "monitor", "start", "molecule.orbitals")
"""Settings of every run, which need not differ on the exact base that others are refused on."""


def leaves(model: type[BaseModel], prefix: str = "") -> list[str]:
    """Dotted names of all settings of a model; options of a named thing are one leaf, `*`."""
    found = []
    for name, field in model.model_fields.items():
        inner = [a for a in _arguments(field.annotation) if issubclass_(a, BaseModel)]
        if inner:
            found += leaves(inner[0], f"{prefix}{name}.")
        else:
            found.append(prefix + name)
    if issubclass(model, NamedSpec):
        found.append(f"{prefix}*")
    return found


def _arguments(annotation: typing.Any) -> list[typing.Any]:
    inner = [_arguments(a) for a in typing.get_args(annotation)]
    return [annotation, *itertools.chain.from_iterable(inner)]


def issubclass_(annotation: typing.Any, kind: type) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, kind)


def changed(base: Base, path: str, value: typing.Any) -> Base:
    """The data with the setting put in."""
    data = json.loads(json.dumps({"molecule": {"name": "h2"}} | base))
    *tables, key = path.split(".")
    if key == "*":
        *tables, key = tables
    place = data
    for table in tables:
        inner = place.get(table)
        place[table] = {"name": inner} if isinstance(inner, str) else (inner or {})
        place = place[table]
    place[key] = value
    return data


def plain(value: typing.Any) -> typing.Any:
    """Without what differs from one time or folder to the next."""
    if isinstance(value, dict):
        dropped = ("seconds", "crc", "run", "n", "folder", "sha256", "command")
        return {k: plain(v) for k, v in value.items() if k not in dropped}
    return [plain(v) for v in value] if isinstance(value, list | tuple) else value


def journals(folder: Path) -> list[typing.Any]:
    found = []
    for path in sorted(folder.rglob("*.jsonl")):
        events = [json.loads(line) for line in path.read_text().splitlines()]
        found.append([plain(e) for e in events if e.get("type") not in ("begin", "hardware")])
    return found


def _run(data, folder):
    return run(make_experiment(data), out=folder).document()


def _adapt(data, folder):
    return _run({"ansatz": {"name": "adapt", "max_operators": 2}} | data, folder)


def _scan(data, folder):
    work = Scan(make_experiment(data), "bond", [0.7, 0.9], folder=folder)
    list(work)
    return work.result().document()


def _properties(data, folder):
    run(make_experiment(data), out=folder / "r")
    return run_properties(folder / "r").document()


def _excited(method):
    def work(data, folder):
        return excited_states(make_experiment(data), 2, method=method, out=folder).document()

    return work


def _relax(data, folder):
    return relax(make_experiment(data), max_geometries=2, out=folder).document()


def _orbitals(data, folder):
    if data["molecule"] == {"name": "h2"}:
        data["molecule"] = {"name": "lih", "active_space": {"electrons": 2, "n_orbitals": 2}}
    return optimize_orbitals(make_experiment(data), max_rounds=2, out=folder).document()


def _compare(data, folder):
    data = dict(data)
    parts = ("molecule", "ansatz", "backend", "mapping", "measurement", "constraints")
    problem = {k: data.pop(k) for k in parts if k in data}
    measurement = problem.get("measurement", {})
    shots = measurement.pop("shots", None)
    optimizer = data.pop("optimizer", "adam")
    seed = {"first_seed": data.pop("seed")} if "seed" in data else {}
    budget = data.pop("budget", {"shots": 40_000})
    budget = budget["shots"] if list(budget) == ["shots"] else budget
    result = compare(
        problems=[problem], optimizers=[optimizer], seeds=1, out=folder, budget=budget,
        **({} if shots is None else {"shots": shots}), **seed, **data,
    )  # fmt: skip
    return [plain(dataclasses.asdict(o)) for o in result.outcomes]


TASKS = {
    "run": _run,
    "adapt": _adapt,
    "scan": _scan,
    "properties": _properties,
    "vqd": _excited("vqd"),
    "ssvqe": _excited("ssvqe"),
    "qse": _excited("qse"),
    "qeom": _excited("qeom"),
    "relax": _relax,
    "orbitals": _orbitals,
    "compare": _compare,
}


def test_the_table_has_every_setting():
    assert sorted(SETTINGS) == sorted(leaves(Experiment))


_numbers = itertools.count()
_bases: dict[str, typing.Any] = {}


def outcome(task: str, data: Base, folder: Path) -> typing.Any:
    """Journals and answer of a task; the message where it is refused."""
    place = folder / str(next(_numbers))
    try:
        answer = TASKS[task](json.loads(json.dumps(data)), place)
    except QvoptError as error:
        return error
    return json.dumps([plain(answer), journals(place)], sort_keys=True, default=str)


def base_outcome(task: str, base: Base, folder: Path) -> typing.Any:
    key = f"{task} {json.dumps(base, sort_keys=True)}"
    if key not in _bases:
        _bases[key] = outcome(task, {"molecule": {"name": "h2"}} | base, folder)
    return _bases[key]


def _is_quick(task: str, path: str) -> bool:
    """Runs of the sector engine with H2: what is not left to the slow tests."""
    return task == "run" and all(
        "backend" not in base and "molecule" not in base for base, _ in SETTINGS[path]
    )


NAMES = {"molecule.label"}
"""What only names the problem, in the records of its runs."""

NOTHING_YET = {("adapt", "mitigation.reference.parameters")}
"""Of parameters, where the circuit has grown none in the few steps here."""

CASES = [
    pytest.param(task, path, marks=() if _is_quick(task, path) else pytest.mark.slow)
    for path in SETTINGS
    for task in TASKS
    if (task == "run" or path not in NAMES) and (task, path) not in NOTHING_YET
]


@pytest.mark.parametrize(("task", "path"), CASES)
def test_a_setting_takes_effect_or_is_refused(task, path, tmp_path):
    cases = list(SETTINGS[path])
    if path not in WITHOUT_EFFECT_WHERE_EXACT and task != "compare":  # which always measures
        cases += [(EXACT, value) for _, value in cases]
    for base, value in cases:
        without = base_outcome(task, base, tmp_path)
        if isinstance(without, InputError):
            continue  # the task refuses what the setting belongs to
        got = outcome(task, changed(base, path, value), tmp_path)
        if isinstance(got, QvoptError):
            assert "\n" not in str(got)
            assert len(str(got)) < 400
            continue
        assert got != without, f"{task}: {path} = {value!r} changes nothing on {base}"
