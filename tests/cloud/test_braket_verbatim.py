"""Verbatim circuits on processors of Amazon Braket, checked as the service checks them."""

import warnings

import numpy as np
import pytest
from braket_processors import CEPHEUS, GARNET
from braket_stub import BraketStub
from qiskit import QuantumCircuit
from slow_cases import rest_slow
from vendor_jobs import AWS_ACCESS, KEY, a_spec, aws_environment, check_counts, finish

import qvopt
from qvopt import make_experiment
from qvopt.backends.batch import Batch, Point
from qvopt.backends.protocol import SubmissionPolicy
from qvopt.cloud.braket import BraketProvider
from qvopt.cloud.provider import JobSpec, JobState, Pub, RefusedError
from qvopt.engine.assembly import assemble
from qvopt.measurement.statistics import combine_moments
from qvopt.records.journal import Journal
from qvopt_molecules.errors import InputError

pytestmark = [
    # Of the SDK and its dependencies, on the versions that are installed.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

X = np.array([0.1, -0.05, 0.25])


@pytest.fixture
def service(monkeypatch):
    """Make a stub of the service that has one processor."""
    made = []

    def make(processor, *, program_sets=True):
        stub = BraketStub(token=AWS_ACCESS, processor=processor, program_sets=program_sets)
        made.append(stub.__enter__())
        for name, value in aws_environment(stub.url).items():
            monkeypatch.setenv(name, value)
        return stub

    yield make
    for stub in made:
        stub.__exit__()


def described(processor, shots=6000, **more):
    backend = {"name": f"braket:{processor.name.lower()}", "verbatim": True, "poll": 0.02,
               "longest_poll": 0.05, "optimization_level": 1}  # fmt: skip
    backend |= more.pop("backend", {})
    measurement = {"shots": shots, "grouping": "fully-commuting"}
    return {"molecule": "h2", "backend": backend, "measurement": measurement, **more}


def sources(stub):
    """Programs of all tasks, as they were sent."""
    actions = [task["_action"] for task in stub.tasks.values()]
    return [p["source"] for action in actions for p in action.get("programs", [action])]


@pytest.mark.parametrize("program_sets", rest_slow([True, False], [True]))
@pytest.mark.parametrize("processor", rest_slow([GARNET, CEPHEUS], [GARNET]), ids=lambda p: p.name)
def test_an_energy_of_native_gates_is_the_exact_one(service, processor, program_sets, tmp_path):
    stub = service(processor, program_sets=program_sets)
    assembly = assemble(make_experiment(described(processor)))
    program, plan = assembly.program, assembly.plan
    journal = Journal(tmp_path / "journal.jsonl", create=True)
    program.attach(tmp_path, journal, [], SubmissionPolicy())
    exact = assemble(make_experiment({"molecule": "h2", "backend": "sector"})).program
    (truth,) = exact.energies([Point(X)])
    shots = np.full((1, len(plan.groups)), 4000, dtype=np.int64)
    with warnings.catch_warnings():
        # The client warns of barriers and phases, which a user can do nothing about.
        warnings.filterwarnings("error", category=UserWarning)
        (moments,) = program.run(Batch([Point(X)], shots), np.random.SeedSequence(1)).moments
    found = combine_moments(plan, moments)
    assert abs(found.value - truth) < 4 * found.stderr
    assert 0.001 < found.stderr < 0.02
    assert abs(truth - exact.energies([Point(np.zeros(3))])[0]) > 5 * found.stderr
    assert stub.refusals == []
    assert len(stub.tasks) == (1 if program_sets else len(plan.groups))
    for source in sources(stub):
        assert source.count("#pragma braket verbatim") == 1
        assert "qubit[" not in source  # its own qubits, and no others
        assert processor.refusal(source) == ""


@pytest.mark.parametrize(
    ("processor", "body", "reason"),
    [
        (GARNET, "cnot $1, $2;", "not a native gate"),
        (GARNET, "cz $1, $5;", "not connected"),
        (GARNET, "prx(0.1, 0.2) $6;", "does not exist"),
        (CEPHEUS, "rx(0.3) $0;", "Rx by 0.3 is not native"),
        (GARNET, "prx(0.1, 0.2) $1; cz $2, $1;", ""),
        (CEPHEUS, "rx(-1.5707963267948966) $0; rz(0.3) $0; iswap $0, $7;", ""),
    ],
)
def test_the_stub_checks_what_it_is_given(processor, body, reason):
    program = f"OPENQASM 3.0;\nbit[1] b;\n#pragma braket verbatim\nbox{{\n{body}\n}}\n"
    found = processor.refusal(program + "b[0] = measure $1;\n")
    assert (reason in found) if reason else found == ""


def test_a_gate_that_is_not_native_is_refused_with_the_services_reason(service):
    stub = service(GARNET)
    provider = BraketProvider("garnet", verbatim=True)
    circuit = QuantumCircuit(8, 1)
    circuit.h(0)  # not lowered
    circuit.measure(0, 0)
    with pytest.raises(RefusedError, match="Gate H is not a native gate") as caught:
        provider.submit(JobSpec((Pub(circuit, np.zeros((1, 0))),), 10), KEY)
    assert "\n" not in str(caught.value)
    assert len(stub.refusals) == 1
    assert stub.tasks == {}
    strange = QuantumCircuit(1, 1)
    strange.reset(0)
    strange.measure(0, 0)
    with pytest.raises(RefusedError, match="reset"):
        provider.submit(JobSpec((Pub(strange, np.zeros((1, 0))),), 10), KEY)
    assert len(stub.refusals) == 1  # nothing was sent


@pytest.mark.parametrize("processor", rest_slow([GARNET, CEPHEUS], [GARNET]), ids=lambda p: p.name)
def test_bits_come_back_from_the_qubits_that_were_chosen(service, processor):
    stub = service(processor)
    provider = BraketProvider(processor.name.lower(), verbatim=True)
    assert provider.describe().labels == tuple(processor.qubits)
    spec = a_spec(provider)
    job = provider.submit(spec, KEY)
    assert finish(provider, job).state is JobState.DONE
    (rows,) = provider.result(job, spec).counts
    for angle, counts in zip((0.3, 1.1), rows, strict=True):
        check_counts(counts, angle, 1000)
    assert list(stub.tasks) == [job]


@pytest.mark.slow
def test_a_layout_names_the_devices_own_qubits(service):
    stub = service(GARNET)
    result = qvopt.run(**described(GARNET, 500, max_steps=0, backend={"layout": [4, 5, 9, 10]}))
    assert result.energy is not None
    read = {line.split("$")[-1].rstrip(";") for s in sources(stub)
            for line in s.splitlines() if "measure" in line}  # fmt: skip
    assert read <= {"1", "2", "3", "4", "5", "8", "9", "10"}
    prepared = next(line for line in sources(stub)[0].splitlines() if "$" in line)
    assert prepared.rstrip(";").split("$")[-1] in {"4", "5", "9", "10"}
    with pytest.raises(InputError, match="braket:garnet has no qubit 6; it has 1, 2, 3, 4, 5, 8"):
        qvopt.run(**described(GARNET, 500, max_steps=0, backend={"layout": [4, 5, 6, 10]}))


@pytest.mark.slow
@pytest.mark.parametrize("processor", [GARNET, CEPHEUS], ids=lambda p: p.name)
def test_folded_gates_and_calibrations_stay_as_they_were_made(service, processor):
    """What zero-noise extrapolation and readout correction need of a device."""
    stub = service(processor)
    mitigation = {"zne": {"scales": [1, 3]}, "readout": {"shots": 400}}
    data = described(processor, 4000, max_steps=0, mitigation=mitigation)
    result = qvopt.run(**data)
    assert abs(result.energy - -1.1170) < 5 * result.stderr
    two = "cz $" if processor is GARNET else "iswap $"
    made = sources(stub)
    assert sum(two not in s for s in made) >= 2  # the calibration's two circuits
    counted = sorted(s.count(two) for s in made if two in s)
    half = len(counted) // 2
    assert counted[half:] == [3 * n for n in counted[:half]]
    assert stub.refusals == []
