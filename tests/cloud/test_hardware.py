"""Hardware without a service: snapshots, objects of Qiskit, packing, budgets and commands."""

import json
import subprocess
import sys

import numpy as np
import pytest
from command_line import command_line as call

import qvopt
from qvopt import make_experiment
from qvopt.backends.batch import Batch, Point
from qvopt.cloud.packing import JobCell, block_of, gather, pack
from qvopt.cloud.provider import JobResult, Limits
from qvopt.cloud.results import check_result
from qvopt.engine.assembly import assemble
from qvopt.experiment.budget_text import parse_budget
from qvopt.measurement.blocks import in_blocks
from qvopt.measurement.statistics import combine_moments
from qvopt_molecules.errors import InputError

pytestmark = pytest.mark.usefixtures("quiet_client")

MEASURED = {"shots": 400, "grouping": "qubit-wise"}


def test_a_noiseless_object_gives_the_exact_energy_and_honest_errors():
    from qiskit_aer import AerSimulator

    data = {"molecule": "h2", "measurement": {"shots": 2000, "grouping": "qubit-wise"}}
    exact = assemble(make_experiment(data))
    program = _hardware_program(AerSimulator(), data)
    x = np.array([0.1, -0.05, 0.2])
    plan = exact.plan
    shots = np.full((40, len(plan.groups)), 400, dtype=np.int64)
    found = [
        combine_moments(plan, m)
        for m in program.run(Batch([Point(x)] * 40, shots), np.random.SeedSequence(3)).moments
    ]
    values = np.array([e.value for e in found])
    truth = exact.program.energies([Point(x)])[0]
    z = (values.mean() - truth) / (np.mean([e.stderr for e in found]) / np.sqrt(40))
    assert abs(z) < 4
    assert np.mean([e.variance for e in found]) / values.var(ddof=1) == pytest.approx(1, abs=0.9)


def _hardware_program(value, data):
    from qvopt.cloud.backend import HardwareBackend

    return assemble(make_experiment(data), backend=HardwareBackend(value)).program


def test_objects_run_from_python():
    from qiskit_aer import AerSimulator
    from qiskit_aer.primitives import SamplerV2

    for value in (AerSimulator(seed_simulator=1), SamplerV2(seed=1)):
        result = qvopt.run("h2", backend=value, measurement=MEASURED, max_steps=1)
        assert result.costs["hardware"].jobs == 2
        assert result.energy == pytest.approx(-1.11, abs=0.1)
    with pytest.raises(InputError, match="V2 sampler"):
        qvopt.run("h2", backend=object(), measurement=MEASURED)


def test_a_snapshot_repeats_itself_and_is_noisy():
    options = {"name": "ibm:fake_manila", "repeats": 1, "optimization_level": 1}
    measured = {**MEASURED, "postselect": True}  # no simulation of what mitigation would do
    runs = [qvopt.run("h2", backend=options, measurement=measured, max_steps=0) for _ in range(2)]
    assert runs[0].energy == runs[1].energy
    assert runs[0].energy > runs[0].fci + 0.02
    assert runs[0].costs["hardware"].jobs == 1


def test_a_wide_snapshot_is_cut_to_its_used_qubits_with_their_errors():
    from qiskit import QuantumCircuit
    from qiskit_aer.noise import NoiseModel
    from qiskit_ibm_runtime.fake_provider import FakeTorino

    from qvopt.backends.cutting import cut_circuit, cut_device, used_qubits

    device = FakeTorino()
    circuit = QuantumCircuit(133, 2)
    circuit.cz(5, 4)
    circuit.measure([5, 4], [0, 1])
    qubits = used_qubits(circuit)
    assert qubits == (4, 5)
    small, part = cut_circuit(circuit, qubits), cut_device(device, qubits)
    assert [part.target["cz"][k].error for k in ((0, 1), (1, 0)) if k in part.target["cz"]] == [
        device.target["cz"][k].error for k in ((4, 5), (5, 4)) if k in device.target["cz"]
    ]
    assert [small.find_bit(s.qubits[0]).index for s in small.data] == [1, 1, 0]
    assert len(NoiseModel.from_backend(part).noise_qubits) == 2


def test_packing_runs_every_shot_once():
    circuit = _Circuit()
    rng = np.random.default_rng(1)
    for trial in range(30):
        shots = rng.integers(0, 40, size=12) * int(rng.choice([1, 7, 50]))
        cells = [JobCell((k,), (k % 3, 1.0), (0.1, 0.2), int(n)) for k, n in enumerate(shots)]
        limits = Limits(
            circuits=int(rng.integers(1, 9)) if trial % 2 else None,
            shots=int(rng.integers(30, 200)) if trial % 3 else None,
            executions=int(rng.integers(200, 2000)) if trial % 5 else None,
        )
        jobs = pack(cells, lambda name: circuit, limits, np.random.SeedSequence(trial))
        for job in jobs:
            assert limits.circuits is None or job.spec.n_circuits <= limits.circuits
            assert limits.shots is None or job.spec.shots <= limits.shots
        results = [
            JobResult(tuple(tuple({0: j.spec.shots} for _ in p) for p in j.places)) for j in jobs
        ]
        found = gather(jobs, results)
        assert {k[0]: v[0] for k, v in found.items()} == {k: n for k, n in enumerate(shots) if n}


class _Circuit:
    parameters = ()
    num_clbits = 1


def test_blocks_keep_sums_and_make_one_level():
    assert block_of(1000, 5, 4) == 50
    assert block_of(1000, 5, 1) == 200
    assert block_of(997, 5, 4) == 49
    rng = np.random.default_rng(0)
    for _ in range(20):
        rows = [rng.integers(20, 400, size=5) for _ in range(6)]
        rows[0][0] += 50 - sum(int(r.sum()) for r in rows) % 50
        rounded = in_blocks(rows, 50)
        assert sum(int(r.sum()) for r in rounded) == sum(int(r.sum()) for r in rows)
        assert all((r % 50 == 0).all() and (r > 0).all() for r in rounded)


@pytest.mark.slow
def test_an_optimizer_that_sets_shots_still_has_one_level_a_job():
    options = {"name": "ibm:fake_manila", "repeats": 2, "optimization_level": 1}
    result = qvopt.run("h2", backend=options, measurement=MEASURED, optimizer="adam", max_steps=1)
    assert result.costs["hardware"].jobs == 2
    assert result.costs["gradient"].shots == 12 * 400


@pytest.mark.parametrize(
    "counts",
    [
        (),
        (({0: 10},),),
        (({0: 10}, {0: 9}),),
        (({0: 10}, {2: 10}),),
        (({0: 10}, {0: 11, 1: -1}),),
        (({0: 10}, {0: float("nan")}),),
    ],
)
def test_results_are_checked(counts):
    from qvopt.cloud.provider import JobSpec, ProviderError, Pub

    spec = JobSpec((Pub(_Circuit(), np.zeros((2, 0))),), 10)
    check_result(JobResult((({0: 10}, {0: 4, 1: 6}),)), spec)
    with pytest.raises(ProviderError):
        check_result(JobResult(counts), spec)


def test_budgets_as_people_write_them():
    assert parse_budget("20 QPU-min") == {"qpu_seconds": 1200.0}
    assert parse_budget("5 EUR, 100 jobs") == {"money": 5.0, "currency": "EUR", "jobs": 100}
    assert parse_budget("1e6 shots") == parse_budget("1e6") == {"shots": 1_000_000}
    for wrong in ("QPU-min", "5 parsecs", "-3 jobs", "1e 5 shots", "0 jobs"):
        with pytest.raises(InputError, match="--budget takes"):
            parse_budget(wrong)


def test_journals_without_jobs_read_as_before():
    from qvopt.backends.cost import Cost
    from qvopt.records.codec import decode_costs, encode_costs

    old = {"energy": [1, 2, 3]}
    assert encode_costs(decode_costs(old)) == old
    new = {"hardware": Cost(jobs=2, qpu_seconds=1.5, money=0.25)}
    assert decode_costs(encode_costs(new)) == new


@pytest.mark.slow
def test_commands_from_forecast_to_end(tmp_path):
    (tmp_path / "e.toml").write_text(
        'molecule = "h2"\noptimizer = "adam"\nmax_steps = 1\nshots = 200\n'
        'measurement = { grouping = "qubit-wise", postselect = true }\n'
        '[backend]\nname = "ibm:fake_manila"\nrepeats = 1\n'
    )
    dry = call("submit", "e.toml", "--dry", "--json", cwd=tmp_path)
    assert dry.returncode == 0, dry.stderr
    parts = {p["part"]: p for p in json.loads(dry.stdout)["parts"]}
    assert parts["1 steps"]["jobs"] == 2
    assert parts["1 steps"]["shots"] == 12 * 200 + 3 * 200
    assert [p.name for p in tmp_path.iterdir()] == ["e.toml"]
    sent = call("submit", "e.toml", "--budget", "9 jobs", "--out", "mine", cwd=tmp_path)
    assert sent.returncode == 0, sent.stderr
    shown = call("status", "mine", "--json", cwd=tmp_path)
    (document,) = json.loads(shown.stdout)
    assert document["budget"]["jobs"] == {"spent": 1, "reserved": 0, "cap": 9}
    done = call("resume", "mine", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["costs"]["hardware"]["jobs"] == 2
    assert json.loads(done.stdout)["shots"] == parts["1 steps"]["shots"]
    assert call("cancel", "mine", cwd=tmp_path).returncode == 0


def test_credentials_are_refused_where_they_would_be_written_down(tmp_path):
    planted = "planted-token-a81b77"
    environment = {"QISKIT_IBM_TOKEN": planted}
    for setting in (f"backend.token={planted}", f"backend.layout={planted}", f"{planted}=1.0"):
        done = call("run", "h2", "--set", setting, cwd=tmp_path, env=environment)
        assert done.returncode == 2
        assert planted not in done.stdout + done.stderr
    (tmp_path / "e.toml").write_text(
        f'molecule = "h2"\n[backend]\nname = "x"\napi_key = "{planted}"'
    )
    done = call("run", "e.toml", cwd=tmp_path)
    assert done.returncode == 2
    assert planted not in done.stdout + done.stderr
    doctor = call("doctor", cwd=tmp_path, env=environment)
    assert doctor.returncode == 0
    assert "not against live hardware" in doctor.stdout
    assert "in the environment" in doctor.stdout
    assert planted not in doctor.stdout
    assert {p.name for p in tmp_path.iterdir()} == {"e.toml"}


def test_a_snapshot_is_called_one():
    from qvopt.cloud.ibm_options import IBMOptions
    from qvopt.cloud.snapshots import SnapshotProvider

    device = SnapshotProvider("fake_manila", IBMOptions()).describe()
    assert "a recorded snapshot, simulated here; not live hardware" in device.note


@pytest.mark.slow
def test_a_snapshots_caution_is_told_where_it_is_asked_for_and_is_no_warning():
    """fake_nighthawk's errors are not typical; its class warns of it once a process."""
    program = (
        "import warnings; warnings.simplefilter('error');"
        "from qvopt.cloud.ibm_options import IBMOptions;"
        "from qvopt.cloud.snapshots import SnapshotProvider;"
        "print(SnapshotProvider('fake_nighthawk', IBMOptions()).describe().note)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "not live hardware. Properties of fake_nighthawk are not intended" in done.stdout
    assert done.stderr == ""
