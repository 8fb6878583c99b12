"""Comparisons that are extended, changed, interrupted, searched and capped."""

import json
import os

import numpy as np
import pytest

from qvopt import compare
from qvopt.comparison.choice import choose_engine
from qvopt.comparison.collection import load_comparison
from qvopt.comparison.compare import load
from qvopt.comparison.engine import InProcess, batches
from qvopt.comparison.forecast import SweepForecast, check_disk
from qvopt.comparison.planned_runs import entrants
from qvopt.comparison.specification import make_comparison
from qvopt.comparison.stored_outcome import StoredOutcome
from qvopt.comparison.sweep import Sweep
from qvopt.comparison.tuning import choose, score
from qvopt_molecules.errors import InputError

DATA = {
    "problems": [{"molecule": "h2"}],
    "optimizers": ["adam", "spsa"],
    "shots": 200,
    "budget": 10_000,
    "seeds": 2,
}


def fresh(folder, **changes):
    """Compare, and return which runs were new."""
    new = []
    result = compare(DATA | changes, out=folder, workers=1, progress=new.append)
    return result, [(p.run.optimizer, p.run.experiment.seed) for p in new]


def test_an_extension_runs_only_what_is_missing(tmp_path):
    folder = tmp_path / "c"
    first, new = fresh(folder)
    assert sorted(new) == [("adam", 0), ("adam", 1), ("spsa", 0), ("spsa", 1)]
    assert fresh(folder)[1] == []
    assert sorted(fresh(folder, seeds=3)[1]) == [("adam", 2), ("spsa", 2)]
    more, new = fresh(folder, seeds=3, optimizers=["adam", "spsa", "momentum"])
    assert new == [("momentum", k) for k in range(3)]
    before = {o.run: o.error.tolist() for o in first.outcomes}
    after = {o.run: o.error.tolist() for o in more.outcomes}
    assert before.items() <= after.items()
    # A smaller file reports less, and loses nothing.
    less, new = fresh(folder, seeds=1, optimizers=["momentum"])
    assert new == []
    assert len(less.outcomes) == 1
    assert Sweep.prepare(make(seeds=1), folder).stray() == 7


def make(**changes):
    from qvopt.comparison.specification import make_comparison

    return make_comparison(DATA | changes)


def test_a_wrong_change_leaves_the_comparison_as_it_was(tmp_path):
    folder = tmp_path / "c"
    fresh(folder)
    before = (folder / "comparison.toml").read_text()
    with pytest.raises(InputError, match="did you mean 'adam'"):
        compare(DATA | {"optimizers": ["adm"]}, out=folder)
    assert (folder / "comparison.toml").read_text() == before
    assert len(load_comparison(folder).outcomes) == 4
    with pytest.raises(InputError, match="did you mean 'adam'"):
        compare(DATA | {"optimizers": ["adm"]}, out=tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_changed_molecule_file_is_another_molecule(tmp_path):
    xyz = tmp_path / "pair.xyz"
    xyz.write_text("2\n\nH 0 0 0\nH 0 0 0.74\n")
    problems = [{"molecule": str(xyz)}]
    first, new = fresh(tmp_path / "c", problems=problems, seeds=1)
    assert len(new) == 2
    xyz.write_text("2\n\nH 0 0 0\nH 0 0 1.5\n")
    second, new = fresh(tmp_path / "c", problems=problems, seeds=1)
    assert len(new) == 2
    energies = [next(iter(r.about["problems"].values()))["fci"] for r in (first, second)]
    assert energies[0] < energies[1] - 0.1


def test_integrals_are_frozen_with_their_first_use(tmp_path):
    folder = tmp_path / "c"
    first, _ = fresh(folder, seeds=1)
    (integrals,) = (folder / "integrals").iterdir()
    stamp = integrals.stat().st_mtime_ns
    fresh(folder, seeds=2)
    assert [p.stat().st_mtime_ns for p in (folder / "integrals").iterdir()] == [stamp]
    integrals.write_bytes(b"damaged")
    os.remove(folder / "problems.json")
    again, new = fresh(folder, seeds=2)
    assert new == []
    assert again.about["problems"]["h2"]["integrals"] == first.about["problems"]["h2"]["integrals"]


def test_an_interruption_loses_nothing(tmp_path):
    folder = tmp_path / "c"

    def stop(progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare(DATA | {"seeds": 10}, out=folder, workers=1, progress=stop)
    ended = len(load_comparison(folder).outcomes)
    assert 1 <= ended < 20
    result, new = fresh(folder, seeds=10)
    assert len(new) == 20 - ended
    assert result.about["runs"] == {"planned": 20, "ended": 20}


def test_reading_a_comparison_writes_nothing(tmp_path):
    folder = tmp_path / "c"
    fresh(folder)
    (folder / "problems.json").unlink()
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("*")}
    assert len(load_comparison(folder).outcomes) == 4
    assert {p: p.stat().st_mtime_ns for p in folder.rglob("*")} == before


def test_the_search_finds_the_better_rate_and_is_charged(tmp_path):
    who = [
        {"name": "gradient-descent", "tuned": True,
         "search": {"learning_rate": [1e-5, 0.1, 50.0]}, "learning_rate": 1e-4},
    ]  # fmt: skip
    with pytest.raises(InputError, match="both given and searched"):
        fresh(tmp_path / "x", optimizers=who)
    del who[0]["learning_rate"]
    tuning = {"trials": 4, "seeds": 2, "budget": 30_000}
    result, new = fresh(tmp_path / "c", optimizers=[*who, "spsa"], tuning=tuning)
    assert len(new) == 4 * 2 + 2 * 2
    found = result.about["tuning"]["optimizers"]["gradient-descent"]
    assert found["options"] == {"learning_rate": 0.1}
    scores = {t["options"].get("learning_rate"): t["score"] for t in found["trials"]}
    assert scores[0.1] < scores[1e-5]
    assert scores[50.0] == 3.0 or scores[50.0] > scores[1e-5]
    assert found["shots"] == sum(sum(t.spent.values()) for t in result.comparison.trials)
    assert result.about["tuning"]["shots"] == found["shots"] > 100_000
    scored = [o for o in result.outcomes if o.optimizer == "gradient-descent"]
    assert all(o.options == {"learning_rate": 0.1} for o in scored)
    assert not {o.run for o in scored} & {t.run for t in result.comparison.trials}
    assert len(result.trials) == 8


@pytest.mark.slow
def test_shots_and_schedules_are_searched_like_a_rate(tmp_path):
    """At one budget, fewer shots an energy buy Adam more steps: 10.6 becomes 0.1 mHa on H2."""
    search = {"shots": [20, 2000], "schedule": ["constant", "cosine"]}
    who = [{"name": "adam", "learning_rate": 0.1, "tuned": True, "search": search}]
    with pytest.raises(InputError, match="both given and searched"):
        fresh(tmp_path / "x", optimizers=[who[0] | {"shots": 100}])
    with pytest.raises(InputError, match="whole numbers"):
        fresh(tmp_path / "x", optimizers=[who[0] | {"search": {"shots": [2.5]}}])
    with pytest.raises(InputError, match="1 shots are too few for its 4 measurement groups"):
        fresh(tmp_path / "x", optimizers=[who[0] | {"search": {"shots": [1]}}])
    tuning = {"trials": 3, "seeds": 2}
    result, _ = fresh(tmp_path / "c", optimizers=[*who, "spsa"], tuning=tuning, budget=60_000)
    found = result.about["tuning"]["optimizers"]["adam"]
    assert found["options"]["shots"] == 20
    sweep = Sweep.prepare(make_comparison(result.comparison.specification), tmp_path / "c")
    runs = [r.experiment for r in sweep.runs("scored") if r.optimizer == "adam"]
    assert [r.measurement.shots for r in runs] == [20, 20]
    for experiment in [r.experiment for r in sweep.runs("tuning")]:
        if experiment.optimizer.options.get("schedule") == "cosine":
            paid = 60_000 / experiment.measurement.shots / 12
            assert experiment.optimizer.options["schedule_steps"] == int(paid)


def test_the_choice_is_the_lowest_mean_score(small):
    spec = small(
        optimizers=[{"name": "adam", "tuned": True, "search": {"learning_rate": [0.1, 0.2]}}],
        tuning={"trials": 3, "seeds": 1},
    )
    sweep = Sweep.prepare(spec, None)
    who = entrants(spec, sweep.problems)
    trials = sweep.runs("tuning")
    reference = sweep.practice[0].reference

    def ended(error, status="budget"):
        return StoredOutcome(status, "", np.zeros(1, int), np.zeros(1), reference + error)

    outcomes = [ended(1e-3), ended(1e-4), ended(1e-5, "diverged")]
    (found,) = choose(spec, who, list(zip(trials, outcomes, strict=True))).values()
    assert found["chosen"] == 1
    assert score(sweep.practice[0], outcomes[2]) == 3.0
    hf = sweep.practice[0].references["hf"] - reference
    assert score(sweep.practice[0], ended(hf)) == pytest.approx(0.0, abs=1e-12)
    assert score(sweep.practice[0], ended(hf / 100)) == pytest.approx(-2.0, abs=1e-12)


def test_references_may_be_chosen_afterwards(tmp_path):
    folder = tmp_path / "c"
    first, _ = fresh(folder)
    problem = {"molecule": "h2", "reference": -2.0}
    second, new = fresh(folder, problems=[problem])
    assert new == []
    shift = first.about["problems"]["h2"]["reference"] + 2.0
    assert np.allclose(second.runs.error, first.runs.error + shift, atol=1e-12)
    problem = {"molecule": "h2", "reference": "ansatz"}
    third, _ = fresh(folder, problems=[problem])
    # UCCSD is exact for two electrons.
    assert np.allclose(third.runs.error, first.runs.error, atol=1e-7)


def test_tables_are_tidy(tmp_path):
    result, _ = fresh(tmp_path / "c", targets=[10.0, 0.0001])
    runs, steps = result.runs, result.steps
    assert len(runs) == 4
    assert list(runs.columns[:4]) == ["problem", "optimizer", "seed", "status"]
    assert runs["shots_to_0.0001mHa"].isna().all()
    assert (runs.shots <= runs.budget).all()
    assert (runs.shots == runs.filter(like="shots.").sum(axis=1)).all()
    assert len(steps) == sum(len(o.shots) for o in result.outcomes)
    last = steps.groupby(["optimizer", "seed"], observed=True).error.last()
    ends = runs.set_index(["optimizer", "seed"]).error
    assert np.allclose(last.sort_index(), ends.sort_index(), atol=1e-12)
    assert len(load(tmp_path / "c").runs) == 4


def test_what_may_be_written_is_capped(tmp_path, monkeypatch):
    expected = SweepForecast(10, 0, 1, 1.0, 5e9)
    check_disk(expected, tmp_path, None)
    with pytest.raises(InputError, match=r"may write 1.0 GB"):
        check_disk(expected, tmp_path, 1e9)
    with pytest.raises(InputError, match="are free at"):
        check_disk(SweepForecast(10, 0, 1, 1.0, 1e18), tmp_path, None)
    with pytest.raises(InputError, match=r"may write 0.0 GB"):
        compare(DATA, out=tmp_path / "c", max_gb=1e-6)
    assert not (tmp_path / "c").exists()


def test_a_foreign_or_unwritable_folder_is_refused(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("years of work")
    with pytest.raises(InputError, match="something else than a comparison"):
        compare(DATA, out=tmp_path / "mine")
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["thesis.tex"]
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write"):
        compare(DATA, out=tmp_path / "file" / "below")
    with pytest.raises(InputError, match=r"it has no comparison.toml"):
        load_comparison(tmp_path / "mine")


def test_the_forecast_is_of_the_right_size(tmp_path):
    sweep = Sweep.prepare(make(seeds=4), None)
    expected = sweep.forecast()
    assert (expected.runs, expected.missing, expected.shots) == (8, 8, 80_000)
    result, _ = fresh(tmp_path / "c", seeds=4)
    written = sum(f.stat().st_size for f in (tmp_path / "c").rglob("journal.jsonl"))
    assert 0.2 < written / expected.bytes < 2.0
    assert 0.05 < result.runs.seconds.sum() / expected.seconds < 5.0


def test_little_work_starts_no_processes(tmp_path):
    little, much = SweepForecast(4, 0, 1, 3.0, 1.0), SweepForecast(400, 0, 1, 300.0, 1.0)
    assert isinstance(choose_engine(little, tmp_path), InProcess)
    assert isinstance(choose_engine(much, tmp_path, workers=1), InProcess)
    with pytest.raises(InputError, match="at least 1"):
        choose_engine(much, tmp_path, workers=0)
    with pytest.raises(InputError, match="one of workers"):
        choose_engine(much, tmp_path, workers=2, scheduler="tcp://127.0.0.1:1")


def test_batches_hold_every_task_once_and_end_small():
    tasks = [{"run": str(k)} for k in range(1000)]
    cut = list(batches(tasks, 0.02, 4))
    assert [t["run"] for batch in cut for t in batch] == [t["run"] for t in tasks]
    assert max(len(b) for b in cut) == 50
    assert len(cut[-1]) == 1
    assert {len(b) for b in batches(tasks, 60.0, 4)} == {1}


def test_the_record_of_a_comparison_says_how_to_repeat_it(tmp_path):
    result, _ = fresh(tmp_path / "c", title="two")
    about = json.loads(json.dumps(result.about))  # plain data
    assert about["title"] == "two"
    assert about["versions"]["numpy"] == np.__version__
    assert about["problems"]["h2"]["parameters"] == 3
    assert about["optimizers"]["adam"]["options"]["learning_rate"] == 0.002
    assert "compare c/comparison.toml" in about["reproduce"]
    assert str(tmp_path) not in about["reproduce"]
    again = compare(tmp_path / "c" / "comparison.toml", out=tmp_path / "d", workers=1)
    assert again.runs.error.tolist() == result.runs.error.tolist()
