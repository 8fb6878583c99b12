"""Workers as jobs of a batch system (SLURM, PBS and others), by dask-jobqueue.

    system = "slurm"
    jobs = 8                 # how many are asked for
    cores = 4                # of a job; one worker process a core
    memory = "8GB"           # of a job
    walltime = "02:00:00"
    queue = "normal"         # every further key goes to dask-jobqueue

The scheduler runs in this process and listens on the network, since its workers are on other
machines: connections are encrypted, and scheduler and workers show a certificate that
dask-jobqueue makes for the comparison and keeps beside it, readable by its owner alone.
"""

from __future__ import annotations

import inspect
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from qvopt.experiment.toml_text import read_experiment_file
from qvopt_molecules.errors import InputError, missing_extra, unknown_name

from .dask_workers import DaskWorkers
from .pooled_engine import PooledEngine

SYSTEMS: Final = {
    "slurm": "SLURMCluster",
    "pbs": "PBSCluster",
    "lsf": "LSFCluster",
    "sge": "SGECluster",
    "oar": "OARCluster",
    "htcondor": "HTCondorCluster",
    "moab": "MoabCluster",
}

_THREADS: Final = [
    "export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 NUMBA_NUM_THREADS=1"
]
_OURS: Final = ("security", "shared_temp_directory", "protocol", "scheduler_options", "processes")


def read_cluster_file(path: Path) -> dict[str, Any]:
    """Read and check a cluster's file; raise InputError for an unknown system or key."""
    data = read_experiment_file(path)
    system = data.get("system", "slurm")
    if not isinstance(system, str) or system not in SYSTEMS:
        raise unknown_name("batch system", str(system), SYSTEMS)
    jobs = data.get("jobs", 1)
    if isinstance(jobs, bool) or not isinstance(jobs, int) or jobs < 1:
        raise InputError(f"{path}: jobs must be a positive integer, got {jobs!r}")
    cores = data.get("cores", 1)
    if isinstance(cores, bool) or not isinstance(cores, int) or cores < 1:
        raise InputError(f"{path}: cores must be a positive integer, got {cores!r}")
    for key in ("memory", "walltime"):
        if key in data and not isinstance(data[key], str):
            raise InputError(f"{path}: {key} must be text, such as '4GB' or '01:00:00'")
    known = _known_keys(system)
    for key in data:
        if key not in known:
            raise unknown_name(f"key in {path}", key, known)
    return {"system": system, "jobs": jobs, "cores": cores, "memory": "2GB", **data}


def submit_workers(data: dict[str, Any], folder: Path) -> PooledEngine:
    """Ask a batch system for workers; they come when it lets them."""
    import dask
    from distributed import Client

    cluster_class = _cluster_class(data["system"])
    options = {k: v for k, v in data.items() if k not in ("system", "jobs")}
    prologue = [*_THREADS, *options.pop("job_script_prologue", [])]
    if any(sys.path):
        prologue.append("export PYTHONPATH=" + ":".join(_quoted(p) for p in sys.path if p))
    certificates = Path(tempfile.mkdtemp(prefix=".cluster-", dir=folder.absolute()))  # mode 0700
    try:
        quiet = {"logging.distributed": "error", "distributed.scheduler.http.routes": []}
        with dask.config.set(quiet):
            cluster = cluster_class(
                processes=data["cores"],
                job_script_prologue=prologue,
                security=True,
                shared_temp_directory=str(certificates),
                scheduler_options={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
                worker_extra_args=["--no-dashboard", *options.pop("worker_extra_args", [])],
                **options,
            )
        cluster.scale(jobs=data["jobs"])
        client = Client(cluster, set_as_default=False)
    except ImportError:
        shutil.rmtree(certificates, ignore_errors=True)
        raise InputError(
            "workers on other machines need an encrypted connection: pip install cryptography"
        ) from None
    except (OSError, ValueError, RuntimeError, TypeError) as error:
        shutil.rmtree(certificates, ignore_errors=True)
        raise InputError(f"{data['system']} does not take the jobs: {error}") from None
    parts = [client, cluster, _Certificates(certificates, cluster)]
    return PooledEngine(DaskWorkers(client, parts, data["jobs"] * data["cores"]))


class _Certificates:
    """The folder of the certificates, which goes when the engine closes."""

    def __init__(self, folder: Path, cluster: Any) -> None:
        self._folder = folder
        # dask-jobqueue holds them open, and would remove them once more at its end.
        self._files = [getattr(cluster, f"_job_{key}", None) for key in ("ca_file", "cert", "key")]

    def close(self) -> None:
        for file in self._files:
            if file is not None:
                file.close()
        shutil.rmtree(self._folder, ignore_errors=True)


@contextmanager
def _handlers_kept() -> Iterator[None]:
    """Put the handlers of signals back: dask_jobqueue takes Ctrl-C, and ends with 0 at it."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None and signal.getsignal(number) is not handler:
                signal.signal(number, handler)


def _cluster_class(system: str) -> Any:
    try:
        with _handlers_kept():
            import dask_jobqueue
    except ImportError:
        raise missing_extra("--cluster needs dask-jobqueue", "cluster") from None
    return getattr(dask_jobqueue, SYSTEMS[system])


def _known_keys(system: str) -> set[str]:
    """Keys that the cluster's classes take, without those that are set here."""
    keys = {"system", "jobs"}
    cluster = _cluster_class(system)
    for kind in (*cluster.__mro__, *cluster.job_cls.__mro__):
        if "dask_jobqueue" in kind.__module__:
            keys |= set(inspect.signature(kind.__init__).parameters)
    return keys - {"self", "scheduler", "base_class_kwargs", "job_kwargs", "kwargs", *_OURS}


def _quoted(text: str) -> str:
    import shlex

    return shlex.quote(text)
