"""One run of a comparison: the same as any run, whole or not at all, whatever goes wrong."""

import json
import os
import shutil

import numpy as np
import pytest

from qvopt import Session
from qvopt.comparison.collection import load_comparison
from qvopt.comparison.engine import InProcess
from qvopt.comparison.execution import run_batch, run_cell
from qvopt.comparison.stored_outcome import NAME, read_outcome
from qvopt.comparison.sweep import WorkerError
from qvopt.records.journal import Journal
from qvopt.runs.folder import RunFolder
from qvopt.runs.stored import stored_result


def work(sweep):
    with InProcess() as engine:
        return list(sweep.run(engine))


def run_again(folder, copy):
    """Go through the run of a folder as `qvopt resume` does, from its begin."""
    shutil.copytree(folder, copy)
    begin = (copy / "journal.jsonl").read_bytes().splitlines(keepends=True)[0]
    (copy / "journal.jsonl").write_bytes(begin)
    with Session.resume(copy) as session:
        for _ in session:
            pass
        return session.result()


def test_a_run_is_the_ordinary_one_bit_for_bit(tmp_path, small, prepared):
    sweep = prepared(small(), tmp_path / "c")
    work(sweep)
    for planned in sweep.runs("scored"):
        folder = RunFolder.open(sweep.folder / planned.path)
        alone = run_again(folder.path, tmp_path / planned.path)
        kept = stored_result(folder)
        outcome = read_outcome(folder.path)
        assert np.array_equal(kept.x, alone.x)
        assert (outcome.measured, outcome.final) == (alone.energy, alone.exact)
        assert sum(outcome.spent.values()) == alone.shots <= 10_000
        assert outcome.status == alone.status


def test_the_outcome_is_what_the_journal_says(tmp_path, small, prepared):
    sweep = prepared(small(optimizers=["excitation-solve"]), tmp_path / "c")
    work(sweep)
    (first, _) = sweep.runs("scored")
    events = RunFolder.open(sweep.folder / first.path).events()
    steps = [e for e in events if e["type"] == "step"]
    outcome = read_outcome(sweep.folder / first.path)
    assert outcome.shots.tolist() == [e["shots"] for e in steps]
    assert outcome.exact.tolist() == [e["exact"] for e in steps]


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.7, 0.999])
def test_a_run_cut_anywhere_goes_on_to_the_same_end(tmp_path, small, share, prepared):
    sweep = prepared(small(seeds=1), tmp_path / "c")
    work(sweep)
    for planned in sweep.runs("scored"):
        path = sweep.folder / planned.path
        whole = (path / "journal.jsonl").read_bytes()
        before = read_outcome(path)
        (path / NAME).unlink()
        (path / "journal.jsonl").write_bytes(whole[: int(share * len(whole))])
        report = run_cell(sweep.folder, planned.task())
        after = read_outcome(path)
        assert report["status"] == before.status
        assert np.array_equal(after.exact, before.exact)
        assert (after.measured, dict(after.spent)) == (before.measured, dict(before.spent))


def test_a_damaged_outcome_is_none_and_the_run_is_only_replayed(tmp_path, small, prepared):
    sweep = prepared(small(seeds=1), tmp_path / "c")
    work(sweep)
    planned = sweep.runs("scored")[0]
    path = sweep.folder / planned.path
    before = read_outcome(path)
    rounds = [e for e in RunFolder(path).events() if e["type"] == "round"]
    whole = (path / NAME).read_bytes()
    flipped = whole.replace(b'"final":-1.1', b'"final":-1.2')
    assert flipped != whole
    halved, nothing = whole[: len(whole) // 2], bytes(len(whole))
    for damage in (b"", b"{", b"[]", whole[:-9], halved, nothing, flipped, whole + b" "):
        (path / NAME).write_bytes(damage)
        assert read_outcome(path) is None
        assert len(load_comparison(sweep.folder).outcomes) == 1
        assert [p.run.path for p in work(sweep)] == [planned.path]
        after = read_outcome(path)
        assert np.array_equal(after.exact, before.exact)
        assert (after.final, after.measured) == (before.final, before.measured)
    assert [e for e in RunFolder(path).events() if e["type"] == "round"] == rounds


def test_two_owners_never_work_on_one_run(tmp_path, small, prepared):
    sweep = prepared(small(seeds=1), tmp_path / "c")
    planned = sweep.runs("scored")[0]
    path = sweep.folder / planned.path
    path.mkdir(parents=True)
    with Journal(path / "journal.jsonl", create=True):
        (report,) = run_batch(str(sweep.folder), [planned.task()])
        assert report["status"] == "busy"
    (report,) = run_batch(str(sweep.folder), [planned.task()])
    assert report["status"] == "budget"
    (again,) = run_batch(str(sweep.folder), [planned.task()])
    assert again["found"]


def test_what_breaks_a_run_is_recorded_and_the_others_go_on(tmp_path, small, faulty, prepared):
    sweep = prepared(small(optimizers=["crashing", "nan", "adam"], seeds=2), tmp_path / "c")
    assert len(work(sweep)) == 6
    by_name = {o.optimizer: o for o in load_comparison(sweep.folder).outcomes}
    assert by_name["crashing"].status == "crashed"
    assert by_name["crashing"].message == "ValueError: no such luck"
    assert len(by_name["crashing"].shots) == 3
    assert by_name["crashing"].spent == {"energy": 400}
    assert by_name["crashing"].final_error is None
    assert by_name["nan"].status == "diverged"
    assert by_name["adam"].status == "budget"
    assert work(sweep) == []


def test_a_full_disk_is_no_fault_of_the_optimizer(tmp_path, small, faulty, prepared):
    sweep = prepared(small(optimizers=["adam", "full-disk"], seeds=1), tmp_path / "c")
    with pytest.raises(WorkerError, match="No space left"):
        work(sweep)
    assert [o.optimizer for o in load_comparison(sweep.folder).outcomes] == ["adam"]


def test_a_damaged_journal_is_named(tmp_path, small, prepared):
    sweep = prepared(small(seeds=1), tmp_path / "c")
    work(sweep)
    path = sweep.folder / sweep.runs("scored")[0].path
    (path / NAME).unlink()
    journal = path / "journal.jsonl"
    journal.write_bytes(journal.read_bytes().replace(b'"round"', b'"rouND"', 1))
    with pytest.raises(WorkerError, match=r"journal.jsonl: line \d+ is damaged"):
        work(sweep)


def test_runs_share_what_they_have_in_common(tmp_path, small, prepared):
    sweep = prepared(small(seeds=5), tmp_path / "c")
    work(sweep)
    paths = [sweep.folder / planned.path for planned in sweep.runs("scored")]
    for name in ("hamiltonian.npz", "environment.json"):
        assert len({os.stat(path / name).st_ino for path in paths}) == 1
    assert not [p for path in paths for p in path.glob("*.png")]
    assert "versions" in json.loads((paths[0] / "environment.json").read_text())


def test_under_device_noise_the_truth_is_the_noiseless_energy(tmp_path, small, prepared):
    noisy = {"name": "aer", "noise": {"two_qubit": 0.05}}
    problem = {"molecule": "h2", "backend": noisy, "label": "noisy"}
    sweep = prepared(
        small(problems=[problem], optimizers=["spsa"], seeds=1, budget=3000), tmp_path / "c"
    )
    work(sweep)
    (outcome,) = load_comparison(sweep.folder).outcomes
    assert np.all(outcome.error >= -1e-9)  # variational, whatever the device says
    assert outcome.error[0] == pytest.approx(0.0203, abs=1e-3)  # of Hartree-Fock
    assert outcome.measured > outcome.final_error + 0.01  # what the device says


def test_another_machine_is_told_what_it_lacks(tmp_path, small, prepared):
    sweep = prepared(small(seeds=1), tmp_path / "c")
    task = sweep.runs("scored")[0].task()
    (report,) = run_batch(str(tmp_path / "nowhere"), [task])
    assert report["status"] == "failed"
    assert "does not see" in report["message"]
    (report,) = run_batch(str(sweep.folder), [task | {"version": "0.0.1"}])
    assert "the comparison 0.0.1" in report["message"]
