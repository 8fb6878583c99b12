"""Program sets at Braket: as large as the device takes, and failed members sent again once."""

from collections import Counter

import numpy as np
import pytest
from braket_stub import failing
from qiskit.circuit import ParameterVector
from slow_cases import rest_slow
from vendor_jobs import a_spec, check_counts

import qvopt
from qvopt.cloud.braket import BraketProvider
from qvopt.cloud.calls import Timeouts
from qvopt.cloud.job_manager import JobFailedError, JobManager
from qvopt.cloud.known_devices import known_device, known_devices
from qvopt.cloud.packing import JobCell, gather, pack
from qvopt.cloud.provider import RefusedError
from qvopt_molecules.errors import InputError

pytestmark = [
    # Of the SDK and its dependencies, on the versions that are installed.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
ANGLES = (0.3, 0.7, 1.1, 1.9, 2.6)
ROUND = (2, 0, 0)


@pytest.fixture
def stub(braket_service):
    return braket_service


class Log:
    """A journal in memory."""

    def __init__(self):
        self.events = []

    def append(self, event, *, durable=False):
        self.events.append(event)


def manager(provider, log, folder, **options):
    timeouts = Timeouts(poll=0.01, longest_poll=0.02, grace=0.05)
    return JobManager(
        provider, timeouts, log=log, folder=folder, run="r", events=list(log.events), **options
    )


def spec_of(provider):
    return a_spec(provider, tuple((angle,) for angle in ANGLES))


def sources(stub):
    """How often each program was sent; and the sizes of the tasks."""
    actions = [task["_action"] for task in stub.tasks.values()]
    programs = [[p["source"] for p in a.get("programs", [a])] for a in actions]
    return Counter(source for task in programs for source in task), [len(p) for p in programs]


@pytest.mark.parametrize(
    "indices",
    [(1, 3), *(pytest.param(k, marks=pytest.mark.slow) for k in [(4,), (0, 1, 2, 3, 4)])],
)
def test_failed_members_alone_are_sent_again_exactly_once(stub, tmp_path, indices):
    provider, log = BraketProvider("sv1"), Log()
    spec = spec_of(provider)
    stub.broken = failing(*indices)
    (result,) = manager(provider, log, tmp_path).run([spec], ROUND)
    assert not result.missing
    for angle, counts in zip(ANGLES, result.counts[0], strict=True):
        check_counts(counts, angle, 1000)
    times, sizes = sources(stub)
    assert sizes == [len(ANGLES), len(indices)]
    assert sorted(times.values()) == sorted([2 if k in indices else 1 for k in range(5)])
    # Every program is paid for once: three seconds of the simulator each.
    jobs = manager(provider, log, tmp_path)
    assert sum(r.money for r in jobs.of_round(ROUND)) == pytest.approx(5 * 3 * 0.075 / 60)
    # The round is complete: another process takes it from the journal.
    (again,) = jobs.run([spec], ROUND)
    assert again.counts == result.counts
    assert len(stub.tasks) == 2


def test_members_that_fail_again_wait_for_a_decision(stub, tmp_path):
    provider, log = BraketProvider("sv1"), Log()
    spec = spec_of(provider)
    stub.broken = failing(0, 1, tasks=(0, 1))
    with pytest.raises(JobFailedError, match=r"2 of its circuits: lost; .* --resubmit"):
        manager(provider, log, tmp_path).run([spec], ROUND)
    with pytest.raises(JobFailedError, match="--resubmit"):
        manager(provider, log, tmp_path).run([spec], ROUND)
    assert len(stub.tasks) == 2
    (result,) = manager(provider, log, tmp_path, resubmit=True).run([spec], ROUND)
    for angle, counts in zip(ANGLES, result.counts[0], strict=True):
        check_counts(counts, angle, 1000)
    times, sizes = sources(stub)
    assert sizes == [5, 2, 2]
    assert sorted(times.values()) == [1, 1, 1, 3, 3]


def test_a_member_that_cannot_be_retried_is_not(stub, tmp_path):
    provider, log = BraketProvider("sv1"), Log()
    stub.broken = failing(2, retryable=False)
    with pytest.raises(JobFailedError, match="1 of its circuits: lost"):
        manager(provider, log, tmp_path).run([spec_of(provider)], ROUND)
    assert len(stub.tasks) == 1


@pytest.mark.parametrize("kind", [413, "reset-after"])
def test_a_repetition_that_was_interrupted_is_made_once(stub, tmp_path, kind):
    provider, log = BraketProvider("sv1"), Log()
    spec = spec_of(provider)
    stub.broken = failing(1, 2)
    stub.fail("POST", "/quantum-task$", kind, skip=1)
    jobs = manager(provider, log, tmp_path)
    if kind == 413:
        with pytest.raises(RefusedError):
            jobs.run([spec], ROUND)
        jobs = manager(provider, log, tmp_path)
    (result,) = jobs.run([spec], ROUND)
    assert [sum(counts.values()) for counts in result.counts[0]] == [1000] * 5
    assert sources(stub)[1] == [5, 2]


def energy(tmp_path, name):
    return qvopt.run(
        "h2", backend={"name": "braket:sv1", "poll": 0.01, "longest_poll": 0.02}, shots=500,
        optimizer="spsa", max_steps=1, seed=3, monitor="none", out=tmp_path / name,
        measurement={"grouping": "qubit-wise", "final_shots": 500},
    )  # fmt: skip


@pytest.mark.slow
def test_a_run_counts_a_repeated_member_once(stub, tmp_path):
    plain = energy(tmp_path, "plain")
    tasks = len(stub.tasks)
    stub.broken = failing(0, 2, tasks=(tasks,))
    repeated = energy(tmp_path, "repeated")
    assert len(stub.tasks) == 2 * tasks + 1
    assert repeated.energy == plain.energy
    assert repeated.stderr == plain.stderr
    totals = [{n: sum(getattr(c, n) for c in r.costs.values()) for n in ("shots", "circuits",
               "jobs", "money")} for r in (plain, repeated)]  # fmt: skip
    assert totals[1]["jobs"] == totals[0]["jobs"] + 1
    assert totals[1]["shots"] == totals[0]["shots"]
    assert totals[1]["circuits"] == totals[0]["circuits"]
    assert totals[1]["money"] == pytest.approx(totals[0]["money"])


@pytest.mark.parametrize(
    ("largest", "sizes"),
    rest_slow(
        [((100, 200_000), [5]), ((4, 200_000), [4, 1]), ((100, 3_999), [3, 2]),
         ((2, 1_500), [1] * 5), ((0, 0), [1] * 5)],
        [((4, 200_000), [4, 1]), ((0, 0), [1] * 5)],
    ),
)  # fmt: skip
def test_sets_are_split_to_the_largest_that_the_device_takes(stub, tmp_path, largest, sizes):
    stub.largest = largest
    provider = BraketProvider("sv1")
    circuit = spec_of(provider).pubs[0].circuit
    circuit = circuit.assign_parameters(list(ParameterVector("a", 1)))
    cells = [JobCell((k,), ("c",), (angle,), 1000) for k, angle in enumerate(ANGLES)]
    limits = provider.describe().limits
    jobs = pack(cells, lambda name: circuit, limits, np.random.SeedSequence(0))
    assert [job.spec.n_circuits for job in jobs] == sizes
    results = manager(provider, Log(), tmp_path).run([job.spec for job in jobs], ROUND)
    assert sources(stub)[1] == sizes
    counts = gather(jobs, results)
    for k, angle in enumerate(ANGLES):
        check_counts(counts[k,], angle, 1000)


@pytest.mark.parametrize(("rows", "sizes"), [(4, [4]), (5, [3, 2]), (9, [3, 3, 3]), (1, [1])])
def test_no_set_has_fewer_shots_than_the_device_takes(stub, rows, sizes):
    """IonQ's sets have a least number of shots in all: a remainder is not left to itself."""
    stub.largest, stub.least = (4, 200_000), 1_500
    provider = BraketProvider("sv1")
    circuit = spec_of(provider).pubs[0].circuit
    circuit = circuit.assign_parameters(list(ParameterVector("a", 1)))
    cells = [JobCell((k,), ("c",), (0.1 * k,), 1000) for k in range(rows)]
    limits = provider.describe().limits
    assert limits.min_executions == 1_500
    jobs = pack(cells, lambda name: circuit, limits, np.random.SeedSequence(0))
    assert [job.spec.n_circuits for job in jobs] == sizes


def test_too_few_shots_for_a_set_are_refused_before_anything_is_sent(stub, tmp_path):
    stub.least = 2_500
    provider = BraketProvider("sv1")
    circuit = spec_of(provider).pubs[0].circuit
    circuit = circuit.assign_parameters(list(ParameterVector("a", 1)))
    cells = [JobCell((k,), ("c",), (0.1 * k,), 1000) for k in range(2)]
    with pytest.raises(InputError, match="fewer than 2,500 shots in all, and 2,000 would be sent"):
        pack(cells, lambda name: circuit, provider.describe().limits, np.random.SeedSequence(0))
    with pytest.raises(InputError, match="500 shots of an energy are too few"):
        energy(tmp_path, "few")
    assert not stub.tasks


def test_the_table_has_the_limits_that_the_clients_schema_and_simulators_state():
    """The vendor's client knows the form of devices' limits, and those of its own simulators."""
    from braket.default_simulator import DensityMatrixSimulator, StateVectorSimulator
    from braket.device_schema.openqasm_program_set_device_action_properties import (
        OpenQASMProgramSetDeviceActionProperties as Sets,
    )

    fields = {n for n in Sets.__fields__ if n.startswith(("maximum", "minimum"))}
    # All that the schema has are read; one that is new fails here.
    assert fields == {"maximumExecutables", "maximumTotalShots", "minimumTotalShots"}
    for name, kind in (("sv1", StateVectorSimulator), ("dm1", DensityMatrixSimulator)):
        sets = kind().properties.action["braket.ir.openqasm.program_set"]
        limits = known_device("braket", name).limits
        assert limits.circuits == sets.maximumExecutables
        assert limits.executions == sets.maximumTotalShots
    assert all(d.limits.circuits == 100 for d in known_devices() if d.provider == "braket")
