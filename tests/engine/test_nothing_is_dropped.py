"""Settings of the experiment reach every query of every objective, and every shot its price."""

from dataclasses import replace

import numpy as np
import pytest
from slow_cases import rest_slow

from qvopt import Session, excited_states, make_experiment, run
from qvopt.backends.aer import AerProgram
from qvopt.backends.batch import Point, Stream
from qvopt.engine.assembly import assemble
from qvopt.engine.objectives import DeflatedObjective, WeightedObjective
from qvopt.engine.rows import Row, RowResult
from qvopt.engine.stages.stage import Context, Request
from qvopt.measurement.estimate import Moments
from qvopt.optimizers.protocol import Energy, Fidelity, Gradient, Metric, PoolGradient
from qvopt_molecules.errors import InputError

NOISE = {"name": "aer", "noise": {"readout": 0.05}}
CORRECTED = {"mitigation": {"readout": {"shots": 20_000}}}
COMMUTING = {"grouping": "fully-commuting"}


def evaluator(**settings):
    data = {"molecule": "h2", "backend": NOISE, "shots": 4000, **settings}
    return assemble(make_experiment(data)).evaluator


@pytest.fixture
def sampled(monkeypatch):
    """Shots that Aer's programs really take, of all kinds."""
    taken = []
    original = AerProgram.run

    def counting(self, batch, seed):
        result = original(self, batch, seed)
        taken.append(sum(
            sum(sum(c.values()) for row in result.counts for c in row)
            if batch.counts else sum(m.shots for row in result.moments for m in row)
            for _ in (0,)
        ) + int(batch.pair_shots.sum() + batch.reading_shots.sum() + batch.overlap_shots.sum())
          + (sum(result.calibration.zeros.values()) + sum(result.calibration.ones.values())
             if result.calibration else 0))  # fmt: skip
        return result

    monkeypatch.setattr(AerProgram, "run", counting)
    return taken


@pytest.mark.slow
def test_readout_correction_reaches_the_pool_of_an_adaptive_ansatz():
    adapt = {"ansatz": {"name": "adapt", "pool": "fermionic"}}
    exact = assemble(make_experiment({"molecule": "h2", **adapt})).evaluator
    (truth,) = exact.answer([PoolGradient(np.zeros(0))], 1)
    k = int(np.argmax(np.abs(truth.value)))
    raw, corrected = (
        np.array([
            evaluator(**adapt, **spec, seed=s).answer([PoolGradient(np.zeros(0))], 1)[0].value[k]
            for s in range(4)
        ])
        for spec in ({}, CORRECTED)
    )  # fmt: skip
    # Misread bits shrink the derivative by a fifth; corrected, it is the true one.
    assert abs(raw.mean()) < 0.9 * abs(truth.value[k])
    assert abs(corrected.mean() - truth.value[k]) < 4 * corrected.std(ddof=1) / np.sqrt(4)


@pytest.mark.parametrize("name", rest_slow(["deflated", "weighted"], ["deflated"]))
def test_readout_correction_reaches_excited_states(name):
    x = np.array([0.1, 0.0, 0.3])

    def values(spec):
        found = []
        made = evaluator(**spec)
        for seed in range(9):
            e = made.seeded(seed)
            objective = DeflatedObjective((np.zeros(3),), 0.0)
            if name == "weighted":
                parts = (replace(e, substream=(0,)), replace(e, substream=(1,)))
                objective = WeightedObjective(parts, (1.0, 0.5))
            found.append(replace(e, objective=objective).answer([Energy(x)], 1)[0].value)
        return np.array(found)

    exact = assemble(make_experiment({"molecule": "h2"})).evaluator.exact_energy(x)
    truth = exact * (1.5 if name == "weighted" else 1.0)
    raw, corrected = values({}), values(CORRECTED)
    assert raw.mean() - truth > 0.05
    assert abs(corrected.mean() - truth) < 4 * corrected.std(ddof=1) / 3 + 1e-3  # of 9 values


@pytest.mark.parametrize("method", ["vqd", pytest.param("ssvqe", marks=pytest.mark.slow)])
def test_every_shot_of_excited_states_is_counted(method, sampled):
    result = excited_states(
        "h2", 2, method=method, backend=NOISE, shots=200, max_steps=2, optimizer="spsa",
        mitigation={"readout": {"shots": 300, "every": 1}},
    )  # fmt: skip
    assert result.shots == sum(sampled)
    assert result.costs["readout-calibration"].shots >= 600


def test_a_cap_holds_with_calibrations(sampled):
    budget = {"shots": 5000}
    result = run("h2", backend=NOISE, shots=200, optimizer="spsa", max_steps=50, budget=budget,
                 mitigation={"readout": {"shots": 300, "every": 2}})  # fmt: skip
    assert result.status == "budget"
    assert sum(sampled) == result.shots <= 5000


QUERIES = [
    Energy(np.zeros(3)),
    Energy(np.zeros(3), spread="random"),
    Gradient(np.zeros(3)),
    Gradient(np.zeros(3), (600, 0, 900)),
    Metric(np.zeros(3)),
    Fidelity(np.zeros(3), np.ones(3)),
]


@pytest.mark.parametrize("spec", [{}, CORRECTED, {"mitigation": {"zne": {"folding": "all"}}}])
def test_the_price_is_what_is_taken(spec, sampled):
    e = evaluator(**spec, shots=400)
    round_ = e.prepare(QUERIES, 1)
    priced = round_.costs
    outcome = round_.run()
    assert outcome.costs == priced
    assert len(sampled) == 1  # one call for everything
    assert sum(sampled) == sum(c.shots for c in priced.values())


def test_kinds_of_requests_draw_apart():
    """Leaving one kind of query out changes nothing in the others."""
    e = evaluator(shots=400)
    together = e.answer([Energy(np.zeros(3)), Metric(np.zeros(3))], 1, 5)
    assert e.answer([Energy(np.zeros(3))], 1, 5)[0] == together[0]
    alone = e.answer([Metric(np.zeros(3))], 1, 5)[0]
    assert np.array_equal(alone.value, together[1].value)


@pytest.mark.parametrize("entropy", [0, 3, 2**32 - 1, 2**32, 2**100])
@pytest.mark.parametrize("key", [(), (1,), (1, 2**32 - 1), (1, 2**32, 7)])
def test_streams_are_those_of_numpys_spawn_keys(entropy, key):
    round_seed = np.random.SeedSequence(entropy, spawn_key=key)
    pools = set()
    for kind in Stream:
        ours, numpys = kind.of(round_seed), np.random.SeedSequence(entropy, spawn_key=(*key, kind))
        assert np.array_equal(ours.pool, numpys.pool)
        assert np.array_equal(ours.generate_state(9), numpys.generate_state(9))
        assert np.array_equal(ours.spawn(2)[1].pool, numpys.spawn(2)[1].pool)
        below = np.random.SeedSequence(ours.entropy, spawn_key=(*ours.spawn_key, 4))
        assert np.array_equal(
            below.pool, np.random.SeedSequence(entropy, spawn_key=(*key, kind, 4)).pool
        )
        pools.add(ours.pool.tobytes())
    assert len(pools) == len(Stream)


def test_components_without_shots_are_left_out():
    e = evaluator(shots=400)
    (answer,) = e.answer([Gradient(np.zeros(3), (0, 0, 900))], 1)
    assert np.array_equal(np.isinf(answer.variance), [True, True, False])
    assert answer.shots == 900
    with pytest.raises(InputError, match="must not be negative"):
        e.prepare([Gradient(np.zeros(3), (0, -1, 900))])


def test_an_evaluator_is_derived_by_replace_alone():
    e = evaluator(**CORRECTED)
    with pytest.raises(AttributeError):
        e.shots = 5
    assert replace(e, shots=500).stages == e.stages


def test_settings_change_an_experiment_that_is_given():
    experiment = make_experiment({"molecule": "h2", "seed": 4})
    result = run(experiment, shots=100, optimizer="spsa", max_steps=2)
    assert result.shots > 0
    assert result.names["optimizer"] == "spsa"
    assert result.names["seed"] == 4
    with pytest.raises(InputError, match="nonsense"):
        run(experiment, nonsense=3)
    with pytest.raises(InputError, match="nonsense"):
        excited_states(experiment, 2, nonsense=3)


def test_a_backend_object_is_recorded(tmp_path):
    from qiskit_aer.noise import NoiseModel, ReadoutError

    from qvopt.backends.aer import AerBackend
    from qvopt.backends.lightning import LightningBackend

    experiment = make_experiment({"molecule": "h2", "shots": 100, "optimizer": "spsa",
                                  "max_steps": 2, "monitor": "none"})  # fmt: skip
    with Session.begin(experiment, out=tmp_path / "a", backend=LightningBackend()) as session:
        list(session)
        whole = session.result()
    assert whole.names["backend"] == "lightning"
    with Session.resume(tmp_path / "a") as session:
        list(session)
        assert session.result().energy == whole.energy
    model = NoiseModel()
    model.add_all_qubit_readout_error(ReadoutError([[0.9, 0.1], [0.1, 0.9]]))
    noisy = AerBackend(noise_model=model)
    with Session.begin(experiment, out=tmp_path / "b", backend=noisy) as session:
        next(iter(session))
    with pytest.raises(InputError, match="hand it over again"):
        Session.resume(tmp_path / "b")
    with pytest.raises(InputError, match="began on object:aer, and not on lightning"):
        Session.resume(tmp_path / "b", backend=LightningBackend())
    with Session.resume(tmp_path / "b", backend=noisy) as session:
        list(session)
        assert session.result().status == "max-steps"


def test_an_adaptive_ansatz_takes_a_backend_object():
    from qvopt.backends.sector import SectorBackend

    result = run("h2", ansatz="adapt", backend=SectorBackend(threads=1))
    assert result.error == pytest.approx(0, abs=1e-6)


def test_extrapolation_uses_the_scales_that_folding_reaches():
    """Values that are linear in what each group's circuit reaches give their intercepts."""
    e = evaluator(measurement=COMMUTING, mitigation={"zne": {"scales": [1, 1.5]}})
    (stage,) = e.stages
    reached = e.program.reached_scales((1.0, 1.5))
    assert np.all(reached[:, 0] == 1.0)
    assert np.ptp(reached[:, 1]) > 1e-3  # the groups' circuits have different numbers of gates
    rng = np.random.default_rng(0)
    intercepts, slopes = rng.normal(size=(2, len(reached)))
    results = [
        RowResult(moments=[Moments(100, a + b * s, 1.0) for a, b, s in
                           zip(intercepts, slopes, column, strict=True)])
        for column in reached.T
    ]  # fmt: skip
    row = Row(Point(np.zeros(3)), 400, 0, "planned", False, "energy")
    (result,) = stage.reduce(Request([row]), results, Context(e.program, e.plan))
    assert result.estimate.value == pytest.approx(e.plan.constant + intercepts.sum(), abs=1e-9)


@pytest.mark.parametrize(
    ("settings", "scales"),
    [
        ({"molecule": "He 0 0 0"}, [1, 3]),  # no gate on two qubits at all
        ({"ansatz": "real-amplitudes"}, [1, 1.05]),  # too few for a part of a pair
    ],
)
def test_noise_that_cannot_be_amplified_is_refused(settings, scales):
    e = evaluator(**settings, mitigation={"zne": {"scales": scales}})
    with pytest.raises(InputError, match="too few gates to fold"):
        e.prepare([Energy(np.zeros(e.circuit.n_parameters))], 1)


def test_the_exponential_fit_needs_one_amplification():
    e = evaluator(
        measurement=COMMUTING, mitigation={"zne": {"scales": [1, 1.5], "fit": "exponential"}}
    )
    with pytest.raises(InputError, match="use odd scales"):
        e.prepare([Energy(np.zeros(3))], 1)
