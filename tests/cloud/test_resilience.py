"""IBM's resilience levels: on snapshots, and over the unmodified client on the loopback server."""

import json

import numpy as np
import pytest

import qvopt
from qvopt import Session, make_experiment
from qvopt.backends.batch import Batch, Point
from qvopt.backends.protocol import SubmissionPolicy
from qvopt.cloud.covariances import covariance_ratios
from qvopt.cloud.ibm import IBMProvider
from qvopt.cloud.ibm_options import IBMOptions
from qvopt.cloud.provider import JobSpec, ProviderError, Pub
from qvopt.cloud.resilience import randomizations, taken, values_of
from qvopt.cloud.results import check_result
from qvopt.engine.assembly import assemble
from qvopt.measurement.statistics import combine_moments
from qvopt.records.journal import Journal
from qvopt_molecules.errors import InputError

pytestmark = pytest.mark.usefixtures("quiet_client")

FAST = {
    "poll": 0.02,
    "longest_poll": 0.05,
    "grace": 0.3,
    "give_up": 60.0,
    "repeats": 1,
    "optimization_level": 1,
}


def described(level, device="fake_manila", shots=500, **more):
    backend = {"name": f"ibm:{device}", **FAST}
    if level is not None:
        backend["resilience"] = level
    return {
        "molecule": "h2",
        "backend": backend,
        "measurement": {"shots": shots, "grouping": "qubit-wise"},
        "max_steps": 1,
        "optimizer": {"name": "spsa", "learning_rate": 0.1, "perturbation": 0.1},
        **more,
    }


def energies(level, n, shots, device="fake_manila", grouping="qubit-wise"):
    """Estimates of the energy of one state, n times."""
    measurement = {"shots": shots, "grouping": grouping}
    program = assemble(make_experiment(described(level, device, measurement=measurement))).program
    plan = program.problem.plan
    x = np.array([0.0, 0.0, 0.2])
    each = np.full((n, len(plan.groups)), shots, dtype=np.int64)
    found = program.run(Batch([Point(x)] * n, each), np.random.SeedSequence(4)).moments
    estimates = [combine_moments(plan, moments) for moments in found]
    return np.array([e.value for e in estimates]), np.array([e.variance for e in estimates])


def exact_energy():
    data = described(None) | {"backend": "sector"}
    return assemble(make_experiment(data)).program.energies([Point(np.array([0.0, 0.0, 0.2]))])[0]


@pytest.mark.parametrize(
    "device", [pytest.param(name, marks=pytest.mark.slow) for name in ("fake_manila", "fake_fez")]
)
def test_level_0_agrees_with_samples_and_level_1_reduces_the_bias(device):
    """On fake_manila readout is most of the bias of a shallow state; TREX takes it out."""
    samples, level0, level1 = (energies(level, 8, 1000, device) for level in (None, 0, 1))
    for values, variances in (samples, level0, level1):
        assert 0.2 < variances.mean() / values.var(ddof=1) < 5  # of eight
    spread = np.sqrt(samples[0].var(ddof=1) / 8 + level0[0].var(ddof=1) / 8)
    assert abs(samples[0].mean() - level0[0].mean()) < 4 * spread
    biases = [abs(values.mean() - exact_energy()) for values, _ in (level0, level1)]
    assert biases[1] < 0.9 * biases[0]


@pytest.mark.parametrize(
    ("level", "n", "shots", "grouping"),
    [
        # The client's own are 1.7 of it.
        pytest.param(0, 100, 500, "basis-rotation", marks=pytest.mark.slow),
        pytest.param(0, 300, 500, "qubit-wise", marks=pytest.mark.slow),  # 0.8
        pytest.param(0, 300, 500, "fully-commuting", marks=pytest.mark.slow),  # 0.7
        pytest.param(1, 60, 960, "fully-commuting", marks=pytest.mark.slow),
        pytest.param(2, 16, 480, "fully-commuting", marks=pytest.mark.slow),
    ],
)
@pytest.mark.timeout(3600)
def test_reported_variances_are_those_of_the_energies(level, n, shots, grouping):
    values, variances = energies(level, n, shots, grouping=grouping)
    ratio = variances.mean() / values.var(ddof=1)
    error = np.sqrt(2 / (n - 1))  # of the spread, the errors being normal
    assert 1 / (1 + 3.5 * error) < ratio < 1 + 3.5 * error


def test_covariances_are_those_of_the_outcomes():
    rng = np.random.default_rng(3)
    common = rng.random((4, 2, 300, 1)) < 0.3
    bits = common ^ (rng.random((4, 2, 300, 3)) < [0.05, 0.1, 0.4])
    flips = rng.random((4, 2, 1, 3)) < 0.5
    terms = ((0b001, 0.7), (0b010, 0.4), (0b101, 0.2), (0b100, 1.1))
    spec = JobSpec((Pub(_NoBits(), np.zeros((2, 1)), terms),), 1200)
    (ratios,) = covariance_ratios(
        [{"_meas": bits ^ flips, "measurement_flips._meas": flips}], spec, 1
    )
    for row in range(2):
        z = 1.0 - 2.0 * bits[:, row].reshape(-1, 3)
        columns = np.array([z[:, 0], z[:, 1], z[:, 0] * z[:, 2], z[:, 2]])
        c = np.array([c for _, c in terms])
        covariance = np.cov(columns, ddof=0)
        assert ratios[row] == pytest.approx(c @ covariance @ c / (c**2 @ np.diag(covariance)))
        assert ratios[row] > 1.2
    # Of a form that is not known: the largest that a ratio can be. Of no spread: one.
    for strange in ([], [{}], [{"_meas": bits[:, :1]}], [object()]):
        assert covariance_ratios(strange, spec, 1)[0].tolist() == [4.0, 4.0]
    same = [{"_meas": np.zeros((4, 2, 300, 3), dtype=bool)}]
    assert covariance_ratios(same, spec, 1)[0].tolist() == [1.0, 1.0]


class _Raw:
    """What the client gives for a pub of level 2 whose second fit, and whose third one, failed."""

    class data:
        evs = np.array([0.5, 0.3, np.inf])
        stds = np.array([0.1, np.inf, np.inf])
        evs_noise_factors = np.array([[0.4, 0.3, 0.2], [0.2, 0.1, 0.0], [0.2, 0.1, 0.0]])
        stds_noise_factors = np.full((3, 3), 0.02)


def test_a_fit_that_failed_costs_precision_and_not_the_job():
    spec = JobSpec((Pub(_NoBits(), np.zeros((3, 1)), ((1, 0.5),)),), 100)
    result = values_of([_Raw()], spec, IBMOptions(resilience=2))
    # Through (1, 3, 5) at 0: (15 - 10 + 3)/8 of the values; the line through them goes to 0.25.
    error = 0.02 * np.sqrt(15**2 + 10**2 + 3**2) / 8
    assert result.values[0] == pytest.approx([0.5, 0.3, 0.25])
    assert result.variances[0] == pytest.approx([0.01, error**2 + 0.05**2, error**2])
    check_result(result, spec)


class _NoBits:
    parameters = ()
    num_clbits = 0


def test_other_points_are_other_jobs_though_the_seed_is_the_same():
    measurement = {"shots": 500, "grouping": "fully-commuting"}
    program = assemble(make_experiment(described(None, measurement=measurement))).program
    shots = np.full((1, len(program.problem.plan.groups)), 200, dtype=np.int64)
    seed = np.random.SeedSequence(7)
    points = [[Point(np.array([0.0, 0.0, a]))] for a in (0, 1.5, 0)]
    found = [program.run(Batch(p, shots), seed).moments for p in points]
    means = [[m.mean for m in moments] for (moments,) in found]
    assert means[0] == means[2] != means[1]


@pytest.mark.slow
def test_a_snapshot_at_a_level_repeats_itself_and_charges_what_it_took():
    runs = [qvopt.run(**described(1, shots=4000, max_steps=0)) for _ in range(2)]
    assert runs[0].energy == runs[1].energy
    plan = assemble(make_experiment(described(1))).plan
    row = 4000 // len(plan.groups)
    frames, each = randomizations(row, IBMOptions(resilience=1))
    assert frames * each == row
    # The readout of each circuit is learned from 2048 shots or a few more.
    extra = runs[0].costs["hardware"].shots
    assert extra == len(plan.groups) * -(-2048 // each) * each
    assert runs[0].costs["final"].shots == 3 * 4000


def taken_of(job):
    """Shots of a posted job, as the client wrote them down."""
    from ibm_quantum_schemas.executor.version_2_0 import ParamsModel
    from qiskit_ibm_runtime.quantum_program.converters.converters_2_0 import (
        quantum_program_from_2_0,
    )

    program, _ = quantum_program_from_2_0(ParamsModel.model_validate(job["payload"]["params"]))
    return program.shots * sum(item.size() for item in program.items)


def finish(session):
    with session:
        for _ in session:
            pass
        return session.result()


@pytest.mark.slow
@pytest.mark.parametrize("level", [0, 1, 2])
def test_the_service_runs_a_level_and_is_charged_the_shots_it_took(level, server, tmp_path):
    experiment = make_experiment(described(level, "ibm_manila"))
    result = finish(Session.begin(experiment, out=tmp_path / "run"))
    jobs = list(server.jobs.values())
    assert len(jobs) == result.costs["hardware"].jobs == 2
    assert sum(cost.shots for cost in result.costs.values()) == sum(map(taken_of, jobs))
    assert (result.costs["hardware"].shots > 0) == (level > 0)
    assert result.stderr > 0


@pytest.mark.slow
def test_a_budget_of_shots_counts_what_mitigation_takes(server, tmp_path):
    # Two energies of a step and three at the end, of 500 each, fit; two calibrations do not.
    experiment = make_experiment(described(1, "ibm_manila", budget={"shots": 5000}))
    result = finish(Session.begin(experiment, out=tmp_path / "run"))
    assert result.status == "budget"
    assert result.costs["hardware"].shots > 0
    taken = sum(map(taken_of, server.jobs.values()))
    assert taken == sum(cost.shots for cost in result.costs.values()) <= 5000


class Killed(BaseException):
    """Stands for SIGKILL."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("state", "when"),
    [
        ("submitted", "before"),
        pytest.param("submitted", "after", marks=pytest.mark.slow),
        pytest.param("done", "before", marks=pytest.mark.slow),
        pytest.param("done", "after", marks=pytest.mark.slow),
    ],
)
def test_a_resumed_run_repeats_no_job_and_has_its_values(
    state, when, server, tmp_path, monkeypatch
):
    append = Journal.append

    def dying(self, event, *, durable=False):
        mine = event["type"] == "job" and event["state"] == state
        if mine and when == "before":
            raise Killed
        append(self, event, durable=durable)
        if mine:
            raise Killed

    experiment = make_experiment(described(0, "ibm_manila"))
    out = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(Journal, "append", dying)
        with pytest.raises(Killed):
            finish(Session.begin(experiment, out=out))
    assert len(server.jobs) == 1
    first = next(iter(server.jobs))
    resumed = finish(Session.resume(out, jobs=SubmissionPolicy()))
    assert len(server.jobs) == 2
    events = [json.loads(line) for line in (out / "journal.jsonl").read_text().splitlines()]
    assert next(e["id"] for e in events if e["type"] == "job" and "id" in e) == first
    stored = [json.loads(path.read_text()) for path in (out / "jobs").iterdir()]
    assert all(np.all(np.isfinite(document["values"][0])) for document in stored)
    assert resumed.costs["hardware"].jobs == 2


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"mitigation": {"zne": {"scales": [1, 3]}}}, "works on counts"),
        ({"mitigation": {"readout": {"shots": 100}}}, "works on counts"),
        ({"measurement": {"shots": 500, "postselect": True}}, "post-selection needs counts"),
    ],
)
def test_what_needs_counts_is_refused_in_one_line(more, message):
    with pytest.raises(InputError, match=message) as error:
        qvopt.run(**described(1) | more)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("level", [3, -1, True, "one", 0.5])
def test_levels_are_checked(level):
    with pytest.raises(InputError, match=r"resilience.* must be"):
        qvopt.run(**described(level))


@pytest.mark.slow
def test_fidelities_stay_counts():
    data = described(1, optimizer={"name": "qng"}, max_steps=1)
    data["measurement"] = {"shots": 500, "grouping": "qubit-wise", "metric": "fidelities"}
    result = qvopt.run(**data)
    assert result.costs["metric"].shots > 0


def test_randomizations_keep_the_shots_where_a_divisor_fits():
    options = IBMOptions(resilience=1)
    for shots in range(1, 3000, 7):
        frames, each = randomizations(shots, options)
        assert 1 <= frames <= 32
        assert shots <= frames * each < shots + frames
    assert randomizations(1000, IBMOptions(resilience=0)) == (1, 1000)


def test_a_result_that_is_no_estimators_is_an_error():
    spec = JobSpec((Pub(_NoBits(), np.zeros((2, 0)), ((1, 0.5),)),), 100)
    assert taken(spec, IBMOptions(resilience=0)) == 200
    for raw in ([], [object()]):
        with pytest.raises(ProviderError, match="not one of an estimator"):
            values_of(raw, spec, IBMOptions(resilience=0))


def test_a_level_is_known_to_the_device(server):
    provider = IBMProvider("ibm_manila", IBMOptions(resilience=2))
    assert provider.describe().estimates
    assert provider.describe().limits.executions == 10_000_000 // 3
