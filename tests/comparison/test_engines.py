"""Real schedulers and real workers, which are killed: no result is lost, none counts twice."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

from qvopt.comparison.collection import load_comparison
from qvopt.comparison.dask_workers import connect
from qvopt.comparison.engine import InProcess
from qvopt.comparison.local_workers import LocalWorkers
from qvopt.comparison.pooled_engine import PooledEngine
from qvopt.comparison.sweep import WorkerError
from qvopt_molecules.errors import InputError

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")
QVOPT = [sys.executable, "-m", "qvopt"]


def errors(folder):
    return {(o.optimizer, o.seed): o.error.tolist() for o in load_comparison(folder).outcomes}


def with_kills(sweep, every, kills):
    """Run a comparison while its workers are killed; return what was reported."""
    reported = Counter()
    killed = 0
    with PooledEngine(LocalWorkers(2)) as engine:
        for k, progress in enumerate(sweep.run(engine)):
            reported[progress.run.path] += 1
            if k % every == 0 and killed < kills:
                victims = engine.pool.process_ids
                os.kill(victims[killed % len(victims)], signal.SIGKILL)
                killed += 1
    assert killed == kills
    return reported


def check_killed(sweep, reported, alone):
    planned = {run.path for run in sweep.runs("scored")}
    assert set(reported) == planned
    assert set(reported.values()) == {1}
    with InProcess() as engine:
        assert sum(1 for _ in alone.run(engine)) == len(planned)
    assert errors(sweep.folder) == errors(alone.folder)


@pytest.mark.slow
def test_killed_workers_lose_nothing(tmp_path, small, prepared):
    spec = small(seeds=3)
    sweep = prepared(spec, tmp_path / "killed")
    reported = with_kills(sweep, every=2, kills=1)
    check_killed(sweep, reported, prepared(spec, tmp_path / "alone"))


@pytest.mark.slow
def test_workers_killed_twenty_times_lose_nothing(tmp_path, small, prepared):
    spec = small(seeds=100, optimizers=["adam", "spsa", "excitation-solve"])
    sweep = prepared(spec, tmp_path / "killed")
    reported = with_kills(sweep, every=12, kills=20)
    check_killed(sweep, reported, prepared(spec, tmp_path / "alone"))


@pytest.mark.slow
def test_a_run_that_kills_its_worker_is_told_from_its_neighbours(tmp_path, small, faulty, prepared):
    sweep = prepared(small(optimizers=["adam", "deadly"], seeds=1), tmp_path / "c")
    with PooledEngine(LocalWorkers(2)) as engine:
        reports = {(p.run.optimizer, p.run.experiment.seed): p.report for p in sweep.run(engine)}
    assert {k: r["status"] for k, r in reports.items()} == {
        ("adam", 0): "budget",
        ("deadly", 0): "crashed",
    }
    assert "died 3 times" in reports["deadly", 0]["message"]
    assert len(load_comparison(sweep.folder).outcomes) == 2


@pytest.fixture
def scheduler():
    """A Dask scheduler and one worker, each a process of its own, on the loopback interface."""
    port = 20_000 + os.getpid() % 20_000
    address = f"tcp://127.0.0.1:{port}"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    python = [sys.executable, "-m"]
    processes = [
        subprocess.Popen(
            [*python, "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port),
             "--no-dashboard", "--host", "127.0.0.1"], **quiet
        ),
        subprocess.Popen(
            [*python, "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny",
             "--no-dashboard", "--host", "127.0.0.1"], **quiet
        ),
    ]  # fmt: skip
    yield address, processes
    for process in processes:
        process.kill()
        process.wait()


def test_an_existing_scheduler_serves_by_its_address(tmp_path, small, prepared):
    from distributed import LocalCluster

    sweep = prepared(small(seeds=1), tmp_path / "c")
    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tcp", host="127.0.0.1",
        dashboard_address=None,
    ) as cluster, connect(cluster.scheduler_address) as engine:  # fmt: skip
        assert sum(1 for _ in sweep.run(engine)) == 2
    assert len(load_comparison(sweep.folder).outcomes) == 2


@pytest.mark.slow
def test_a_scheduler_and_a_worker_of_their_own_processes(tmp_path, small, scheduler, prepared):
    spec = small(seeds=3)
    sweep = prepared(spec, tmp_path / "c")
    address, _ = scheduler
    for _ in range(40):
        try:
            engine = connect(address)
            break
        except InputError:
            time.sleep(0.5)
    with engine:
        assert sum(1 for _ in sweep.run(engine)) == 6
    assert len(load_comparison(sweep.folder).outcomes) == 6


def test_no_scheduler_is_one_line():
    with pytest.raises(InputError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        connect("tcp://127.0.0.1:9", seconds=1)
    with pytest.raises(InputError, match="no Dask scheduler answers at nonsense"):
        connect("nonsense://x")


@pytest.mark.slow
def test_workers_without_a_scheduler_share_the_work(tmp_path, small, prepared):
    spec = small(seeds=10, optimizers=["adam", {"name": "spsa", "tuned": True}],
                 tuning={"trials": 2, "seeds": 1})  # fmt: skip
    sweep = prepared(spec, tmp_path / "c")
    workers = [
        subprocess.Popen([*QVOPT, "worker", str(sweep.folder)], stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [worker.communicate(timeout=120)[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], said
    counts = [int(text.split("ran ")[1].split()[0]) for text in said]
    assert sum(counts) == 22  # none twice
    assert len(load_comparison(sweep.folder).outcomes) == 20


def test_a_lost_disk_on_a_worker_is_said(tmp_path, small, faulty, prepared):
    sweep = prepared(small(optimizers=["full-disk"], seeds=1), tmp_path / "c")
    with PooledEngine(LocalWorkers(1)) as engine, pytest.raises(WorkerError, match="No space left"):
        list(sweep.run(engine))


def test_a_scheduler_needs_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"pip install '\.\[cluster\]'"):
        connect("tcp://127.0.0.1:9")


SBATCH = """#!/bin/bash
cp "${@: -1}" "$FAKE_SLURM/job.sh"
setsid bash "$FAKE_SLURM/job.sh" > "$FAKE_SLURM/job.log" 2>&1 < /dev/null &
echo $! > "$FAKE_SLURM/pid"
echo "Submitted batch job 42"
"""
SCANCEL = """#!/bin/bash
kill -- -$(cat "$FAKE_SLURM/pid")
"""


def _need_dask_jobqueue():
    if importlib.util.find_spec("dask_jobqueue") is None:  # imported, it takes Ctrl-C for itself
        pytest.skip("needs dask_jobqueue")


@pytest.mark.slow
def test_a_cluster_file_leaves_ctrl_c_as_it_is(tmp_path):
    _need_dask_jobqueue()
    (tmp_path / "slurm.toml").write_text('system = "slurm"\ncores = 1\nmemory = "1GB"\n')
    code = (
        "import signal\n"
        "before = signal.getsignal(signal.SIGINT)\n"
        "from qvopt.comparison.batch_cluster import read_cluster_file\n"
        "from pathlib import Path\n"
        "read_cluster_file(Path('slurm.toml'))\n"
        "assert signal.getsignal(signal.SIGINT) is before\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)


@pytest.mark.slow
def test_jobs_of_a_batch_system_work_over_encrypted_connections(tmp_path, small, prepared):
    """SLURM is two scripts here that run the job on this machine; the rest is real."""
    _need_dask_jobqueue()
    for name, text in (("sbatch", SBATCH), ("scancel", SCANCEL)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    sweep = prepared(small(seeds=2), tmp_path / "c")
    (tmp_path / "slurm.toml").write_text('system = "slurm"\ncores = 1\nmemory = "1GB"\n')
    done = subprocess.run(
        [*QVOPT, "compare", "c", "--cluster", "slurm.toml", "--no-report"],
        cwd=tmp_path, capture_output=True, text=True, timeout=200,
        env=os.environ | {
            "FAKE_SLURM": str(tmp_path),
            "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        },
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert len(load_comparison(sweep.folder).outcomes) == 4
    script = (tmp_path / "job.sh").read_text()
    assert "tls://" in script
    assert "--no-dashboard" in script
    assert not list(sweep.folder.glob(".cluster-*"))
